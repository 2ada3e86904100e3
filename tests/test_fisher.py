"""Fisher maps against closed forms of linear Gaussian encoders, and against the divergence that they stand for."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import SWEEP, trained
from torch.distributions import Independent, Normal, kl_divergence

from distill import finishing, fisher, store
from distill.config import SweepConfig
from distill.fisher import conditional_variances, fisher_rows, map_inputs, models
from distill.measures.decoding import shown_items
from distill.networks import Bottleneck

TINY = {"hidden": (16,), "epochs": 1, "snapshots": 2, "points": 60, "batch_size": 64, "device": "cpu", "threads": 1}


def encoders(count=2, inputs=5, hidden=(), latent=3, code="gaussian", seed=0):
    """Untrained encoders in float64, no two alike."""
    generator = torch.Generator().manual_seed(seed)
    model = Bottleneck(1, inputs, hidden, latent, 2, code, [generator] * count, torch.float64)
    for weight in model.parameters():
        weight.data = weight.data + 0.4 * torch.randn(weight.shape, generator=generator, dtype=torch.float64)
    return model


def fisher_matrix(model, inputs):
    """F (S, N, D, D) out of its rows."""
    return sum(row.unsqueeze(-1) * row.unsqueeze(-2) for row in fisher_rows(model, inputs))


def log2_det(matrix):
    return np.linalg.slogdet(matrix)[1] / np.log(2)


@pytest.fixture(scope="module")
def linear():
    """A linear encoder of correlated Gaussian inputs: F, Σ, and the covariance of inputs and code together."""
    model = encoders(count=1)
    root = np.random.default_rng(3).standard_normal((5, 5))
    cov_x = root @ root.T / 5 + 0.1 * np.eye(5)
    with torch.no_grad():
        weight, scale = model.encoder[0].weight[0].numpy(), model.encode(torch.zeros(1, 5).double())[1][0, 0].numpy()
    across = cov_x @ weight
    cov_z = weight.T @ across + np.diag(scale**2)
    found = fisher_matrix(model, torch.zeros(2, 5, dtype=torch.float64))[0, 1].numpy()
    return found, cov_x, np.block([[cov_x, across], [across.T, cov_z]]), scale


def test_of_a_linear_gaussian_encoder_the_whole_is_exactly_the_information(linear):
    found, cov_x, joint, scale = linear
    information = 0.5 * (log2_det(joint[5:, 5:]) - 2 * np.log2(scale).sum())
    assert 0.5 * log2_det(np.eye(5) + cov_x @ found) == pytest.approx(information, rel=1e-10)


def test_and_each_input_has_what_the_code_tells_of_it_once_the_others_are_known(linear):
    """I(Z;x_j|x_−j) from the determinants of the joint covariance."""
    found, cov_x, joint, _ = linear
    bits = 0.5 * np.log2(1 + np.diag(found) / np.diag(np.linalg.inv(cov_x)))
    for j in range(5):
        rest, code = [i for i in range(5) if i != j], [5, 6, 7]
        parts = [joint[np.ix_(each, each)] for each in ([*rest, *code], [*range(5)], rest, [*range(8)])]
        exact = 0.5 * (log2_det(parts[0]) + log2_det(parts[1]) - log2_det(parts[2]) - log2_det(parts[3]))
        assert bits[j] == pytest.approx(exact, rel=1e-9)


def test_bits_of_independent_inputs_add_up_to_more_than_the_code_holds():
    """Σ I(Z;x_j) ≤ I(X;Z) ≤ Σ I(Z;x_j|x_−j) for independent inputs, neither with equality."""
    model = encoders(count=1, seed=1)
    found = fisher_matrix(model, torch.zeros(1, 5, dtype=torch.float64))[0, 0].numpy()
    weight = model.encoder[0].weight[0].detach().numpy()
    with torch.no_grad():
        noise = np.diag(model.encode(torch.zeros(1, 5).double())[1][0, 0].numpy() ** 2)
    cov_z = weight.T @ weight + noise
    alone = [0.5 * (log2_det(cov_z) - log2_det(cov_z - np.outer(row, row))) for row in weight]
    whole, given = 0.5 * log2_det(np.eye(5) + found), 0.5 * np.log2(1 + np.diag(found))
    assert sum(alone) < whole - 0.1 and whole + 0.1 < given.sum()


@pytest.mark.parametrize("hidden", [(), (7,), (9, 6)])
def test_the_fisher_matrix_is_the_curvature_of_the_divergence(hidden):
    """KL(q(z|x) ‖ q(z|x + δ)) = ½ δᵀ F δ + O(δ³), in any direction; nothing of the formula is used."""
    model, generator = encoders(hidden=hidden), torch.Generator().manual_seed(4)
    inputs = torch.randn(6, 5, generator=generator, dtype=torch.float64)
    found = fisher_matrix(model, inputs)

    def code(x):
        return Independent(Normal(*model.encode(x)), 1)

    for _ in range(4):
        step = 1e-4 * torch.randn(6, 5, generator=generator, dtype=torch.float64)
        both = [kl_divergence(code(inputs), code(inputs + sign * step)) for sign in (1, -1)]
        half = 0.5 * torch.einsum("nd,snde,ne->sn", step, found, step)
        torch.testing.assert_close((both[0] + both[1]) / 2, half, rtol=1e-4, atol=1e-14)


def test_a_noise_that_depends_on_the_input_has_rows_of_its_own():
    inputs = torch.randn(4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert len(list(fisher_rows(encoders(hidden=(7,)), inputs))) == 6
    assert len(list(fisher_rows(encoders(), inputs))) == 3


def test_conditional_variances_are_those_of_the_inverse_covariance(linear):
    cov_x = linear[1]
    sample = np.random.default_rng(0).multivariate_normal(np.ones(5), cov_x, 5000).astype("f4")
    found, how = conditional_variances(sample)
    assert found == pytest.approx(1 / np.diag(np.linalg.inv(cov_x)), rel=0.06)
    assert (found < np.diag(cov_x)).all() and "Ledoit–Wolf" in how and "5000 training items" in how


def test_conditional_variances_follow_the_units_and_leave_out_what_is_constant():
    sample = np.random.default_rng(1).standard_normal((300, 6)) @ np.diag([1, 1, 1, 1, 1, 0]) + 0.7
    sample[:, 4] = sample[:, 3]  # the same twice
    units = np.array([1, 100, 0.01, 1, 1, 1])
    plain, scaled = (conditional_variances(each.astype("f4"))[0] for each in (sample, sample * units))
    np.testing.assert_allclose(scaled, plain * units**2, rtol=1e-3)
    assert plain[5] == 0 and plain[:3] == pytest.approx(1, abs=0.25)
    assert (plain[3:5] < 0.25).all()
    assert (plain <= sample.var(0) + 1e-6).all()


@pytest.fixture(scope="module")
def trainer(sweep, own_store):
    return finishing.trained(own_store / SWEEP.id, store.open_run(own_store / SWEEP.id))


def test_the_maps_of_a_run_are_means_over_items_and_of_the_items_shown(sweep, trainer):
    data, items = trainer.data, sweep.point.values[:100].copy()
    inputs = torch.from_numpy(data.inputs.copy())
    variances = conditional_variances(data.inputs[data.train])[0]

    def bits(chosen):
        diagonal = sum(row.square() for row in fisher_rows(trainer.model, inputs[chosen])).double().numpy()
        return 0.5 * np.log2(1 + variances * diagonal)

    np.testing.assert_allclose(sweep.fisher_bits, bits(items).mean(1), rtol=1e-4, atol=1e-6)
    assert sweep.shown.values.tolist() == shown_items(sweep)
    np.testing.assert_allclose(sweep.fisher_bits_of, bits(sweep.point.values[sweep.shown]), rtol=1e-4, atol=1e-6)
    dark = np.ptp(data.inputs[data.train], axis=0) == 0
    assert dark.any() and not sweep.fisher_bits[:, dark].any()
    whole = sweep.fisher_bits.sum("feature").values
    assert (np.diff(whole) < 0).all() and whole[-1] < 0.5
    assert "mean of 100 stored test items" in sweep.fisher_bits.attrs["long_name"]


def test_wide_sweeps_average_fewer_items(sweep, trainer, monkeypatch):
    weights = 64 * 32 + 32 + 32 * 8 + 8
    monkeypatch.setattr(fisher, "MOST_WORK", 2 * 4 * 5 * weights * 7.5)
    assert "mean of 7 stored" in map_inputs(trainer, sweep).fisher_bits.attrs["long_name"]
    monkeypatch.setattr(fisher, "MOST_WORK", 1.0)
    assert "mean of 4 stored" in map_inputs(trainer, sweep).fisher_bits.attrs["long_name"]


def test_a_word_has_the_bits_of_the_change_that_it_makes(sweep, trainer):
    """For small changes, of the divergence between the sentence with and without it."""
    data, shown = trainer.data, shown_items(sweep)
    parts = np.zeros((len(data.inputs), 3, 64), "f4")
    parts[:, :2] = np.random.default_rng(0).standard_normal((len(parts), 2, 64)) * 1e-3
    spoken = replace(trainer, data=replace(data, parts=parts))
    found = map_inputs(spoken, sweep).word_bits
    assert found.dims == ("beta", "shown", "word") and (found[..., 2] == 0).all()
    inputs = torch.from_numpy(data.inputs[sweep.point.values[shown]])
    model = models(trainer.model, slice(None)).double()
    for word in range(2):
        change = torch.from_numpy(parts[sweep.point.values[shown], word])
        ends = [Independent(Normal(*model.encode((inputs + sign * change).double())), 1) for sign in (-0.5, 0.5)]
        curved = kl_divergence(*ends) + kl_divergence(*ends[::-1])  # dᵀ F d
        np.testing.assert_allclose(found[1:, :, word], (0.5 * torch.log2(1 + curved))[1:].detach().numpy(), rtol=0.02)


def test_some_of_the_models_are_copied_and_the_rest_left_alone(trainer):
    inputs = torch.randn(3, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        whole, picked = trainer.model.encode(inputs), models(trainer.model, slice(1, 3)).encode(inputs)
    assert all(torch.equal(a[1:3], b) for a, b in zip(whole, picked, strict=True))
    assert all(weight.requires_grad and len(weight) == 5 for weight in trainer.model.parameters())


@pytest.mark.parametrize(
    "config",
    [
        SweepConfig(dataset="letters", betas=(0.1, 0.5), latent_dim=2, **TINY),
        SweepConfig(objective="categorical", betas=(0.1,), latent_dim=4, **TINY),
        SweepConfig(objective="deterministic", betas=(0.0,), latent_dim=2, **TINY),
    ],
    ids=["letters", "symbols", "noiseless"],
)
def test_what_has_no_fisher_map_has_none(config, own_store):
    run = trained(config, own_store)
    assert not map_inputs(finishing.trained(own_store / config.id, run), run)


def test_of_several_seeds_the_first_is_mapped(own_store):
    config = SweepConfig(betas=(0.01, 0.6), latent_dim=3, seeds=2, **TINY)
    run = trained(config, own_store)
    trainer = finishing.trained(own_store / config.id, run)
    found = map_inputs(trainer, run).fisher_bits
    first = replace(trainer, model=models(trainer.model, slice(2)))
    assert found.sizes["beta"] == 2
    np.testing.assert_allclose(found, map_inputs(first, run).fisher_bits)
