"""The dithered quantiser: noise that owes nothing to the code, at the price that theory has; and its coder's words."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import ndtr, ndtri
from scipy.stats import kstest

from distill.coding._words import reading, shortest
from distill.coding.dithered import Model, codes_of, dither, levels_of, quantile_shares, read, surprises, write
from distill.errors import InvalidValue

GAP = 0.5 * np.log2(2 * np.pi * np.e / 12)  # .2546 bit


def model_of(means, width):
    """As distill.codec_fitting makes it, of training means (n, K)."""
    return Model(np.asarray(width, float), np.quantile(means, quantile_shares(), axis=0).T, quantile_shares())


@settings(max_examples=40, deadline=None)
@given(
    items=st.integers(0, 30), latent=st.integers(1, 5), seed=st.integers(0, 65535),
    far=st.floats(0, 10), width=st.floats(-6, 3), spread=st.floats(-9, 9),
)  # fmt: skip
@example(items=0, latent=3, seed=0, far=0.0, width=0.0, spread=0.0)
@example(items=1, latent=1, seed=0, far=10.0, width=-2.0, spread=0.0)
def test_levels_come_back_however_far_from_the_model_they_lie(items, latent, seed, far, width, spread):
    rng, v = np.random.default_rng(seed), dither(seed, items, latent)
    width = np.full(latent, 10.0**width)
    model = model_of(10.0**spread * width * rng.standard_normal((50, latent)), width)
    means = 10.0**far * width * rng.standard_normal((items, latent))
    levels = levels_of(model, means, v)
    assert np.array_equal(read(model, write(model, levels, v), v), levels)
    assert levels.dtype == np.int64 and levels.shape == (items, latent)


def test_dimensions_that_never_vary_are_written_too_and_cost_next_to_nothing():
    model, v = model_of(np.zeros((50, 2)), [1.0, 1e-30]), dither(0, 1000, 2)
    levels = levels_of(model, np.zeros((1000, 2)), v)
    blob = write(model, levels, v)
    assert np.array_equal(read(model, blob, v), levels) and len(blob) < 1000 * 2 * 0.01 / 8


def test_means_that_no_level_holds_are_refused():
    model, v = model_of(np.ones((5, 1)), [1.0]), dither(0, 1, 1)
    for wrong in (np.nan, np.inf, 2.0**40, -1e38):
        with pytest.raises(
            InvalidValue, match=r"^a code to be written must be finite and at most 5e\+11 steps from 0$"
        ):
            levels_of(model, np.array([[wrong]], np.float32), v)
    with pytest.raises(InvalidValue, match="quantiles must lie at most 1e\\+11 steps from 0"):
        write(model_of(np.array([[0.0], [1.0]]), [1e-20]), np.zeros((1, 1), np.int64), v)


def test_what_is_read_is_the_mean_and_noise_that_is_uniform_whatever_the_mean_is():
    """Schuchman 1964: the error of a subtractive dither is uniform in ±Δ/2 and independent of what is quantised."""
    items, width = 40_000, 0.7
    means = np.random.default_rng(1).standard_normal((items, 1)) * 0.2  # less than a step: no dither, no such noise
    model, v = model_of(means, [width]), dither(5, items, 1)
    error = (codes_of(model, levels_of(model, means, v), v) - means) / width
    assert np.abs(error).max() <= 0.5 + 1e-9
    assert kstest(error[:, 0] + 0.5, "uniform").statistic * items**0.5 < 1.95  # p = .001
    squares = error**2 - 1 / 12  # E(z̃ − μ)² = Δ²/12
    for product in (error, squares, error * means, error * means**2, squares * means**2):
        assert abs(product.mean()) < 4 * product.std() / items**0.5
    undithered = (np.round(means / width) * width - means) / width
    assert kstest(undithered[:, 0] + 0.5, "uniform").statistic * items**0.5 > 10


def of_gaussian_means(ratio):
    """Bits a level of means N(0, v) under noise σ² = 1, v = `ratio`: as written, of the model, and of the theory."""
    items, width = 20_000, 12**0.5
    means = np.random.default_rng(3).permutation(ndtri((np.arange(items) + 0.5) / items))[:, None] * ratio**0.5
    model, v = (
        model_of(ratio**0.5 * np.random.default_rng(2).standard_normal((20_000, 1)), [width]),
        dither(0, items, 1),
    )
    levels = levels_of(model, means, v)

    def density(z):
        return (ndtr((z + width / 2) / ratio**0.5) - ndtr((z - width / 2) / ratio**0.5)) / width

    end = width / 2 + 6 * ratio**0.5
    nats = quad(lambda z: -density(z) * np.log(max(density(z), 1e-300)), 0, end, limit=400, points=[width / 2])[0]
    theory = 2 * nats / np.log(2) - np.log2(width)
    return 8 * len(write(model, levels, v)) / items, surprises(model, levels, v).mean(), theory


@pytest.mark.parametrize("ratio", [1e-4, 0.01, 0.3, 1.0, 10.0, 1e4])
def test_the_price_of_gaussian_means_is_h_of_the_dithered_mean_less_log_of_the_step(ratio):
    written, model, theory = of_gaussian_means(ratio)
    assert model == pytest.approx(theory, abs=0.02)
    assert written == pytest.approx(model, abs=0.002)
    assert 0 <= theory - 0.5 * np.log2(1 + ratio) <= GAP


def test_the_price_is_a_quarter_bit_above_the_rate_at_high_rates_and_no_bit_at_low_ones():
    low, high = of_gaussian_means(1e-6), of_gaussian_means(1e6)
    assert high[1] - 0.5 * np.log2(1 + 1e6) == pytest.approx(0.2546, abs=0.02)
    assert low[1] == pytest.approx(0, abs=0.01)


def test_the_chances_of_all_levels_add_up_to_one_under_every_dither():
    model, v = model_of(np.random.default_rng(0).standard_normal((50, 1)), [0.3]), dither(9, 7, 1)
    reach = 100_000
    total = sum(2.0 ** -surprises(model, np.full((7, 1), q), v) for q in range(-60, 60))
    assert (total < 1).all() and (total > 1 - 2.0**-9).all()  # the broad part reaches further
    flat = np.arange(-reach, reach)
    every = 2.0 ** -surprises(model, flat[:, None], np.full((2 * reach, 1), v[0, 0]))
    assert every.sum() == pytest.approx(1, abs=1e-6)


def test_a_level_far_out_costs_twice_its_logarithm():
    """The broad part falls as 1/q², so that nothing is impossible and an outlier is no disaster."""
    model, v = model_of(np.linspace(-1, 1, 50)[:, None], [1.0]), np.zeros((1, 1))
    near, far = (surprises(model, np.array([[q]]), v)[0, 0] for q in (2**10, 2**20))
    assert far - near == pytest.approx(20, abs=0.1)
    assert len(write(model, np.array([[2**20]]), v)) * 8 <= far + 8


def test_the_dither_is_the_same_everywhere_and_an_items_own():
    expected = np.array([[-0.488453, -0.258451], [-0.388574, 0.064415]])
    found = dither(0, 2, 2)
    assert np.array_equal(dither(0, 100, 2)[:2], found)
    assert not np.array_equal(dither(1, 2, 2), found)
    many = dither(7, 50_000, 2)
    assert many.min() > -0.5 and many.max() < 0.5 and kstest(many.ravel() + 0.5, "uniform").pvalue > 0.001
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_quantiles_lie_closer_at_the_ends():
    shares = quantile_shares()
    assert (shares[0], shares[16], shares[-1]) == (0, 0.5, 1) and (np.diff(shares) > 0).all()
    np.testing.assert_allclose(shares, 1 - shares[::-1], atol=1e-15)
    assert shares[1] < 0.003


# the words of the coder


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(1e-5, 1 - 1e-5)), max_size=120))
def test_what_is_written_takes_a_byte_more_than_its_bits_at_most(pairs):
    from constriction import stream

    bits, chances = np.array([b for b, _ in pairs], np.int32), np.array([p for _, p in pairs])
    encoder, family = stream.queue.RangeEncoder(), stream.model.Bernoulli(perfect=False)
    encoder.encode(bits, family, chances)
    blob = shortest(encoder)
    assert 8 * len(blob) <= -np.log2(np.where(bits == 1, chances, 1 - chances)).sum() + 8.1
    assert np.array_equal(reading(blob).decode(family, chances), bits)
