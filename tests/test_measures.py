"""Bits against closed forms, brute force and identities, and the inequalities on networks that were really trained."""

import math
from functools import cache

import numpy as np
import pytest
import torch
import xarray as xr
from conftest import SWEEP

from distill import finishing, recording
from distill.errors import InvalidValue
from distill.items import Evaluation
from distill.measures import mixtures
from distill.measures.convergence import still_falling
from distill.measures.entropies import entropy_bits
from distill.measures.ledgers import PARTS, ledger
from distill.measures.mixtures import mixture

FLOAT32_SUM = 5e-8  # bits; the densities relative to the largest are summed in float32


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def encoders(models=3, items=40, latents=3, classes=4, draws=2):
    """Overlapping encoders, scales of all sizes: mean, scale, noise, labels."""
    scale = (0.7 * normal(models, items, latents, seed=1) - 1).exp()
    return (
        2 * normal(models, items, latents),
        scale,
        normal(draws, items, latents, seed=2),
        torch.arange(items) % classes,
    )


def brute_force(mean, scale, noise, labels):
    """The two estimates of one model, item by item as their definition says, bits: (2, N), averaged over the draws."""
    found, items = np.zeros((2, len(mean))), range(len(mean))
    for one in noise:
        for i in items:
            code = mean[i] + scale[i] * one[i]
            logs = [-(((code - mean[j]) / scale[j]) ** 2).sum() / 2 - np.log(scale[j]).sum() for j in items]
            density = np.exp(np.array(logs) - max(logs))
            everyone, class_mates = density.mean(), density[labels == labels[i]].mean()
            found[:, i] += np.log2([density[i] / everyone, class_mates / everyone])
    return found / len(noise)


def test_the_mixture_is_what_a_double_loop_finds():
    mean, scale, noise, labels = encoders()
    found = mixture(mean, scale, noise, labels)
    for model in range(3):
        wanted = brute_force(mean[model].numpy(), scale[model].numpy(), noise.numpy(), labels.numpy())
        errors = wanted.std(-1, ddof=1) / math.sqrt(40)
        assert abs(found.information_x[model] - wanted[0].mean()) <= FLOAT32_SUM
        assert abs(found.information_y[model] - wanted[1].mean()) <= FLOAT32_SUM
        assert abs(found.error_x[model] - errors[0]) <= FLOAT32_SUM
        assert abs(found.error_y[model] - errors[1]) <= FLOAT32_SUM


@pytest.mark.parametrize(("latents", "true", "golden"), [(2, 3.459, 3.440), (8, 13.84, 9.71)])
def test_the_mixture_on_linear_gaussian_codes(latents, true, golden):
    """THEORY 1: x ~ N(0, I), noise variance 0.1, 1024 points; a lower bound that saturates at 10 bits."""
    assert true == pytest.approx(latents / 2 * math.log2(1 + 1 / 0.1), abs=1e-2)
    scale, labels, bits = math.sqrt(0.1) * torch.ones(1, 1024, latents), torch.zeros(1024, dtype=torch.long), []
    for seed in range(24):
        found = mixture(normal(1, 1024, latents, seed=seed), scale, normal(2, 1024, latents, seed=100 + seed), labels)
        bits.append(found.information_x.item())
        assert found.information_x <= 10
        assert found.information_y.abs() < 1e-6  # one class: nothing to tell
    assert np.mean(bits) == pytest.approx(golden, abs=0.03)
    assert np.std(bits) == pytest.approx(found.error_x.item(), rel=0.5)


def test_codes_far_apart_tell_every_item_and_every_label():
    mean = 100.0 * torch.arange(50, dtype=torch.float64)[None, :, None]
    labels = torch.tensor([0] * 10 + [1] * 40)
    found = mixture(mean, torch.ones_like(mean), normal(2, 50, 1), labels)
    assert found.information_x.item() == pytest.approx(math.log2(50), abs=1e-12)
    assert found.information_y.item() == pytest.approx(entropy_bits(labels.numpy()), abs=1e-12)
    assert found.error_x.item() < 1e-12


def test_equal_encoders_tell_nothing():
    mean = torch.full((2, 50, 3), 1.7, dtype=torch.float64)
    found = mixture(mean, 0.3 * torch.ones_like(mean), normal(2, 50, 3), torch.arange(50) % 5)
    assert found.information_x.abs().max() < 1e-9
    assert found.information_y.abs().max() < 1e-9


