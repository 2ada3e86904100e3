"""Sources of symbols: what each promises, entropies that are known, and files of one's own."""

import json

import numpy as np
import pytest

from distill import datasets, registry, sources
from distill.coding.entropies import order_entropy
from distill.errors import DistillError, InvalidValue, UnknownName
from distill.sources import file, independent, markov

DRAWN = "random_bytes", "independent", "markov"


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """Loads a source by its name; the one of a file with one that was brought."""
    monkeypatch.setenv("DISTILL_STORE", str(tmp_path))

    def load(name, **options):
        if name == "file" and not options:
            options = {"file": file.bring(bytes(range(256)) * 100, "all.bin")}
        return sources.load(name, options)

    return load


@pytest.mark.parametrize("name", sources.names())
def test_a_source_is_what_it_says(name, loaded):
    source = loaded(name)
    assert registry.module("sources", name).TITLE and source.title
    for symbols in (source.symbols, source.training):
        assert symbols.dtype == np.uint8 and symbols.ndim == 1
        assert symbols.max() < source.alphabet <= 256
        assert len(symbols) % source.item_symbols == 0
    assert source.items == len(source.symbols) / source.item_symbols > 0
    assert int(np.prod(source.shape)) == source.item_symbols
    assert len(source.letters) in (0, source.alphabet)
    assert (source.entropy_rate is None) == (not source.entropy_note)
    again = loaded(name)
    assert np.array_equal(again.symbols, source.symbols) and np.array_equal(again.training, source.training)


@pytest.mark.parametrize("name", DRAWN)
def test_another_seed_is_another_draw_of_the_same_source(name, loaded):
    first, second = loaded(name, count=2000), loaded(name, count=2000, seed=1)
    assert (first.symbols != second.symbols).mean() > 0.2
    assert (first.symbols != first.training).mean() > 0.2
    assert first.entropy_rate == second.entropy_rate
    for options in ({"count": 0}, {"count": 5_000_001}, {"count": 2.5}, {"seed": -1}, {"counts": 5}):
        with pytest.raises(InvalidValue):
            loaded(name, **options)


@pytest.mark.parametrize("name", ["digits", "mnist"])
def test_pictures_are_those_of_the_data_set_with_the_test_items_sent(name, loaded):
    source, data = loaded(name), datasets.load(name)
    levels = data.inputs * data.scale + data.offset
    assert source.items == len(data.test) and source.shape == data.input_shape
    sent = source.symbols.reshape(source.items, -1)
    assert sorted(map(bytes, sent)) == sorted(map(bytes, np.rint(levels[data.test]).astype(np.uint8)))
    # mixed: the first of them are not all of one class, as a data set that lies class by class would have it
    label = dict(zip(map(bytes, np.rint(levels[data.test]).astype(np.uint8)), data.label[data.test], strict=True))
    assert len({label[bytes(each)] for each in sent[:30]}) > 5
    assert np.abs(source.training.reshape(len(data.train), -1) - levels[data.train]).max() < 1e-3
    assert source.alphabet == {"digits": 17, "mnist": 256}[name]
    shares = np.bincount(data.label[data.test]) / len(data.test)
    assert source.label_bits == pytest.approx(-(shares * np.log2(shares)).sum())
    assert source.label_bits == pytest.approx(np.log2(10), abs=1e-3)


def test_letters_are_a_text_whose_two_parts_share_nothing(loaded):
    source = loaded("letters")
    sent, learnt = ("".join(np.array(list(source.letters))[each]) for each in (source.symbols, source.training))
    assert source.letters == "abcdefghijklmnopqrstuvwxyz "
    assert learnt.startswith("the book of the generation of jesus christ the son of david")
    assert sent.endswith("the grace of our lord jesus christ be with you all amen")
    assert (len(sent), len(learnt)) == (200_000, 440_000)
    assert "  " not in sent and sent[1000:1200] not in learnt
    assert order_entropy(source.symbols, 0) == pytest.approx(4.02, abs=0.04)  # of the pairs that data set counts: 4.023
    assert loaded("letters", count=1000).symbols.tolist() == source.symbols[:1000].tolist()
    assert loaded("letters", count=1000).training.tolist() == source.training.tolist()
    with pytest.raises(InvalidValue, match="1000 to 200000"):
        loaded("letters", count=999)


# --- known entropies


def test_random_bytes_have_eight_bits(loaded):
    source = loaded("random_bytes")
    counts = np.bincount(source.symbols, minlength=256)
    assert source.entropy_rate == 8
    # χ² of 255 degrees of freedom: 5 deviations
    assert abs(((counts - source.items / 256) ** 2 / (source.items / 256)).sum() - 255) < 5 * np.sqrt(2 * 255)


def test_independent_symbols_have_the_entropy_of_their_probabilities(loaded):
    source = loaded("independent")
    assert source.entropy_rate == pytest.approx(1.3190, abs=5e-5)
    assert order_entropy(source.symbols, 0) == pytest.approx(1.3190, abs=0.004)
    assert np.bincount(source.symbols) / source.items == pytest.approx([0.7, 0.15, 0.1, 0.05], abs=0.005)
    certain = loaded("independent", probabilities=[0, 1.0, 0], count=50)
    assert certain.entropy_rate == 0 and certain.alphabet == 3 and set(certain.symbols) == {1}
    assert loaded("independent", probabilities=[0.333, 0.333, 0.333]).entropy_rate == pytest.approx(np.log2(3))


@pytest.mark.parametrize("wrong", [[], [1.0], [0.5, 0.6], [1.2, -0.2], [float("nan"), 1], ["a", "b"], 0.5, "ab", None])
def test_what_is_no_distribution_is_refused(wrong):
    with pytest.raises(InvalidValue, match="2 to 256 numbers of at least 0 that sum to 1"):
        independent.make(wrong)


