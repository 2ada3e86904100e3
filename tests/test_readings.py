"""Readings of items: their bits are the plane's, their classes the decoder's, and the table of confusions adds up."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import NOISELESS, SWEEP, trained

from distill import finishing, readings, store
from distill.config import SweepConfig
from distill.items import Evaluation
from distill.measures.codes import sampled_codes
from distill.readings import read_items

TINY = {"hidden": (16,), "epochs": 2, "snapshots": 2, "points": 60, "batch_size": 64, "device": "cpu", "threads": 1}


def opened(config, folder):
    """Run, trainer and evaluation of a configuration."""
    run = trained(config, folder)
    trainer = finishing.trained(folder / config.id, run)
    return trainer, run, Evaluation.of(config, trainer.data)


@pytest.fixture(scope="module")
def of_sweep(sweep, own_store):
    trainer = finishing.trained(own_store / SWEEP.id, store.open_run(own_store / SWEEP.id))
    return trainer, sweep, Evaluation.of(SWEEP, trainer.data)


def test_the_mean_of_the_items_bits_is_the_planes(sweep):
    assert sweep.sizes["point"] == 400  # all of the test items
    at_the_end = sweep.information_x.isel(step=-1).sel(split="test")
    np.testing.assert_allclose(sweep.item_bits.astype(float).mean("point"), at_the_end, atol=1e-5)
    assert sweep.item_bits.attrs["units"] == "bits" and "400 stored test items" in sweep.item_bits.attrs["estimator"]
    assert float(sweep.item_bits.max()) <= np.log2(400) + 1e-4


@torch.no_grad()
def test_the_bits_of_an_item_are_its_own_density_over_that_of_all(of_sweep):
    """Brute force, float64: log2 q(z|x) − log2 1/N Σ_j q(z|x_j), the mean of two codes."""
    trainer, run, evaluation = of_sweep
    inputs = torch.from_numpy(trainer.data.inputs[run.point.values])
    mean, scale = (each[2].double() for each in trainer.model.encode(inputs))
    bits = []
    for noise in evaluation.noise[:2].double():
        codes = mean + scale * noise
        logs = torch.distributions.Normal(mean, scale).log_prob(codes[:, None]).sum(-1)  # (i, j)
        bits.append((logs.diagonal() - logs.logsumexp(1) + np.log(400)) / np.log(2))
    np.testing.assert_allclose(run.item_bits[2], torch.stack(bits).mean(0), atol=2e-4)


def test_classes_and_uncertainty_are_those_of_the_code_that_the_maps_show(of_sweep):
    trainer, run, _ = of_sweep
    weights = {name: value.double().numpy() for name, value in trainer.model.decoder.state_dict().items()}
    logits = sampled_codes(run) @ weights["weight"] + weights["bias"]
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    entropy = -(shares * np.log2(shares.clip(1e-300))).sum(-1)
    sure = np.sort(shares, -1)[..., -1] - np.sort(shares, -1)[..., -2] > 0.02  # stored codes are rounded
    assert (run.item_decoded.values == shares.argmax(-1))[
        sure
    ].all() and sure.mean() > 0.7  # nothing is sure of a collapsed code
    np.testing.assert_allclose(run.item_uncertainty[1:], entropy[1:], atol=0.03)  # at β = 0 the codes are large
    assert run.item_decoded.dtype == np.int16
    assert float(run.item_uncertainty[0].mean()) < 0.2 < 3 < float(run.item_uncertainty[-1].mean()) <= np.log2(10)


def test_the_rows_of_the_confusion_add_up_and_its_diagonal_is_the_accuracy(sweep):
    """The share decoded rightly by one code, mean of twelve, is found apart from this as the error of no attack."""
    table = sweep.confusion.values.astype(float)
    np.testing.assert_allclose(table.sum(-1), 1, atol=1e-6)
    share = np.bincount(sweep.label, minlength=10) / sweep.sizes["point"]  # all test items are stored
    rightly = np.einsum("bcc,c->b", table, share)
    clean = sweep.attack_error.sel(attack="fgsm", codes="one").isel(radius=0)
    np.testing.assert_allclose(rightly, 1 - clean, atol=1e-6)
    assert sweep.confusion.dims == ("beta", "label_value", "decoded_value")
    assert (np.diff(rightly[1:]) < 0).all()


def test_a_class_without_test_items_has_no_row(of_sweep):
    trainer, _, evaluation = of_sweep
    items = evaluation.items["test"]
    few = replace(evaluation, items={"test": items[trainer.data.label[items] != 3]})
    few = replace(few, noise=evaluation.noise[:, : len(few.items["test"])])
    table = readings._confused(trainer, few)["confusion"][1]
    assert np.isnan(table[:, 3]).all()
    assert np.isfinite(np.delete(table, 3, axis=1)).all()


def test_many_classes_have_no_table(of_sweep, monkeypatch):
    monkeypatch.setattr(readings, "MOST_CLASSES", 9)
    assert {*read_items(*of_sweep)} == {"item_bits", "item_uncertainty", "item_decoded"}


def test_in_parts_as_at_once(of_sweep, monkeypatch):
    monkeypatch.setattr(readings, "LARGEST_BLOCK", 3_000)
    assert read_items(*of_sweep).item_decoded.variable.equals(of_sweep[1].item_decoded.variable)


def test_a_code_without_noise_has_classes_but_no_bits(noiseless):
    assert noiseless.item_bits.isnull().all() and "no noise" in noiseless.item_bits.attrs["estimator"]
    wrong = noiseless.item_decoded.values != noiseless.label.values
    end = noiseless.error_one.isel(step=-1).sel(split="test")
    assert wrong.mean() == pytest.approx(float(end[0]), abs=1e-6)
    assert NOISELESS.points == noiseless.sizes["point"]


def test_bits_of_symbols_are_exact(own_store):
    config = SweepConfig(objective="categorical", betas=(0.01, 0.3), latent_dim=6, **TINY)
    found, run = (each(*opened(config, own_store)) for each in (read_items, lambda trainer, run, evaluation: run))
    at_the_end = run.information_x.isel(step=-1).sel(split="test")
    np.testing.assert_allclose(found.item_bits.astype(float).mean("point"), at_the_end, atol=1e-6)
    assert (found.item_bits >= -1e-6).all()  # a divergence


def test_of_several_seeds_the_first_is_read(own_store):
    config = SweepConfig(betas=(0.01, 0.6), latent_dim=3, seeds=2, **TINY)
    trainer, run, evaluation = opened(config, own_store)
    found = read_items(trainer, run, evaluation)
    at_the_end = run.information_x.isel(step=-1).sel(split="test")
    np.testing.assert_allclose(found.item_bits.astype(float).mean("point"), at_the_end.isel(seed=0), atol=1e-5)
    wrong = found.item_decoded.values != run.label.values
    both = run.error_one.isel(step=-1, seed=0).sel(split="test")  # of two codes; this is the first of them
    assert wrong.mean(1) == pytest.approx(both.values, abs=0.15)
    assert found.confusion.shape == (2, 10, 10)


def test_a_continuous_y_has_bits_only(own_store):
    config = SweepConfig(dataset="gaussian", betas=(0.1, 0.5), latent_dim=2, **(TINY | {"hidden": ()}))
    found = read_items(*opened(config, own_store))
    assert {*found} == {"item_bits"} and np.isfinite(found.item_bits).all()


def test_the_uncertainty_of_several_factors_is_that_of_all_of_them(own_store):
    """Parity and ink occur in every combination, so that q(y|z) over the combinations is the product of its parts."""
    config = SweepConfig(weights={"parity": 1.0, "ink": 0.5}, betas=(0.01, 0.6), latent_dim=3, **TINY)
    trainer, run, evaluation = opened(config, own_store)
    found = read_items(trainer, run, evaluation)
    inputs = torch.from_numpy(trainer.data.inputs[run.point.values])
    with torch.no_grad():
        mean, scale = trainer.model.encode(inputs)
        logits = trainer.model.decode(trainer.model.sample(mean, scale, evaluation.noise[0]))
    assert logits.shape == (2, 60, 6)
    entropy = torch.distributions.Categorical(logits=logits).entropy() / np.log(2)
    np.testing.assert_allclose(found.item_uncertainty, entropy, atol=1e-5)
    assert np.array_equal(found.item_decoded, logits.argmax(-1))
