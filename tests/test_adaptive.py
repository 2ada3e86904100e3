"""Adaptive coders of order k: they write what counting allows, and read back what they wrote."""

import math
from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill import sources
from distill.coding import adaptive
from distill.coding._sealed import number, seal
from distill.coding.adaptive import decode, encode, ideal_bits
from distill.coding.entropies import order_entropy
from distill.errors import InvalidValue

HEADER = 26  # bytes: mark, checksum, order, length, alphabet, and what the coder needs to end; 31 more for a map
FEW = st.lists(st.sampled_from([0, 7, 255]), max_size=120).map(bytes)


def krichevsky_trofimov(data, order, alphabet):
    """−Σ log2 of the estimator, symbol by symbol, bits."""
    counts, bits = {}, 0.0
    for i, symbol in enumerate(data):
        row = counts.setdefault(data[max(0, i - order) : i], {})
        bits -= math.log2((row.get(symbol, 0) + 0.5) / (sum(row.values()) + alphabet / 2))
        row[symbol] = row.get(symbol, 0) + 1
    return bits


@settings(max_examples=60, deadline=None)
@given(data=st.one_of(st.binary(max_size=200), FEW), order=st.integers(0, 4))
def test_what_is_written_is_read_back_in_the_bytes_that_the_estimator_allows(data, order):
    blob, size = encode(data, order), len(set(data))
    assert decode(blob) == data
    assert ideal_bits(data, order) == pytest.approx(krichevsky_trofimov(data, order, size), abs=1e-6)
    assert len(blob) <= ideal_bits(data, order) / 8 + HEADER + 31
    assert ideal_bits(data, order) >= len(data) * order_entropy(np.frombuffer(data, np.uint8), order) - 1e-9


@pytest.mark.parametrize("data", [b"", b"\0", b"\xff", bytes(10_000), b"z" * 5000, bytes(range(256)), b"ab" * 400])
@pytest.mark.parametrize("order", [0, 1, 2, 7])
def test_what_is_special_is_read_back(data, order):
    assert decode(encode(data, order)) == data
    assert decode(encode(data, order, 256)) == data


def test_nothing_but_one_symbol_takes_nothing_but_the_header():
    assert len(encode(bytes(8_000_000), 2)) < HEADER and ideal_bits(b"z" * 1000, 1) == 0
    assert len(encode(b"", 2)) == 11


def test_an_alphabet_that_is_said_costs_what_its_estimator_costs():
    data = b"\0\1\1\0\1" * 100
    assert decode(encode(data, 1, 200)) == data
    assert ideal_bits(data, 1, 200) == pytest.approx(krichevsky_trofimov(data, 1, 200))
    assert ideal_bits(data, 0, 2) == pytest.approx(ideal_bits(data, 0))
    assert len(encode(data, 0, 200)) > len(encode(data, 0))


@pytest.mark.parametrize(("name", "orders"), [("independent", 3), ("markov", 3), ("random_bytes", 1)])
def test_at_300_000_symbols_the_coder_is_within_a_per_cent_of_the_entropy_of_its_order(name, orders):
    """And never below it, since no code that only counts is."""
    source = sources.load(name)
    data = source.symbols.tobytes()
    for order in range(orders):
        entropy = order_entropy(source.symbols, order) * len(data)
        written, ideal = 8 * len(encode(data, order)), ideal_bits(data, order)
        assert entropy < ideal < 1.002 * entropy
        assert ideal < written < ideal + 8 * HEADER
        assert written < 1.01 * entropy
    assert decode(encode(data, orders - 1)) == data


@pytest.mark.parametrize(("name", "golden"), [("independent", (1.3174, 1.3176)), ("markov", (1.706, 0.8368))])
def test_the_table_of_ideal_lengths(name, golden):
    """Published for another draw of the chain: within its sampling error."""
    data = sources.load(name).symbols.tobytes()
    found = [ideal_bits(data, order) / len(data) for order in (0, 1)]
    assert found == pytest.approx(golden, abs={"independent": 5e-5, "markov": 0.006}[name])


@pytest.mark.parametrize(("symbols", "count"), [(2, 300_000), (4, 300_000), (16, 300_000), (4, 5000)])
def test_the_redundancy_is_half_log_n_for_each_free_probability(symbols, count):
    """((A − 1)/2) log2(n/2π) + log2 Γ(½)^A/Γ(A/2) above the empirical entropy (Xie & Barron 2000), a context."""
    probabilities = np.full(symbols, 1 / symbols)
    data = sources.load("independent", {"probabilities": probabilities.tolist(), "count": count}).symbols
    constant = (symbols * math.lgamma(0.5) - math.lgamma(symbols / 2)) / math.log(2)
    expected = (symbols - 1) / 2 * math.log2(count / (2 * math.pi)) + constant
    assert ideal_bits(data.tobytes(), 0) - count * order_entropy(data, 0) == pytest.approx(expected, abs=0.05)


