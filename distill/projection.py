"""Maps of codes in two or three dimensions, kept in step along β and training, so that motion on them has a meaning."""

import warnings

import numpy as np

NEIGHBOURS = 15
MOST_COMPONENTS = 32  # of the inputs, for the places of symbols
FIRST_EPOCHS, NEXT_EPOCHS, NEXT_RATE = 300, 200, 0.1  # a chained fit follows its predecessor in small steps


def plane(codes: np.ndarray, before: np.ndarray | None = None) -> np.ndarray:
    """The plane of most variance of every β's codes, (S, N, K) → (S, N, 2) float32: `principal` in two dimensions."""
    return principal(codes, 2, before)


def principal(codes: np.ndarray, dims: int, before: np.ndarray | None = None) -> np.ndarray:
    """The `dims` directions of most variance of every β's codes, (S, N, K) → (S, N, dims) float32.

    For K ≤ dims the code itself, beside zeros. Otherwise the first principal components, turned within their space
    (orthogonal Procrustes; Schönemann 1966) to lie as those of the previous β do; the first β lies as `before`
    (N, dims), its own map at the previous kept step. Turning keeps all distances.
    """
    if codes.shape[-1] <= dims:
        lacking = np.zeros((*codes.shape[:-1], dims - codes.shape[-1]))
        return np.concatenate([codes, lacking], axis=-1).astype(np.float32)
    maps = []
    for each in codes:
        centred = each - each.mean(0)
        left, spread, _ = np.linalg.svd(centred, full_matrices=False)
        scores = left[:, :dims] * spread[:dims]
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
    """`points` (N, D), centred, turned or mirrored about 0 to lie nearest to `towards` (N, D), whatever its scale."""
    left, _, right = np.linalg.svd(points.T @ (towards - towards.mean(0)))
    return points @ (left @ right)


def displacement(layout: np.ndarray, other: np.ndarray) -> float:
    """How far items lie apart in two layouts (N, D) of the same items, in standard deviations of a layout.

    mean over items of |a − b|, where each layout is centred and divided by its own standard deviation
    (√(mean squared distance from the middle / D), so that 1 is the spread along an axis) and one is turned or mirrored
    to lie nearest to the other (orthogonal Procrustes; Schönemann 1966): a map's place, size and turn mean nothing, and
    are no motion. Normal clouds in the plane that have nothing to do with one another are √π = 1.77 apart.
    """
    one, two = (_standardised(each) for each in (layout, other))
    return float(np.linalg.norm(turned(one, two) - two, axis=1).mean())


def _standardised(layout: np.ndarray) -> np.ndarray:
    centred = np.asarray(layout, float) - np.mean(layout, axis=0, dtype=float)
    spread = centred.std()
    return centred / spread if spread > 0 else centred


def chained_umap(codes: np.ndarray, before: np.ndarray | None, seed: int, dims: int = 2) -> np.ndarray:
    """UMAP of one β's codes (N, K) → (N, dims) float32, started from the layout of the previous β.

    The chain is what makes layouts comparable: independent fits move items by about one standard deviation of the
    layout between neighbouring βs, chained ones by a third of it, at equal trustworthiness
    (`python -m distill bench maps`). The neighbours are found here: umap's own search of so few items goes through
    Python a million times.
    """
    import umap

    count = min(NEIGHBOURS, len(codes) - 1)
    settings = {
        "n_neighbors": count, "n_components": dims, "random_state": seed, "n_jobs": 1,
        "precomputed_knn": neighbours(codes, count), "force_approximation_algorithm": True,
    }  # fmt: skip
    if before is None:
        fit = umap.UMAP(n_epochs=FIRST_EPOCHS, init="pca", **settings)
    else:
        fit = umap.UMAP(n_epochs=NEXT_EPOCHS, init=before, learning_rate=NEXT_RATE, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that nothing new can be laid out later, and that a seed means one thread
        layout = fit.fit_transform(codes)
    return np.asarray(layout - layout.mean(0), np.float32)  # umap moves what it starts from into a box beside 0


def neighbours(codes: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The `count` nearest of all items to each item, itself first: indices and Euclidean distances, (N, count)."""
    from sklearn.neighbors import NearestNeighbors

    distances, indices = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(codes).kneighbors(codes)
    return indices, distances.astype(np.float32)
