"""Known distributions: what is measured of them is the population's, without a sample of items in between."""

import math

import numpy as np
import pytest
import torch

from distill.config import SweepConfig
from distill.datasets import load
from distill.evaluation import measure
from distill.items import Evaluation, Items
from distill.measures import joint_mixture, ledger, linear_information, mixture, symbol_information
from distill.training import Snapshot, build
from distill.variables import first_arrays

P3 = np.array([[0.30, 0.05, 0.02], [0.04, 0.20, 0.03], [0.02, 0.04, 0.18], [0.05, 0.03, 0.04]])
BRIEF = {"betas": (0.01, 0.5), "latent_dim": 2, "epochs": 1, "device": "cpu", "threads": 1}


def entropy(p):
    p = np.asarray(p)[np.asarray(p) > 0]
    return float(-(p * np.log2(p)).sum())


def shared(p_xy):
    return entropy(p_xy.sum(1)) + entropy(p_xy.sum(0)) - entropy(p_xy.ravel())


def first_measure(config):
    trainer = build(config)
    evaluation = Evaluation.of(config, trainer.data)
    return trainer, measure(Snapshot(trainer, True, True, 0.0), evaluation).merge(
        first_arrays(trainer, evaluation.stored)
    )


def test_codes_far_apart_keep_all_of_a_known_joint():
    mean = 50.0 * torch.arange(4.0, dtype=torch.float64)[None, :, None]
    found = joint_mixture(mean, torch.ones_like(mean), torch.randn(5, 4, 1), torch.from_numpy(P3))
    assert found.information_x.item() == pytest.approx(entropy(P3.sum(1)), abs=1e-6)
    assert found.information_y.item() == pytest.approx(shared(P3), abs=1e-6)
    assert shared(P3) == pytest.approx(0.515866, abs=1e-6)


def test_codes_that_fall_together_keep_what_their_merger_keeps():
    """Two inputs in one place: the joint with their rows added, of which 0.348 bits of I(X;Y) are left."""
    mean = 50.0 * torch.tensor([0.0, 1.0, 2.0, 0.0], dtype=torch.float64)[None, :, None]
    found = joint_mixture(mean, torch.ones_like(mean), torch.randn(400, 4, 1), torch.from_numpy(P3))
    merged = np.stack([P3[0] + P3[3], P3[1], P3[2]])
    assert found.information_x.item() == pytest.approx(entropy(merged.sum(1)), abs=1e-6)
    assert found.information_y.item() == pytest.approx(shared(merged), abs=1e-6)


def test_equal_weights_and_one_label_each_are_the_mixture_of_items():
    generator = torch.Generator().manual_seed(0)
    mean, scale = torch.randn(3, 20, 2, generator=generator), 0.5 + torch.rand(3, 20, 2, generator=generator)
    noise, labels = torch.randn(2, 20, 2, generator=generator), torch.arange(20) % 4
    p_xy = torch.nn.functional.one_hot(labels).double() / 20
    for one, other in zip(
        joint_mixture(mean, scale, noise, p_xy)[:2], mixture(mean, scale, noise, labels)[:2], strict=True
    ):
        assert torch.allclose(one, other, rtol=0, atol=1e-6)


