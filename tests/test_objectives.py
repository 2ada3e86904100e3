"""What each objective does at its optimum, against what theory says that it must do there."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import SMALL
from torch.distributions import Independent, Normal, kl_divergence
from torch.nn import functional as F

from distill import datasets, exact, objectives
from distill.config import SweepConfig
from distill.evaluation import measure
from distill.items import Evaluation
from distill.measures.mixtures import mixture
from distill.measures.symbols import symbol_information
from distill.networks import Bottleneck, label_cross_entropy
from distill.objectives import Batch, Shape
from distill.objectives.categorical import temperature
from distill.objectives.nib import divergences, kernel_bound
from distill.training import build, snapshots

BIT = math.log(2)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def descended(parameters, loss, rounds=40):
    """The parameters at a minimum of the sum of losses; each model's is its own, so the sum keeps them apart."""
    optimiser = torch.optim.LBFGS(parameters, max_iter=50, line_search_fn="strong_wolfe", tolerance_change=1e-14)

    def step():
        optimiser.zero_grad()
        total = loss().sum()
        total.backward()
        return total

    for _ in range(rounds):
        optimiser.step(step)


def model_of(objective, models, inputs, latent, classes=2, targets=0, shares=None, hidden=()):
    """A network for `objective` in float64, with the parts that it learns."""
    model = Bottleneck(models, inputs, hidden, latent, classes, objective.code, seeded(), torch.float64, (), targets)
    model.parts = objective.parts(
        Shape(models, inputs, latent, shares or (1 / classes,) * classes, [seeded(3)], torch.float64)
    )
    return model


def seen(model, inputs, labels, noise, **more):
    mean, scale = model.encode(inputs)
    return Batch(inputs, labels, mean, scale, model.sample(mean, scale, noise), **more)


# --- two correlated normal variables, one linear network: the bound is tight and the exact curve is known


def corners(correlation):
    """x, y and the code's noise at ±1: all that is asked of them is quadratic, so eight items are the population."""
    signs = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * 3)
    x, other, noise = (signs[:, i : i + 1] for i in range(3))
    return x, correlation * x + math.sqrt(1 - correlation**2) * other, noise


def settled_rate(objective, strengths, correlation):
    """The rate in bits at which a linear network of each strength ends."""
    strength, (x, y, noise) = torch.tensor(strengths, dtype=torch.float64), corners(correlation)
    model, labels = model_of(objective, len(strengths), 1, 1, targets=1), torch.zeros(8, dtype=torch.long)

    def terms():
        return objective.terms(model, seen(model, x, labels, noise, target=y))

    descended(list(model.parameters()), lambda: objective.loss(terms(), strength))
    return terms().rate.detach().numpy() / BIT


def slope(bits, correlation):
    """dI(Z;Y)/dI(X;Z) on the exact curve of one pair of normal variables (Chechik et al. 2005)."""
    lost = 1 - correlation**2
    return 1 - 4**bits * lost / (correlation**2 + 4**bits * lost)


PRICES = {
    "vib": ({}, (0.2, 0.4, 0.7), lambda beta, r: beta + 0 * r),
    "squared": ({}, (0.03, 0.2, 1.0), lambda beta, r: 2 * beta * r),
    "exponential": ({"eta": 1.5}, (0.02, 0.1, 0.4), lambda beta, r: 1.5 * beta * np.exp(1.5 * r)),
    "budget": ({}, (0.25, 1.0, 2.5), lambda allowed, r: 2 * np.tanh((r - allowed) * BIT / 0.05)),
}


@pytest.mark.parametrize("name", PRICES)
def test_the_optimum_is_where_the_price_of_a_bit_is_the_slope_of_the_curve(name):
    """u'(r) = F'(r): a wrong unit, a wrong factor or a wrong sign moves the optimum off the exact curve."""
    options, strengths, price = PRICES[name]
    rate = settled_rate(objectives.load(name, **options), strengths, 0.9)
    assert (rate > 0.05).all()
    np.testing.assert_allclose(price(np.array(strengths), rate), slope(rate, 0.9), atol=2e-4)


