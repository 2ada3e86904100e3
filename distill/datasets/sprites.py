"""Pictures drawn by us: every combination of seven factors once, so each factor is known exactly and owes nothing to
the others.

A sprite is one of four shapes of equal area, turned about its centroid, in one colour, on a dark ground with a faint
texture; no sprite is cut by the frame. Measured: the encoder of 128 and 128 units with eight Gaussian latents at
β = 1e-4, trained on the 1296 training items for 120 epochs, tells each factor alone of all 432 unseen combinations
with one sampled code (three seeds at 16 pixels, fewer at 12 and 32).
"""

from collections.abc import Callable
from itertools import product

import numpy as np

from distill.datasets import DataSet, standardised
from distill.errors import InvalidValue

TITLE = "Sprites"
FACTORS = ("shape", "colour", "size", "x", "y", "rotation", "texture")  # the label first
SMALLEST, LARGEST = 12, 32
SAMPLES = 6  # sample points along each side of a pixel: coverage in steps of 1/36

# Lengths are shares of the picture's side. No shape is symmetric under the turn between the two angles. The colours
# stay 36 CIELAB units apart, and from the ground, under the three kinds of colour blindness (Machado et al. 2009).
COLOURS = {
    "amber": (0.96, 0.69, 0.13),
    "green": (0.03, 0.60, 0.45),
    "violet": (0.64, 0.41, 0.88),
    "cream": (0.97, 0.94, 0.86),
}
SIZES = {"small": 0.18, "large": 0.24}  # radius of the disc with the sprite's area
COLUMNS = {"left": -0.125, "middle": 0.0, "right": 0.125}
ROWS = {"top": -0.125, "middle": 0.0, "bottom": 0.125}
ANGLES = {"tilted left": -20.0, "tilted right": 20.0}  # degrees, clockwise as seen
GROUND = np.array((0.19, 0.21, 0.28))
CONTRAST = 0.07


def make(image_size: int = 16) -> DataSet:
    """The 1728 combinations of 4 shapes, 4 colours, 2 sizes, 3 columns, 3 rows, 2 angles and 3 textures, in RGB.

    Both splits have every value of a factor equally often and every pair of factors exactly independent.

    Args:
        image_size: pixels along each side, 12 … 32; the drawing scales with it, and below 12 the textures blur away.

    Raises:
        InvalidValue: for another `image_size`.
    """
    classes = {
        "shape": tuple(SHAPES), "colour": tuple(COLOURS), "size": tuple(SIZES), "x": tuple(COLUMNS),
        "y": tuple(ROWS), "rotation": tuple(ANGLES), "texture": tuple(TEXTURES),
    }  # fmt: skip
    grid = np.indices([len(values) for values in classes.values()]).reshape(len(classes), -1)
    factors = {name: codes.astype(np.int64) for name, codes in zip(classes, grid, strict=True)}
    images = _pictures(_checked(image_size))
    train, test = _split(factors)
    return DataSet(
        label=factors["shape"], factors=factors, classes=classes, label_name="shape", input_shape=images.shape[1:],
        train=train, test=test, value_range=(0.0, 1.0), title=TITLE, **standardised(images, train),
    )  # fmt: skip


def _checked(image_size: object) -> int:
    whole = isinstance(image_size, (int, np.integer)) and not isinstance(image_size, bool)
    if not whole or not SMALLEST <= image_size <= LARGEST:
        raise InvalidValue(f"image_size must be a whole number from {SMALLEST} to {LARGEST}; got {image_size!r}")
    return int(image_size)


