"""Maps of codes in the plane, kept in step along β and along the training, so that motion on them means something."""

import numpy as np

NEIGHBOURS = 15
MOST_COMPONENTS = 32  # of the inputs, for the places of symbols
FIRST_EPOCHS, NEXT_EPOCHS, NEXT_RATE = 300, 60, 0.3  # a chained fit only has to follow its predecessor


def plane(codes: np.ndarray, before: np.ndarray | None = None) -> np.ndarray:
    """The plane of most variance of every β's codes, (S, N, K) → (S, N, 2) float32.

    For K = 2 the code itself; for K = 1 the code beside zeros. Otherwise the first two principal components, turned
    within their plane (orthogonal Procrustes; Schönemann 1966) to lie as those of the previous β do; the first β lies
    as `before` (N, 2), its own map at the previous kept step. Turning keeps all distances.
    """
    if codes.shape[-1] == 1:
        codes = np.concatenate([codes, np.zeros_like(codes)], axis=-1)
    if codes.shape[-1] == 2:
        return codes.astype(np.float32)
    maps = []
    for each in codes:
        centred = each - each.mean(0)
        left, spread, _ = np.linalg.svd(centred, full_matrices=False)
        scores = left[:, :2] * spread[:2]
        before = scores if before is None else turned(scores, before)
        maps.append(before)
    return np.stack(maps).astype(np.float32)


def of_symbols(codes: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """What a map is made from where codes are symbols: the mean input of the items that share an item's symbol.

    One-hot codes are all equally far apart, so that their own principal plane would mean nothing. Codes (S, N, K),
    inputs (N, D) → (S, N, at most 32): in the first principal components of the inputs.
    """
    left, spread, _ = np.linalg.svd(inputs - inputs.mean(0), full_matrices=False)
    scores = left[:, :MOST_COMPONENTS] * spread[:MOST_COMPONENTS]
    counts = codes.sum(1)[..., None]
    means = codes.swapaxes(1, 2) @ scores / np.where(counts > 0, counts, 1)  # (S, K, components)
    return codes @ means


def turned(points: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """`points` (N, 2), centred, turned or mirrored about 0 to lie nearest to `towards` (N, 2), whatever its scale."""
    left, _, right = np.linalg.svd(points.T @ (towards - towards.mean(0)))
    return points @ (left @ right)


def chained_umap(codes: np.ndarray, before: np.ndarray | None, seed: int) -> np.ndarray:
    """UMAP of one β's codes (N, K) → (N, 2) float32, started from the layout of the previous β.

    The chain is what makes layouts comparable: independent fits move items by about one standard deviation of the
    layout between neighbouring βs, chained ones by a third of it, at equal trustworthiness.
    """
    import umap

    settings = {"n_neighbors": min(NEIGHBOURS, len(codes) - 1), "random_state": seed, "n_jobs": 1}
    if before is None:
        fit = umap.UMAP(n_epochs=FIRST_EPOCHS, init="pca", **settings)
    else:
        fit = umap.UMAP(n_epochs=NEXT_EPOCHS, init=before, learning_rate=NEXT_RATE, **settings)
    layout = fit.fit_transform(codes)
    return np.asarray(layout - layout.mean(0), np.float32)  # umap moves what it starts from into a box beside 0
