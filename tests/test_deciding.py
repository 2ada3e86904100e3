"""What any code of a run says of the label, in numpy: the same as the network's own decoder says."""

import json

import numpy as np
import pytest
import torch
import xarray as xr
from conftest import SWEEP, trained

from distill import finishing, store
from distill.codec_fitting import fit_codec
from distill.config import SweepConfig
from distill.errors import InvalidValue
from distill.items import Evaluation
from distill.measures.codes import sampled_codes
from distill.measures.deciding import decided, has_label_decoder, label_outputs, mistaken, predicted

TINY = {"betas": (0.0, 0.3), "hidden": (8,), "latent_dim": 3, "epochs": 1, "snapshots": 2, "points": 40,
        "device": "cpu", "threads": 1}  # fmt: skip
DEEP = SweepConfig(dataset="sprites", weights={"shape": 1.0, "colour": 0.4}, decoder_hidden=(9, 6), seeds=2, **TINY)
CONTINUOUS = SweepConfig(dataset="gaussian", dataset_options={"items": 600}, **TINY)


def by_hand():
    """One β, one dimension, two rectified units, two classes: logits max(0, z) and max(0, −z)."""
    arrays = {
        "label_weight_1": (("beta", "latent", "label_unit_1"), [[[1.0, -1.0]]]),
        "label_bias_1": (("beta", "label_unit_1"), [[0.0, 0.0]]),
        "label_weight_2": (("beta", "label_unit_1", "label_output"), [[[1.0, 0.0], [0.0, 1.0]]]),
        "label_bias_2": (("beta", "label_output"), [[0.0, 0.0]]),
    }
    attrs = {"heads": json.dumps({"side": 1.0}), "classes": json.dumps({"side": ["right", "left"]})}
    run = xr.Dataset({name: (dims, np.array(values, "f4")) for name, (dims, values) in arrays.items()}, attrs=attrs)
    return run.assign(label=("point", [0, 0, 1])).assign_coords(factor=["side"]).assign(
        factors=(("point", "factor"), [[0], [0], [1]])
    )  # fmt: skip


def of(config, folder):
    """A run with a label decoder, and its trainer."""
    run = trained(config, folder)
    trainer = finishing.trained(folder / config.id, run)
    return run.merge(fit_codec(trainer, run, Evaluation.of(config, trainer.data))), trainer


@pytest.fixture(scope="module")
def deep(own_store):
    return of(DEEP, own_store)


@pytest.fixture(scope="module")
def continuous(own_store):
    return of(CONTINUOUS, own_store)


def test_a_code_is_rectified_weighed_and_normalised():
    codes = np.array([2.0, -1.0, 0.0])[None, :, None]
    odds = np.exp([[2.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    shares = decided(by_hand(), codes)["side"]
    np.testing.assert_allclose(shares[0], odds / odds.sum(-1, keepdims=True), rtol=1e-6)
    assert mistaken(by_hand(), codes)[0].tolist() == [False, True, True]


def test_a_linear_decoder_says_what_the_network_says(sweep, own_store):
    trainer = finishing.trained(own_store / SWEEP.id, store.open_run(own_store / SWEEP.id))
    codes = sampled_codes(sweep).astype(np.float32)
    with torch.no_grad():
        wanted = trainer.model.decode(torch.from_numpy(codes)).numpy()
    np.testing.assert_allclose(label_outputs(sweep, codes), wanted, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(
        decided(sweep, codes)["digit"], torch.from_numpy(wanted).double().softmax(-1), rtol=1e-4, atol=1e-6
    )


def test_the_likeliest_class_is_the_one_that_the_run_has_stored(sweep):
    """But where a rounded code lies on the border of two classes."""
    shares = decided(sweep, sampled_codes(sweep))["digit"]
    best = np.sort(shares, -1)
    clear = best[..., -1] - best[..., -2] > 0.02
    assert (shares.argmax(-1) == sweep.item_decoded.values)[clear].all() and clear[:4].mean() > 0.9
    wrong = mistaken(sweep, sampled_codes(sweep))
    assert np.array_equal(wrong, shares.argmax(-1) != sweep.label.values)
    assert abs(wrong.mean(-1) - sweep.error_one.isel(step=-1).sel(split="test").values).max() < 0.03  # of two codes


def test_hidden_layers_and_several_factors_say_what_the_network_says(deep):
    run, trainer = deep
    assert run.label_weight_3.dims == ("beta", "label_unit_2", "label_output") and run.label_weight_2.shape == (2, 9, 6)
    codes = sampled_codes(run).astype(np.float32)
    with torch.no_grad():  # the networks of the first seed are the first of S
        wanted = [
            each[:2].double().softmax(-1) for each in trainer.model.by_head(torch.from_numpy(codes).repeat(2, 1, 1))
        ]
    found = decided(run, codes)
    assert list(found) == ["shape", "colour"]
    for ours, theirs in zip(found.values(), wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    right = [ours.argmax(-1) == run.factors.sel(factor=name).values for name, ours in found.items()]
    assert np.array_equal(mistaken(run, codes), ~(right[0] & right[1]))
    turned = run.transpose(..., "beta")
    np.testing.assert_array_equal(label_outputs(turned, codes), label_outputs(run, codes))


def test_a_continuous_y_has_a_mean_and_no_classes(continuous, deep):
    run, trainer = continuous
    codes = sampled_codes(run).astype(np.float32)
    with torch.no_grad():
        np.testing.assert_allclose(predicted(run, codes), trainer.model.decode(torch.from_numpy(codes)), atol=1e-5)
    with pytest.raises(InvalidValue, match=r"^a continuous Y has no probabilities of classes$"):
        decided(run, codes)
    with pytest.raises(InvalidValue, match=r"^a label with classes has no mean$"):
        predicted(deep[0], codes)


@pytest.mark.parametrize("shape", [(5, 4), (4, 5, 4), (5, 5, 3)])
def test_codes_that_do_not_fit_are_refused(sweep, shape):
    with pytest.raises(InvalidValue, match=r"^codes must have the shape \(5, n, 4\): \(beta, n, latent\); got \("):
        label_outputs(sweep, np.zeros(shape))


def test_a_run_without_a_label_decoder_says_so(sweep):
    bare = sweep.drop_vars("label_weight_1")
    assert has_label_decoder(sweep) and not has_label_decoder(bare)
    with pytest.raises(InvalidValue, match=r"^run \w{12} has no label decoder: it is added after the training$"):
        decided(bare, sampled_codes(sweep))