def _split(factors: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """(train, test): a quarter of the combinations is tested, those whose weighted sum of codes is 0 modulo 4.

    Whichever two factors are held fixed, shape, colour or 2·size + rotation is left and is uniform modulo 4. So every
    pair of factors is exactly independent in both parts: orthogonal arrays of strength two.
    """
    total = sum(codes * (2 if name == "size" else 1) for name, codes in factors.items())
    return np.flatnonzero(total % 4), np.flatnonzero(total % 4 == 0)


def _pictures(image_size: int) -> np.ndarray:
    """(1728, image_size, image_size, 3) values in [0, 1], in the order of the factors."""
    masks, grounds = _masks(image_size), _grounds(image_size)
    inks = np.array(list(COLOURS.values()))
    # axes: shape, colour, size · x · y · rotation, texture, row, column, channel
    cover = masks[:, None, :, None, :, :, None]
    pictures = cover * inks[None, :, None, None, None, None, :] + (1 - cover) * grounds[None, None, None]
    return pictures.reshape(-1, image_size, image_size, 3)


def _masks(image_size: int) -> np.ndarray:
    """(shape, size · x · y · rotation, image_size, image_size): the share of each pixel that the sprite covers."""
    poses = np.array(list(product(SIZES.values(), COLUMNS.values(), ROWS.values(), ANGLES.values())))
    radius, left, down, angle = poses.T[:, :, None, None]
    across, below = _raster(image_size)
    across, below = (across - left) / radius, (below - down) / radius
    cosine, sine = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    u, v = cosine * across + sine * below, cosine * below - sine * across
    return np.stack([_averaged(_centred(shape)(u, v)) for shape in SHAPES.values()])


def _grounds(image_size: int) -> np.ndarray:
    """(texture, image_size, image_size, 3): the grounds, all of the same mean."""
    waves = np.stack([_averaged(texture(*_raster(image_size))) for texture in TEXTURES.values()])
    return GROUND + CONTRAST * waves[..., None]


def _raster(image_size: int) -> tuple[np.ndarray, np.ndarray]:
    """(across, down) of the sample points, each (1 | n, n | 1), from −½ to ½, for n = SAMPLES · image_size."""
    n = SAMPLES * image_size
    line = (np.arange(n) + 0.5) / n - 0.5
    return line[None, :], line[:, None]


def _averaged(samples: np.ndarray) -> np.ndarray:
    """Means over the sample points of each pixel: (…, n, n) → (…, n / SAMPLES, n / SAMPLES)."""
    *many, height, width = samples.shape
    return samples.reshape(*many, height // SAMPLES, SAMPLES, width // SAMPLES, SAMPLES).mean(axis=(-3, -1))


Inside = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _centred(inside: Inside) -> Inside:
    """The same shape with its centroid at the origin and the area π of the unit disc."""
    line = np.linspace(-1.5, 1.5, 301)
    u, v = line[None, :], line[:, None]
    body = inside(u, v)
    area = body.sum() * (line[1] - line[0]) ** 2
    middle_u, middle_v, scale = (body * u).sum() / body.sum(), (body * v).sum() / body.sum(), np.sqrt(area / np.pi)
    return lambda u, v: inside(u * scale + middle_u, v * scale + middle_v)


def _triangle(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return (v < 1) & (np.abs(u) < 0.43 * (1 + v))


def _heart(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    u = np.abs(u)  # two discs upon a square that stands on its corner
    return ((u - 0.5) ** 2 + (v + 0.5) ** 2 < 0.5) | ((u + v < 1) & (u - v < 1) & (v > -0.5 - u) & (v > u - 1))


def _moon(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return (u**2 + v**2 < 1) & ((u - 0.6) ** 2 + v**2 > 0.5)


def _arrow(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    head = (v < 0.1) & (np.abs(u) < 0.8 * (1 + v))
    return head | ((np.abs(u) < 0.28) & (v > 0) & (v < 1))


SHAPES: dict[str, Inside] = {"triangle": _triangle, "heart": _heart, "moon": _moon, "arrow": _arrow}


def _plain(across: np.ndarray, down: np.ndarray) -> np.ndarray:
    return 0 * across * down


def _stripes(across: np.ndarray, down: np.ndarray) -> np.ndarray:
    return np.sin(8 * np.pi * (across + down))


def _checks(across: np.ndarray, down: np.ndarray) -> np.ndarray:
    return np.sqrt(2) * np.sin(8 * np.pi * across) * np.sin(8 * np.pi * down)


TEXTURES: dict[str, Inside] = {"plain": _plain, "stripes": _stripes, "checks": _checks}