NEARLY_CERTAIN = math.sqrt(1 - 1e-6)  # 10 bits shared, and F(r) = r to a part in 10⁴ up to 3 bits


def test_squared_ends_at_one_over_twice_beta():
    betas = np.array([0.2, 0.25, 0.5, 1.0, 2.0])
    rate = settled_rate(objectives.load("squared"), betas.tolist(), NEARLY_CERTAIN)
    np.testing.assert_allclose(rate, 1 / (2 * betas), rtol=1e-3)


@pytest.mark.parametrize("eta", [0.5, 1.0, 2.0])
def test_exponential_ends_at_minus_log_eta_beta_over_eta(eta):
    wanted = np.array([0.5, 1.0, 2.0, 2.5])
    betas = np.exp(-eta * wanted) / eta
    rate = settled_rate(objectives.load("exponential", eta=eta), betas.tolist(), NEARLY_CERTAIN)
    np.testing.assert_allclose(rate, wanted, atol=1e-3)


@pytest.mark.parametrize("gamma", [1.5, 4.0])
def test_a_budget_is_overdrawn_by_what_its_rounding_allows(gamma):
    allowed = np.array([0.5, 1.0, 2.0])
    rate = settled_rate(objectives.load("budget", gamma=gamma), allowed.tolist(), NEARLY_CERTAIN)
    np.testing.assert_allclose((rate - allowed) * BIT, 0.05 * math.atanh(1 / gamma), rtol=1e-2)


def test_an_exponential_stays_finite_where_a_rate_is_absurd():
    objective = objectives.load("exponential", eta=10.0)
    rate = torch.full((3,), 5e3, requires_grad=True)
    strength = torch.tensor([0.0, objective.knob.grid[1], 1.0])
    loss = objective.loss(objectives.Terms(torch.zeros(3), rate), strength)
    (gradient,) = torch.autograd.grad(loss.sum(), rate)
    assert torch.isfinite(loss).all() and torch.isfinite(gradient).all()
    np.testing.assert_allclose(gradient, [0, 10, 10], rtol=1e-4)  # no bit is worth more than one: ten is enough


# --- a linear-softmax decoder on an 8 × 4 joint distribution: the collapse

JOINT = np.random.default_rng(5).dirichlet(np.full(32, 0.7)).reshape(8, 4)
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(21)


def maximal_correlation(p):
    """ρ_m², the square of the second singular value of p(x, y) / √(p(x) p(y)) (THEORY 5)."""
    return np.linalg.svd(p / np.sqrt(np.outer(p.sum(1), p.sum(0))), compute_uv=False)[1] ** 2


def population(objective, ratios, start):
    """Terms of a linear encoder of JOINT, every cell at every Gauss–Hermite node of the noise, and its parameters."""
    x, y, node = (each.ravel() for each in np.meshgrid(range(8), range(4), range(21), indexing="ij"))
    weights = torch.from_numpy(JOINT[x, y] * WEIGHTS[node] / WEIGHTS.sum())
    inputs, labels = torch.from_numpy(np.eye(8)[x]), torch.from_numpy(y)
    noise = torch.from_numpy(NODES[node][:, None])
    model = model_of(objective, len(ratios), 8, 1, classes=4)
    with torch.no_grad():
        for each in (model.encoder[0], model.decoder):
            each.weight *= start
        model.rho += math.log(math.e - 1)  # scale 1
        model.decoder.bias += torch.from_numpy(np.log(JOINT.sum(0)))
        model.decoder.bias -= model.decoder.bias.mean(-1, keepdim=True)
    return model, lambda: objective.terms(model, seen(model, inputs, labels, noise, weights=weights))


