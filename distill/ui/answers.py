"""The exact answer of one source as labelled arrays over β: what the figures of the Exact page draw."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from distill import exact
from distill.errors import InvalidValue
from distill.measures.known import joint_entropies

COUNT = 65  # βs that are shown
DEPTH, LOOK = 300, 25  # where a first look for the interesting βs ends, below the first critical β; βs of that look
MOST = 0.996  # share of I(X;Y) that is kept at the weakest β shown
ABOVE = 1.12  # the strongest β shown, over the first critical one: there the code is trivial
SAME, DUST = 1e-5, 1e-6  # bits that joining two clusters may cost; probability below which a cluster is not there


def of_table(p_xy: np.ndarray, x: Sequence[str], y: Sequence[str]) -> xr.Dataset:
    """The bottleneck of a known joint distribution at every β, weak to strong.

    Args:
        p_xy: (x, y) counts or probabilities. x, y: their names. An x without probability is left out.

    Returns:
        information_x, information_y, entropy_t, clusters (beta); p_t (beta, t) and encoder (beta, x, t): clusters of
        equal q(y|t) joined, in the order of the tree, zeros beyond the last; of (beta, x): the cluster that each x's
        own has split from (see `_branches`); slot (x): its place among the leaves; p_xy (x, y); hard_entropy,
        hard_information (hard): the deterministic bottleneck. Attributes: information, entropy_x, entropy_y in bits;
        global and local critical β.

    Raises:
        InvalidValue: where the table is none, or X says nothing about Y.
    """
    given = np.asarray(p_xy, dtype=float)
    some = given.sum(1) > 0
    joint = given[some] / given.sum()
    critical = exact.critical_beta(joint)
    if len(joint) < 2 or critical.global_ < 1e-9:
        raise InvalidValue("in this table X says nothing about Y: I(X;Y) = 0 bits, so that there is nothing to keep")
    betas = _betas(joint, critical.global_)
    found = exact.information_bottleneck(joint, betas)
    joined = [_joined(encoder, joint) for encoder in found.encoder]
    of = _branches(joined, joint)
    slot = _slots(of, _score(joint))
    encoder, of = _stacked(joined, of, joint.sum(1), slot)
    p_t = np.einsum("x,bxt->bt", joint.sum(1), encoder)
    hard = exact.deterministic_information_bottleneck(joint, betas[::4])
    corners = np.stack(exact.hull(hard.entropy_t, hard.information_y))
    corners = corners[:, corners[1] > 0.02 * found.information_y.max()]  # others stand in the corner of the plane
    names = [name for name, keep in zip(x, some, strict=True) if keep]
    return xr.Dataset(
        {
            "information_x": ("beta", found.information_x), "information_y": ("beta", found.information_y),
            "entropy_t": ("beta", _entropy(p_t)), "clusters": ("beta", (p_t > 0).sum(1)), "p_t": (("beta", "t"), p_t),
            "encoder": (("beta", "x", "t"), encoder), "of": (("beta", "x"), of), "slot": ("x", slot),
            "p_xy": (("x", "y"), joint), "hard_entropy": ("hard", corners[0]),
            "hard_information": ("hard", corners[1]),
        },
        coords={"beta": betas, "x": names, "y": list(y)},
        attrs=_entropies(joint) | {"global": critical.global_, "local": critical.local},
    )  # fmt: skip


def of_gaussian(rho: Sequence[float]) -> xr.Dataset:
    """The bottleneck of jointly Gaussian X and Y with canonical correlations `rho`, largest first.

    Returns:
        information_x, information_y, clusters (beta), the last counting active directions; bits_x, bits_y, gain
        (beta, direction): I(T_i;X), I(T_i;Y) and α_i² of each direction; rho (direction), whole (direction):
        I(X_i;Y_i). Attributes: information; global and local critical β.
    """
    rho = np.asarray(rho, dtype=float)
    betas = np.geomspace(min(rho.min() ** 2 / 8, rho.max() ** 2 / 30), min(rho.max() ** 2 * ABOVE, 1.05), COUNT)
    eye = np.eye(len(rho))
    found = exact.gaussian_information_bottleneck(eye, np.diag(rho), eye, betas)
    gain = (found.projection**2).sum(1)  # by axis of X: with these covariances each canonical direction is one
    bits_x = 0.5 * np.log2(1 + gain)
    bits_y = bits_x - 0.5 * np.log2(1 + gain * (1 - rho**2))
    whole = -0.5 * np.log2(1 - rho**2)
    return xr.Dataset(
        {
            "information_x": ("beta", found.information_x), "information_y": ("beta", found.information_y),
            "clusters": ("beta", (gain > 0).sum(1)), "bits_x": (("beta", "direction"), bits_x),
            "bits_y": (("beta", "direction"), bits_y), "gain": (("beta", "direction"), gain),
            "rho": ("direction", rho), "whole": ("direction", whole),
        },
        coords={"beta": betas, "direction": np.arange(1, len(rho) + 1)},
        attrs={"information": whole.sum(), "global": rho[0] ** 2, "local": rho[0] ** 2},
    )  # fmt: skip


def members(answer: xr.Dataset, index: int) -> list[list[str]]:
    """The names of the x on each branch at β number `index`, in the order of the tree."""
    order = np.argsort(answer.slot.values)
    names, of = answer.x.values[order], answer.of.values[index][order]
    return [[str(name) for name in names[of == t]] for t in np.unique(of)]


def _betas(joint: np.ndarray, critical: float) -> np.ndarray:
    """From where almost all of I(X;Y) is kept to just above where nothing is; evenly spaced in log β."""
    look = np.geomspace(critical / DEPTH, critical / 4, LOOK)
    kept = exact.information_bottleneck(joint, look).information_y
    return np.geomspace(look[np.flatnonzero(kept >= MOST * kept[0])[-1]], min(critical * ABOVE, 1.12), COUNT)


def _joined(encoder: np.ndarray, joint: np.ndarray) -> np.ndarray:
    """q(t|x), (x, t), of the clusters in effect: those of equal q(y|t) joined, as long as it costs almost no bits."""
    p_x = joint.sum(1)
    encoder = encoder[:, p_x @ encoder > DUST]
    encoder = encoder / encoder.sum(1, keepdims=True)
    while encoder.shape[1] > 1:
        cost = _costs(encoder.T @ joint)
        a, b = np.unravel_index(cost.argmin(), cost.shape)
        if cost[a, b] > SAME:
            break
        encoder[:, a] += encoder[:, b]
        encoder = np.delete(encoder, b, 1)
    return encoder


def _costs(q_ty: np.ndarray) -> np.ndarray:
    """(t, t) bits of I(T;Y) that are lost where two clusters become one; ∞ on the diagonal."""

    def minus_information(q: np.ndarray) -> np.ndarray:
        return _plogp(q.sum(-1)) - _plogp(q).sum(-1)

    single = minus_information(q_ty)
    both = minus_information(q_ty[:, None] + q_ty[None])
    return np.where(np.eye(len(q_ty), dtype=bool), np.inf, both - single[:, None] - single[None])


def _branches(encoders: Sequence[np.ndarray], joint: np.ndarray) -> np.ndarray:
    """The cluster from which each x's own has split, (beta, x).

    At the weakest β an x has its most probable cluster. Going to stronger ones, each cluster has come from the one
    whose q(y|t) is nearest to its own, KL(q(y|t) ‖ q(y|t')): where two split, both begin with that of their origin
    (Rose 1998, on deterministic annealing). So what has parted at one β is apart at all weaker ones.
    """
    of, last = [encoders[0].argmax(1)], _meaning(encoders[0], joint)
    for encoder in encoders[1:]:
        here = _meaning(encoder, joint)
        cross = last @ np.log2(np.maximum(here, 1e-300)).T  # what is left of KL when clusters t' are compared
        of.append(cross.argmax(1)[of[-1]])
        last = here
    return np.stack(of)


def _meaning(encoder: np.ndarray, joint: np.ndarray) -> np.ndarray:
    """q(y|t), (t, y)."""
    q_ty = encoder.T @ joint
    return q_ty / q_ty.sum(1, keepdims=True)


def _slots(of: np.ndarray, score: np.ndarray) -> np.ndarray:
    """The place of each x among the leaves, so that no branches cross.

    Leaves are joined two at a time, those first that share their branch at most βs; of two the one with the lower mean
    `score` comes first.
    """
    alike = (of[:, :, None] == of[:, None, :]).mean(0)
    branches = [[i] for i in range(len(score))]
    while len(branches) > 1:
        close = np.array([[alike[np.ix_(a, b)].mean() if a is not b else -1.0 for b in branches] for a in branches])
        a, b = sorted(np.unravel_index(close.argmax(), close.shape))
        pair = sorted((branches[a], branches.pop(b)), key=lambda branch: score[branch].mean())
        branches[a] = pair[0] + pair[1]
    return np.argsort(branches[0])


def _score(joint: np.ndarray) -> np.ndarray:
    """The direction of X that says most about Y: of each x, the first correspondence coordinate."""
    p_x, p_y = joint.sum(1), joint.sum(0)
    root = np.sqrt(np.outer(p_x, np.where(p_y > 0, p_y, 1)))
    left = np.linalg.svd(joint / root - np.sqrt(np.outer(p_x, p_y)))[0][:, 0] / np.sqrt(p_x)
    return left * np.sign(left[np.argmax(p_x)])


def _stacked(
    encoders: Sequence[np.ndarray], of: np.ndarray, p_x: np.ndarray, slot: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """q(t|x), (beta, x, t), and branches (beta, x), with the clusters numbered from the first leaf to the last.

    A cluster without a branch of its own, since nothing weaker comes from it, has its place by what is in it.
    """
    out = np.zeros((len(encoders), len(p_x), max(each.shape[1] for each in encoders)))
    branches = np.empty_like(of)
    for k, encoder in enumerate(encoders):
        place = (p_x * slot) @ encoder / (p_x @ encoder)
        for t in np.unique(of[k]):
            place[t] = slot[of[k] == t].mean()
        order = np.argsort(place)
        out[k, :, : len(order)] = encoder[:, order]
        branches[k] = np.argsort(order)[of[k]]
    return out, branches


def _entropies(joint: np.ndarray) -> dict[str, float]:
    entropy_x, entropy_y, information = joint_entropies(joint)
    return {"information": float(information), "entropy_x": float(entropy_x), "entropy_y": float(entropy_y)}


def _plogp(p: np.ndarray) -> np.ndarray:
    return p * np.log2(np.where(p > 0, p, 1.0))


def _entropy(p: np.ndarray) -> np.ndarray:
    """Bits along the last axis."""
    return np.maximum(0.0, -_plogp(p).sum(-1)) + 0.0  # −0 becomes 0