def test_codes_that_differ_by_class_alone_tell_the_label_and_no_more():
    labels = torch.arange(60) % 4
    mean = 50.0 * labels[None, :, None].double()
    found = mixture(mean, torch.ones_like(mean), normal(2, 60, 1), labels)
    assert found.information_x.item() == pytest.approx(2, abs=1e-9)
    assert found.information_y.item() == pytest.approx(2, abs=1e-9)


def test_the_mixture_moves_with_neither_place_nor_unit_of_the_codes():
    mean, scale, noise, labels = encoders()
    one = mixture(mean, scale, noise, labels)
    other = mixture(1000 + 7 * mean, 7 * scale, noise, labels)
    assert all(torch.allclose(a, b, rtol=0, atol=1e-7) for a, b in zip(one, other, strict=True))


def test_blocks_change_nothing(monkeypatch):
    mean, scale, noise, labels = encoders(models=7)
    whole = mixture(mean, scale, noise, labels)
    monkeypatch.setattr(mixtures, "LARGEST_BLOCK", 2 * 40**2)
    for one, other in zip(whole, mixture(mean, scale, noise, labels), strict=True):
        assert torch.allclose(one, other, rtol=0, atol=1e-12)
    alone = mixture(mean[3:4], scale[3:4], noise, labels)
    assert alone.information_x.item() == pytest.approx(whole.information_x[3].item(), abs=1e-12)


@pytest.mark.parametrize("wrong", [0.0, -1.0, math.nan])
def test_a_code_without_noise_has_no_density(wrong):
    mean, scale, noise, labels = encoders()
    scale[1, 2, 0] = wrong
    with pytest.raises(InvalidValue, match=r"^mixture needs every scale above 0; the smallest is "):
        mixture(mean, scale, noise, labels)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("scale", [1e-6, 1e-3])
def test_vanishing_noise_and_far_means_stay_numbers(scale, dtype):
    mean = (100 * torch.rand(2, 100, 4, generator=torch.Generator().manual_seed(0)) - 50).to(dtype)
    uneven = torch.where(torch.arange(100) % 3 == 0, scale, 3.0)[None, :, None].expand(2, 100, 4).to(dtype)
    for scales in (torch.full_like(mean, scale), uneven):
        found = mixture(mean, scales, normal(2, 100, 4), torch.arange(100) % 2)
        assert all(torch.isfinite(each).all() for each in found)
        assert (found.information_x <= math.log2(100) + 1e-6).all()
        assert (found.information_x >= math.log2(100) - 0.1).all()
        assert (found.information_y <= 1 + 1e-6).all()


def test_one_bit_of_two_clusters_with_vanishing_noise():
    mean = torch.where(torch.arange(100) % 2 == 0, 50.0, -50.0)[None, :, None].expand(1, 100, 4)
    found = mixture(mean, torch.full_like(mean, 1e-4), normal(2, 100, 4), torch.arange(100) % 2)
    assert found.information_x.item() == pytest.approx(1, abs=1e-3)
    assert found.information_y.item() == pytest.approx(1, abs=1e-3)


def test_no_label_is_told_better_than_the_item():
    """DPI, within four standard errors of the paired difference; where classes are the items it is an equality."""
    mean, scale, noise, labels = encoders(models=5)
    for model in range(5):
        x, y = brute_force(mean[model].numpy(), scale[model].numpy(), noise.numpy(), labels.numpy())
        assert (y - x).mean() <= 4 * (y - x).std() / math.sqrt(len(x))
    found = mixture(mean, scale, noise, torch.arange(40))
    assert torch.allclose(found.information_x, found.information_y, rtol=0, atol=1e-7)


# --- on networks that were really trained


@cache
def pointwise(store_folder, split):
    """Per item at the run's last step, by brute force from its checkpoint: dict of (S, N) bits."""
    path = store_folder / SWEEP.id
    trainer = finishing.trained(path, recording.store.open_run(path))
    evaluation = Evaluation.of(SWEEP, trainer.data)
    items = evaluation.items[split]
    labels = trainer.data.label[items]
    with torch.no_grad():
        mean, scale = trainer.model.encode(torch.from_numpy(trainer.data.inputs[items]))
        logits = torch.stack([trainer.model.decode(mean + scale * each) for each in evaluation.noise])
    mean, scale, noise = mean.double(), scale.double(), evaluation.noise[:2].double()
    log_q = logits.double().log_softmax(-1)[..., np.arange(len(items)), labels]  # (12, S, N)
    told = np.stack(
        [_pointwise_of(*each, noise.numpy(), labels) for each in zip(mean.numpy(), scale.numpy(), strict=True)], 1
    )
    rate = torch.distributions.kl_divergence(
        torch.distributions.Normal(mean, scale), torch.distributions.Normal(0.0, 1.0)
    )
    share = np.bincount(labels)[labels] / len(labels)
    return {
        "information_x": told[0], "information_y": told[1], "rate": rate.sum(-1).numpy() / math.log(2),
        "bound_y": log_q[:2].mean(0).numpy() / math.log(2) - np.log2(share),
        "error_one": (logits[:2].argmax(-1).numpy() != labels).mean(0),
        "error_average": logits.softmax(-1).mean(0).argmax(-1).numpy() != labels,
    }  # fmt: skip


