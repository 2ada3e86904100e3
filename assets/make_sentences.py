"""Writes 1440 designed sentences and embeds them: python assets/make_sentences.py

Needs wordllama 0.4.0.post1 (PyPI, MIT), which brings its vectors with it, 256 numbers for each of 32,000 tokens: pip
install --target somewhere wordllama==0.4.0.post1, and somewhere on the PYTHONPATH. Nothing is downloaded here.

A sentence says what somebody thinks of something: "She thought the soup was awful." or "Do you think the band is
lovely?". Topic (5), sentiment (2), tense (2), subject (3), form (2) and adjective (3 a sentiment) are crossed without
a gap, four times, each time with other nouns: a topic has 16 nouns in four groups, and each group has every combination
exactly once. So all factors are exactly independent in every group. Every noun stands in 18 of the 24 combinations of
sentiment, tense, subject and form: with each value of each factor, and with each adjective, equally often.

In assets/data/sentences.npz: `text` (1440) and `vectors` (1440, 256), the embeddings as wordllama gives them, the mean
of the vectors of a sentence's tokens; `codes` (1440, 6), the factors in the order above; `noun` and `group` (1440);
`words`, what sentences consist of where they are cut at spaces, with `sums` (words, 256), the sum of the vectors of a
word's tokens, and `tokens` (words), how many these are. Vectors are float16. The licence is written beside it.
"""

from importlib.metadata import distribution
from itertools import product
from pathlib import Path

import numpy as np

NOUNS = {
    "food": "soup bread cheese salad curry pasta pizza cake sauce stew pie dessert breakfast lunch rice coffee",
    "sport": "match race tournament referee striker stadium team league championship marathon sprint penalty "
    "goalkeeper athlete swimmer final",
    "weather": "wind rain storm snow fog frost heat thunder hail cloud sky mist sunshine breeze drizzle lightning",
    "travel": "flight hotel airport ferry cruise hostel journey voyage train tram bus taxi resort station trip "
    "suitcase",
    "music": "song concert violin orchestra melody album singer guitar piano choir symphony drummer opera band tune "
    "flute",
}
ADJECTIVES = (("awful", "terrible", "disappointing"), ("wonderful", "excellent", "lovely"))
SUBJECTS = ("you", "she", "they")
GROUPS, IN_A_GROUP = 4, 4
TARGET = Path(__file__).parent / "data" / "sentences.npz"
NOTICE = """The vectors of sentences.npz are made of those of wordllama 0.4.0.post1, by assets/make_sentences.py; the
sentences are our own. wordllama has this licence:

"""


def main() -> None:
    """Write the sentences, embed them, check that words are what embeddings are made of, store."""
    import wordllama

    home = Path(wordllama.__file__).parent
    model = wordllama.WordLlama.load(cache_dir=home, disable_download=True)
    codes, noun, group = design()
    nouns = [each.split() for each in NOUNS.values()]
    texts = [sentence(nouns[row[0]][i], *row[1:]) for row, i in zip(codes, noun, strict=True)]
    words = sorted({word for text in texts for word in text.split(" ")})
    ids = [model.tokenize([word])[0].ids for word in words]
    for text in texts:
        joined = [i for word in text.split(" ") for i in ids[words.index(word)]]
        assert joined == model.tokenize([text])[0].ids, text  # a word has the same tokens wherever it stands
    sums = np.stack([model.embedding[each].sum(0) for each in ids])
    np.savez_compressed(
        TARGET, text=texts, vectors=model.embed(texts).astype(np.float16), codes=codes.astype(np.uint8),
        noun=(codes[:, 0] * GROUPS * IN_A_GROUP + noun).astype(np.uint8), group=group.astype(np.uint8), words=words,
        sums=sums.astype(np.float16), tokens=np.array([len(each) for each in ids], np.uint8),
    )  # fmt: skip
    TARGET.with_suffix(".LICENSE.txt").write_text(NOTICE + distribution("wordllama").read_text("licenses/LICENSE"))
    print(f"{len(texts)} sentences of {len(words)} words, {TARGET.stat().st_size:,} bytes; {TARGET}")


def design() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(1440, 6) codes of topic, sentiment, tense, subject, form, adjective; each noun's place in its topic; its group.

    In a combination of sentiment, tense, subject and form one noun of each group is left out, which leaves three for
    the three adjectives. A noun is left out of two combinations that are each other's opposite, for each subject.
    """
    rows = []
    for topic, group in product(range(len(NOUNS)), range(GROUPS)):
        shuffled = np.random.default_rng(topic).permutation(GROUPS * IN_A_GROUP)
        for sentiment, tense, subject, form in product(range(2), range(2), range(3), range(2)):
            pair = (sentiment ^ tense) + 2 * (sentiment ^ form)  # the same for a combination and its opposite
            left_out = (pair + subject) % IN_A_GROUP
            for adjective in range(3):
                place = (left_out + 1 + adjective) % IN_A_GROUP
                noun = shuffled[IN_A_GROUP * group + place]
                rows.append((topic, sentiment, tense, subject, form, adjective, noun, group))
    table = np.array(rows)
    return table[:, :6], table[:, 6], table[:, 7]


def sentence(noun: str, sentiment: int, tense: int, subject: int, form: int, adjective: int) -> str:
    """One sentence: tense 0 is the past, form 1 a question."""
    who, third = SUBJECTS[subject], SUBJECTS[subject] == "she"
    rest = f"the {noun} {('was', 'is')[tense]} {ADJECTIVES[sentiment][adjective]}"
    if form:
        return f"{('Did', 'Does' if third else 'Do')[tense]} {who} think {rest}?"
    return f"{who.capitalize()} {('thought', 'thinks' if third else 'think')[tense]} {rest}."


if __name__ == "__main__":
    main()
