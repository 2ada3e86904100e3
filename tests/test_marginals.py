"""Learned marginals against torch's own distributions, and their starts."""

import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from distill.marginals import ClassMarginal, MixtureMarginal, SymbolMarginal

SHARES = (0.5, 0.3, 0.2)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def uneven(module):
    """`module` with parameters that differ between models and components, as they do once it has been trained."""
    generator = seeded(1)
    with torch.no_grad():
        for each in module.parameters():
            each += 0.5 * torch.randn(each.shape, generator=generator, dtype=each.dtype)
    return module


def codes(models, items, latent):
    return 2 * torch.randn(models, items, latent, generator=seeded(2), dtype=torch.float64)


def test_a_mixture_has_the_density_of_torchs():
    marginal, z = uneven(MixtureMarginal(2, 3, 5, seeded(), torch.float64)), codes(2, 40, 3)
    found = marginal(z)
    assert found.shape == (2, 40)
    for i in range(2):
        parts = Independent(Normal(marginal.mean[i], marginal.log_scale[i].exp()), 1)
        wanted = MixtureSameFamily(Categorical(logits=marginal.logits[i]), parts).log_prob(z[i])
        assert torch.allclose(found[i], wanted, rtol=0, atol=1e-10)


def test_a_class_has_a_gaussian_and_the_classes_their_shares():
    marginal, z = uneven(ClassMarginal(2, 3, SHARES, seeded(), torch.float64)), codes(2, 40, 3)
    found = marginal(z)
    assert found.shape == (2, 40, 3)
    for label in range(3):
        mean, scale = (each[:, None, label] for each in (marginal.mean, marginal.log_scale.exp()))
        wanted = Independent(Normal(mean, scale), 1).log_prob(z)
        assert torch.allclose(found[..., label], wanted, rtol=0, atol=1e-10)
    assert marginal.log_shares.exp().tolist() == pytest.approx(SHARES)
    assert "log_shares" not in marginal.state_dict()  # a fact of the data, not of a checkpoint


def test_a_symbol_has_a_probability():
    marginal = uneven(SymbolMarginal(2, 4, torch.float64))
    one_hot = torch.eye(4, dtype=torch.float64).expand(2, -1, -1)
    logs = marginal(one_hot)
    assert torch.allclose(logs.exp().sum(-1), torch.ones(2, dtype=torch.float64))
    assert torch.allclose(logs, marginal.logits.log_softmax(-1))
    mixed = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64).expand(2, 1, 4)
    assert torch.allclose(marginal(mixed)[:, 0], (mixed[:, 0] * logs).sum(-1))


@pytest.mark.parametrize("make", [
    lambda *given: MixtureMarginal(given[0], 3, 5, *given[1:]),
    lambda *given: ClassMarginal(given[0], 3, SHARES, *given[1:]),
])  # fmt: skip
def test_the_start_is_the_same_for_all_models_of_a_seed_whatever_the_precision(make):
    both = make(4, [seeded(1), seeded(2)], torch.float64).mean
    for block, seed in ((both[:2], 1), (both[2:], 2)):
        alone = make(1, seeded(seed), torch.float32).mean
        assert all(torch.equal(each.float(), alone[0]) for each in block)
    assert not torch.equal(both[0], both[2])
    places = both[0]
    assert (places[:, None] - places).norm(dim=-1).fill_diagonal_(9).min() > 0.1  # components begin apart