def _pointwise_of(mean, scale, noise, labels):
    """brute_force for many items: row by row, in float64."""
    found, mates = np.zeros((2, len(mean))), labels[:, None] == labels
    for one in noise:
        for i, code in enumerate(mean + scale * one):
            logs = -np.square((code - mean) / scale).sum(-1) / 2 - np.log(scale).sum(-1)
            density = np.exp(logs - logs.max())
            found[:, i] += np.log2([density[i] / density.mean(), density[mates[i]].mean() / density.mean()])
    return found / len(noise)


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_numbers_of_a_run_are_those_of_its_networks(sweep, own_store, split):
    last, wanted = sweep.isel(step=-1).sel(split=split), pointwise(own_store, split)
    for name, values in wanted.items():
        assert last[name].values == pytest.approx(values.mean(-1), rel=1e-5, abs=2e-6), name
    for name in ("information_x", "information_y"):
        errors = wanted[name].std(-1, ddof=1) / math.sqrt(values.shape[-1])
        assert last[f"{name}_error"].values == pytest.approx(errors, rel=1e-3, abs=1e-6)
    charged = (last.beta * wanted["rate"].mean(-1)).values
    assert last.loss.values == pytest.approx(
        last.entropy_y.item() - wanted["bound_y"].mean(-1) + charged, rel=1e-5, abs=1e-5
    )


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize(
    ("lower", "upper"), [("information_y", "information_x"), ("information_x", "rate"), ("bound_y", "information_y")]
)
def test_inequalities_hold_pair_by_pair(sweep, own_store, split, lower, upper):
    """THEORY 1, within four standard errors of the paired difference on the same samples."""
    values = pointwise(own_store, split)
    excess = values[lower] - values[upper]
    assert (excess.mean(-1) <= 4 * excess.std(-1, ddof=1) / math.sqrt(excess.shape[-1]) + 1e-9).all()


def test_inequalities_hold_at_every_step(sweep):
    """The same on the stored numbers, whose errors are those of each estimate."""
    x, y = sweep.information_x, sweep.information_y
    error_x, error_y = 4 * sweep.information_x_error + 1e-6, 4 * sweep.information_y_error + 1e-6
    assert (y >= -error_y).all()
    assert (y <= x + error_x + error_y).all()
    assert (x <= np.log2(sweep.samples) + 1e-6).all()
    assert (x <= sweep.rate + error_x).all()
    assert (y <= sweep.entropy_y + 1e-6).all()
    assert (sweep.bound_y <= y + error_y).all()


def test_compression_grows_with_beta_and_ends_in_collapse(sweep):
    kept = sweep.information_x.isel(step=-1).sel(split="test").values
    assert (np.diff(kept) < 0).all()
    assert kept[0] > np.log2(400) - 0.1
    assert kept[-1] < 0.05
    assert sweep.rate.isel(step=-1).sel(split="test").values[-1] < 0.05
    assert sweep.error_one.isel(step=-1).sel(split="test").values[-1] > 0.8


# --- the ledger


def plane_run(information_x, information_y, items, entropy):
    """A run with one step and one β, as far as the ledger reads it."""
    values = {"information_x": information_x, "information_y": information_y}
    run = xr.Dataset({name: (("step", "beta", "split"), np.full((1, 1, 1), value)) for name, value in values.items()})
    run["samples"], run["entropy_y"] = (("step", "split"), [[items]]), (("step", "split"), [[entropy]])
    return run.assign_coords(step=[0], beta=[0.6], split=["test"])


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_ledgers_parts_sum_to_log2_n_at_every_beta_and_step(sweep, split):
    parts = ledger(sweep, split)
    assert tuple(parts.data_vars) == PARTS
    total = sum(parts[name] for name in PARTS)
    assert dict(parts.sizes) == {"step": sweep.sizes["step"], "beta": 5}
    assert np.abs(total - np.log2(sweep.samples.sel(split=split))).max() <= 1e-9
    assert all((parts[name] >= 0).all() for name in PARTS)
    assert not parts.label_noise.any()
    here = sweep.sel(split=split).isel(step=-1, beta=slice(4))
    found = parts.isel(step=-1, beta=slice(4))
    assert np.allclose(found.kept_relevant, here.information_y, atol=0.01)
    assert np.allclose(found.kept_relevant + found.kept_irrelevant, here.information_x, atol=0.01)


