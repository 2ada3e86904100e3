"""Binned, kernel and other estimators against definitions, closed forms, identities and the figures of THEORY."""

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
import xarray as xr
from scipy.stats import norm

from distill.errors import InvalidValue, UnknownName
from distill.measures import (
    ESTIMATORS,
    binned,
    code_bounds,
    estimates,
    fano_floor,
    info_nce,
    kde,
    kernels,
    ksg,
    ksg_labels,
    leave_one_out,
    mixture,
)
from distill.measures._densities import class_log_means, log_densities, pointwise

FLOAT32_SUM = 5e-7  # bits


def normal(*shape, seed=0):
    return np.random.default_rng((seed, *shape)).standard_normal(shape)


def encoders(items=60, latents=3, classes=4, draws=2, seed=0):
    """Overlapping encoders with scales of all sizes: mean, scale, noise, labels."""
    scale = np.exp(0.7 * normal(items, latents, seed=seed + 1) - 1)
    labels = np.arange(items) % classes
    return 2 * normal(items, latents, seed=seed), scale, normal(draws, items, latents, seed=seed + 2), labels


def entropy(rows):
    share = np.unique(rows, axis=0, return_counts=True)[1] / len(rows)
    return float(-(share * np.log2(share)).sum())


def two_gaussians(half_distance, deviation):
    """I of a fair bit and one of two Gaussians, ± half the distance, by quadrature, bits."""
    line = np.linspace(-half_distance - 9 * deviation, half_distance + 9 * deviation, 20_001)
    each = norm.pdf(line, half_distance, deviation), norm.pdf(line, -half_distance, deviation)
    ratio = np.log2(each[0].clip(1e-300) / (0.5 * (each[0] + each[1])).clip(1e-300))
    return float(np.trapezoid(each[0] * ratio, line))


# --- bins


@pytest.mark.parametrize(
    ("weight", "bits"), [(0.1, 2.644), (0.5, 4.631), (0.87, 4.900), (2, 4.157), (5, 2.775), (50, 1.274)]
)
def test_the_minimal_model_of_saxe_with_tanh(weight, bits):
    """THEORY 3: one tanh unit of a standard normal X, thirty cells on [−1, 1]."""
    x = norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    assert binned(np.tanh(weight * x), np.zeros(len(x), int)).information_x == pytest.approx(bits, abs=1e-3)


@pytest.mark.parametrize(("weight", "bits"), [(0.1, 1.144), (1, 3.325), (3, 4.205)])
def test_the_minimal_model_of_saxe_with_relu(weight, bits):
    x = norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    active = np.maximum(0, weight * x)
    cells = math.ceil(active.max() * 15)  # as wide as those of tanh
    found = binned(active, np.zeros(len(x), int), bins=cells, low=0, high=cells / 15)
    assert found.information_x == pytest.approx(bits, abs=1e-3)


def test_bins_are_counted_as_their_definition_says():
    values, labels = normal(400, 3), np.arange(400) % 5 + 2
    cells = np.floor((values + 1) / 2 * 4).clip(0, 3)
    found = binned(values, labels, bins=4)
    assert found.information_x == pytest.approx(entropy(cells), abs=1e-12)
    within = np.mean([entropy(cells[labels == label]) for label in range(2, 7)])
    assert found.information_y == pytest.approx(entropy(cells) - within, abs=1e-12)


def test_values_outside_go_to_the_end_cells_and_the_upper_edge_to_the_last():
    labels = np.zeros(4, int)
    assert binned(np.array([-50.0, -0.99, 0.99, 50.0]), labels, bins=2).information_x == 1
    assert binned(np.array([0.97, 0.99, 1.0, 7.0]), labels).information_x == 0
    assert binned(np.array([-0.01, 0.0, 0.01, 0.01]), labels, bins=2).information_x == pytest.approx(0.8112781)


