"""The bit ledger: where each of the bits that tell the items apart has gone."""

import xarray as xr

from distill.measures.limits import ceiling_x, ceiling_y

__all__ = ["PARTS", "ledger"]

PARTS = ("kept_relevant", "kept_irrelevant", "lost_relevant", "lost_irrelevant", "label_noise")
LONG_NAMES = {
    "kept_relevant": "kept and relevant, I(Z;Y)",
    "kept_irrelevant": "kept and irrelevant, I(X;Z|Y)",
    "lost_relevant": "lost and relevant, I(X;Y) − I(Z;Y)",
    "lost_irrelevant": "lost and irrelevant",
    "label_noise": "label noise, H(Y|X)",
}


def ledger(run: xr.Dataset, split: str = "test") -> xr.Dataset:
    """Five non-negative parts (step, beta), bits: four that sum to H(X) at every β and step, and the label noise.

    H(X) is log2 N of N distinct items, or the entropy of a known distribution. Kept and relevant is the oracle I(Z;Y),
    kept and irrelevant is I(X;Z) − I(Z;Y) = I(X;Z|Y); the lost parts are what remains of I(X;Y) and of H(X|Y). Label
    noise, H(Y|X) = H(Y) − I(X;Y), is no part of H(X) and 0 where the label is a function of the item. A negative of
    Monte Carlo size is shown as 0 and the sum kept. NaN where the run has no I(X;Z), or no H(X) (a linear encoder's
    closed form), and where Y is continuous: bits of N items and of a density are not parts of one whole.
    """
    at = run.sel(split=split)
    total, shared = ceiling_x(run, split), ceiling_y(run, split)
    kept_x = at.information_x.where(total.notnull() & ("covariance_xy" not in run))
    relevant = at.information_y.clip(0, shared)
    irrelevant = (kept_x - relevant).clip(0, total - shared)
    parts = {
        "kept_relevant": relevant.where(kept_x.notnull()),
        "kept_irrelevant": irrelevant,
        "lost_relevant": (shared - relevant).where(kept_x.notnull()),
        "lost_irrelevant": total - shared - irrelevant,
        "label_noise": (at.entropy_y - shared).clip(min=0) + xr.zeros_like(kept_x).where(kept_x.notnull()),
    }
    over = [name for name in ("step", "beta", "seed") if name in kept_x.dims]
    return xr.Dataset(
        {
            name: part.transpose(*over).assign_attrs(units="bits", long_name=LONG_NAMES[name])
            for name, part in parts.items()
        }
    ).drop_vars("split", errors="ignore")