def test_a_code_collapses_at_the_maximal_correlation():
    """The trivial code is a minimum above β = ρ_m², and below it none (THEORY 6)."""
    objective, critical = objectives.load("vib"), maximal_correlation(JOINT)
    model, terms = population(objective, (0.97, 1.03), start=0.1)
    strength = critical * torch.tensor([0.97, 1.03], dtype=torch.float64)
    descended(list(model.parameters()), lambda: objective.loss(terms(), strength), rounds=20)
    alive, dead = terms().rate.detach().numpy() / BIT
    assert 0.3 < critical < 0.9
    assert alive > 5e-3
    assert dead < 1e-6


def test_the_kernel_bound_of_a_faint_code_is_twice_its_information():
    """Σ_ij KL(q_i ‖ q_j) / N² is a variance ratio, I(X;Z) half of one: so it collapses codes at half of VIB's β."""
    x, _, _ = corners(0.0)
    ratio = torch.tensor([0.01, 0.03], dtype=torch.float64).view(2, 1, 1)
    found = kernel_bound(ratio * x, torch.ones(2, 8, 1, dtype=torch.float64)).mean(-1)
    np.testing.assert_allclose(found, 2 * 0.5 * torch.log1p(ratio.flatten().square()), rtol=2e-3)


# --- budget on digits


@pytest.mark.slow
def test_a_budget_is_kept_on_digits():
    allowed = (10.0, 6.0, 4.0, 3.0, 2.0, 1.0)
    rows = ended(SweepConfig(objective="budget", betas=allowed, epochs=100, snapshots=2, device="cpu", threads=1))
    for split in range(2):
        assert np.abs(rows.rate.values[:, split] - allowed).max() < 0.5
    kept = rows.bound_y.values[:, 1]
    assert (np.diff(kept) < 0).all()
    np.testing.assert_allclose(kept, [3.05, 2.83, 2.52, 2.18, 1.74, 0.93], atol=0.2)  # THEORY 7


def ended(config):
    """The measures of a training's end, (beta, split)."""
    trainer = build(config)
    *_, last = snapshots(trainer)
    return measure(last, Evaluation.of(config, trainer.data)).isel(step=0)


# --- CEB


def test_ceb_is_vib_at_gamma_over_one_plus_gamma():
    """With the decoder that Bayes' rule makes of b(z|y), CEB = (1 + γ) (CE + β rate) − γ H(Y), sample by sample."""
    objective, shares = objectives.load("ceb"), (0.5, 0.25, 0.25)
    model = model_of(objective, 4, 5, 2, classes=3, shares=shares)
    with torch.no_grad():
        marginal, decoder = model.parts, model.decoder
        marginal.mean += normal(4, 3, 2)
        marginal.log_scale += 0.3 * normal(4, 1, 2)  # one for all classes, so that the posterior is linear-softmax
        precision = (-2 * marginal.log_scale).exp()
        decoder.weight.copy_((marginal.mean * precision).mT)
        offset = -0.5 * (marginal.mean.square() * precision).sum(-1) + marginal.log_shares
        decoder.bias.copy_(offset.unsqueeze(1))
    labels = torch.tensor([0, 0, 1, 2] * 10)
    terms = objective.terms(model, seen(model, normal(40, 5, seed=1), labels, normal(40, 2, seed=2)))
    gamma = torch.tensor([0.1, 1.0, 3.0, 20.0], dtype=torch.float64)
    beta, entropy = gamma / (1 + gamma), -sum(p * math.log(p) for p in shares)
    wanted = (1 + gamma) * (terms.cross_entropy + beta * terms.rate) - gamma * entropy
    assert torch.allclose(objective.loss(terms, gamma), wanted, rtol=0, atol=1e-10)
    assert not torch.allclose(terms.rate, terms.penalty, atol=0.1)


