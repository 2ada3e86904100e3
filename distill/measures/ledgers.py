"""The bit ledger: where each of the log2 N bits that tell the items apart has gone."""

import numpy as np
import xarray as xr

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
    """Five non-negative parts (step, beta), bits, that sum to H(X) = log2 N at every β and step.

    Kept and relevant is the oracle I_N(Z;Y), kept and irrelevant is I_N(X;Z) − I_N(Z;Y) = I(X;Z|Y); the lost parts
    are what remains of I(X;Y) = H(Y) and of H(X) − H(Y), for items that are all distinct and labels that are a
    function of the item; then H(Y|X) is 0. A negative of Monte Carlo size is shown as 0 and the sum kept.
    NaN where the run has no I(X;Z) (a code without noise).
    """
    at = run.sel(split=split)
    total = np.log2(at.samples.astype(float))
    entropy, kept_x = at.entropy_y, at.information_x
    relevant = at.information_y.clip(0, entropy)
    irrelevant = (kept_x - relevant).clip(0, total - entropy)
    parts = {
        "kept_relevant": relevant.where(kept_x.notnull()),
        "kept_irrelevant": irrelevant,
        "lost_relevant": (entropy - relevant).where(kept_x.notnull()),
        "lost_irrelevant": total - entropy - irrelevant,
        "label_noise": xr.zeros_like(kept_x).where(kept_x.notnull()),
    }
    return xr.Dataset(
        {
            name: part.transpose("step", "beta").assign_attrs(units="bits", long_name=LONG_NAMES[name])
            for name, part in parts.items()
        }
    ).drop_vars("split", errors="ignore")
