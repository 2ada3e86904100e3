"""What is measured of a snapshot: fixed items and noise, N as promised, and sampled codes wherever one is decoded."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import SWEEP

from distill import finishing, store
from distill.config import SweepConfig
from distill.evaluation import measure
from distill.items import POINTS_WHILE_TRAINING, Evaluation
from distill.measures.codes import evaluation_noise, sampled_codes
from distill.projection import plane
from distill.training import Snapshot
from distill.variables import first_arrays


@pytest.fixture(scope="module")
def trainer(sweep, own_store):
    """The networks of the sweep, from its checkpoint."""
    return finishing.trained(own_store / SWEEP.id, store.open_run(own_store / SWEEP.id))


@pytest.fixture(scope="module")
def evaluation(trainer):
    return Evaluation.of(SWEEP, trainer.data)


def test_the_items_are_fixed_of_their_split_and_as_many_for_both(trainer, evaluation):
    again = Evaluation.of(SWEEP, trainer.data)
    for split in ("train", "test"):
        items = evaluation.items[split]
        assert np.array_equal(items, again.items[split])
        assert len(set(items)) == len(items) == 400
        assert set(items) <= set(getattr(trainer.data, split))
        assert (np.diff(items) < 0).any()  # in random order, so that the first 250 stand for all
    assert torch.equal(evaluation.noise, again.noise)
    assert np.array_equal(evaluation.noise, evaluation_noise(0, 12, 400, 4).astype("f4"))  # twelve codes are averaged
    assert len(Evaluation.of(replace(SWEEP, points=2000), trainer.data).items["train"]) == len(trainer.data.test)
    assert len(evaluation.stored) == 400


def test_a_measurement_is_repeatable_and_its_noise_fixed(trainer, evaluation):
    snapshot = Snapshot(trainer, True, True, 1.0)
    assert measure(snapshot, evaluation).identical(measure(snapshot, evaluation))


def test_passing_snapshots_are_measured_on_the_first_items(trainer, evaluation):
    passing = measure(Snapshot(trainer, False, False, 1.0), evaluation)
    assert passing.samples.values.tolist() == [[POINTS_WHILE_TRAINING] * 2]
    assert "code_mean" not in passing
    last = measure(Snapshot(trainer, True, True, 1.0), evaluation)
    assert last.samples.values.tolist() == [[400, 400]]
    assert (np.abs(passing.information_x - last.information_x) > 1e-3).any()
    few = measure(Snapshot(trainer, True, True, 1.0), Evaluation.of(replace(SWEEP, points=30), trainer.data))
    assert few.samples.values.tolist() == [[30, 30]]
    assert (few.information_x <= np.log2(30) + 1e-6).all()


def test_errors_and_bounds_are_of_sampled_codes(trainer, evaluation):
    """Without its noise the strongly squeezed network would look far better than one code lets it be (THEORY 8.5)."""
    snapshot = Snapshot(trainer, True, True, 1.0)
    sampled = measure(snapshot, evaluation).isel(step=0, split=1, beta=3)
    means = measure(snapshot, replace(evaluation, noise=0 * evaluation.noise)).isel(step=0, split=1, beta=3)
    assert sampled.error_one - means.error_one > 0.2
    assert means.bound_y - sampled.bound_y > 0.3
    assert sampled.error_one - sampled.error_average > 0.2
    assert means.error_one == means.error_average


def test_the_stored_codes_give_the_stored_map(sweep):
    before = None
    for step in range(sweep.sizes["code_step"]):
        found = plane(sampled_codes(sweep, step), before)
        spread = found.std()
        assert np.abs(found - sweep.codes_2d.isel(code_step=step).values).max() < 0.02 * spread
        before = sweep.codes_2d.isel(code_step=step).values[0]
    assert sweep.codes_2d.attrs["method"] == "PCA"


def test_a_scale_too_small_for_float16_is_not_stored_as_no_noise(trainer, evaluation, monkeypatch):
    encode = trainer.model.encode
    monkeypatch.setattr(trainer.model, "encode", lambda x: (encode(x)[0], torch.full_like(encode(x)[1], 1e-9)))
    scale = measure(Snapshot(trainer, True, True, 1.0), evaluation).code_scale
    assert scale.dtype == np.float16
    assert (scale == np.finfo(np.float16).smallest_normal).all()
    assert "6.1e-05" in scale.attrs["note"]


def test_a_run_carries_its_items(trainer, evaluation, sweep):
    static = first_arrays(trainer, evaluation.stored)
    data, items = trainer.data, evaluation.stored
    for run in (static, sweep):
        assert np.array_equal(run.point, items)
        assert np.array_equal(run.inputs, data.inputs[items])
        assert np.array_equal(run.label, data.label[items])
        for name, values in data.factors.items():
            assert np.array_equal(run.factors.sel(factor=name), values[items])
        about = run.inputs.attrs
        assert (about["low"], about["high"]) == data.value_range
        original = run.inputs * about["scale"] + about["offset"]
        assert abs(original.min() - 0) < 1e-4
        assert abs(original.max() - 16) < 1e-4
    assert static.beta.values.tolist() == list(SWEEP.betas)


@pytest.mark.parametrize("points", [20, 400])
def test_entropies_are_of_the_items_measured(points, trainer):
    evaluation = Evaluation.of(SweepConfig(**(SWEEP.changes() | {"points": points})), trainer.data)
    found = measure(Snapshot(trainer, True, False, 0.0), evaluation).entropy_y.values[0]
    for split, entropy in zip(("train", "test"), found, strict=True):
        share = np.bincount(trainer.data.label[evaluation.items[split]]) / points
        assert entropy == pytest.approx(-(share[share > 0] * np.log2(share[share > 0])).sum(), abs=1e-12)


def test_the_noiseless_reference_has_no_noise_and_says_what_it_lacks(noiseless):
    assert not noiseless.code_scale.any()
    for name in ("information_x", "rate", "information_x_error"):
        assert np.isnan(noiseless[name]).all(), name
    assert np.abs(noiseless.information_y - noiseless.entropy_y).max() < 1e-12
    assert np.array_equal(noiseless.error_one, noiseless.error_average)
    assert np.isfinite(noiseless.loss).all()
    assert np.abs(noiseless.loss - (noiseless.entropy_y - noiseless.bound_y)).max() < 1e-5