def test_ceb_charges_torchs_divergence_to_the_class():
    """In the mean over many codes: KL(q(z|x) ‖ b(z|y)), and for the rate one with the classes' mixture."""
    objective = objectives.load("ceb")
    model = model_of(objective, 1, 5, 2, classes=3)
    inputs, labels = normal(1, 5).expand(60_000, -1), torch.ones(60_000, dtype=torch.long)
    batch = seen(model, inputs, labels, normal(60_000, 2, seed=1))
    q = Independent(Normal(batch.mean[0, 0], batch.scale[0, 0]), 1)
    b = Independent(Normal(model.parts.mean[0], model.parts.log_scale[0].exp()), 1)
    terms = objective.terms(model, batch)
    assert terms.penalty.item() == pytest.approx(kl_divergence(q, b).detach()[1].item(), abs=0.05)
    codes = batch.code[0].unsqueeze(1)
    mixed = q.log_prob(batch.code[0]) - (b.log_prob(codes).logsumexp(-1) - math.log(3))
    assert terms.rate.item() == pytest.approx(mixed.mean().item(), abs=1e-10)


# --- β-VAE


def test_labels_never_reach_the_encoder_of_a_beta_vae():
    objective = objectives.load("beta_vae", width=7)
    model, labels = model_of(objective, 2, 6, 3, classes=4, hidden=(8,)), torch.arange(20) % 4
    terms = objective.terms(model, seen(model, normal(20, 6), labels, normal(20, 3, seed=1)))
    names, weights = zip(*model.named_parameters(), strict=True)
    of_labels = torch.autograd.grad(terms.cross_entropy.sum(), weights, retain_graph=True, allow_unused=True)
    moved = {name for name, each in zip(names, of_labels, strict=True) if each is not None and each.any()}
    assert moved == {"decoder.weight", "decoder.bias"}
    others = torch.autograd.grad((terms.distortion + terms.rate).sum(), weights, allow_unused=True)
    assert all(each is None for name, each in zip(names, others, strict=True) if name.startswith("decoder"))
    assert all(each.any() for name, each in zip(names, others, strict=True) if not name.startswith("decoder"))


def test_other_labels_train_the_same_beta_vae():
    config = SweepConfig(objective="beta_vae", betas=(0.1, 1.0), latent_dim=3, epochs=1, **SMALL)
    data = datasets.load("digits")
    trainers = [build(config, each, torch.float64) for each in (data, replace(data, label=9 - data.label))]
    for each in trainers:
        for _ in snapshots(each, lambda step: step < 6):
            pass
    one, other = (dict(each.model.named_parameters()) for each in trainers)
    for name in one:
        assert torch.equal(one[name], other[name]) != name.startswith("decoder"), name


def test_the_distortion_is_that_of_a_normal_likelihood():
    objective = objectives.load("beta_vae")
    model = model_of(objective, 2, 6, 3, hidden=(8,))
    inputs = normal(20, 6)
    batch = seen(model, inputs, torch.zeros(20, dtype=torch.long), normal(20, 3, seed=1))
    wanted = -Normal(model.parts(batch.code), 1.0).log_prob(inputs).sum(-1).mean(-1)
    assert torch.allclose(objective.terms(model, batch).distortion, wanted, rtol=0, atol=1e-10)


# --- confidence penalty


class Logits:
    """A network whose decoder says the code itself."""

    spread = None

    def decode(self, codes):
        return codes.clone()


def test_the_confidence_penalty_pays_for_torchs_entropy():
    objective, logits, labels = objectives.load("confidence_penalty"), 3 * normal(2, 30, 5), torch.arange(30) % 5
    terms = objective.terms(Logits(), Batch(logits, labels, logits, 0 * logits, logits))
    assert torch.allclose(terms.penalty, -torch.distributions.Categorical(logits=logits).entropy().mean(-1))
    assert torch.allclose(terms.cross_entropy, label_cross_entropy(logits, labels).mean(-1))
    assert not terms.rate.any()


