"""Whole numbers of quantised weights as bytes: exact, near their entropy, and as theory says of Gaussian weights."""

import math
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from distill.coding import weights
from distill.coding._sealed import number, seal
from distill.coding.weights import coded_size, decode_tensors, encode_tensors, entropy_bits
from distill.errors import InvalidValue

NORMAL = 2.0471  # differential entropy of N(0, 1), ½ log2 2πe bits
COUNT = 100_000
TENSORS = st.lists(
    arrays.arrays(
        st.sampled_from([np.int8, np.uint8, np.int16, np.int32, np.int64]),
        arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=9),
        elements={"min_value": 0, "max_value": 100},
    ),
    max_size=5,
)


def same(left, right):
    return len(left) == len(right) and all(
        each.shape == other.shape and (each == other).all() for each, other in zip(left, right, strict=True)
    )


def quantised(weights, bits):
    """Symmetric, its step the largest weight over 2^(bits − 1) − 1."""
    top = 2 ** (bits - 1) - 1
    return np.rint(weights / np.abs(weights).max() * top).astype(np.int64)


@pytest.fixture(scope="module")
def gaussian():
    return np.random.default_rng(0).standard_normal(COUNT)


# --- exact


@settings(max_examples=60, deadline=None)
@given(tensors=TENSORS)
def test_what_is_written_is_read_back(tensors):
    assert same(decode_tensors(encode_tensors(tensors)), tensors)


@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.integers(-(2**39), 2**39 - 1), max_size=40), offset=st.sampled_from([0, 2**60, -(2**60)]))
def test_values_far_apart_and_far_from_nothing_are_read_back(values, offset):
    tensor = np.array(values, np.int64) + offset
    assert same(decode_tensors(encode_tensors([tensor])), [tensor])


@pytest.mark.parametrize(
    "tensor",
    [np.array(5), np.array([7, 7, 7]), np.zeros((3, 0, 2), int), np.zeros((4, 4), bool), np.arange(-3000, 3000),
     np.r_[np.zeros(5000, int), 1], np.array([2**63 - 1, 2**63 - 2]), np.array([-(2**63)]),
     np.array([2**64 - 1, 2**64 - 9], np.uint64) - 2**63],
    ids=str,
)  # fmt: skip
def test_tensors_that_are_special_are_read_back(tensor):
    blob = encode_tensors([tensor, tensor])
    assert same(decode_tensors(blob), [tensor, tensor])


def test_nothing_is_a_file_too():
    assert decode_tensors(encode_tensors([])) == [] and coded_size([]) == 8


@pytest.mark.parametrize("bits", [2, 4, 8, 16])
def test_quantised_weights_are_read_back(gaussian, bits):
    layers = [quantised(gaussian[:8192].reshape(64, 128), bits), quantised(gaussian[:128], bits)]
    assert same(decode_tensors(encode_tensors(layers)), layers)
    assert coded_size(layers) == len(encode_tensors(layers))


def test_a_file_is_the_same_on_every_machine():
    tensors = [np.array([[0, 0, -1], [2, 0, 0]]), np.arange(5)]
    assert encode_tensors(tensors).hex() == GOLDEN
    assert same(decode_tensors(bytes.fromhex(GOLDEN)), tensors)


GOLDEN = "515701964c24c602020203010401040101050005000100654be3ddbc"


def test_a_damaged_or_shortened_file_is_refused():
    blob = encode_tensors([np.arange(20) % 3])
    for length in range(len(blob)):
        with pytest.raises(InvalidValue, match="file of coded weights"):
            decode_tensors(blob[:length])
    for place in range(len(blob)):
        broken = bytearray(blob)
        broken[place] ^= 1
        with pytest.raises(InvalidValue, match="file of coded weights"):
            decode_tensors(bytes(broken))


def test_a_file_whose_checksum_fits_yet_that_no_coder_wrote_is_refused():
    """At once, and without the memory that it asks for."""
    rng = np.random.default_rng(0)
    body = encode_tensors([rng.integers(-9, 9, (5, 7)), np.zeros(4, int)])[7:]
    for shape in ([2**60], [2**20, 2**20], [1] * 40, [2**70, 0]):
        with pytest.raises(InvalidValue, match="which is too large"):
            decode_tensors(seal(weights.MARK, b"".join(map(number, (1, len(shape), *shape)))))
    for _ in range(300):
        broken = bytearray(body)
        broken[rng.integers(len(body))] = rng.integers(256)
        with suppress(InvalidValue):
            decode_tensors(seal(weights.MARK, bytes(broken)))


@pytest.mark.parametrize("wrong", [np.array([0.5]), np.array(["a"]), np.array([0, 2**40]), np.array([1.0])])
def test_what_is_no_tensor_of_whole_numbers_is_refused(wrong):
    with pytest.raises(InvalidValue, match=r"whole numbers|too far apart"):
        encode_tensors([wrong])


# --- near the entropy


def test_entropy_is_that_of_each_tensor_with_32_bits_for_its_step():
    assert entropy_bits([]) == 0 and entropy_bits([np.zeros(0, int)]) == 32
    assert entropy_bits([np.array([0, 1, 0, 1])]) == 4 + 32
    assert entropy_bits([np.array([[0, 1], [2, 3]]), np.full(9, 4)]) == 8 + 64


