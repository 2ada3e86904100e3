"""What a finished run carries for its codec: steps of the encoder's own noise, quantiles of its means, shares."""

import numpy as np
import pytest
import torch
from conftest import NOISELESS, SWEEP, trained

from distill import finishing, store
from distill.codec_fitting import fit_codec
from distill.coding import semantic
from distill.coding.dithered import quantile_shares
from distill.coding.pricing import semantic_bits
from distill.config import SweepConfig
from distill.items import Evaluation
from distill.measures.mixtures import mixture

CATEGORICAL = SweepConfig(objective="categorical", betas=(0.01, 0.3), latent_dim=12, hidden=(16,), epochs=3,
                          snapshots=2, points=300, device="cpu", threads=1)  # fmt: skip


def of(config, folder):
    run = trained(config, folder)
    trainer = finishing.trained(folder / config.id, run)
    return trainer, run.merge(fit_codec(trainer, run, Evaluation.of(config, trainer.data)))


@pytest.fixture(scope="module")
def training_codes(sweep, own_store):
    """Means and scales (S, n, K) of the training items."""
    trainer = finishing.trained(own_store / SWEEP.id, store.open_run(own_store / SWEEP.id))
    with torch.no_grad():
        codes = trainer.model.encode(torch.from_numpy(trainer.data.inputs[trainer.data.train]))
    return [each.double().numpy() for each in codes]


@pytest.fixture(scope="module")
def categorical(own_store):
    return of(CATEGORICAL, own_store)


def test_a_step_has_the_variance_of_the_encoders_noise(sweep, training_codes):
    """Δ²/12 = E σ²."""
    np.testing.assert_allclose(sweep.codec_width**2 / 12, np.square(training_codes[1]).mean(1), rtol=1e-5)
    assert sweep.codec_width.dims == ("beta", "latent") and "1347 training items" in sweep.codec_width.estimator


def test_the_quantiles_are_those_of_the_training_items_means(sweep, training_codes):
    mean, items = training_codes[0], training_codes[0].shape[1]
    np.testing.assert_array_equal(sweep.level, quantile_shares())
    for beta, k in ((0, 1), (3, 2)):
        below = (mean[beta, :, k, None] <= sweep.codec_quantiles[beta, k].values.astype(float)).mean(0)
        np.testing.assert_allclose(below[1:-1], sweep.level[1:-1], atol=3 / items + 0.01)  # they are rounded
    assert (np.diff(sweep.codec_quantiles.astype(float), axis=-1) >= 0).all()


@torch.no_grad()
def test_the_dimensions_one_by_one_tell_more_than_they_do_together(sweep, own_store):
    trainer = finishing.trained(own_store / SWEEP.id, store.open_run(own_store / SWEEP.id))
    evaluation = Evaluation.of(SWEEP, trainer.data)
    mean, scale = trainer.model.encode(torch.from_numpy(trainer.data.inputs[sweep.point.values]))
    one, none = slice(2, 3), torch.zeros(400, dtype=torch.long)
    each = [mixture(mean[one, :, [k]], scale[one, :, [k]], evaluation.noise[:1, :, [k]], none) for k in range(4)]
    assert float(sweep.codec_apart[2]) == pytest.approx(sum(float(one.information_x) for one in each), abs=1e-6)
    together = sweep.information_x.isel(step=-1).sel(split="test")
    assert (sweep.codec_apart.values > together.values - 1e-3).all() and (sweep.codec_apart <= 4 * np.log2(400)).all()


def test_a_code_without_noise_has_steps_of_an_eighth_of_its_deviation(noiseless, own_store):
    trainer = finishing.trained(own_store / NOISELESS.id, store.open_run(own_store / NOISELESS.id))
    with torch.no_grad():
        mean = trainer.model.encode(torch.from_numpy(trainer.data.inputs[trainer.data.train]))[0].double()
    np.testing.assert_allclose(8 * noiseless.codec_width, mean.std(1, correction=0), rtol=1e-5)
    assert "without noise" in noiseless.codec_width.estimator and "codec_apart" not in noiseless


@torch.no_grad()
def test_symbols_have_the_shares_in_which_the_training_items_use_them(categorical):
    trainer, run = categorical
    used = trainer.model.encode(torch.from_numpy(trainer.data.inputs[trainer.data.train]))[0].double()
    np.testing.assert_allclose(run.codec_share, (used.sum(1) + 0.5) / (used.shape[1] + 6), rtol=1e-5)
    np.testing.assert_allclose(run.codec_share.sum("latent"), 1, rtol=1e-5)
    assert "codec_width" not in run


def test_a_categorical_code_is_written_as_it_is_at_the_cross_entropy_of_its_shares(categorical):
    run = categorical[1]
    codes = semantic.to_send(run)
    for beta in range(2):
        bits = -np.log2(run.codec_share.values[beta][codes[beta].argmax(-1)]).sum()
        blob = semantic.encode(run, beta, codes[beta])
        assert 8 * (len(blob) - semantic.HEADER_BYTES) == pytest.approx(bits, abs=9)
        found = semantic.decode(blob, run)
        assert np.array_equal(found.codes, codes[beta])
        assert found.labels["digit"].shape == (300, 10)
    priced = semantic_bits(run)
    assert (priced.cross_entropy > priced.information_x).all() and np.isnan(priced.apart).all()
    assert (priced.payload <= priced.cross_entropy + 0.3).all()