def test_the_confidence_penalty_ends_at_its_odds():
    """Lagrange: log q_y − log q_c = 1 / (β q_y) for every other class c, so the label stays the likeliest."""
    objective, beta = objectives.load("confidence_penalty"), torch.tensor([0.3, 0.5, 2.0, 10.0], dtype=torch.float64)
    logits, labels = normal(4, 1, 6).requires_grad_(), torch.tensor([2])
    descended(
        [logits],
        lambda: objective.loss(objective.terms(Logits(), Batch(logits, labels, logits, logits, logits)), beta),
    )
    log_q = logits.detach().log_softmax(-1)[:, 0]
    odds = log_q[:, 2:3] - log_q[:, [0, 1, 3, 4, 5]]
    wanted = 1 / (beta * log_q[:, 2].exp())
    np.testing.assert_allclose(odds, wanted[:, None].expand(-1, 5), rtol=1e-4)


# --- nonlinear IB


def test_divergences_are_torchs():
    mean, scale = 2 * normal(3, 12, 4), normal(3, 12, 4, seed=1).exp()
    found = divergences(mean, scale)
    for s in range(3):
        one = Independent(Normal(mean[s][:, None], scale[s][:, None]), 1)
        other = Independent(Normal(mean[s][None], scale[s][None]), 1)
        wanted = kl_divergence(one.expand([12, 12]), other.expand([12, 12]))
        assert torch.allclose(found[s], wanted, rtol=1e-10, atol=1e-10)


def test_the_kernel_bound_runs_from_nothing_to_log_n():
    same, apart = torch.zeros(1, 16, 2), 1e3 * torch.arange(16.0).view(1, 16, 1).expand(-1, -1, 2)
    scale = torch.ones(1, 16, 2)
    assert kernel_bound(same, scale).abs().max() < 1e-6
    assert torch.allclose(kernel_bound(apart, scale), torch.tensor(math.log(16)))
    weights = torch.arange(1.0, 17) / 136
    assert torch.allclose(kernel_bound(apart, scale, weights), -weights.log())


def test_weights_count_items_as_copies_do():
    mean, scale = normal(2, 5, 3), normal(2, 5, 3, seed=1).exp()
    counts = torch.tensor([1, 2, 3, 1, 5])
    shares = counts.double() / 12
    copies = kernel_bound(mean.repeat_interleave(counts, 1), scale.repeat_interleave(counts, 1))
    firsts = torch.cumsum(counts, 0) - counts
    assert torch.allclose(kernel_bound(mean, scale, shares), copies[:, firsts], rtol=0, atol=1e-10)


def test_the_kernel_bound_lies_above_the_information_and_below_log_n():
    mean = normal(4, 400, 3) * torch.tensor([0.2, 1.0, 3.0, 10.0])[:, None, None]
    scale = (0.3 * normal(4, 400, 3, seed=1)).exp()
    found = mixture(mean, scale, normal(4, 400, 3, seed=2), torch.zeros(400, dtype=torch.long))
    bound = kernel_bound(mean, scale).mean(-1) / BIT
    assert (bound > found.information_x + 4 * found.error_x).all()  # strictly: the bound is not the estimate
    assert (bound <= math.log2(400)).all()


def test_blocks_of_models_change_nothing(monkeypatch):
    objective, (mean, scale) = objectives.load("nib"), (normal(5, 20, 2), normal(5, 20, 2, seed=1).exp())
    batch = Batch(mean, None, mean, scale, mean)
    whole = objective.rate(None, batch)
    monkeypatch.setattr("distill.objectives.nib.LARGEST_BLOCK", 2 * 20**2)
    with torch.no_grad():
        assert torch.equal(objective.rate(None, batch), whole)


# --- symbols


def probabilities(models, items, symbols, sharpness=2.0):
    return (sharpness * normal(models, items, symbols)).softmax(-1)


