"""The learned coder against what is known: exact arithmetic, entropy rates, lengths, and files that must be refused."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distill import sources
from distill.coding import adaptive, autoregressive
from distill.coding._sealed import number
from distill.coding.autoregressive import (
    FILE,
    HEADER,
    NAMES,
    Network,
    _check,
    decode,
    encode,
    ideal_bits,
    load,
    quantised,
)
from distill.coding.contexts import Canvas, Sight
from distill.coding.learning import BITS, LOSS, as_sent, learner, sent_bits, sizes
from distill.errors import DistillError, InvalidValue
from distill.wall_config import LIMITS

GOLDEN = "3c04a1a00327e22d48a3315ece32189d5a3060930642262eab9f277f9c70db4b"
STREAM, PICTURE = Sight(5, (), 3), Sight(17, (4, 3), 6)


def drawn(sight, width=6, bits=7, seed=0):
    """A network of random weights."""
    rng = np.random.default_rng(seed)
    return quantised(sight, {name: rng.standard_normal(size) for name, size in sizes(sight, width).items()}, bits)


def trained(source, width=16, context=4, steps=250, rate=2e-2, seed=0):
    found = learner(Sight(source.alphabet, source.shape, context), source.training, width, steps, 512, rate, seed)
    for _ in range(steps):
        found.advance()
    return found


def sent(source, context=4):
    canvas = Canvas(Sight(source.alphabet, source.shape, context), len(source.symbols))
    canvas.fill(source.symbols)
    return canvas


@pytest.fixture(scope="module")
def digits():
    source = sources.load("digits")
    return source, trained(source, 24, 12, 300)


@pytest.fixture(scope="module")
def markov():
    source = sources.load("markov", {"count": 60_000})
    return source, trained(source)


# --- what is seen


def test_a_pixel_sees_the_nearest_that_were_sent_before_it():
    assert Sight(17, (8, 8), 4).offsets == ((0, -1), (-1, 0), (-1, -1), (-1, 1))
    assert Sight(17, (8, 8), 12).offsets[4:6] == ((0, -2), (-2, 0))
    for context in (1, 5, 24, 64):
        offsets = Sight(17, (8, 8), context).offsets
        assert len({*offsets}) == context and all(each < (0, 0) for each in offsets)
        farthest = max(y * y + x * x for y, x in offsets)
        nearer = [(y, x) for y in range(-9, 1) for x in range(-9, 10) if (y, x) < (0, 0) and y * y + x * x < farthest]
        assert {*nearer} <= {*offsets}


@pytest.mark.parametrize("sight", [STREAM, PICTURE], ids=["stream", "picture"])
def test_what_is_seen_is_what_the_symbols_say(sight):
    symbols = np.random.default_rng(0).integers(0, sight.alphabet, 3 * 12)
    canvas = Canvas(sight, len(symbols))
    canvas.fill(symbols)
    lanes = symbols.reshape(canvas.lanes, canvas.length)
    _, width = sight.shape or (1, canvas.length)
    for lane in range(canvas.lanes):
        for t in range(canvas.length):
            seen = canvas.contexts(np.array([lane]), np.array([t]))[0]
            for value, (dy, dx) in zip(seen, sight.offsets, strict=True):
                y, x = t // width + dy, t % width + dx
                inside = y >= 0 and 0 <= x < width
                assert value == (lanes[lane, y * width + x] if inside else sight.alphabet)


def test_nothing_is_seen_of_what_comes_later():
    for sight in (STREAM, PICTURE):
        symbols = np.random.default_rng(1).integers(0, sight.alphabet, 24)
        network = drawn(sight)
        for at in (0, 7, 23):
            other = symbols.copy()
            other[at] = (other[at] + 1) % sight.alphabet
            first, second = (
                np.concatenate([q for q, _ in autoregressive._predicted(network, each)]) for each in (symbols, other)
            )
            canvas = Canvas(sight, 24)
            lane, t = canvas.order(0, canvas.length)
            place = lane * canvas.length + t
            np.testing.assert_array_equal(first[place <= at], second[place <= at])


def test_a_stream_is_cut_into_lanes_of_a_thousand_symbols_or_more():
    assert STREAM.lanes(100) == (1, 100) and STREAM.lanes(1) == (1, 1) and STREAM.lanes(0) == (0, 1)
    for count in (1023, 5000, 100_001, 300_000):
        lanes, length = STREAM.lanes(count)
        assert (lanes - 1) * length < count <= lanes * length and lanes <= 256 and length >= min(count, 1000)
    assert PICTURE.lanes(36) == (3, 12)
    with pytest.raises(InvalidValue, match="pictures of 12 symbols each are sent whole; got 13 symbols"):
        PICTURE.lanes(13)


def test_every_symbol_is_sent_once():
    canvas = Canvas(STREAM, 5003)
    lane, t = canvas.order(0, canvas.length)
    assert sorted(lane * canvas.length + t) == [*range(5003)]


# --- exact arithmetic


@pytest.mark.parametrize("sight", [STREAM, PICTURE, Sight(256, (), 2)], ids=["stream", "picture", "bytes"])
def test_probabilities_do_not_depend_on_how_many_are_asked_for_at_once(sight):
    network, rng = drawn(sight, 40), np.random.default_rng(0)
    contexts = rng.integers(0, sight.alphabet + 1, (500, sight.context))
    t = rng.integers(0, len(sight.places), 500)
    whole = network.frequencies(contexts, t)
    assert (whole == np.rint(whole)).all() and whole.min() >= 16 and (whole.max(1) == 2**24).all()
    for size in (1, 3, 64):
        np.testing.assert_array_equal(network.frequencies(contexts[:size], t[:size]), whole[:size])
    shuffled = rng.permutation(500)
    np.testing.assert_array_equal(network.frequencies(contexts[shuffled], t[shuffled]), whole[shuffled])


def test_sums_of_products_are_whole_numbers_that_float64_holds():
    """Of the widest network and the finest weights, whatever it has learned."""
    widest, finest = LIMITS["width"][1], 2 ** (max(BITS) - 1)
    across = max(sizes(Sight(256, shape, LIMITS["context"][1]), 4)["weight_1"][0] for shape in ((), (28, 28)))
    assert max(widest, across) * finest * autoregressive.HIGHEST / autoregressive.STEP < 2**53


def test_probabilities_are_those_of_the_formula():
    for sight in (STREAM, PICTURE):
        rng = np.random.default_rng(2)
        weights = {name: rng.standard_normal(size) for name, size in sizes(sight, 6).items()}
        network = quantised(sight, weights, 12)
        contexts = rng.integers(0, sight.alphabet + 1, (200, sight.context))
        t = rng.integers(0, len(sight.places), 200)
        if sight.shape:
            values = np.append(np.arange(17) / 16, 0)
            y, x = 2 * (t // 3) / 3 - 1, 2 * (t % 3) / 2 - 1
            marks = np.stack([values[contexts], contexts == 0, contexts == 16], -1).reshape(200, -1)
            here = np.concatenate([marks, np.stack([y, x, y * y, x * x, y * x], -1)], 1)
        else:
            here = weights["embedding"][contexts].reshape(200, -1)
        for i in (1, 2):
            here = np.maximum(here @ weights[f"weight_{i}"] + weights[f"bias_{i}"], 0)
        logits = here @ weights["weight_3"] + weights["bias_3"]
        bits = (logits - np.log(np.exp(logits).sum(1, keepdims=True))) / np.log(2)
        found = network.frequencies(contexts, t).astype(float)
        kept = bits > -15
        np.testing.assert_allclose(np.log2(found / found.sum(1, keepdims=True))[kept], bits[kept], atol=0.12)


def test_a_network_and_its_files_are_the_same_on_every_machine():
    """Golden: whoever changes a probability, the order of sending or the format raises the version of the files."""
    levels = [np.arange(math.prod(size)).reshape(size) * 7 % 23 - 11 for size in sizes(PICTURE, 6).values()]
    network = Network(PICTURE, tuple(levels), (2**-4,) * 6)
    symbols = (np.arange(60) ** 2 % 17).astype(np.uint8)
    blob = encode(network, symbols.tobytes())
    assert blob[5:].hex() == GOLDEN


def test_a_file_is_decoded_in_another_process_by_a_network_that_was_read_from_its_own_file(digits, tmp_path):
    source, found = digits
    network, _ = as_sent(found)
    data = source.symbols[: 5 * 64].tobytes()
    (tmp_path / "network").write_bytes(network.file)
    (tmp_path / "pictures").write_bytes(encode(network, data))
    code = """
