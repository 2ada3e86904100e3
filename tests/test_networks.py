"""Stacked networks against the textbook's own modules, and the two terms of the loss against torch's."""

import math

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence
from torch.nn import functional as F

from distill.networks import SMALLEST_SCALE, Bottleneck, StackedLinear, StackedMLP, gaussian_rate, label_cross_entropy


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def uneven(module, seed=1):
    """`module` with weights that differ between its models, as they do once it has been trained."""
    generator = seeded(seed)
    with torch.no_grad():
        for weight in module.parameters():
            weight += 0.3 * torch.randn(weight.shape, generator=generator, dtype=weight.dtype)
    return module


def test_a_stacked_layer_is_as_many_linear_maps():
    layer = uneven(StackedLinear(3, 5, 4, seeded(), torch.float64))
    shared = torch.randn(7, 5, generator=seeded(2), dtype=torch.float64)
    own = torch.randn(3, 7, 5, generator=seeded(3), dtype=torch.float64)
    for x, each in ((shared, lambda i: shared), (own, lambda i: own[i])):
        found = layer(x)
        assert found.shape == (3, 7, 4)
        for i in range(3):
            wanted = F.linear(each(i), layer.weight[i].T, layer.bias[i, 0])
            assert torch.allclose(found[i], wanted, rtol=0, atol=1e-12)


def test_a_stacked_perceptron_has_relus_between_its_layers_and_none_at_its_end():
    stack = uneven(StackedMLP(2, (5, 8, 8, 3), seeded(), torch.float64))
    x = torch.randn(50, 5, generator=seeded(2), dtype=torch.float64)
    found = stack(x)
    layers = [layer for layer in stack if isinstance(layer, StackedLinear)]
    for i in range(2):
        here = x
        for number, layer in enumerate(layers):
            here = F.linear(here, layer.weight[i].T, layer.bias[i, 0])
            here = here.relu() if number < len(layers) - 1 else here
        assert torch.allclose(found[i], here, rtol=0, atol=1e-12)
    assert (found < 0).any()


def test_gradients_are_those_of_plain_layers():
    """The rectifier writes over its input and over the gradient; nothing else may have needed either."""
    stack = uneven(StackedMLP(2, (5, 8, 8, 3), seeded(), torch.float64))
    x = torch.randn(50, 5, generator=seeded(2), dtype=torch.float64)
    weights = [weight.detach().clone().requires_grad_() for weight in stack.parameters()]
    here = x.expand(2, -1, -1)
    for number in range(3):
        here = here @ weights[2 * number] + weights[2 * number + 1]
        here = here.relu() if number < 2 else here
    here.square().mean((1, 2)).sum().backward()
    for _ in range(2):  # a second pass through the same layers gives the same
        stack.zero_grad()
        stack(x).square().mean((1, 2)).sum().backward()
        for one, other in zip(stack.parameters(), weights, strict=True):
            assert torch.allclose(one.grad, other.grad, rtol=0, atol=1e-12)


def test_all_models_start_equal_and_as_torch_starts_a_linear_layer():
    layer = StackedLinear(4, 25, 400, seeded(5), torch.float64)
    for weight in (layer.weight, layer.bias):
        assert all(torch.equal(weight[0], weight[i]) for i in range(4))
        assert weight.abs().max() <= 1 / math.sqrt(25)
        assert abs(float(weight[0].detach().std()) * math.sqrt(3 * 25) - 1) < 0.05  # uniform within ±1/√in
    assert not torch.equal(layer.weight[0], StackedLinear(1, 25, 400, seeded(6), torch.float64).weight[0])


def test_the_start_depends_on_neither_the_precision_nor_the_number_of_models():
    wide = Bottleneck(5, 6, (7,), 2, 3, "gaussian", seeded(), torch.float64).state_dict()
    narrow = Bottleneck(1, 6, (7,), 2, 3, "gaussian", seeded(), torch.float32).state_dict()
    assert wide.keys() == narrow.keys()
    assert all(torch.equal(wide[name][:1].float(), narrow[name]) for name in wide)