def test_a_binary_input_behind_gaussian_noise_is_a_channel_of_known_capacity():
    """Antipodal signalling at σ = 1: 0.486 bits (Proakis; here by quadrature)."""
    grid = np.linspace(-9, 9, 20001)
    density = 0.5 * (np.exp(-0.5 * (grid - 1) ** 2) + np.exp(-0.5 * (grid + 1) ** 2)) / math.sqrt(2 * math.pi)
    capacity = -np.trapezoid(density * np.log2(density), grid) - 0.5 * math.log2(2 * math.pi * math.e)
    mean = torch.tensor([[[1.0], [-1.0]]], dtype=torch.float64)
    noise = torch.randn(20000, 2, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    found = joint_mixture(mean, torch.ones_like(mean), noise, 0.5 * torch.eye(2))
    assert found.information_x.item() == pytest.approx(capacity, abs=4 * found.error_x.item())
    assert found.error_x.item() < 0.005
    assert found.information_y.item() == pytest.approx(found.information_x.item(), abs=1e-9), "Y is X"


def test_symbols_are_measured_exactly():
    """A code that copies X, one that merges two inputs, one that is noise; and a channel by hand."""
    copy, merged = np.eye(4), np.eye(3)[[0, 1, 2, 0]]
    x, y = symbol_information(np.stack([copy, np.full((4, 4), 0.25)]), P3)
    assert x == pytest.approx([entropy(P3.sum(1)), 0], abs=1e-12)
    assert y == pytest.approx([shared(P3), 0], abs=1e-12)
    x, y = symbol_information(merged[None], P3)
    rows = np.stack([P3[0] + P3[3], P3[1], P3[2]])
    assert (x[0], y[0]) == pytest.approx((entropy(rows.sum(1)), shared(rows)), abs=1e-12)
    x, _ = symbol_information(np.array([[[0.9, 0.1], [0.1, 0.9]]]), 0.5 * np.eye(2))
    assert x[0] == pytest.approx(1 - entropy([0.1, 0.9]), abs=1e-12)


def test_a_linear_code_of_gaussians_by_hand():
    """One direction, ρ = 0.8, gain a, noise σ: ½ log2(1 + a²/σ²) bits of X; of Y by the correlation that is left."""
    a, sigma, rho = 1.5, 0.5, 0.8
    x, y = linear_information(np.array([[[a]]]), np.array([[sigma]]), np.eye(1), np.array([[rho]]), np.eye(1))
    assert x[0] == pytest.approx(0.5 * np.log2(1 + (a / sigma) ** 2))
    left = rho**2 * a**2 / (a**2 + sigma**2)
    assert y[0] == pytest.approx(-0.5 * np.log2(1 - left))


def test_the_items_of_a_joint_are_its_cells_with_their_weights():
    known = load("joint").known
    items = Items.of_joint(known, torch.zeros(1))
    assert items.weights.sum().item() == pytest.approx(1)
    rebuilt = np.zeros_like(known.p_xy)
    np.add.at(rebuilt, (items.of.numpy() % len(known.inputs), items.labels.numpy()), items.weights.numpy())
    assert rebuilt == pytest.approx(known.p_xy)
    assert torch.equal(items.inputs[: len(known.inputs)], torch.from_numpy(known.inputs))


@pytest.mark.parametrize("name", ["joint", "letters"])
def test_a_run_of_a_known_joint_has_its_limits_and_no_held_out_items(name):
    trainer, run = first_measure(SweepConfig(dataset=name, hidden=(8,), **BRIEF))
    p_xy = trainer.data.known.p_xy
    assert run.ceiling.values == pytest.approx(np.full((1, 2), entropy(p_xy.sum(1))))
    assert "known p(x, y)" in run.information_x.attrs["estimator"]
    assert run.entropy_y.values == pytest.approx(np.full((1, 2), entropy(p_xy.sum(0))))
    assert run.information_xy.values == pytest.approx(np.full((1, 2), shared(p_xy)))
    assert run.samples.values.tolist() == [[len(p_xy)] * 2]
    assert np.array_equal(run.information_x.isel(split=0), run.information_x.isel(split=1))
    parts = ledger(run)
    four = sum(parts[each] for each in ("kept_relevant", "kept_irrelevant", "lost_relevant", "lost_irrelevant"))
    assert four.values == pytest.approx(np.full((1, 2), entropy(p_xy.sum(1))))
    assert parts.label_noise.values == pytest.approx(np.full((1, 2), entropy(p_xy.sum(0)) - shared(p_xy)))


def test_the_error_and_the_bound_of_a_joint_are_weighted_by_it():
    """A decoder that always says the likeliest label errs as often as the others occur, and CE is a cross-entropy."""
    config = SweepConfig(dataset="joint", hidden=(8,), **BRIEF)
    trainer = build(config)
    p_y = P3.sum(0)
    with torch.no_grad():
        trainer.model.decoder.weight.zero_()
        trainer.model.decoder.bias.copy_(torch.from_numpy(np.log(p_y)).float())
    run = measure(Snapshot(trainer, True, True, 0.0), Evaluation.of(config, trainer.data))
    assert run.error_one.values == pytest.approx(np.full((1, 2, 2), 1 - p_y.max()), abs=1e-6)
    assert run.bound_y.values == pytest.approx(np.zeros((1, 2, 2)), abs=1e-6)


def test_a_run_of_gaussians_has_the_closed_form_where_the_encoder_is_linear_and_an_estimate_where_not():
    trainer, run = first_measure(SweepConfig(dataset="gaussian", hidden=(), **BRIEF))
    known, model = trainer.data.known, trainer.model
    weight = model.encoder[0].weight.detach().double().numpy()
    scale = model.encode(torch.zeros(1, 2))[1][:, 0].detach().double().numpy()
    x, y = linear_information(weight, scale, known.cov_x, known.cov_xy, known.cov_y)
    assert run.information_x.values[0] == pytest.approx(np.stack([x, x], -1))
    assert run.information_y.values[0] == pytest.approx(np.stack([y, y], -1))
    assert run.information_xy.values == pytest.approx(np.full((1, 2), -0.5 * np.log2((1 - 0.81) * (1 - 0.36))))
    assert run.error_one.isnull().all() and run.ceiling.isnull().all()
    assert all("closed form" in run[name].attrs["estimator"] for name in ("information_x", "information_y"))
    _, other = first_measure(SweepConfig(dataset="gaussian", hidden=(8,), **BRIEF))
    assert other.ceiling.values == pytest.approx(np.log2(other.samples.values))
    assert np.array_equal(other.information_y, other.bound_y)
    for each in (run, other):  # bits of N items are not parts of a density's
        assert all(part.isnull().all() for part in ledger(each).values())


def test_a_code_without_noise_hides_nothing_of_a_known_joint_and_more_than_its_bound_is_not_said_of_a_continuous_y():
    _, run = first_measure(SweepConfig(dataset="joint", objective="deterministic", hidden=(8,), **BRIEF))
    assert run.information_y.values == pytest.approx(np.full((1, 2, 2), shared(P3)))  # not the entropy of some labels
    assert "I(X;Y)" in run.information_y.attrs["estimator"] and run.rate.attrs["estimator"].startswith("none")
    _, run = first_measure(SweepConfig(dataset="gaussian", objective="deterministic", hidden=(8,), **BRIEF))
    assert np.array_equal(run.information_y, run.bound_y)
    assert "h(Y) − CE" in run.information_y.attrs["estimator"]


def test_symbols_of_a_continuous_y_have_the_bound_and_not_the_bits_of_its_coarse_label():
    _, run = first_measure(SweepConfig(dataset="gaussian", objective="categorical", hidden=(8,), **BRIEF))
    assert np.array_equal(run.information_y, run.bound_y)
    assert "symbols" in run.information_x.attrs["estimator"] and "h(Y) − CE" in run.information_y.attrs["estimator"]
    _, run = first_measure(SweepConfig(dataset="joint", objective="categorical", hidden=(8,), **BRIEF))
    assert "known p(x, y)" in run.information_y.attrs["estimator"]


@pytest.mark.parametrize("label", ["letter", "kind"])
def test_items_that_repeat_have_the_entropy_of_the_different_ones(label):
    """300 letters are not told apart by log2 300 bits, but by the entropy of the letters."""
    config = SweepConfig(dataset="letters", label=label, hidden=(8,), points=300, **BRIEF)
    trainer, run = first_measure(config)
    assert trainer.data.known is None
    for split, items in Evaluation.of(config, trainer.data).items.items():
        letters = trainer.data.factors["letter"][items]
        of_x = entropy(np.bincount(letters) / len(letters))
        assert run.ceiling.sel(split=split).values == pytest.approx([of_x])
    four = sum(ledger(run)[each] for each in ("kept_relevant", "kept_irrelevant", "lost_relevant", "lost_irrelevant"))
    assert four.values == pytest.approx(np.full((1, 2), of_x), abs=1e-6)


def test_the_gaussian_likelihood_is_that_of_the_textbook():
    trainer = build(SweepConfig(dataset="gaussian", hidden=(), **BRIEF))
    spread = trainer.model.spread
    with torch.no_grad():
        spread.log_diagonal.copy_(torch.tensor([0.3, -0.2]))
        spread.below.copy_(torch.tensor([[9.0, 9.0], [0.7, 9.0]]))  # only what is below the diagonal counts
    factor = torch.tensor([[math.exp(0.3), 0.0], [0.7, math.exp(-0.2)]])
    normal = torch.distributions.MultivariateNormal(torch.zeros(2), precision_matrix=factor.T @ factor)
    residual = torch.randn(2, 5, 2, generator=torch.Generator().manual_seed(3))
    assert torch.allclose(spread(residual), -normal.log_prob(residual), atol=1e-5)
