"""Pictures of what is kept: the conditional mean of the input given one sampled code."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import SWEEP

from distill import recording, store
from distill.measures.codes import sampled_codes
from distill.reconstruction import reconstruct

SCALES = (0.1, 1.0, 5.0)


@pytest.fixture(scope="module")
def line():
    """x ~ N(0, 1) and z = x + σ ε for three σ: a sweep whose E[x|z] = z / (1 + σ²) is known."""
    inputs = np.random.default_rng(0).standard_normal((4000, 1)).astype("f4")

    def encode(x):
        mean = torch.as_tensor(x)[None].repeat(len(SCALES), 1, 1)
        return mean, torch.tensor(SCALES)[:, None, None].expand_as(mean)

    data = SimpleNamespace(inputs=inputs, train=np.arange(3000))
    model = SimpleNamespace(code="gaussian", encode=encode, sample=lambda mean, scale, noise: mean + scale * noise)
    return SimpleNamespace(data=data, device=torch.device("cpu"), model=model, config=SimpleNamespace(seed=0))


def test_what_is_kept_of_a_gaussian_input_is_its_conditional_mean(line):
    """A decoder fitted on means would return z itself, whatever the noise."""
    places = np.linspace(-1.5, 1.5, 31)
    codes = np.stack([places * np.sqrt(1 + scale**2) for scale in SCALES])[..., None]
    found = reconstruct(line, codes)
    assert found.shape == (3, 31, 1)
    for scale, z, kept in zip(SCALES, codes[..., 0], found[..., 0], strict=True):
        assert np.sqrt(np.square(kept - z / (1 + scale**2)).mean()) < 0.08, scale


def test_its_error_on_held_out_items_is_the_variance_that_the_noise_leaves(line):
    """E Var(x|z) = σ² / (1 + σ²): near 0 for a fine code, near Var x for one that keeps nothing."""
    held = line.data.inputs[3000:]
    noise = np.random.default_rng(1).standard_normal((3, 1000, 1))
    codes = held[None] + np.array(SCALES)[:, None, None] * noise
    error = np.square(reconstruct(line, codes) - held).mean((1, 2))
    assert error == pytest.approx([scale**2 / (1 + scale**2) * held.var() for scale in SCALES], rel=0.08, abs=0.004)


@pytest.fixture(scope="module")
def kept(sweep):
    """E[x|z] of the stored items, standardised, from what the run has stored as bytes: (beta, point, feature)."""
    about = sweep.inputs.attrs
    return (sweep.kept.values / 255 * (about["high"] - about["low"]) + about["low"] - about["offset"]) / about["scale"]


def test_less_is_kept_of_pictures_the_more_they_are_squeezed(sweep, kept):
    """Held-out items: better than the mean picture at small β, and no better where the code has collapsed."""
    inputs = sweep.inputs.values
    error, spread = np.square(kept - inputs).mean((1, 2)), np.square(inputs - inputs.mean(0)).mean()
    assert error[0] < 0.55 * spread
    assert (np.diff(error) > 0).all()
    assert error[-1] == pytest.approx(spread, rel=0.05)


def test_a_collapsed_code_keeps_the_mean_picture_of_every_item(sweep, kept):
    data = recording.build(SWEEP).data
    assert np.abs(kept[-1] - data.inputs[data.train].mean(0)).max() < 0.2
    assert kept[-1].std(0).max() < 0.1 < kept[0].std(0).max()


def test_pictures_are_made_from_the_sampled_codes_that_the_map_shows(sweep, kept, own_store):
    trainer = recording._trained(own_store / SWEEP.id, store.open_run(own_store / SWEEP.id))
    of_codes = reconstruct(trainer, sampled_codes(sweep))
    of_means = reconstruct(trainer, sweep.code_mean.isel(code_step=-1).values.astype(float))
    step = 1.01 * 16 / 255 / sweep.inputs.attrs["scale"]
    inside = slice(1, None)  # β > 0: where the decoder meets only codes that it has seen the like of
    low, high = (np.array([0, 16]) - sweep.inputs.attrs["offset"]) / sweep.inputs.attrs["scale"]
    assert np.abs(kept - of_codes.clip(low, high))[inside].max() <= step
    assert np.abs(kept - of_means.clip(low, high))[3].mean() > 5 * np.abs(kept - of_codes.clip(low, high))[3].mean()


def test_the_encoders_stay_as_they_are(sweep, own_store):
    trainer = recording._trained(own_store / SWEEP.id, store.open_run(own_store / SWEEP.id))
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    one, two = (reconstruct(trainer, sampled_codes(sweep)[:, :5]) for _ in range(2))
    assert np.array_equal(one, two)
    assert one.dtype == np.float32
    assert all(torch.equal(before[name], value) for name, value in trainer.model.state_dict().items())
    assert json.loads(sweep.attrs["config"])["seed"] == trainer.config.seed