def test_items_that_all_differ_have_log2_of_n_and_their_label_in_full():
    labels = np.arange(64) % 2
    found = binned(np.linspace(-1, 1, 64)[:, None], labels, bins=1000)
    assert found == (6.0, 1.0)
    assert binned(np.ones((64, 5)), labels) == (0.0, 0.0)


def test_many_layers_at_once_are_what_each_is_alone():
    values, labels = normal(2, 3, 50, 4), np.arange(50) % 3
    found = binned(values, labels, bins=3)
    assert found.information_x.shape == found.information_y.shape == (2, 3)
    for i in range(2):
        for j in range(3):
            alone = binned(values[i, j], labels, bins=3)
            assert (found.information_x[i, j], found.information_y[i, j]) == pytest.approx(tuple(alone), abs=1e-12)


def test_more_cells_than_a_whole_number_can_count():
    values = np.random.default_rng(0).uniform(-1, 1, (300, 40)).round(0) * 0.5  # 100⁴⁰ cells, few of them used
    values[:, 3:] = values[:, :1]
    labels = np.arange(300) % 3
    found = binned(values, labels, bins=100)
    assert found.information_x == pytest.approx(entropy(values), abs=1e-12)
    assert 2 < found.information_x < 5


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"bins": 0}, "bins must be at least 1; got 0"),
        ({"low": 1.0}, "low < high; got low=1.0, high=1.0"),
        ({"high": math.inf}, "finite low < high"),
        ({"activations": np.full((4, 1), np.nan)}, "finite activations"),
        ({"labels": np.zeros(3, int)}, "one label an item; got 3 for 4 items"),
    ],
)
def test_binned_refuses_what_it_cannot_bin(changed, said):
    with pytest.raises(InvalidValue, match=said):
        binned(**({"activations": np.zeros((4, 1)), "labels": np.zeros(4, int)} | changed))


# --- kernels


def kernel_bounds(points, labels, variance):
    """Item by item as the definition says: upper and lower of X, and the difference for Y."""

    def bound(chosen, width):
        apart = np.square(chosen[:, None] - chosen).sum(-1)
        return -np.log2(np.exp(-apart / width).mean(1)).mean()

    within = [np.mean(labels == y) * bound(points[labels == y], 2 * variance) for y in np.unique(labels)]
    upper = bound(points, 2 * variance)
    return upper, bound(points, 8 * variance), upper - sum(within)


@pytest.mark.parametrize("variance", [1e-3, 0.1, 3.0])
def test_kernel_bounds_are_what_their_definition_says(variance, monkeypatch):
    points, labels = 5 + normal(90, 4), np.arange(90) % 4 + 1
    wanted = kernel_bounds(points, labels, variance)
    assert tuple(kde(points, labels, variance)) == pytest.approx(wanted, abs=2e-6)
    monkeypatch.setattr(kernels, "LARGEST_BLOCK", 90 * 13)
    assert tuple(kde(points, labels, variance)) == pytest.approx(wanted, abs=2e-6)


def test_kernel_bounds_of_linear_gaussian_codes_stand_on_both_sides_of_the_truth():
    """THEORY 3: two dimensions, noise variance 0.1, 1024 points: 2.84 ≤ 3.44 ≤ 4.73 bits; the truth is 3.459."""
    found = np.array([tuple(kde(normal(1024, 2, seed=seed), np.zeros(1024, int))) for seed in range(6)]).mean(0)
    assert found == pytest.approx([4.73, 2.84, 0], abs=0.02)
    assert found[1] < math.log2(11) < found[0]


def test_the_difference_of_kernel_bounds_is_no_bound():
    """THEORY 3: classes at ±0.5, each spread by 0.5 in two dimensions: 0.480 bits of one sample, and 0.394 are there.

    (The spread is what its two figures allow; THEORY does not say it. One sample's standard deviation is 0.02.)
    """
    labels = np.arange(1000) % 2
    found = []
    for seed in range(6):
        points = 0.5 * normal(1000, 2, seed=seed)
        points[:, 0] += labels - 0.5
        found.append(kde(points, labels).difference_y)
    assert np.mean(found) == pytest.approx(0.480, abs=0.02)
    assert two_gaussians(0.5, math.sqrt(0.35)) == pytest.approx(0.383, abs=1e-3)  # the exact one of all items
    assert min(found) > 0.394