def test_a_bottleneck_encodes_to_a_mean_and_the_softplus_of_rho():
    model = uneven(Bottleneck(3, 6, (7,), 2, 4, "gaussian", seeded(), torch.float64))
    x = torch.randn(9, 6, generator=seeded(2), dtype=torch.float64)
    mean, scale = model.encode(x)
    heads = model.encoder(x)
    assert mean.shape == scale.shape == (3, 9, 2)
    assert torch.equal(mean, heads[..., :2])
    assert torch.allclose(scale, (1 + heads[..., 2:].exp()).log() + SMALLEST_SCALE, rtol=0, atol=1e-12)
    assert torch.equal(model.decode(mean), model.decoder(mean))
    assert model.decode(mean).shape == (3, 9, 4)


def test_a_decoder_with_hidden_layers_is_a_perceptron_and_the_encoder_the_same():
    linear, deep = (
        Bottleneck(3, 6, (7,), 2, 4, "gaussian", seeded(), torch.float64, decoder_hidden)
        for decoder_hidden in ((), (5, 8))
    )
    assert {name for name in linear.state_dict() if "decoder" in name} == {"decoder.weight", "decoder.bias"}
    assert [each.weight.shape[1:] for each in deep.decoder if hasattr(each, "weight")] == [(2, 5), (5, 8), (8, 4)]
    assert all(
        torch.equal(one, other)
        for one, other in zip(linear.encoder.parameters(), deep.encoder.parameters(), strict=True)
    )
    codes = torch.randn(3, 9, 2, generator=seeded(2), dtype=torch.float64)
    assert torch.equal(deep.decode(codes.clone()), deep.decoder(codes))
    assert deep.decode(codes).shape == (3, 9, 4)


def test_noise_that_vanishes_keeps_a_finite_rate():
    model = Bottleneck(1, 2, (), 1, 2, "gaussian", seeded(), torch.float32)
    with torch.no_grad():
        model.rho[:] = -1e4
    mean, scale = model.encode(torch.zeros(3, 2))
    assert torch.all(scale == SMALLEST_SCALE)
    assert torch.isfinite(gaussian_rate(mean, scale)).all()


def test_a_code_without_noise_has_scale_zero_and_no_heads_for_it():
    model = Bottleneck(2, 6, (7,), 3, 4, "noiseless", seeded(), torch.float32)
    mean, scale = model.encode(torch.ones(5, 6))
    assert mean.shape == scale.shape == (2, 5, 3)
    assert not scale.any()
    assert model.encoder[-1].weight.shape[-1] == 3


def test_the_rate_is_torchs_divergence_summed_over_latents():
    mean = 3 * torch.randn(2, 40, 5, generator=seeded(1), dtype=torch.float64)
    scale = (2 * torch.randn(2, 40, 5, generator=seeded(2), dtype=torch.float64)).exp()
    code, marginal = Normal(mean, scale), Normal(torch.zeros_like(mean), torch.ones_like(scale))
    wanted = kl_divergence(Independent(code, 1), Independent(marginal, 1))
    assert torch.allclose(gaussian_rate(mean, scale), wanted, rtol=1e-12, atol=1e-12)
    assert gaussian_rate(torch.zeros(1, 3), torch.ones(1, 3)).item() == 0


def test_the_rate_of_alemis_start():
    """THEORY 2: σ = softplus(−5) costs 4.50 nats a dimension, 1663 bits at K = 256."""
    scale = torch.full((256,), F.softplus(torch.tensor(-5.0, dtype=torch.float64)))
    rate = gaussian_rate(torch.zeros(256, dtype=torch.float64), scale)
    assert rate.item() / 256 == pytest.approx(4.5034, abs=2e-4)
    assert rate.item() / math.log(2) == pytest.approx(1663, abs=1)


@pytest.mark.parametrize("shape", [(30, 6), (4, 30, 6), (2, 4, 30, 6)])
def test_the_cross_entropy_is_torchs(shape):
    logits = 5 * torch.randn(shape, generator=seeded(1), dtype=torch.float64)
    labels = torch.randint(6, (30,), generator=seeded(2))
    found = label_cross_entropy(logits, labels)
    wanted = F.cross_entropy(logits.reshape(-1, 6), labels.repeat(math.prod(shape[:-2])), reduction="none")
    assert found.shape == shape[:-1]
    assert torch.allclose(found.reshape(-1), wanted, rtol=0, atol=1e-12)
