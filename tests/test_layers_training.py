"""Plain networks side by side: their configuration, their gradients and steps, and that nothing couples them."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from distill import config, kinds, layer_config, layerwise
from distill.config import SweepConfig
from distill.datasets import DataSet
from distill.errors import InvalidValue, UnknownName
from distill.layer_config import ACTIVATIONS, LayersConfig
from distill.layer_evaluation import gradient_signal
from distill.layerwise import Batches, Shape, build, pauses, snapshot_steps
from distill.shrink_config import ShrinkConfig
from distill.wall_config import WallConfig

BRIEF = LayersConfig(
    widths=(5, 3), seeds=4, epochs=2, batch_size=512, learning_rate=1e-2, seed=3, snapshots=5, device="cpu", threads=1
)  # 12 steps
every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)


def finished(settings, dtype=torch.float64):
    cohort = build(settings, dtype=dtype)
    list(pauses(cohort))
    return cohort


# --- the configuration


def test_the_kinds_of_configuration_are_told_apart_and_read_back():
    for given in (LayersConfig(), BRIEF, SweepConfig(), SweepConfig(seed=4), WallConfig(), ShrinkConfig(beta=0.1)):
        assert kinds.read(given.to_json()) == given
    assert LayersConfig().id != SweepConfig().id and len(LayersConfig().id) == 12
    assert LayersConfig(activation="relu").changes() == {"activation": "relu"}
    with pytest.raises(
        UnknownName, match="unknown kind of configuration 'layer'; known: layers, shrink, wall; did you mean 'layers'"
    ):
        kinds.read('{"kind": "layer"}')
    with pytest.raises(InvalidValue, match="unknown field 'beta'"):
        kinds.read('{"kind": "layers", "beta": 1}')


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("widths", (), r"widths must be one layer or more, of 1 to 256 units each; got \(\)"),
        ("widths", (10, 0), "widths must be a whole number from 1 to"),
        ("widths", (257,), "of 1 to 256 units each"),
        ("widths", (3,) * 9, "at most 8 layers; got 9"),
        ("seeds", 0, "seeds must be a whole number from 1 to 64; got 0"),
        ("learning_rate", 0, "learning_rate must be above 0"),
        ("points", 10, "points must be"),
        ("device", "tpu", "device must be one of"),
        ("activation", "sigmoid", "unknown activation 'sigmoid'; known: linear, relu, softplus, tanh"),
        ("dataset", "twelve_bits", "did you mean 'twelve_bit'"),
    ],
)
def test_what_cannot_be_trained_is_a_sentence(field, value, sentence):
    with pytest.raises((InvalidValue, UnknownName), match=sentence):
        LayersConfig(**{field: value})


def test_more_weights_than_a_run_may_keep_are_refused():
    with pytest.raises(
        InvalidValue, match=r"50 networks of \d+ weights kept at 1000 snapshots are .* choose fewer seeds"
    ):
        build(LayersConfig(widths=(256, 256), snapshots=1000))


# --- one network


@every_activation
def test_the_gradient_is_that_of_automatic_differentiation(activation):
    shape, random = Shape((4, 6, 5, 3), activation), torch.Generator().manual_seed(0)
    flat = torch.randn(3, shape.count, generator=random, dtype=torch.float64, requires_grad=True)
    x, labels = torch.randn(3, 4, 20, generator=random, dtype=torch.float64), torch.arange(60).reshape(3, 20) % 3
    own = torch.empty(3, shape.count, dtype=torch.float64)
    with torch.no_grad():
        shape.gradient(flat, x, labels, own)
    here, act = x, {"relu": F.relu, "tanh": torch.tanh, "softplus": F.softplus, "linear": lambda h: h}[activation]
    at = 0
    for i, (inputs, outputs) in enumerate(((4, 6), (6, 5), (5, 3))):
        block = flat[:, at : at + outputs * (inputs + 1)].view(3, outputs, inputs + 1)
        here = block[..., :-1] @ here + block[..., -1:]
        here, at = (act(here) if i < 2 else here), at + outputs * (inputs + 1)
    F.cross_entropy(here, labels, reduction="none").mean(-1).sum().backward()
    torch.testing.assert_close(own, flat.grad, rtol=1e-10, atol=1e-12)
    found = shape.forward(flat.detach(), x)
    torch.testing.assert_close(found[-1], here.detach(), rtol=1e-10, atol=1e-12)
    assert [tuple(each.shape) for each in found] == [(3, 6, 20), (3, 5, 20), (3, 3, 20)]


def test_a_network_begins_within_two_deviations_and_without_biases():
    shape = Shape((100, 80, 2), "tanh")
    for (weight, bias), inputs in zip(
        shape.layers(shape.start(torch.Generator().manual_seed(1))[None]), (100, 80), strict=True
    ):
        assert not bias.any() and weight.abs().max() <= 2 / inputs**0.5
    first = shape.layers(shape.start(torch.Generator().manual_seed(1))[None])[0][0]
    assert float(first.std()) == pytest.approx(0.8796 / 10, rel=0.02)  # of a normal cut off at two deviations


# --- many


@every_activation
def test_batched_equals_each_seed_alone(activation):
    together = finished(replace(BRIEF, activation=activation))
    for i in range(4):
        alone = finished(replace(BRIEF, activation=activation, seed=3 + i, seeds=1))
        for name in ("weights", "mean", "square"):
            apart = (getattr(together, name)[i] - getattr(alone, name)[0]).abs().max()
            assert apart <= 1e-12, (name, i)
    assert all((together.weights[i] - together.weights[0]).abs().max() > 0.01 for i in (1, 2, 3))


def test_a_network_that_breaks_down_leaves_the_others_as_they_are():
    whole, broken = build(BRIEF), build(BRIEF)
    broken.weights[1] = torch.nan
    for each in (whole, broken):
        list(pauses(each))
    assert torch.equal(whole.weights[[0, 2, 3]], broken.weights[[0, 2, 3]])


def test_the_steps_are_those_of_adam():
    cohort = build(replace(BRIEF, seeds=1), dtype=torch.float64)
    weights = cohort.weights.clone().requires_grad_()
    adam, batches, gradient = (
        torch.optim.Adam([weights], lr=BRIEF.learning_rate),
        Batches(cohort),
        torch.empty_like(weights),
    )
    for step in range(6):
        cohort.shape.gradient(weights.detach(), *batches.items(0, step), gradient)
        weights.grad = gradient.clone()
        adam.step()
    for _ in range(6):
        batches.advance()
    torch.testing.assert_close(cohort.weights, weights.detach(), rtol=1e-9, atol=1e-12)


def test_a_continued_cohort_is_the_undisturbed_one():
    undisturbed, first = finished(BRIEF, torch.float32), build(BRIEF)
    list(pauses(first, lambda step: step < 7))
    assert first.step == 7
    second = build(BRIEF)
    second.restore(first.checkpoint())
    list(pauses(second))
    for name in ("weights", "mean", "square"):
        assert torch.equal(getattr(second, name), getattr(undisturbed, name))


def test_every_item_is_seen_once_an_epoch_and_every_seed_has_an_order_of_its_own():
    cohort = build(replace(BRIEF, batch_size=409))  # eight batches, five items left over
    batches, data = Batches(cohort), cohort.data
    rows = data.inputs[data.train] @ (2.0 ** np.arange(12)).astype("f4")
    orders = torch.cat(
        [batches.items(0, i)[0].mT @ 2.0 ** torch.arange(12.0) for i in range(cohort.steps_per_epoch)], 1
    )
    for order in orders.numpy():
        assert len({*order.tolist()}) == len(order) == 3272 and {*order.tolist()} <= {*rows.tolist()}
    assert not torch.equal(orders[0], orders[1])


@pytest.mark.parametrize(("steps", "count"), [(18000, 40), (12, 5), (12, 40), (1, 2), (3, 2), (100_000, 1000)])
def test_snapshots_are_at_whole_steps_evenly_in_the_logarithm(steps, count):
    found = snapshot_steps(steps, count)
    assert found[0] == 0 and found[-1] == steps and len(found) == min(count, steps + 1)
    assert all(a < b for a, b in pairwise(found))
    late = np.array(found)[np.array(found) > 200]
    if len(late) > 3:
        assert np.ptp(np.diff(np.log(late))) < 0.02


# --- the signal in the gradients


def test_the_signal_of_a_linear_unit_in_closed_form():
    """Softmax of two logits at 0: the gradient of the weights of class 1 is mean of (1/2 − y) x over a batch."""
    x = np.array([[1.0], [3.0], [2.0], [2.0]], "f4")
    label = np.array([0, 0, 0, 0])
    names = {"y": ("0", "1")}
    data = DataSet(x, label, {"y": label}, names, "y", (1,), np.arange(4), np.arange(4))
    settings = replace(BRIEF, widths=(1,), activation="linear", seeds=1, batch_size=1, epochs=1)
    cohort = build(settings, data, torch.float64)
    (hidden, hidden_bias), (top, _) = cohort.shape.layers(cohort.weights)
    hidden[:], hidden_bias[:], top[:] = 1.0, 0.0, 0.0
    # of a batch of item x: the output's weights (−1/2, 1/2) x, the hidden weight 0 since the top is 0
    found = gradient_signal(Batches(cohort))
    values = np.array([1.0, 3.0, 2.0, 2.0])
    assert found[0, 1] == pytest.approx(values.mean() / values.std())
    assert np.isnan(found[0, 0])  # no gradient at all: no ratio


def test_one_batch_an_epoch_has_no_noise_to_compare_with():
    cohort = build(replace(BRIEF, batch_size=65_536))
    assert cohort.steps_per_epoch == 1 and np.isnan(gradient_signal(Batches(cohort))).all()


def test_limits_are_shared_with_the_sweeps():
    assert set(layer_config.COUNTED) <= set(config.LIMITS)
    assert set(layerwise.ACTS) == set(layerwise.SLOPES) == set(ACTIVATIONS)