def test_points_in_one_place_tell_nothing_and_points_far_apart_everything():
    labels = np.arange(32) % 2
    assert tuple(kde(np.ones((32, 3)), labels)) == pytest.approx((0, 0, 0), abs=1e-6)
    assert tuple(kde(1e4 * np.eye(32), labels)) == pytest.approx((5, 5, 1), abs=1e-6)


def test_kernels_of_many_layers_at_once_are_what_each_is_alone():
    values, labels = normal(2, 2, 40, 3), np.arange(40) % 3
    found = kde(values, labels, 0.2)
    assert found.upper_x.shape == (2, 2)
    for i in range(2):
        for j in range(2):
            alone = kde(values[i, j], labels, 0.2)
            assert [each[i, j] for each in found] == pytest.approx(list(alone), abs=1e-12)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"noise_variance": 0.0}, "above 0; got 0.0"),
        ({"activations": np.full((4, 1), np.inf)}, "finite activations"),
        ({"labels": np.zeros(5, int)}, "one label an item; got 5 for 4 items"),
    ],
)
def test_kde_refuses_what_it_cannot_measure(changed, said):
    with pytest.raises(InvalidValue, match=said):
        kde(**({"activations": np.zeros((4, 1)), "labels": np.zeros(4, int)} | changed))


def test_bounds_of_codes_with_equal_scales_are_those_of_the_kernels():
    mean, labels = 3 * normal(80, 4), np.arange(80) % 3
    found, wanted = code_bounds(mean, np.full((80, 4), 0.4), labels), kde(mean, labels, 0.16)
    assert found.upper_x == pytest.approx(wanted.upper_x, abs=1e-5)
    assert found.lower_x == pytest.approx(wanted.lower_x, abs=1e-5)
    assert found.upper_difference_y == pytest.approx(wanted.difference_y, abs=1e-5)


def test_bounds_of_codes_use_the_divergence_and_the_bhattacharyya_distance():
    mean, scale, _, labels = encoders()
    of_y = np.zeros((2, 60, 60))
    for i in range(60):
        for j in range(60):
            a, b, d = scale[i] ** 2, scale[j] ** 2, (mean[i] - mean[j]) ** 2
            of_y[0, i, j] = 0.5 * (a / b + d / b - 1 + np.log(b / a)).sum()
            of_y[1, i, j] = (d / (4 * (a + b)) + 0.5 * np.log((a + b) / (2 * np.sqrt(a * b)))).sum()
    wanted = -np.log2(np.exp(-of_y).mean(-1)).mean(-1)
    found = code_bounds(mean, scale, labels)
    assert (found.upper_x, found.lower_x) == pytest.approx(tuple(wanted), abs=2e-6)
    same = labels[:, None] == labels
    within = -np.log2((np.exp(-of_y) * same).sum(-1) / same.sum(-1)).mean(-1)
    assert (found.upper_difference_y, found.lower_difference_y) == pytest.approx(tuple(wanted - within), abs=2e-6)


@pytest.mark.parametrize("seed", range(4))
def test_the_mixture_lies_between_the_bounds_of_its_codes(seed):
    mean, scale, noise, labels = encoders(items=100, draws=60, seed=seed)
    exact, found = pointwise(log_densities(mean, scale, noise), labels)[0].mean(), code_bounds(mean, scale, labels)
    assert found.lower_x + 0.05 < exact < found.upper_x - 0.05


# --- densities, leave-one-out, InfoNCE


def test_log_densities_are_scipys():
    mean, scale, noise, _ = encoders(items=20)
    codes = mean + scale * noise
    wanted = norm.logpdf(codes[:, :, None], mean, scale).sum(-1) + 1.5 * math.log(2 * math.pi)
    assert log_densities(mean, scale, noise) == pytest.approx(wanted, abs=1e-9)


