"""Several factors as one label, the control of shuffled labels, and trainings that begin with other networks."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from distill import datasets, finishing, recording, store
from distill.carrying import begin_from
from distill.config import SweepConfig
from distill.errors import DistillError, InvalidValue, UnknownName
from distill.measures.entropies import entropy_bits
from distill.measures.tasks import main_factor, task_weights
from distill.training import build

BOTH = {"digit": 1.0, "ink": 0.5}
SMALL = SweepConfig(
    betas=(0.0, 0.01, 0.3), hidden=(16,), latent_dim=3, epochs=3, points=60, snapshots=3, device="cpu", threads=1
)
TWO = replace(SMALL, weights=BOTH)


# --- what is asked


def test_one_factor_of_weight_one_is_the_label_and_zeros_are_nothing():
    assert SweepConfig(weights={"parity": 1, "ink": 0}) == SweepConfig(label="parity")
    assert SweepConfig(weights={"ink": 0.5, "digit": 1, "loop": 0}).weights == BOTH
    assert SweepConfig(weights={"ink": 1, "digit": 1}).id == SweepConfig(weights={"digit": 1, "ink": 1}).id
    assert SweepConfig.from_json(TWO.to_json()) == TWO


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"weights": {"ink": 0.0}}, "a factor above 0"),
        ({"weights": {"ink": -1}}, "from 0 to 100"),
        ({"weights": BOTH, "label": "digit"}, "leave label out"),
        ({"weights": BOTH, "objective": "ceb"}, "'ceb' takes one factor"),
        ({"start": "digits"}, "twelve hex digits"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(fields, words):
    with pytest.raises(InvalidValue, match=words):
        SweepConfig(**fields)


def test_an_unknown_factor_is_refused_with_those_there_are():
    with pytest.raises(UnknownName, match=r"unknown factor 'inc'.*known: digit, ink"):
        datasets.load("digits", weights={"digit": 1, "inc": 1})


# --- the label that several factors make


def test_the_label_numbers_the_combinations_that_occur():
    data = datasets.load("digits", weights=BOTH)
    pairs = {*zip(data.factors["digit"].tolist(), data.factors["ink"].tolist(), strict=True)}
    assert len(data.combinations) == len(data.label_classes) == len(pairs)
    assert (data.combinations[data.label] == np.stack([data.factors["digit"], data.factors["ink"]], 1)).all()
    assert data.label_name == "digit + ink"
    assert data.label_name not in data.factors
    assert data.label_classes[0] == "0, low"
    assert dict(data.heads) == BOTH


def test_the_loss_is_the_weighted_sum_of_the_heads_and_the_surprise_the_plain_one():
    trainer = build(TWO)
    model, data, generator = trainer.model, trainer.data, torch.Generator().manual_seed(0)
    codes, labels = torch.randn(3, 50, 3, generator=generator), torch.from_numpy(data.label[:50])
    outputs = model.decoder(codes)
    digit, ink = (
        -outputs[..., part].log_softmax(-1)[:, torch.arange(50), torch.from_numpy(data.factors[name][:50])]
        for name, part in (("digit", slice(0, 10)), ("ink", slice(10, 13)))
    )
    assert torch.allclose(model.cross_entropy(codes, labels), digit + 0.5 * ink, atol=1e-5)
    assert torch.allclose(model.surprise(codes, labels), digit + ink, atol=1e-5)
    # q(y|z) is the product of the heads, so the logits of the combinations are logarithms of probabilities
    own = model.decode(codes).gather(-1, labels.expand(3, -1).unsqueeze(-1)).squeeze(-1)
    assert torch.allclose(-own, digit + ink, atol=1e-5)
    assert bool((model.decode(codes).exp().sum(-1) <= 1 + 1e-5).all())


def test_the_weights_change_the_gradients_of_their_heads_alone():
    """The gradient of the ink head is half of what it is at weight 1, that of the digit head the same."""
    half, full = build(TWO), build(replace(TWO, weights={"digit": 1.0, "ink": 1.0}))
    items = torch.from_numpy(half.data.inputs[:40])
    labels, noise = torch.from_numpy(half.data.label[:40]), torch.zeros(40, 3)
    for trainer in (half, full):
        trainer.loss(items, labels, noise).sum().backward()
    one, other = half.model.decoder.weight.grad, full.model.decoder.weight.grad
    assert torch.allclose(one[..., :10], other[..., :10], atol=1e-7)
    assert torch.allclose(one[..., 10:], 0.5 * other[..., 10:], atol=1e-7)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    path = tmp_path_factory.mktemp("tasks") / TWO.id
    assert recording.record(TWO, path) == "done"
    finishing.finish(path)
    return store.open_run(path).load()


def test_a_run_of_several_factors_says_so_and_obeys_the_inequalities(two):
    assert task_weights(two) == BOTH
    assert main_factor(two) == "digit"
    assert two.attrs["label_name"] == "digit + ink"
    assert [*two.factor.values] == ["digit", "parity", "loop", "ink", "slant"]
    at = two.isel(step=-1).sel(split="test")
    assert float(at.entropy_y) == pytest.approx(entropy_bits(two.label.values[: int(at.samples)]), abs=1e-6)
    assert bool((at.information_y <= at.entropy_y + 1e-6).all())
    assert bool((at.information_y <= at.information_x + 0.2).all())
    slack = 4 * float(at.information_y_error.max()) + 0.1
    assert bool((at.bound_y <= at.information_y + slack).all())
    assert bool((at.error_one >= at.error_average - 0.2).all())
    assert "attack_error" not in two


def test_an_item_is_wrong_where_any_factor_is(two):
    """With everything squeezed out, an error is no smaller than that of always guessing the commonest combination."""
    at, label = two.isel(step=-1, beta=-1).sel(split="test"), two.label.values
    assert float(at.error_one) > 1 - 4 * np.bincount(label).max() / len(label)


def test_runs_of_one_label_know_their_task(sweep):
    assert task_weights(sweep) == {sweep.attrs["label_name"]: 1.0}
    assert main_factor(sweep) == sweep.attrs["label_name"]


# --- the control


def test_shuffled_labels_are_the_same_labels_of_other_items():
    plain, dealt = datasets.load("digits"), datasets.load("digits", label="shuffled")
    assert sorted(dealt.label) == sorted(plain.label)
    assert dealt.label_classes == plain.label_classes
    joint = np.histogram2d(plain.label, dealt.label, bins=10)[0] / len(plain.label)
    independent = joint.sum(1, keepdims=True) * joint.sum(0)
    information = float((joint * np.log2(joint / independent, where=joint > 0, out=np.zeros_like(joint))).sum())
    by_chance = 81 / (2 * math.log(2) * len(plain.label))  # (10 − 1)² / 2N ln 2, Miller 1955
    assert information == pytest.approx(by_chance, rel=0.5)
    assert (plain.inputs == dealt.inputs).all()


# --- networks to begin with


def test_a_training_begins_with_the_networks_of_another_run_and_says_so(home):
    before = replace(SMALL, epochs=4)
    place = store.place_of(before)
    recording.record(before, place)
    config = replace(SMALL, weights=BOTH, start=before.id)
    recording.record(config, store.place_of(config))
    run, other = store.open_run(config.id).load(), store.open_run(before.id).load()
    assert run.attrs["start"] == before.id
    # its first codes are the last of the run that it began with
    assert np.array_equal(run.code_mean.values[0], other.code_mean.values[-1])
    assert not np.array_equal(run.code_mean.values[-1], run.code_mean.values[0])


@pytest.mark.parametrize("hidden", [(), (12,)])
def test_heads_that_both_know_are_carried_and_others_begin_anew(hidden):
    before = replace(SMALL, decoder_hidden=hidden, weights={"digit": 1, "loop": 2.0})
    after = replace(SMALL, decoder_hidden=hidden, weights={"loop": 1, "ink": 1})
    old, new, fresh = build(before), build(after), build(after)
    begin_from(new, before, old.checkpoint())
    last = (lambda model: model.decoder[-1]) if hidden else (lambda model: model.decoder)
    assert torch.equal(last(new.model).weight[..., :2], last(old.model).weight[..., 10:])
    assert torch.equal(last(new.model).weight[..., 2:], last(fresh.model).weight[..., 2:])
    assert torch.equal(new.model.encoder[0].weight, old.model.encoder[0].weight)


def test_a_label_alone_is_a_head_too():
    old, config = build(SMALL), replace(SMALL, weights={"digit": 0.5, "ink": 1})
    new = build(config)
    begin_from(new, SMALL, old.checkpoint())
    assert torch.equal(new.model.decoder.bias[..., :10], old.model.decoder.bias)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"betas": (0.0, 1.0)}, "betas must be that of run"),
        ({"latent_dim": 4}, "latent_dim"),
        ({"dataset": "sprites"}, "dataset"),
        ({"objective": "deterministic", "betas": SMALL.betas}, "noiseless code"),
    ],
)
def test_networks_that_do_not_fit_are_refused(fields, words):
    config = replace(SMALL, start="0" * 12, **fields)
    with pytest.raises(InvalidValue, match=words):
        begin_from(build(config), SMALL, build(SMALL).checkpoint())


def test_a_run_without_networks_cannot_be_begun_with(home):
    with pytest.raises(DistillError, match="has no networks to begin with"):  # a shipped example
        recording.record(replace(SweepConfig(), start="2430f1a2ad29"), home / "0123456789ab")
    with pytest.raises(DistillError, match="ffffffffffff"):
        recording.record(replace(SMALL, start="f" * 12), home / "0123456789ac")


def test_attributes_are_readable_without_the_program(two):
    assert json.loads(two.attrs["heads"]) == BOTH
    assert two.attrs["start"] == ""
