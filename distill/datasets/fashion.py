"""Pictures of articles of clothing, 28×28: Fashion-MNIST, read from its idx files where they lie on this machine."""

import gzip
import zlib
from pathlib import Path

import numpy as np

from distill.datasets import DataSet, standardised
from distill.datasets._columns import THIRDS
from distill.datasets._joints import checked_items
from distill.datasets._pictures import ink
from distill.errors import DistillError, InvalidValue

TITLE = "Fashion"
FACTORS = ("article", "kind", "ink")  # the label first
DEFAULTS = {"epochs": 15}  # 930 steps
FOLDER = "/usr/share/datasets/fashion-mnist"  # where Debian's package dataset-fashion-mnist puts them
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
MOST = 50_000  # five times the pictures for testing
SIDE = 28
ARTICLES = {  # in the order of the files' labels
    "T-shirt": "top", "trouser": "other", "pullover": "top", "dress": "other", "coat": "top", "sandal": "footwear",
    "shirt": "top", "sneaker": "footwear", "bag": "other", "ankle boot": "footwear",
}  # fmt: skip
KINDS = ("footwear", "top", "other")


def make(items: int = 10_000, folder: str = FOLDER) -> DataSet:
    """Ten articles in equal numbers, values 0 … 255; kind says whether one wears it on the feet or above the waist.

    Four fifths of the items are drawn from the files for training and a fifth from those for testing (the t10k of
    their names), always the same; a smaller number of items is a part of a larger one.

    Args:
        items: of both splits, 500 … 50 000.
        folder: where the four idx files lie, plain or packed (.gz); that of Debian's package unless said.

    Raises:
        InvalidValue: for another number of items, or more than the files hold.
        DistillError: where a file is missing or is no such idx file.
    """
    if not isinstance(folder, (str, Path)):
        raise InvalidValue(f"folder must be the path of a folder; got {folder!r}")
    wanted = checked_items(items, MOST)
    parts = [_drawn(Path(folder), FILES[:2], wanted - wanted // 5), _drawn(Path(folder), FILES[2:], wanted // 5)]
    images, article = (np.concatenate(each) for each in zip(*parts, strict=True))
    train, test = np.split(np.arange(wanted), [wanted - wanted // 5])
    kind = np.array([KINDS.index(each) for each in ARTICLES.values()])[article]
    return DataSet(
        label=article, factors={"article": article, "kind": kind, "ink": ink(images)},
        classes={"article": tuple(ARTICLES), "kind": KINDS, "ink": THIRDS}, label_name="article",
        input_shape=(SIDE, SIDE), train=train, test=test, value_range=(0.0, 255.0), title=TITLE,
        **standardised(images, train),
    )  # fmt: skip


def _drawn(folder: Path, files: tuple[str, str], count: int) -> tuple[np.ndarray, np.ndarray]:
    """(count, 28, 28) float32 pictures of the two files, images and labels, and their articles, all equally often."""
    images, article = (idx(folder, name) for name in files)
    fit = article.ndim == 1 and images.shape == (*article.shape, SIDE, SIDE)
    if not fit or article.max(initial=0) >= len(ARTICLES):
        raise DistillError(
            f"'{files[0]}' and '{files[1]}' in {folder} are not {SIDE} × {SIDE} pictures with a label from 0 to 9 each"
        )
    if count > len(images):
        raise InvalidValue(f"'{files[0]}' in {folder} holds {len(images)} pictures, fewer than the {count} wanted")
    order = np.random.default_rng(0).permutation(len(article))
    rank = np.zeros(len(article), dtype=int)  # the how-manieth of its article it is, in this order
    for value in range(len(ARTICLES)):
        same = order[article[order] == value]
        rank[same] = np.arange(len(same))
    chosen = order[np.argsort(rank[order], kind="stable")][:count]
    return images[chosen].astype(np.float32), article[chosen].astype(np.int64)


def idx(folder: Path, name: str) -> np.ndarray:
    """The array of unsigned bytes in an idx file (LeCun's format) `name` or `name`.gz.

    The format: two bytes 0, one that is 8 for unsigned bytes, the number of dimensions, the length of each as four
    bytes, big end first, and the values, the last dimension fastest.

    Raises:
        DistillError: where there is no such file, or where its length is not what its head says.
    """
    path = next((each for each in (folder / name, folder / f"{name}.gz") if each.is_file()), None)
    if path is None:
        raise DistillError(
            f"there is no file '{name}' or '{name}.gz' in {folder}; fashion needs the four idx files of Fashion-MNIST: "
            "install the Debian package dataset-fashion-mnist, or name their folder as the data set's option folder"
        )
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise DistillError(f"{path} cannot be read ({error})") from None
    dims = data[3] if data[:3] == b"\0\0\x08" and len(data) > 3 and data[3] <= 3 else 0
    shape = np.frombuffer(data[4 : 4 + 4 * dims], ">u4") if len(data) >= 4 + 4 * dims else np.zeros(0, int)
    if not dims or len(shape) != dims or len(data) - 4 - 4 * dims != np.prod(shape, dtype=object):
        raise DistillError(f"{path} is no idx file of unsigned bytes, or is not as long as its head says")
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dims).reshape(shape)