import sys, pathlib
from distill.coding.autoregressive import decode, load
folder = pathlib.Path(sys.argv[1])
data = decode(load((folder / "network").read_bytes()), (folder / "pictures").read_bytes())
(folder / "read").write_bytes(data)
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=120)
    assert (tmp_path / "read").read_bytes() == data


# --- files


@given(data=st.binary(max_size=300), seed=st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_bytes_come_back(data, seed):
    network = NETWORKS[seed]
    assert decode(network, encode(network, data)) == data


NETWORKS = [drawn(Sight(256, (), context), 4, seed=context) for context in (1, 2, 3, 4)]


@given(pictures=st.integers(0, 4), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_pictures_come_back(pictures, seed):
    network = drawn(PICTURE)
    data = np.random.default_rng(seed).integers(0, 17, 12 * pictures, np.uint8).tobytes()
    assert decode(network, encode(network, data)) == data


def test_many_lanes_come_back():
    network = drawn(STREAM)
    data = np.random.default_rng(0).integers(0, 5, 5003, np.uint8).tobytes()
    assert network.sight.lanes(5003)[0] == 4
    assert decode(network, encode(network, data)) == data


def test_nothing_needs_a_header_and_no_more():
    assert len(encode(drawn(STREAM), b"")) == 6
    assert decode(drawn(STREAM), encode(drawn(STREAM), b"")) == b""


def test_a_file_is_as_long_as_the_model_says(digits, markov):
    """Arithmetic coding: −Σ log2 q, a header of at most 64 bits and two bytes of the coder's own."""
    for source, found in (digits, markov):
        network, _ = as_sent(found)
        for count in (source.item_symbols * 2, len(source.symbols)):
            symbols = source.symbols[:count]
            file, ideal = 8 * len(encode(network, symbols.tobytes())), ideal_bits(network, symbols)
            assert ideal + 40 <= file <= ideal + 64 + 16 + 1e-5 * ideal


@pytest.mark.parametrize("sight", [STREAM, PICTURE], ids=["stream", "picture"])
def test_a_damaged_file_a_cut_one_and_one_of_another_network_are_refused(sight):
    network, rng = drawn(sight), np.random.default_rng(0)
    data = rng.integers(0, 5, 240, np.uint8).tobytes()
    blob = encode(network, data)
    wrong = [blob[:cut] for cut in (0, 1, 3, 5, 6, len(blob) // 2, len(blob) - 1)] + [blob + b"\0", b"BZh9" + blob]
    for at in range(len(blob)):
        wrong.append(blob[:at] + bytes([blob[at] ^ 1 << rng.integers(8)]) + blob[at + 1 :])
    for each in wrong:
        with pytest.raises(DistillError, match="cannot be decoded: it is damaged, or it was written with another"):
            decode(network, each)
    with pytest.raises(DistillError, match="another network"):
        decode(drawn(sight, seed=1), blob)


def test_symbols_outside_the_alphabet_are_refused():
    with pytest.raises(InvalidValue, match="symbols must be below 5; got 9"):
        encode(drawn(STREAM), bytes([1, 9, 2]))


def test_a_network_is_read_back_from_its_file_and_a_damaged_one_refused():
    for sight in (STREAM, PICTURE, Sight(256, (28, 28), 20)):
        network = drawn(sight)
        again = load(network.file)
        assert again.sight == network.sight and again.scales == network.scales
        for a, b in zip(again.levels, network.levels, strict=True):
            np.testing.assert_array_equal(a, b)
        assert again.file == network.file
    for wrong in (
        b"",
        network.file[:9],
        network.file[:-3],
        b"no" + network.file,
        network.file[:40] + b"x" + network.file[41:],
    ):
        with pytest.raises(DistillError, match="no network, or a damaged one"):
            load(wrong)


def test_a_network_or_a_file_that_cannot_be_is_refused_whatever_its_checks_say():
    network = drawn(STREAM)
    file, blob = network.file, encode(network, bytes(20))
    alphabet, height, context, scale = 3, 4, 8, HEADER.size
    wrong = [(alphabet, b"\7"), (height, b"\1"), (context, b"\0"), (context, b"\x50"), (scale, b"\0\0\xc0\x7f")]
    for at, some in wrong:  # the last of them is no number
        with pytest.raises(DistillError, match="no network, or a damaged one"):
            load(file[:at] + some + file[at + len(some) :])
    for count in (number(2**40), b"\xff" * 40, b"\xff"):
        rest = blob[3:5] + count
        with pytest.raises(DistillError, match="cannot be decoded"):
            decode(network, FILE + _check(rest, network) + rest)


# --- whole numbers


def test_weights_are_symmetric_whole_numbers_of_so_many_bits():
    rng = np.random.default_rng(0)
    weights = {name: rng.standard_normal(size) for name, size in sizes(STREAM, 6).items()}
    for bits in (3, 6, 8):
        network = quantised(STREAM, weights, bits)
        for name, levels, scale in zip(NAMES, network.levels, network.scales, strict=True):
            exact = weights[name] * (math.log2(math.e) if name.endswith("_3") else 1)
            assert np.abs(levels).max() == 2 ** (bits - 1) - 1
            assert np.abs(levels * scale - exact).max() <= scale * 0.5 * (1 + 1e-6)


def test_the_fewest_bits_are_sent_that_lose_half_a_per_cent(digits):
    _, found = digits
    network, bits = as_sent(found)
    whole = found.bits(found.canvas)
    losses = {each: sent_bits(found.network(each), found) / whole - 1 for each in BITS if each <= bits}
    assert losses[bits] <= LOSS and all(loss > LOSS for each, loss in losses.items() if each < bits)
    assert len(network.file) < found.weights.numel()  # less than a byte each


# --- what it learns


@pytest.mark.parametrize("name", ["digits", "markov", "random_bytes"])
def test_before_it_learns_every_symbol_is_as_likely(name):
    source = sources.load(name)
    found = learner(Sight(source.alphabet, source.shape, 4), source.training, 16, 10, 64, 1e-2, 0)
    assert found.bits(sent(source)) == pytest.approx(math.log2(source.alphabet), abs=0.01)
    bits = ideal_bits(found.network(8), source.symbols[:6400]) / 6400
    assert bits == pytest.approx(math.log2(source.alphabet), abs=1e-5)


def test_of_independent_symbols_it_reaches_the_entropy_and_goes_no_lower():
    source = sources.load("independent", {"count": 60_000})
    network, _ = as_sent(trained(source))
    bits = ideal_bits(network, source.symbols) / 60_000
    p = np.array([0.7, 0.15, 0.1, 0.05])
    error = np.sqrt(p @ np.log2(p) ** 2 - (p @ np.log2(p)) ** 2) / np.sqrt(60_000)
    assert source.entropy_rate == pytest.approx(-(p @ np.log2(p)))
    assert source.entropy_rate - 4 * error < bits < source.entropy_rate + 0.02
    ones = -np.log2(p[source.symbols]).mean()  # of the very symbols, under the true model
    assert bits > ones - 0.001


def test_of_a_chain_it_finds_that_the_last_symbol_matters(markov):
    source, found = markov
    network, _ = as_sent(found)
    bits = ideal_bits(network, source.symbols) / len(source.symbols)
    assert source.entropy_rate - 0.02 < bits < source.entropy_rate + 0.03
    assert bits < 0.6 * adaptive.ideal_bits(source.symbols.tobytes(), 0) / len(source.symbols)


def test_of_random_bytes_nothing_is_learned():
    source = sources.load("random_bytes", {"count": 30_000})
    network, _ = as_sent(trained(source, steps=60, rate=1e-2))
    assert ideal_bits(network, source.symbols) / 30_000 > 8 - 1e-3
    assert len(encode(network, source.symbols.tobytes())) > 30_000


def test_pictures_it_was_shown_before_make_it_better_than_counting(digits):
    source, found = digits
    network, _ = as_sent(found)
    data = source.symbols.tobytes()
    counting = min(len(adaptive.encode(data, order)) for order in (0, 1, 2))
    assert len(encode(network, data)) < 0.8 * counting


def test_a_training_that_is_continued_is_the_undisturbed_one():
    source = sources.load("markov", {"count": 5000})
    whole = trained(source, 8, 2, 30)
    first, second = (learner(whole.sight, source.training, 8, 30, 512, 2e-2, 0) for _ in range(2))
    for _ in range(11):
        first.advance()
    second.restore(first.checkpoint())
    while second.step < 30:
        second.advance()
    assert (second.weights == whole.weights).all() and second.step == 30


def test_the_learning_rate_rises_then_falls_to_nothing():
    found = learner(STREAM, np.zeros(100, np.uint8), 4, 200, 8, 0.01, 0)
    rates = []
    for step in range(1, 201):
        found.step = step
        rates.append(found.rate)
    assert max(rates) == pytest.approx(0.01, rel=0.02) and 15 <= int(np.argmax(rates)) <= 25
    assert rates[0] == pytest.approx(0.01 / 20) and rates[-1] == pytest.approx(0, abs=1e-9)


def test_operations_are_two_for_each_weight_of_the_products():
    assert drawn(STREAM, 6).operations == 2 * (3 * 8 * 6 + 6 * 6 + 6 * 5)
    assert drawn(PICTURE, 6).operations == 2 * ((6 * 3 + 5) * 6 + 6 * 6 + 6 * 17)