@pytest.mark.parametrize("bits", [3, 4, 5, 6, 7, 8])
def test_25_000_weights_take_a_per_cent_more_than_their_entropy(gaussian, bits):
    """The frequencies, that stand in the file, included."""
    weights = quantised(gaussian[:25_000], bits)
    entropy = entropy_bits([weights]) - 32
    assert entropy < 8 * coded_size([weights]) < 1.01 * entropy


@pytest.mark.parametrize("bits", [2, 3, 5])
def test_frequencies_are_paid_for(bits):
    """The counts take about log2 of the ways to spread n values over K cells; the rest of the file 30 bytes at most."""
    values = np.random.default_rng(bits).integers(0, 2**bits, 4000)
    ways = math.lgamma(4000 + 2**bits) - math.lgamma(2**bits) - math.lgamma(4001)
    written, entropy = 8 * coded_size([values]), entropy_bits([values]) - 32
    assert entropy + 0.5 * ways / math.log(2) < written < entropy + 1.1 * ways / math.log(2) + 8 * 30


def test_finely_quantised_weights_take_their_density_and_not_their_values(gaussian):
    """At 16 bits no two weights are equal: a table of frequencies would be longer than the weights themselves."""
    weights = quantised(gaussian[:25_000], 16)
    step = np.abs(gaussian[:25_000]).max() / (2**15 - 1)
    assert 8 * coded_size([weights]) / 25_000 == pytest.approx(NORMAL - math.log2(step), abs=0.02)
    assert 8 * coded_size([weights]) / 25_000 < 16


# --- Gaussian weights


def cells(step):
    """Probability of each cell of Q_Δ of N(0, 1), its middle, and the squared error in it: exact."""
    middles = step * np.arange(-math.ceil(12 / step), math.ceil(12 / step) + 1)
    edges = np.append(middles - step / 2, middles[-1] + step / 2)
    below = np.array([0.5 * math.erfc(-edge / math.sqrt(2)) for edge in edges])
    density = np.exp(-(edges**2) / 2) / math.sqrt(2 * math.pi)
    mass = np.diff(below)
    first, second = -np.diff(density), mass - np.diff(edges * density)  # E[x; cell], E[x²; cell]
    return mass, middles, second - 2 * middles * first + middles**2 * mass


@pytest.mark.parametrize(("step", "miss"), [(0.1, 0.0011), (0.25, 0.004), (0.4, 0.01), (0.5, 0.0151)])
def test_the_entropy_of_quantised_weights_is_that_of_the_density_less_log_step(gaussian, step, miss):
    """h − log2 Δ, and next to that Δ²/24 · J log2 e, J = 1 the Fisher information of N(0, 1): .0149 bit at Δ = .5."""
    mass, _, error = cells(step)
    exact = -(mass[mass > 0] * np.log2(mass[mass > 0])).sum()
    assert 0 < exact - (NORMAL - math.log2(step)) < miss
    assert exact == pytest.approx(NORMAL - math.log2(step) + step**2 / 24 * math.log2(math.e), abs=3e-4)
    assert error.sum() == pytest.approx(step**2 / 12, rel=1e-3)
    weights = np.rint(gaussian / step).astype(int)
    found = (entropy_bits([weights]) - 32) / COUNT
    assert found == pytest.approx(exact, abs=0.005)
    assert found < 8 * coded_size([weights]) / COUNT < found + 0.012


@pytest.mark.parametrize(("step", "gap"), [(0.05, 0.2546), (0.1, 0.2546), (2.0, 0.441)])
def test_the_gap_to_the_rate_distortion_function(gaussian, step, gap):
    """R(D) = ½ log2(σ²/D); ½ log2(2πe/12) above it where steps are fine, .441 at Δ = 2, where the rate is 1.239."""
    mass, _, error = cells(step)
    exact = -(mass[mass > 0] * np.log2(mass[mass > 0])).sum()
    assert exact - 0.5 * math.log2(1 / error.sum()) == pytest.approx(gap, abs=2e-3)
    if step == 2:
        assert exact == pytest.approx(1.239, abs=3e-3)
    weights = np.rint(gaussian / step).astype(int)
    found = 8 * coded_size([weights]) / COUNT - 0.5 * math.log2(1 / np.mean((gaussian - step * weights) ** 2))
    assert found == pytest.approx(gap, abs=0.02)  # with its model, as it is written


@pytest.mark.parametrize(("bits", "entropy"), [(8, 6.81), (4, 2.65), (2, 0.16)])
def test_the_table_of_max_scaled_weights(gaussian, bits, entropy):
    weights = quantised(gaussian, bits)
    assert (entropy_bits([weights]) - 32) / COUNT == pytest.approx(entropy, abs=0.02)
    assert 8 * coded_size([weights]) / COUNT == pytest.approx(entropy, abs=0.025)


def test_pruned_weights_take_where_they_are_and_what_they_are(gaussian):
    """h2(s) + (1 − s) H(q | kept) bits a weight; at s = .9 and 8 bits 1.065."""
    kept = np.abs(gaussian) >= np.quantile(np.abs(gaussian), 0.9)
    weights = np.where(kept, quantised(gaussian, 8), 0)
    values = np.unique(weights[kept], return_counts=True)[1] / kept.sum()
    s = 1 - kept.mean()
    exact = -s * math.log2(s) - (1 - s) * math.log2(1 - s) - (1 - s) * (values * np.log2(values)).sum()
    assert (entropy_bits([weights]) - 32) / COUNT == pytest.approx(exact) == pytest.approx(1.065, abs=0.003)
    assert 8 * coded_size([weights]) / COUNT == pytest.approx(exact, rel=0.012)