@pytest.mark.parametrize(
    ("kept", "relevant", "wanted"),
    [
        (1.87, 1.83, (1.83, 0.04, 1.49, 7.04)),
        (3.44, 3.23, (3.23, 0.21, 0.09, 6.87)),
        (4.15, 3.32, (3.32, 0.83, 0.0, 6.25)),
    ],
)
def test_the_ledgers_of_theory(kept, relevant, wanted):
    """THEORY 8.1: digits, K = 8, 1347 training items, H(Y) = 3.3210."""
    found = ledger(plane_run(kept, relevant, 1347, 3.3210))
    assert [found[name].item() for name in PARTS[:4]] == pytest.approx(wanted, abs=0.011)


@pytest.mark.parametrize(("kept", "relevant"), [(1.0, 1.2), (0.5, -0.01), (-0.02, -0.01), (3.4, 3.4), (9.0, 3.5)])
def test_negatives_of_monte_carlo_size_are_shown_as_zero_and_the_sum_is_kept(kept, relevant):
    found = ledger(plane_run(kept, relevant, 256, 3.3))
    values = np.array([found[name].item() for name in PARTS])
    assert (values >= 0).all()
    assert values.sum() == pytest.approx(8, abs=1e-12)


def test_a_code_without_noise_has_no_ledger(noiseless):
    parts = ledger(noiseless)
    assert all(np.isnan(parts[name]).all() for name in PARTS)


# --- whether it was trained long enough


def trained_for(kept, samples=None, steps=100):
    """A run of one β with these I(X;Z) at evenly spaced steps."""
    at = np.linspace(0, steps, len(kept)).round().astype(int)
    run = xr.Dataset(
        {"information_x": (("step", "beta", "split"), np.repeat(np.array(kept)[:, None, None], 2, axis=2))}
    )
    counts = np.array(samples or [250] * len(kept))
    run["samples"] = (("step", "split"), np.stack([counts, counts], 1))
    return run.assign_coords(step=at, beta=[0.1], split=["train", "test"]).assign_attrs(steps=steps)


@pytest.mark.parametrize(
    ("kept", "falling"),
    [
        ([8, 7, 6, 5, 4], True),
        ([8, 4, 4, 4, 4], False),
        ([8, 8, 4.2, 4.1, 4.0], False),
        ([8, 8, 4.4, 4.1, 4.0], True),
        ([1, 2, 3, 4, 5], False),
    ],
)
def test_what_falls_in_the_second_half_is_still_falling(kept, falling):
    assert still_falling(trained_for(kept)).values.tolist() == [falling]


def test_only_snapshots_of_equal_n_are_compared():
    """The last snapshot, measured on more items, has a higher ceiling and must not hide a fall, nor make one."""
    assert still_falling(trained_for([8, 7, 6, 5, 9], [250, 250, 250, 250, 1000])).item()
    assert not still_falling(trained_for([8, 4, 4, 4, 2], [250, 250, 250, 250, 100])).item()


def test_the_noiseless_reference_and_the_shortest_run_are_not_falling(noiseless):
    assert not still_falling(noiseless).any()
    assert still_falling(trained_for([8.0])).values.tolist() == [False]
    assert still_falling(trained_for([8.0, 1.0])).dims == ("beta",)


class OnMps(torch.Tensor):
    """A tensor that says that it is on MPS, where there is no float64."""

    @property
    def device(self):
        return torch.device("mps")

    def to(self, *args, **more):
        if torch.float64 in args or torch.float64 in more.values():
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype")
        plain = self.as_subclass(torch.Tensor)
        return plain if args[0] == "cpu" else plain.to(*args, **more)

    def double(self):
        raise TypeError("Cannot convert a MPS Tensor to float64 dtype")


def test_on_mps_the_bits_are_computed_in_float64_on_the_cpu():
    mean, scale, noise, labels = encoders()
    arguments = [each.float() for each in (mean, scale, noise)]
    wanted = mixture(*arguments, labels)
    found = mixture(*[each.as_subclass(OnMps) for each in (*arguments, labels)])
    for one, other in zip(found, wanted, strict=True):
        assert type(one) is torch.Tensor
        assert one.dtype == torch.float64
        assert torch.equal(one, other)