def test_without_torch_the_mixture_is_the_same():
    mean, scale, noise, labels = encoders()
    values = pointwise(log_densities(mean, scale, noise), labels)
    found = mixture(*(torch.from_numpy(each)[None] for each in (mean, scale)), *map(torch.from_numpy, (noise, labels)))
    assert values.mean((1, 2)) == pytest.approx([found.information_x.item(), found.information_y.item()], abs=1e-6)


@pytest.mark.parametrize(
    ("latents", "variance", "golden", "blown"), [(2, 0.1, 3.497, False), (8, 0.1, 20.3, True), (16, 0.05, 131, True)]
)
def test_leave_one_out_on_linear_gaussian_codes(latents, variance, golden, blown):
    """THEORY 1: above the truth (3.459, 13.84, 35.1 bits), and far above it in many dimensions; 1024 points."""
    bits = []
    for seed in range(4):
        mean = normal(1, 1024, latents, seed=seed)
        noise, labels = normal(1, 1024, latents, seed=100 + seed), np.zeros(1024, int)
        found = leave_one_out(mean, np.full_like(mean, math.sqrt(variance)), noise, labels)
        assert found.blown_up.tolist() == [blown]
        assert found.information_y == pytest.approx(0, abs=1e-6)
        bits.append(found.information_x[0])
    assert np.mean(bits) == pytest.approx(golden, abs=4 * found.error_x[0] / 2)
    assert np.mean(bits) > latents / 2 * math.log2(1 + 1 / variance) - 4 * found.error_x[0] / 2


def test_leave_one_out_is_what_a_double_loop_finds():
    mean, scale, noise, labels = encoders(items=20)
    labels[7] = 9  # alone in its class
    logs, found = log_densities(mean, scale, noise), np.zeros((2, 2, 20))
    for draw in range(2):
        for i in range(20):
            others = [j for j in range(20) if j != i]
            mates = [j for j in others if labels[j] == labels[i]]
            everyone = np.log(np.exp(logs[draw, i, others]).mean())
            of_class = np.log(np.exp(logs[draw, i, mates]).mean()) if mates else math.nan
            found[:, draw, i] = (logs[draw, i, i] - everyone, of_class - everyone) / np.log(2)
    got = leave_one_out(mean[None], scale[None], noise, labels)
    assert got.information_x[0] == pytest.approx(found[0].mean(), abs=FLOAT32_SUM)
    counted = found[1].mean(0)[np.arange(20) != 7]
    assert got.information_y[0] == pytest.approx(counted.mean(), abs=FLOAT32_SUM)
    assert got.error_y[0] == pytest.approx(counted.std(ddof=1) / math.sqrt(19), abs=FLOAT32_SUM)


def test_info_nce_with_the_true_density_is_the_mixture():
    mean, scale, noise, labels = encoders()
    logs = log_densities(mean, scale, noise)
    assert info_nce(logs) == pytest.approx(pointwise(logs, labels)[0].mean(-1), abs=FLOAT32_SUM)
    assert info_nce(logs + normal(2, 60, 1)) == pytest.approx(info_nce(logs), abs=1e-12)  # of z alone: cancels
    by_label = class_log_means(logs, labels)[1][..., labels]  # four classes of fifteen: their mean is that of all
    assert info_nce(by_label) == pytest.approx(pointwise(logs, labels)[1].mean(-1), abs=FLOAT32_SUM)


def test_info_nce_in_batches_contrasts_within_them_and_cannot_pass_their_ceiling():
    scores = normal(10, 10)
    each = [info_nce(scores[i : i + 4, i : i + 4]) for i in (0, 4)]
    assert info_nce(scores, 4) == pytest.approx(np.mean(each), abs=1e-12)
    assert isinstance(info_nce(scores), float)
    assert info_nce(1e6 * np.eye(128), 64) == pytest.approx(6, abs=1e-9)
    assert info_nce(np.zeros((8, 8))) == 0


