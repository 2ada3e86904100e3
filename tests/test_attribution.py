"""What a classifier needs of one item: the price of letting an input in, and where it is paid."""

import numpy as np
import pytest
import torch
from conftest import SWEEP
from torch.distributions import Normal, kl_divergence

from distill import recording
from distill.attribution import _blurred, fitted_bits, iba, information
from distill.errors import DistillError, InvalidValue


@pytest.mark.parametrize(("share", "bits"), [(0.5, 0.639), (0.9, 3.19)])
def test_bits_of_an_input_one_deviation_from_its_mean(share, bits):
    """Schulz et al. 2020, eq. 5, worked out."""
    found = float(information(torch.tensor(share), torch.tensor(1.0)))
    assert found == pytest.approx(bits, abs=0.005)


def test_bits_are_the_divergence_from_the_noise_that_would_stand_there():
    generator = torch.Generator().manual_seed(0)
    share, standing = torch.rand(50, generator=generator) * 0.99, 3 * torch.randn(50, generator=generator)
    exact = kl_divergence(Normal(share * standing, 1 - share), Normal(0.0, 1.0)) / np.log(2)
    torch.testing.assert_close(information(share, standing), exact, rtol=1e-4, atol=1e-6)
    assert float(information(torch.tensor(0.0), torch.tensor(2.0))) == 0


def fitted(surprise, inputs, spread=None, shape=None, seed=0):
    spread = torch.ones_like(inputs) if spread is None else spread
    return fitted_bits(surprise, inputs, torch.zeros_like(inputs), spread, shape, torch.Generator().manual_seed(seed))


def test_only_what_decides_is_let_in():
    """Ten inputs, of which the third and, half as much, the seventh push a logistic classifier to its answer."""
    weight = torch.zeros(10)
    weight[2], weight[6] = 6.0, 3.0
    bits = fitted(lambda x: torch.nn.functional.softplus(-x @ weight).mean(), torch.ones(10))
    assert bits[2] > bits[6] + 0.5 > 1
    assert np.delete(bits, [2, 6]).max() < 0.05


def test_an_input_that_never_varies_costs_nothing_and_tells_nothing():
    spread = torch.tensor([1.0, 0.0, 1.0])
    bits = fitted(lambda x: torch.nn.functional.softplus(-4 * x.sum(-1)).mean(), torch.ones(3), spread)
    assert bits[1] == 0 and bits[[0, 2]].min() > 0.3


def test_another_draw_of_the_noise_gives_the_same_map():
    weight = torch.linspace(0, 3, 12)
    one, other = (
        fitted(lambda x: torch.nn.functional.softplus(-x @ weight).mean(), torch.ones(12), seed=seed) for seed in (1, 2)
    )
    assert np.corrcoef(one, other)[0, 1] > 0.9


def test_pictures_are_blurred_by_a_gaussian_of_one_pixel_channel_by_channel():
    share = torch.zeros(7, 9, 2)
    share[3, 4, 1] = 1.0
    found = _blurred(share.flatten(), (7, 9, 2)).view(7, 9, 2)
    line = np.exp(-0.5 * np.arange(-2, 3) ** 2)
    line /= line.sum()
    np.testing.assert_allclose(found[1:6, 2:7, 1], np.outer(line, line), atol=1e-7)
    assert float(found[..., 0].abs().max()) == 0 and float(found.sum()) == pytest.approx(1, abs=1e-6)
    flat = torch.full((64,), 0.3)
    torch.testing.assert_close(_blurred(flat, (8, 8)), flat)
    assert _blurred(flat, None) is flat


@pytest.fixture(scope="module")
def place(sweep, own_store):
    return own_store / SWEEP.id


def test_a_network_that_keeps_nothing_needs_nothing(sweep, place):
    """The last β has collapsed: its code says nothing of the item, whatever is let in."""
    some, none = (iba(place, 3, beta) for beta in (1, 4))
    assert sum(some) > 5 and sum(none) < 0.5
    assert len(some) == 64 and all(type(each) is float for each in some)
    data = recording.build(SWEEP).data
    dark = np.ptp(data.inputs[data.train], axis=0) == 0
    assert dark.any() and not np.array(some)[dark].any() and min(some) >= 0
    assert iba(place, 3, 1) == some


@pytest.mark.parametrize(
    ("item", "beta", "said"),
    [(400, 0, r"^point must be from 0 to 399; got 400$"), (-1, 0, r"^point must be"), (0, 5, r"^beta must be from 0")],
)
def test_what_a_run_does_not_have_is_said(place, sweep, item, beta, said):
    with pytest.raises(InvalidValue, match=said):
        iba(place, item, beta)


def test_where_no_run_lies_is_said(tmp_path):
    with pytest.raises(DistillError, match="neither the id of a run nor a folder"):
        iba(tmp_path / "nowhere", 0, 0)
