"""The decoder of what is kept: the conditional mean of the input given one sampled code, and the variance it leaves."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import xarray as xr
from conftest import SWEEP, trained

from distill import finishing, recording, store
from distill.config import SweepConfig
from distill.measures.codes import sampled_codes
from distill.measures.decoding import decoded, kept_levels
from distill.networks import StackedMLP
from distill.reconstruction import _as_arrays, _explained, fitted, reconstruct

SCALES = (0.1, 1.0, 5.0)
TWO_SEEDS = SweepConfig(betas=(0.01, 0.6), latent_dim=3, hidden=(16,), epochs=2, snapshots=2, points=60, seeds=2,
                        batch_size=64, device="cpu", threads=1)  # fmt: skip


@pytest.fixture(scope="module")
def line():
    """x ~ N(0, 1) and z = x + σ ε for three σ: a sweep whose E[x|z] = z / (1 + σ²) is known."""
    inputs = np.random.default_rng(0).standard_normal((4000, 1)).astype("f4")

    def encode(x):
        mean = torch.as_tensor(x)[None].repeat(len(SCALES), 1, 1)
        return mean, torch.tensor(SCALES)[:, None, None].expand_as(mean)

    data = SimpleNamespace(inputs=inputs, train=np.arange(3000))
    model = SimpleNamespace(code="gaussian", encode=encode, sample=lambda mean, scale, noise: mean + scale * noise)
    config = SimpleNamespace(seed=0, betas=SCALES)
    return SimpleNamespace(data=data, device=torch.device("cpu"), model=model, config=config)


@pytest.fixture(scope="module")
def of_the_line(line):
    return fitted(line)


def test_what_is_kept_of_a_gaussian_input_is_its_conditional_mean(of_the_line):
    """A decoder fitted on means would return z itself, whatever the noise."""
    places = np.linspace(-1.5, 1.5, 31)
    codes = np.stack([places * np.sqrt(1 + scale**2) for scale in SCALES])[..., None]
    found = decoded(of_the_line, codes)
    assert found.shape == (3, 31, 1)
    for scale, z, kept in zip(SCALES, codes[..., 0], found[..., 0], strict=True):
        assert np.sqrt(np.square(kept - z / (1 + scale**2)).mean()) < 0.08, scale


def test_the_share_explained_of_held_out_items_is_what_the_noise_leaves(line, of_the_line):
    """Law of total variance: E Var(x|z) / Var x = σ² / (1 + σ²), so that R² = 1 / (1 + σ²)."""
    held = line.data.inputs[3000:]
    noise = np.random.default_rng(1).standard_normal((3, 1000, 1))
    share, about = _explained(held, decoded(of_the_line, held[None] + np.array(SCALES)[:, None, None] * noise))
    assert share[:, 0] == pytest.approx([1 / (1 + scale**2) for scale in SCALES], abs=0.035)
    assert "1000 stored test items" in about["estimator"]


def test_an_input_that_does_not_vary_has_no_share_and_a_wrong_guess_is_worse_than_nothing():
    inputs = np.array([[0.3, 0.0], [0.3, 1.0], [0.3, 2.0]], "f4")
    share, _ = _explained(inputs, np.stack([np.full((3, 2), value) for value in (1.0, 3.0)]))
    assert np.isnan(share[:, 0]).all()
    assert share[:, 1] == pytest.approx([0, 1 - (9 + 4 + 1) / 2])  # the mean explains nothing, 3 does worse


@pytest.fixture(scope="module")
def kept(sweep):
    """E[x|z] of the stored items, standardised: (beta, point, feature)."""
    return decoded(sweep, sampled_codes(sweep))


def test_less_is_kept_of_pictures_the_more_they_are_squeezed(sweep, kept):
    """Held-out items: better than the mean picture at small β, and no better where the code has collapsed."""
    inputs = sweep.inputs.values
    error, spread = np.square(kept - inputs).mean((1, 2)), np.square(inputs - inputs.mean(0)).mean()
    assert error[0] < 0.55 * spread
    assert (np.diff(error) > 0).all()
    assert error[-1] == pytest.approx(spread, rel=0.05)


def test_the_stored_share_is_that_of_the_stored_decoder(sweep, kept):
    inputs = sweep.inputs.values.astype(float)
    moving = inputs.std(0) > 0
    assert sweep.r_squared.dims == ("beta", "feature") and sweep.r_squared.dtype == np.float32
    assert (sweep.r_squared.isnull().values == ~moving).all()
    share = 1 - np.square(kept - inputs).sum(1) / np.square(inputs - inputs.mean(0)).sum(0).clip(1e-30)
    np.testing.assert_allclose(sweep.r_squared.values[:, moving], share[:, moving], rtol=1e-4, atol=1e-4)
    whole = (sweep.r_squared * inputs.var(0)).sum("feature") / inputs.var(0).sum()  # weighed by the inputs' variance
    assert whole[0] > 0.45 and abs(float(whole[-1])) < 0.06


def test_a_collapsed_code_keeps_the_mean_picture_of_every_item(sweep, kept):
    data = recording.build(SWEEP).data
    assert np.abs(kept[-1] - data.inputs[data.train].mean(0)).max() < 0.2
    assert kept[-1].std(0).max() < 0.1 < kept[0].std(0).max()


def test_pictures_are_made_from_the_sampled_codes_that_the_map_shows(sweep, kept):
    about = sweep.inputs.attrs
    levels = (kept * about["scale"] + about["offset"]).clip(0, 16) / 16 * 255
    items = [3, 0, 17]
    assert np.abs(kept_levels(sweep, items) - levels[:, items]).max() <= 0.501
    of_means = decoded(sweep, sweep.code_mean.isel(code_step=-1).values.astype(float))
    assert np.abs(kept - of_means)[3].mean() > 0.05


def as_networks(run):
    """The stored decoder as the network that torch fits."""
    decoder = StackedMLP(
        run.sizes["beta"],
        (run.sizes["latent"], run.sizes["unit"], run.sizes["feature"]),
        torch.Generator(),
        torch.float32,
    )
    for layer, name in ((decoder[0], "decoder_in"), (decoder[2], "decoder_out")):
        layer.weight.data = torch.from_numpy(run[name].values).float()
        layer.bias.data = torch.from_numpy(run[f"{name}_bias"].values).float()[:, None]
    return decoder


@torch.no_grad()
def test_numpy_decodes_as_torch_does(sweep, kept):
    centre, spread = (torch.from_numpy(sweep[f"decoder_{name}"].values).float() for name in ("centre", "spread"))
    codes = torch.from_numpy(sampled_codes(sweep)).float()
    found = as_networks(sweep)((codes - centre[:, None]) / spread[:, None])
    np.testing.assert_allclose(kept, found.numpy(), atol=2e-4)


@torch.no_grad()
def test_what_is_stored_is_the_fitted_decoder_within_the_rounding_of_its_halves():
    """Units that are scaled, and weights of very different sizes: the function stays what it was."""
    generator = torch.Generator().manual_seed(0)
    decoder = StackedMLP(2, (3, 64, 5), generator, torch.float32)
    decoder[2].weight.data *= torch.logspace(-3, 3, 64)[:, None]
    decoder[0].weight.data *= torch.logspace(3, -3, 64)
    codes = torch.randn(2, 200, 3, generator=generator)
    centre, spread = torch.zeros(2, 1, 3), torch.ones(2, 1, 3)
    run = _as_arrays(centre, spread, decoder, 0)
    exact, found = decoder(codes).numpy(), decoded(run, codes.numpy())
    assert np.abs(found - exact).max() < 2**-9 * np.abs(exact).max()
    assert all(run[name].dtype == np.float16 for name in run)
    np.testing.assert_allclose(np.abs(run.decoder_out).max("feature"), 1, atol=1e-3)


def test_the_encoders_stay_as_they_are_and_nothing_is_left_to_chance(sweep, own_store):
    trainer = finishing.trained(own_store / SWEEP.id, store.open_run(own_store / SWEEP.id))
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    again = reconstruct(trainer, sweep)
    assert all(again[name].variable.identical(sweep[name].variable) for name in again)
    assert all(torch.equal(before[name], value) for name, value in trainer.model.state_dict().items())
    assert json.loads(sweep.attrs["config"])["seed"] == trainer.config.seed


def test_of_several_seeds_the_first_is_decoded(own_store):
    run = trained(TWO_SEEDS, own_store)
    trainer = finishing.trained(own_store / TWO_SEEDS.id, run)
    found = reconstruct(trainer, run)
    assert found.sizes["beta"] == 2 and found.r_squared.shape == (2, 64)
    data = trainer.data
    with torch.no_grad():
        mean = trainer.model.encode(torch.from_numpy(data.inputs[data.train]))[0].mean(1).numpy()
    np.testing.assert_allclose(found.decoder_centre, mean[:2], atol=2e-3)
    assert np.abs(mean[2:] - found.decoder_centre.values).max() > 0.02


def test_a_code_without_noise_has_a_decoder_too(noiseless):
    found = decoded(noiseless, sampled_codes(noiseless))
    inputs = noiseless.inputs.values
    assert np.square(found - inputs).mean() < 0.7 * inputs.var(0).mean()
    assert isinstance(noiseless, xr.Dataset) and kept_levels(noiseless, [0]).shape == (1, 1, 64)