def test_another_critic_than_the_density_shows_less():
    mean, scale, noise, _ = encoders(items=200, draws=8)
    logs = log_densities(mean, scale, noise)
    assert info_nce(0.3 * logs).mean() < info_nce(logs).mean() - 0.1
    assert info_nce(logs + normal(200)).mean() < info_nce(logs).mean() - 0.1


@pytest.mark.parametrize(("shape", "batch"), [((4, 5), None), ((4, 4), 1), ((4, 4), 5)])
def test_info_nce_refuses_other_shapes_and_batches(shape, batch):
    with pytest.raises(InvalidValue, match="square scores and a batch of 2 to N"):
        info_nce(np.zeros(shape), batch)


def test_a_code_without_noise_has_no_density():
    mean, scale, noise, labels = encoders()
    scale[3, 1] = 0
    for measure in (
        lambda: leave_one_out(mean[None], scale[None], noise, labels),
        lambda: code_bounds(mean, scale, labels),
    ):
        with pytest.raises(InvalidValue, match=r"every scale .*above 0; the smallest is 0"):
            measure()


# --- nearest neighbours


@pytest.mark.parametrize("rho", [(0.0,), (0.9,), (0.9, 0.6)])
def test_neighbours_find_the_information_of_gaussians(rho):
    """−½ Σ log2(1 − ρ²), in one and in two turned dimensions."""
    rho, found = np.array(rho), []
    for seed in range(4):
        x, e = normal(2, 1200, len(rho), seed=seed)
        turn = np.linalg.qr(normal(len(rho), len(rho)))[0]
        found.append(ksg(x @ turn, rho * x + np.sqrt(1 - rho**2) * e))
    assert np.mean(found) == pytest.approx(-0.5 * np.log2(1 - rho**2).sum(), abs=0.04)


def test_neighbours_as_scikit_learn_counts_them():
    selection = pytest.importorskip("sklearn.feature_selection")
    x, e = normal(2, 300)
    y, labels = 0.8 * x + e, (x + 0.5 * e > 0).astype(int) + (x > 1)
    wanted = selection.mutual_info_regression(x[:, None], y, random_state=0)[0] / math.log(2)
    assert ksg(x, y) == pytest.approx(wanted, abs=1e-6)
    wanted = selection.mutual_info_classif(x[:, None], labels, random_state=0)[0] / math.log(2)
    assert ksg_labels(x, labels) == pytest.approx(wanted, abs=1e-6)


def test_neighbours_find_the_information_of_a_label():
    labels, found = np.arange(1500) % 2, []
    for seed in range(4):
        z = normal(1500, 2, seed=seed)
        z[:, 0] += 2 * labels
        found.append(ksg_labels(z, labels))
    assert np.mean(found) == pytest.approx(two_gaussians(1, 1), abs=0.03)


def test_neighbours_do_not_mind_units_order_or_blocks(monkeypatch):
    x, e = normal(2, 200, 2)
    y = x + 0.3 * e
    found = ksg(x, y)
    assert ksg(1000 * x, y / 7) == pytest.approx(found, abs=1e-12)
    assert ksg(y, x) == pytest.approx(found, abs=1e-12)
    monkeypatch.setattr("distill.measures.comparisons.LARGEST_BLOCK", 200 * 7)
    assert ksg(x, y) == pytest.approx(found, abs=1e-12)


def test_neighbours_in_many_dimensions_fall_short():
    """What the caution says: eight dimensions, 13.8 bits there."""
    x = normal(500, 8)
    assert ksg(x, x + math.sqrt(0.1) * normal(500, 8, seed=1)) < 0.5 * 13.84


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (np.arange(3.0), np.arange(3.0), "more points than neighbours"),
        (np.arange(9.0), np.arange(8.0), "as many points of y as of x; got 8 and 9"),
        (np.arange(9.0) % 4, np.arange(9.0), "x must be continuous .* of 9 rows only 4 differ"),
        (np.arange(9.0), np.full(9, np.nan), "y must be finite"),
    ],
)
def test_neighbours_refuse_what_is_not_continuous(x, y, said):
    with pytest.raises(InvalidValue, match=said):
        ksg(x, y)