def test_the_redundancy_is_paid_in_each_context_again():
    data = sources.load("markov").symbols
    whole = np.bincount(data[:-1])  # how often each context occurs
    constant = (4 * math.lgamma(0.5) - math.lgamma(2)) / math.log(2)
    expected = (1.5 * np.log2(whole / (2 * math.pi)) + constant).sum()
    found = ideal_bits(data.tobytes(), 1) - len(data) * order_entropy(data, 1)
    assert found == pytest.approx(expected + 2, abs=0.3)  # the first symbol has no context: 2 bits


def test_a_file_is_the_same_on_every_machine():
    """The reader counts as the writer did, so the bytes must never change but with the version in the mark."""
    assert encode(b"abracadabra", 1).hex() == GOLDEN
    assert decode(bytes.fromhex(GOLDEN)) == b"abracadabra"


GOLDEN = "4b5401be85c58c010b0105616263647212acdc"


def test_a_damaged_or_shortened_file_is_refused():
    blob = encode(b"abracadabra" * 9, 1)
    for length in range(len(blob)):
        with pytest.raises(InvalidValue, match="file of an adaptive coder"):
            decode(blob[:length])
    for place in range(len(blob)):
        broken = bytearray(blob)
        broken[place] ^= 16
        with pytest.raises(InvalidValue, match="file of an adaptive coder"):
            decode(bytes(broken))
    with pytest.raises(InvalidValue, match="damaged or cut off"):
        decode(blob + b"\0")


def test_a_file_whose_checksum_fits_yet_that_no_coder_wrote_is_refused():
    """At once, and without the memory that it asks for."""
    body, rng = encode(bytes(range(9)) * 20, 1)[7:], np.random.default_rng(0)
    with pytest.raises(InvalidValue, match="one holds at most"):
        decode(seal(adaptive.MARK, number(0) + number(2**50) + b"\0\1"))
    with pytest.raises(InvalidValue, match="more than 77 bits"):
        decode(seal(adaptive.MARK, b"\xff" * 100))
    for _ in range(200):
        broken = bytearray(body)
        broken[rng.integers(len(body))] = rng.integers(256)
        with suppress(InvalidValue):
            decode(seal(adaptive.MARK, bytes(broken)))


def test_what_cannot_be_coded_is_refused(monkeypatch):
    for order in (-1, 8, 1.5, None):
        with pytest.raises(InvalidValue, match="order of a model"):
            encode(b"ab", order)
    for alphabet in (0, 257, 98):
        with pytest.raises(InvalidValue, match="alphabet must be 1 to 256 and above all symbols"):
            encode(b"ab", 0, alphabet)
    monkeypatch.setattr(adaptive, "MOST_COUNTS", 1000)
    with pytest.raises(InvalidValue, match="choose a lower order"):
        encode(bytes(range(256)) * 2, 2)
    monkeypatch.setattr(adaptive, "LONGEST", 10)
    with pytest.raises(InvalidValue, match="too many for an adaptive coder"):
        encode(b"abracadabra", 0)


# --- entropies


@settings(max_examples=60, deadline=None)
@given(data=st.one_of(st.binary(max_size=150), FEW))
def test_whoever_looks_further_back_is_never_surprised_more(data):
    symbols = np.frombuffer(data, np.uint8)
    found = [order_entropy(symbols, order) for order in range(5)]
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(found))
    assert found[-1] >= 0 and found[0] <= 8


def test_entropies_that_are_known():
    assert order_entropy(np.frombuffer(b"abababab", np.uint8), 0) == 1
    assert order_entropy(np.frombuffer(b"abababab", np.uint8), 1) == 0
    assert order_entropy(np.array([], np.uint8), 2) == 0
    # after a: b b c c; after b and c always a; 4 of 9 symbols are open by one bit
    assert order_entropy(np.frombuffer(b"abacabaca", np.uint8), 1) == pytest.approx(4 / 9)
    assert order_entropy(np.arange(256), 0) == 8
    for order in (-1, 8, "1"):
        with pytest.raises(InvalidValue):
            order_entropy(np.arange(3), order)
