"""Sentences designed so that what they say is known, as a real model of language embeds them: topic, tone, tense, …"""

from pathlib import Path

import numpy as np

from distill.datasets import DataSet, standardised
from distill.errors import InvalidValue

TITLE = "Sentences, new nouns"
FACTORS = ("topic", "sentiment", "tense", "subject", "form", "adjective")  # the label first
FILE = Path(__file__).parents[2] / "assets" / "data" / "sentences.npz"  # made by assets/make_sentences.py
TITLES = {"noun": TITLE, "item": "Sentences, known nouns"}
CLASSES = {
    "topic": ("food", "sport", "weather", "travel", "music"),
    "sentiment": ("bad", "good"),
    "tense": ("past", "present"),
    "subject": ("you", "she", "they"),
    "form": ("statement", "question"),
    "adjective": ("awful", "terrible", "disappointing", "wonderful", "excellent", "lovely"),
}
ADJECTIVES = 3  # of each sentiment
TESTED_GROUP = 0
PLACES = 7  # words of a question; a statement lacks the first, the auxiliary


def make(split: str = "noun") -> DataSet:
    """1440 sentences such as "Did she think the soup was awful?", as the 256 numbers that wordllama makes of each.

    Every combination of the six factors stands there four times, each with another noun of the topic. In both splits
    all factors are exactly independent (adjective and sentiment aside), and a quarter is tested: every combination
    once. An embedding is the mean of the vectors of a sentence's tokens, so that `parts` are exact.

    Args:
        split: "noun" tests on nouns that no training sentence has, four of the sixteen of each topic; "item" on
            sentences whose nouns, and near copies of which, were trained on. The title says which.

    Raises:
        InvalidValue: for another `split`.
    """
    if split not in TITLES:
        raise InvalidValue(f"split must be 'noun' or 'item'; got {split!r}")
    with np.load(FILE) as file:
        stored = {name: file[name] for name in file.files}
    codes = stored["codes"].astype(np.int64)
    factors = dict(zip(FACTORS, codes.T, strict=True))
    factors["adjective"] = ADJECTIVES * factors["sentiment"] + factors["adjective"]
    tested = stored["group"] == (TESTED_GROUP if split == "noun" else _group_of_each(codes))
    train, test = np.flatnonzero(~tested), np.flatnonzero(tested)
    inputs = standardised(stored["vectors"], train)
    texts = tuple(map(str, stored["text"]))
    return DataSet(
        label=factors["topic"], factors=factors, classes=CLASSES, label_name="topic", input_shape=(256,), train=train,
        test=test, value_range=(float(stored["vectors"].min()), float(stored["vectors"].max())), title=TITLES[split],
        texts=texts, parts=_parts(texts, stored) / np.float32(inputs["scale"]), **inputs,
    )  # fmt: skip


def _group_of_each(codes: np.ndarray) -> np.ndarray:
    """(N,) which of its four sentences is tested of each combination, drawn once and for all."""
    combination = np.unique(codes, axis=0, return_inverse=True)[1].ravel()
    return np.random.default_rng(0).integers(4, size=combination.max() + 1)[combination]


def _parts(texts: tuple[str, ...], stored: dict[str, np.ndarray]) -> np.ndarray:
    """(N, 7, 256) float32: by how much an embedding changes when a word is replaced by the mean one of its place.

    An embedding is S/T, of the sum S of the vectors of T tokens. With the word w' (its vectors sum to s', of t' tokens)
    instead of w it is (S − s + s')/(T − t + t'); the mean of this is taken over the words that stand in the same place
    of all sentences, as often as they do. Places are counted from the end, so that a statement's words have those of
    the question. The word's own mark (a stop, a question mark) goes with it.
    """
    words, sums, tokens = stored["words"], stored["sums"].astype(np.float64), stored["tokens"].astype(np.float64)
    spelt = [np.searchsorted(words, text.split(" ")) for text in texts]
    total = np.stack([sums[each].sum(0) for each in spelt])
    count = np.array([tokens[each].sum() for each in spelt])
    found = np.zeros((len(texts), PLACES, sums.shape[1]), np.float32)
    for place in range(1, PLACES + 1):
        items = np.flatnonzero([len(each) >= place for each in spelt])
        own = np.array([spelt[i][-place] for i in items])
        others, often = np.unique(own, return_counts=True)
        rest, left = total[items] - sums[own], count[items] - tokens[own]
        share = often / often.sum() / (left[:, None] + tokens[others])
        change = rest * share.sum(1)[:, None] + share @ sums[others] - (total / count[:, None])[items]
        found[items, [len(spelt[i]) - place for i in items]] = change
    return found