def test_the_length_of_a_symbol_is_at_least_its_entropy_and_that_its_information():
    objective = objectives.load("categorical")
    model, q = model_of(objective, 2, 5, 6), probabilities(2, 40, 6)
    usage = q.mean(1)
    entropy = -(usage * usage.log()).sum(-1)
    given = -(q * q.log()).sum(-1).mean(-1)
    information = symbol_information(q.numpy(), np.full((40, 1), 1 / 40))[0]
    np.testing.assert_allclose((entropy - given) / BIT, information, atol=1e-10)

    def length():
        one = F.one_hot(q.argmax(-1), 6).double()  # the code that was drawn is not asked for
        return objective.rate(model, Batch(q, None, q, 0 * q, one)).mean(-1)

    assert torch.allclose(length(), torch.full((2,), math.log(6), dtype=torch.float64))  # r begins uniform
    with torch.no_grad():
        model.parts.logits.copy_(usage.log())
    assert torch.allclose(length(), entropy)
    with torch.no_grad():
        model.parts.logits.copy_(normal(2, 6))
    excess = (usage * (usage.log() - model.parts.logits.log_softmax(-1))).sum(-1)
    assert torch.allclose(length(), entropy + excess)
    assert (excess > 0).all()


def test_both_terms_are_means_over_the_symbols():
    objective, labels = objectives.load("categorical"), torch.arange(30) % 3
    model, q = model_of(objective, 2, 5, 6, classes=3), probabilities(2, 30, 6)
    terms = objective.terms(model, Batch(q, labels, q, 0 * q, q))
    wanted = torch.zeros(2, dtype=torch.float64)
    for t in range(6):
        code = F.one_hot(torch.full((30,), t), 6).double().expand(2, -1, -1)
        wanted += (q[..., t] * label_cross_entropy(model.decode(code), labels)).mean(-1)
    assert torch.allclose(terms.cross_entropy, wanted, rtol=0, atol=1e-10)
    assert not terms.penalty.any()  # where something is measured, it is CE + β · length and nothing else


def test_both_terms_are_means_over_the_symbols_of_a_continuous_y():
    objective, y = objectives.load("categorical"), normal(30, 2, seed=4)
    model, q = model_of(objective, 2, 5, 6, targets=2), probabilities(2, 30, 6)
    with torch.no_grad():
        model.spread.log_diagonal += 0.3
        model.spread.below += 0.2 * normal(2, 2, 2)
    terms = objective.terms(model, Batch(q, None, q, 0 * q, q, target=y))
    wanted = torch.zeros(2, dtype=torch.float64)
    for t in range(6):
        code = F.one_hot(torch.full((30,), t), 6).double().expand(2, -1, -1)
        wanted += (q[..., t] * model.cross_entropy(code, None, y)).mean(-1)
    assert torch.allclose(terms.cross_entropy, wanted, rtol=0, atol=1e-10)


def test_the_temperature_rewards_being_undecided_and_falls_to_nothing():
    assert temperature(0) == 2
    assert temperature(0.3) == pytest.approx(0.5)
    assert temperature(0.6) == temperature(0.8) == temperature(1) == 0
    objective, q = objectives.load("categorical"), probabilities(1, 30, 6)
    model = model_of(objective, 1, 5, 6)
    labels = torch.zeros(30, dtype=torch.long)
    hot, cold = (objective.terms(model, Batch(q, labels, q, 0 * q, q, progress=each)) for each in (0.0, 1.0))
    gain = objective.loss(cold, torch.ones(1)) - objective.loss(hot, torch.ones(1))
    assert gain.item() == pytest.approx(2 * torch.distributions.Categorical(probs=q).entropy().mean().item())


@pytest.mark.slow
def test_symbols_learn_the_deterministic_bottleneck_of_a_joint():
    """P3 of THEORY 5: β H(T) − I(T;Y) as low as the exact one, with bits that a coder can write."""
    betas = (0.02, 0.1, 0.2, 0.3, 0.6)
    config = SweepConfig(
        dataset="joint", objective="categorical", betas=betas, latent_dim=6, epochs=120, seeds=2, snapshots=2,
        **SMALL | {"batch_size": 256},
    )  # fmt: skip
    rows = ended(config).isel(split=1)
    known = exact.deterministic_information_bottleneck(datasets.load("joint").known.p_xy, betas)
    lowest = np.array(betas) * known.entropy_t - known.information_y
    found = (np.array(betas)[:, None] * rows.rate.values - rows.information_y.values).min(-1)
    np.testing.assert_allclose(found, lowest, atol=0.02)
    assert (found > lowest - 1e-3).all()
    assert (rows.rate.values - rows.information_x.values < 0.1).all()  # the assignment is hard, and r is learned