# --- Fano


@pytest.mark.parametrize(("kept", "floor"), [(1.71, 0.252), (3.00, 0.034), (1.01, 0.419), (4.0, 0), (0.0, 0.9)])
def test_fanos_floors_of_theory(kept, floor):
    """THEORY 8.5: ten classes, H(Y) = 3.3219."""
    assert fano_floor(np.array([kept]), np.log2(10), 10)[0] == pytest.approx(floor, abs=1e-3)


def test_fanos_floor_solves_its_equation_and_nothing_known_gives_none():
    for classes in (2, 5):
        kept = np.array([0.1, 0.4, 0.9])
        p = fano_floor(kept, math.log2(classes), classes)
        h2 = -p * np.log2(p) - (1 - p) * np.log2(1 - p)
        assert h2 + p * np.log2(classes - 1) == pytest.approx(math.log2(classes) - kept, abs=1e-9)
    assert np.isnan(fano_floor(np.array([math.nan]), 1.0, 2)).all()


# --- one frozen run


def frozen(items=150, latents=2, noise=(0.05, 0.3, 2.0), **attrs):
    """A run with codes of three βs and nothing else: linear-Gaussian codes of inputs of the same dimension."""
    x = normal(items, latents)
    mean = np.repeat(x[None, None], len(noise), axis=1)
    scale = np.broadcast_to(np.array(noise)[None, :, None, None], mean.shape)
    over = ("code_step", "beta", "point", "latent")
    return xr.Dataset(
        {
            "code_mean": (over, mean.astype(np.float16)), "code_scale": (over, scale.astype(np.float16)),
            "inputs": (("point", "feature"), x), "label": ("point", (x[:, 0] > 0).astype(int)),
        },
        coords={"beta": [0.0, 0.1, 1.0], "code_step": [9]}, attrs={"config": '{"seed": 0}', "code": "gaussian"} | attrs,
    )  # fmt: skip


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_measures_a_frozen_run_and_says_what_it_is(name):
    found = estimates(frozen(), name)
    for each in ("information_x", "information_y", "information_x_error", "information_y_error"):
        assert found[each].dims == ("beta",)
        assert found[each].attrs["units"] == "bits"
        assert np.isfinite(found[each]).all()
    assert found.attrs["title"] == ESTIMATORS[name].title
    assert found.attrs["estimator"].startswith(ESTIMATORS[name].caution)
    assert found.attrs["kind"] in ("bound above", "bound below", "neither")
    assert (found.information_x <= found.attrs["ceiling"] + 1e-9).all()
    assert (found.information_x_error > 0).any() == ESTIMATORS[name].sampled
    again = estimates(frozen(), name)
    assert found.identical(again)
    assert len({each.title for each in ESTIMATORS.values()}) == len(ESTIMATORS)


def test_bounds_stand_on_their_side_of_the_mixture():
    run = frozen()
    bits = {name: estimates(run, name).information_x.values for name in ESTIMATORS}
    error = 4 * estimates(run, "mixture").information_x_error.values
    assert (bits["kernel lower"] <= bits["mixture"] + error).all()
    assert (bits["mixture"] <= bits["kernel upper"] + error).all()
    assert (bits["mixture"] <= bits["leave-one-out"]).all()
    assert (bits["infonce"] <= bits["mixture"] + error).all()
    assert bits["mixture"][2] == pytest.approx(math.log2(1 + 1 / 4), abs=0.1)  # little is told of items: no ceiling
    assert (np.diff(bits["mixture"]) < 0).all()
    assert bits["infonce"][0] <= 6