def test_the_chain_as_it_stands_is_that_of_the_table(loaded):
    """Rate .8318 and order-0 entropy 1.702 of four states."""
    source = loaded("markov")
    assert source.entropy_rate == pytest.approx(0.8318, abs=5e-5)
    assert order_entropy(source.symbols, 0) == pytest.approx(1.702, abs=0.005)
    assert order_entropy(source.symbols, 1) == pytest.approx(0.8318, abs=0.005)
    assert order_entropy(source.symbols, 3) == pytest.approx(0.8318, abs=0.006)


@pytest.mark.parametrize(
    ("states", "stay", "skew"), [(2, 0.9, 0.5), (3, 0.0, 1.0), (4, 0.8293, 0.3632), (16, 0.5, 0.8)]
)
def test_a_chain_has_the_rate_of_its_two_symbol_blocks(states, stay, skew):
    rows, stationary = markov.chain(states, stay, skew)
    assert rows.sum(1) == pytest.approx(1) and stationary.sum() == pytest.approx(1)
    assert stationary @ rows == pytest.approx(stationary, abs=1e-12)
    assert np.diag(rows) == pytest.approx(stay)
    pairs = stationary[:, None] * rows
    blocks = [-(p[p > 0] * np.log2(p[p > 0])).sum() for p in (pairs, stationary)]
    made = markov.make(states, stay, skew, count=20_000)
    assert made.entropy_rate == pytest.approx(blocks[0] - blocks[1], abs=1e-12)  # H(X1, X2) − H(X1)
    assert f"{blocks[1]:.3f} bits" in made.entropy_note
    both = np.zeros((states, states))
    np.add.at(both, (made.symbols[:-1], made.symbols[1:]), 1 / (made.items - 1))
    assert np.abs(both - pairs).sum() < 0.12


def test_stay_sets_the_rate_and_leaves_the_symbols_as_frequent_as_they_are():
    rates = [markov.make(stay=stay, count=10).entropy_rate for stay in (0.3, 0.6, 0.9, 0.99)]
    assert sorted(rates, reverse=True) == rates
    assert np.array_equal(markov.chain(4, 0.1, 0.5)[1], markov.chain(4, 0.9, 0.5)[1])


@pytest.mark.parametrize(
    "options", [{"states": 1}, {"states": 17}, {"stay": 1}, {"stay": -0.1}, {"skew": 0}, {"skew": 2}]
)
def test_a_chain_that_cannot_be_is_refused(options):
    with pytest.raises(InvalidValue, match=next(iter(options))):
        markov.make(**options)


# --- files of one's own


def test_a_file_is_kept_under_its_content_and_sent(loaded):
    id = file.bring(b"abracadabra", "/somewhere/else/word.txt")
    source = loaded("file", file=id)
    assert source.symbols.tobytes() == b"abracadabra" and len(source.training) == 0
    assert (source.title, source.item, source.alphabet) == ("word.txt", "byte", 256)
    assert file.bring(b"abracadabra", "same.txt") == id
    assert [each.name for each in file.brought()] == ["same.txt"]
    assert (file.known(id).size, file.known(id).name) == (11, "same.txt")


def test_of_a_longer_file_the_second_half_is_sent(loaded):
    content = np.random.default_rng(0).integers(0, 256, 20_001).astype(np.uint8).tobytes()
    source = loaded("file", file=file.bring(content, "long.bin"))
    assert source.training.tobytes() == content[:10_000] and source.symbols.tobytes() == content[10_000:]
    assert source.title == "long.bin, second half"
    short = loaded("file", file=file.bring(content[:19_999], "short.bin"))
    assert short.symbols.tobytes() == content[:19_999] and not len(short.training) and short.title == "short.bin"


def test_one_byte_is_a_file_and_none_is_not(loaded, tmp_path):
    assert loaded("file", file=file.bring(b"x", "x")).symbols.tolist() == [120]
    with pytest.raises(InvalidValue, match=r"'none\.txt' is empty"):
        file.bring(b"", "none.txt")
    with pytest.raises(InvalidValue, match="5,000,001 bytes"):
        file.bring(bytes(5_000_001), "big.bin")
    (tmp_path / "big.bin").write_bytes(bytes(5_000_001))
    with pytest.raises(InvalidValue, match="5,000,001 bytes"):
        file.bring_file(tmp_path / "big.bin")
    with pytest.raises(DistillError, match="cannot read"):
        file.bring_file(tmp_path / "nowhere.bin")
    (tmp_path / "one.bin").write_bytes(b"1")
    assert file.known(file.bring_file(tmp_path / "one.bin")).name == "one.bin"


def test_a_file_that_is_not_there_or_not_the_same_is_refused(loaded, tmp_path):
    for wrong in ("../../etc", "0" * 11, "0" * 13, 12):
        with pytest.raises(InvalidValue, match="twelve digits"):
            loaded("file", file=wrong)
    with pytest.raises(InvalidValue, match="needs a file"):
        loaded("file", file="")
    with pytest.raises(UnknownName, match="not on this machine"):
        loaded("file", file="0" * 12)
    id = file.bring(b"abracadabra", "word.txt")
    (tmp_path / ".files" / id).write_bytes(b"hocus pocus")
    with pytest.raises(InvalidValue, match="was changed"):
        loaded("file", file=id)


def test_a_note_that_cannot_be_read_does_not_hide_the_file(loaded, tmp_path):
    id = file.bring(b"abracadabra", "word.txt")
    note = tmp_path / ".files" / f"{id}.json"
    for text in ("", "{", json.dumps({"what": 1})):
        note.write_text(text)
        assert file.known(id) is None and file.brought() == []
        assert loaded("file", file=id).title == "file"