@pytest.mark.slow
def test_symbols_of_digits_are_hard_and_their_lengths_are_learned():
    config = SweepConfig(
        objective="categorical", betas=(0.0, 0.03, 0.3, 3.0), latent_dim=32, epochs=60, snapshots=2, device="cpu",
        threads=1,
    )  # fmt: skip
    rows = ended(config)
    errors, rate, kept = (rows[name].values for name in ("error_one", "rate", "information_x"))
    assert (errors[:3, 1] < 0.06).all()
    assert (np.abs(rate[0] - 5) < 1e-5).all()  # without a price r stays uniform
    gap = rate[1:] - kept[1:]  # KL(p(t) ‖ r) + H(T|X)
    assert (gap >= -1e-9).all()
    assert (gap < 0.4).all()
    assert (kept[:3] > 3.2).all()
    assert errors[3, 1] > errors[2, 1] + 0.3  # above β = 1 a label is not worth its bits


# --- a learned marginal


@pytest.mark.slow
def test_a_learned_mixture_closes_the_gap_between_rate_and_measured_bits():
    config = SweepConfig(betas=(0.01, 0.1), epochs=40, snapshots=2, device="cpu", threads=1)
    plain, learned = (ended(replace(config, objective_options=each)) for each in ({}, {"marginal": "mixture"}))
    gaps = [each.rate.values - each.information_x.values for each in (plain, learned)]
    assert (gaps[0] > 1).all()
    assert (gaps[1] < 0.4 * gaps[0]).all()
    assert (gaps[1] > -0.1).all()  # the rate stays an upper bound
    assert (learned.loss.values < plain.loss.values).all()


# --- all of them


@pytest.mark.parametrize(("name", "options"), [
    ("vib", {"marginal": "mixture"}), ("ceb", {}), ("beta_vae", {}), ("categorical", {}), ("nib", {"squared": True}),
])  # fmt: skip
def test_several_seeds_in_one_batch_are_each_the_run_of_that_seed_alone(name, options):
    config = SweepConfig(
        objective=name, objective_options=options, betas=(0.1, 1.0), latent_dim=3, epochs=1, seed=4, **SMALL
    )

    def trained(each):
        trainer = build(each, dtype=torch.float64)
        for _ in snapshots(trainer, lambda step: step < 5):
            pass
        return trainer.model.state_dict()

    together = trained(replace(config, seeds=2))
    for place, seed in enumerate((4, 5)):
        for key, value in trained(replace(config, seed=seed)).items():
            assert (together[key][2 * place : 2 * place + 2] - value).abs().max() <= 1e-10, key


def test_what_a_run_says_of_its_estimators_is_the_objectives():
    from distill.variables import estimators

    def said(name, **options):
        given = {"objective_options": options, "latent_dim": 3, "epochs": 1, **SMALL}
        return estimators(build(SweepConfig(objective=name, betas=objectives.load(name).knob.grid[-1:], **given)))

    assert "upper bound" in said("ceb")["rate"] and "classes" in said("ceb")["rate"]
    assert "pairwise" in said("nib")["rate"]
    assert "entropy coder" in said("categorical")["rate"] and "symbols" in said("categorical")["information_x"]
    assert said("vib")["rate"] == said("squared")["rate"] == "E KL(q(z|x)‖N(0, I))"
    assert "learned mixture" in said("vib", marginal="mixture")["rate"]
    for name in ("bound_y", "error_one"):
        assert "frozen sampled codes" in said("beta_vae")[name]
        assert "frozen" not in said("vib")[name]