def test_the_mixture_of_a_frozen_run_is_that_of_its_codes():
    run, found = frozen(), estimates(frozen(), "mixture")
    mean, scale = (torch.from_numpy(run[name].values[0].astype(float)) for name in ("code_mean", "code_scale"))
    noise, labels = torch.from_numpy(normal(8, 150, 2, seed=5)), torch.from_numpy(run.label.values)
    wanted = mixture(mean, scale, noise, labels)
    error = 4 * (found.information_x_error.values * math.sqrt(1.5) + 0.01)
    assert (abs(found.information_x.values - wanted.information_x.numpy()) < error).all()
    assert (abs(found.information_y.values - wanted.information_y.numpy()) < error).all()


def test_leave_one_out_is_marked_where_it_has_blown_up():
    found = estimates(frozen(noise=(1e-3, 0.3, 2.0)), "leave-one-out")
    assert found.blown_up.values.tolist() == [True, False, False]
    assert found.information_x[0] > math.log2(150) > found.information_x[1]
    assert not estimates(frozen(noise=(1e-3, 0.3, 2.0)), "mixture").blown_up.any()


def test_equal_items_lower_the_ceiling_to_the_entropy_of_the_items():
    run = frozen(items=100)
    half = xr.concat([run.isel(point=slice(50))] * 2, "point").assign_attrs(run.attrs)
    half["inputs"] = ("point", "feature"), np.tile(run.inputs.values[:50], (2, 1))
    half["label"] = "point", np.tile(run.label.values[:50], 2)
    for name in ("mixture", "kernel upper", "kernel lower"):
        found = estimates(half, name)
        assert found.attrs["ceiling"] == pytest.approx(math.log2(50), abs=1e-9)
        assert (found.information_x <= math.log2(50) + 1e-6).all()
    with pytest.raises(InvalidValue, match="needs a continuous X, and some items of this run are equal"):
        estimates(half, "ksg")


def test_a_code_without_noise_is_measured_by_those_that_need_none():
    run = frozen(noise=(0.0, 0.0, 0.0), code="noiseless")
    for name, estimator in ESTIMATORS.items():
        if estimator.noiseless:
            assert np.isfinite(estimates(run, name).information_x).all()
        else:
            with pytest.raises(
                InvalidValue, match=f"'{name}' needs noise in the code, and this one has none; ksg and binned"
            ):
                estimates(run, name)


def test_a_continuous_y_is_not_measured_by_its_coarse_label():
    run = frozen().assign(covariance_xy=(("x_axis", "y_axis"), np.eye(2)))
    found = estimates(run, "mixture")
    assert found.information_x.notnull().all()
    assert found.information_y.isnull().all()


def test_what_an_estimator_cannot_measure_is_said():
    run = frozen()
    with pytest.raises(UnknownName, match=r"unknown estimator 'mixtur'; known: .*; did you mean 'mixture'"):
        estimates(run, "mixtur")
    with pytest.raises(InvalidValue, match="of test items only; got split 'train'"):
        estimates(run, "mixture", "train")
    with pytest.raises(InvalidValue, match="bits of a categorical code are exact"):
        estimates(run.assign_attrs(code="categorical"), "binned")
    with pytest.raises(InvalidValue, match="at most 3 dimensions; this run has 4"):
        estimates(frozen(latents=4), "ksg")
    with pytest.raises(InvalidValue, match="no stored codes yet"):
        estimates(run.drop_vars("code_mean"), "mixture")


def test_estimates_need_neither_torch_nor_scikit_learn():
    code = """
import sys
import numpy as np, xarray as xr
from distill.measures import ESTIMATORS, estimates
over, rng = ("code_step", "beta", "point", "latent"), np.random.default_rng(0)
run = xr.Dataset({"code_mean": (over, rng.normal(size=(1, 1, 20, 2))), "code_scale": (over, np.ones((1, 1, 20, 2))),
                  "inputs": (("point", "feature"), rng.normal(size=(20, 2))), "label": ("point", np.arange(20) % 2)},
                 coords={"beta": [0.1]}, attrs={"config": '{"seed": 0}'})
for name in ESTIMATORS:
    estimates(run, name)
print(*{"torch", "sklearn", "umap", "numba"} & set(sys.modules))
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    assert said.stdout.split() == []
