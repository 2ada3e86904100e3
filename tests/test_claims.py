"""VIB's own claims, tested live: attacks against closed forms, calibration of trained sweeps, and their figures."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import plotly.graph_objects as go
import pytest
import torch
from conftest import NOISELESS, SWEEP
from torch.nn import functional as F

from distill import claims as claiming
from distill import finishing, robustness, store
from distill.claims import calibration, claims
from distill.config import Choice
from distill.errors import InvalidValue
from distill.figures.calibration import animated_calibration, calibration_curve
from distill.figures.claims import animated_attacks, animated_claimed_errors, attack_errors, claimed_errors
from distill.items import Evaluation
from distill.networks import Bottleneck
from distill.palette import DARK, GROUND
from distill.robustness import ascent, attacked, decoded, fast_gradient_sign, projected_ascent
from distill.training import build
from distill.ui.claims import claims_stage, has_claims
from distill.ui.envelope import pack

ANYWHERE = (-torch.inf, torch.inf)
RADIUS = 0.1


def linear(classes, scale=1.0, models=3, inputs=6, items=40):
    """Networks without noise and hidden layers, in float64: (model, W (S, D, C), b (S, 1, C), inputs, labels)."""
    generator = torch.Generator().manual_seed(classes)
    model = Bottleneck(models, inputs, (), 5, classes, "noiseless", generator, torch.float64)
    for each in model.parameters():
        each.data = scale * torch.randn(each.shape, generator=generator, dtype=torch.float64)
    into, out = model.encoder[0], model.decoder
    weight, bias = into.weight @ out.weight, into.bias @ out.weight + out.bias
    x = torch.randn(items, inputs, generator=generator, dtype=torch.float64)
    return model, weight.detach(), bias.detach(), x, torch.randint(classes, (items,), generator=generator)


def noisy(models=3, inputs=6, items=30):
    """Untrained noisy networks with a hidden layer, unlike each other, with inputs, labels and twelve noises."""
    generator = torch.Generator().manual_seed(7)
    model = Bottleneck(models, inputs, (16,), 4, 5, "gaussian", generator, torch.float64)
    for each in model.parameters():
        each.data = torch.randn(each.shape, generator=generator, dtype=torch.float64)
    x = torch.randn(items, inputs, generator=generator, dtype=torch.float64)
    noise = torch.randn(12, items, 4, generator=generator, dtype=torch.float64)
    return model, x, torch.randint(5, (items,), generator=generator), noise


def nothing(items, latent=5):
    """The noise of a code without noise."""
    return torch.zeros(1, items, latent, dtype=torch.float64)


def repeated(noise):
    while True:
        yield noise


# --- the gradient and the two attacks, against closed forms


@pytest.mark.parametrize("classes", [2, 7])
def test_fgsm_of_a_linear_softmax_steps_along_the_sign_of_the_known_gradient(classes):
    """∇ CE = W (softmax(xW + b) − e_y)."""
    model, weight, bias, x, y = linear(classes)
    known = ((x @ weight + bias).softmax(-1) - F.one_hot(y, classes)) @ weight.mT
    changed = fast_gradient_sign(model, x, y, nothing(len(x)), RADIUS, ANYWHERE)
    assert torch.allclose(changed, x + RADIUS * known.sign(), atol=1e-14)


@pytest.mark.parametrize("radius", [0.05, 0.2, 0.5])
def test_two_linear_classes_are_confused_where_the_margin_is_below_radius_times_the_weights_sum(radius):
    """Margin s·d(x), d = x·w + c; the worst of the ball is s·d − ε ‖w‖₁, and both attacks find it."""
    model, weight, bias, x, y = linear(2)
    w, c = weight[..., 1] - weight[..., 0], bias[..., 1] - bias[..., 0]
    margin = (2 * y - 1) * (x @ w.mT + c.mT).mT  # (S, N)
    known = (margin <= radius * w.abs().sum(-1, keepdim=True)).double().mean(-1)
    quick = fast_gradient_sign(model, x, y, nothing(len(x)), radius, ANYWHERE)
    start = 2 * torch.rand(x.shape, dtype=torch.float64) - 1
    slow = projected_ascent(model, x, y, start, repeated(nothing(len(x))), radius, ANYWHERE)
    assert 0.1 < known.mean() < 0.95
    for changed in (quick, slow):
        assert torch.allclose(robustness.errors(model, changed, y, nothing(len(x))), known.expand(2, -1))


def test_the_direction_is_that_of_the_cross_entropy_averaged_over_codes():
    """Each item's gradient of E[CE], as autograd gives it, up to a positive factor."""
    model, x, y, noise = noisy()
    place = x.expand(3, *x.shape).clone().requires_grad_()
    mean, scale = model.encode(place)
    loss = torch.stack([F.cross_entropy(model.decode(mean + scale * each).mT, y.expand(3, -1), reduction="none")
                        for each in noise]).mean(0)  # fmt: skip
    (plain,) = torch.autograd.grad(loss.sum(), place)
    found = ascent(model, x, y, noise)
    assert torch.allclose(F.normalize(found, dim=-1), F.normalize(plain, dim=-1), atol=1e-10)
    one = ascent(model, x, y, noise[:1])
    assert (F.cosine_similarity(one, plain, dim=-1) < 0.9).double().mean() > 0.2  # a single code's is another


def test_a_code_of_symbols_is_attacked_through_all_of_them():
    """∇ −log Σ_k p(k|x) q(y|k), by autograd on the sum itself; a sample of a symbol has only a makeshift gradient."""
    generator = torch.Generator().manual_seed(3)
    model = Bottleneck(3, 6, (16,), 4, 5, "categorical", generator, torch.float64)
    for each in model.parameters():
        each.data = torch.randn(each.shape, generator=generator, dtype=torch.float64)
    x, y = torch.randn(30, 6, generator=generator, dtype=torch.float64), torch.randint(5, (30,), generator=generator)
    place = x.expand(3, 30, 6).clone().requires_grad_()
    said = model.encode(place)[0] @ model.decode(torch.eye(4, dtype=torch.float64).expand(3, 4, 4)).softmax(-1)
    (plain,) = torch.autograd.grad(-said[:, torch.arange(30), y].log().sum(), place)
    found, clear = ascent(model, x, y, torch.randn(12, 30, 4, dtype=torch.float64)), plain.norm(dim=-1) > 1e-6
    assert clear.double().mean() > 0.8  # elsewhere 1 − p_y has lost its digits, which the attack does without
    assert torch.allclose(F.normalize(found, dim=-1)[clear], F.normalize(plain, dim=-1)[clear], atol=1e-7)
    makeshift = ascent(model, x, y, torch.randn(1, 30, 4, generator=generator, dtype=torch.float64))
    assert makeshift.shape == found.shape
    assert not torch.allclose(F.normalize(makeshift, dim=-1), F.normalize(found, dim=-1), atol=0.01)


def test_an_attack_finds_its_way_where_the_network_is_so_sure_that_its_gradient_vanishes():
    model, weight, bias, x, _ = linear(4, scale=60.0)
    model, x = model.float(), x.float()
    sure = (x.double() @ weight + bias).argmax(-1)[0]  # what the first network says
    place = x.expand(3, *x.shape).clone().requires_grad_()
    logits = model.decode(model.encode(place)[0])
    (plain,) = torch.autograd.grad(F.cross_entropy(logits.mT, sure.expand(3, -1), reduction="sum"), place)
    lost = (plain[0] == 0).all(-1)
    assert lost.double().mean() > 0.8
    odds = (x.double() @ weight + bias)[0]
    second = odds.scatter(-1, sure[:, None], -torch.inf).argmax(-1)
    known = weight[0].mT[second] - weight[0].mT[sure]
    found = ascent(model, x, sure, nothing(len(x)).float())[0]
    assert torch.equal(found[lost].double().sign(), known[lost].sign())


@pytest.mark.parametrize("ends", [(-0.7, 0.9), (-torch.inf, torch.inf)])
def test_no_attack_leaves_the_ball_or_the_range_of_values(ends):
    model, x, y, noise = noisy()
    x = x.clamp(*ends)
    quick = fast_gradient_sign(model, x, y, noise[:1], 0.3, ends)
    for steps in (1, 3, 20):
        slow = projected_ascent(model, x, y, 2 * torch.rand(x.shape) - 1, repeated(noise), 0.3, ends, steps)
        for changed in (quick, slow):
            assert changed.shape == (3, *x.shape) or steps == 0
            assert (changed - x).abs().max() <= 0.3 + 1e-12
            assert changed.min() >= ends[0]
            assert changed.max() <= ends[1]
    assert (slow - x).abs().max() > 0.29
    assert projected_ascent(model, x, y, torch.ones_like(x), repeated(noise), 0.3, ends, 0).shape == x.shape


def test_more_steps_over_more_codes_find_worse_places():
    model, x, y, noise = noisy()

    def loss(place):
        logits = decoded(model, place, noise)
        return F.cross_entropy(logits.movedim(1, -1).flatten(0, 2), y.repeat(36)).item()

    quick = fast_gradient_sign(model, x, y, noise[:1], 0.3, ANYWHERE)
    slow = projected_ascent(model, x, y, torch.zeros_like(x), repeated(noise), 0.3, ANYWHERE)
    assert loss(slow) > loss(quick) > loss(x)


# --- trained sweeps


@pytest.fixture(scope="module")
def trainer(sweep, own_store):
    return finishing.trained(own_store / SWEEP.id, store.open_run(own_store / SWEEP.id))


@pytest.fixture(scope="module")
def evaluation(trainer):
    return Evaluation.of(SWEEP, trainer.data)


@pytest.fixture(scope="module")
def claimed(sweep, trainer, evaluation):
    """The sweep with its claims."""
    return sweep.assign(claims(trainer, evaluation))


@pytest.fixture(scope="module")
def reference(noiseless, own_store):
    """The deterministic reference with its claims."""
    trainer = finishing.trained(own_store / NOISELESS.id, store.open_run(own_store / NOISELESS.id))
    return noiseless.assign(claims(trainer, Evaluation.of(NOISELESS, trainer.data)))


def test_a_radius_of_nothing_gives_the_clean_error(claimed, trainer, evaluation):
    clean = claimed.attack_error.sel(radius=0)
    assert clean.attrs["items"] == 400
    known = claimed.error_average.isel(step=-1).sel(split="test").values
    for attack in ("fgsm", "averaged"):
        assert clean.sel(attack=attack, codes="average").values == pytest.approx(known, abs=1e-7)
    data, items = trainer.data, evaluation.items["test"]
    with torch.no_grad():
        mean, scale = trainer.model.encode(torch.from_numpy(data.inputs[items]))
        said = [trainer.model.decode(mean + scale * each).argmax(-1).numpy() for each in evaluation.noise]
    known = np.mean([each != data.label[items] for each in said], axis=(0, 2))
    assert clean.sel(attack="averaged", codes="one").values == pytest.approx(known, abs=1e-9)


def test_the_larger_the_radius_the_larger_the_error(claimed):
    rise = claimed.attack_error.sel(attack="averaged").diff("radius")
    assert (rise > -0.02).all()
    assert (claimed.attack_error.isel(radius=-1, beta=slice(0, 3)) > 0.5).all()
    assert claimed.attack_radius.values == pytest.approx(claimed.radius.values * claimed.inputs.attrs["scale"])


def test_the_attack_that_averages_over_codes_finds_what_fgsm_does_not(claimed, reference):
    """The noise hides the gradient from FGSM: the more noise, the more it misses; without any, it misses least."""
    slow, fast = (claimed.attack_error.sel(attack=name) for name in ("averaged", "fgsm"))
    assert (slow - fast > -0.02).all()
    missed = (slow - fast).sel(radius=0.4, codes="average")
    assert (missed.isel(beta=slice(1, 4)) > 0.03).all()  # two standard errors of a paired share of 400 items
    plain = reference.attack_error.sel(codes="average", radius=0.4).isel(beta=0)
    assert missed.isel(beta=slice(1, 4)).mean() > float(plain.sel(attack="averaged") - plain.sel(attack="fgsm"))


def test_a_code_without_noise_is_attacked_too(reference):
    assert np.array_equal(reference.attack_error.sel(codes="one"), reference.attack_error.sel(codes="average"))
    assert reference.attack_error.sel(attack="averaged").isel(radius=-1).min() > 0.6
    assert np.isfinite(reference.attack_error).all()


def of_betas(trainer, chosen, seeds=1):
    """A trainer in float64 with the networks number `chosen` of another."""
    betas = tuple(trainer.config.betas[i % len(trainer.config.betas)] for i in chosen[: len(chosen) // seeds])
    alone = build(replace(trainer.config, betas=betas, seeds=seeds), trainer.data, torch.float64)
    alone.model.load_state_dict({name: each[list(chosen)] for name, each in trainer.model.state_dict().items()})
    return alone


def test_every_beta_is_attacked_as_it_would_be_alone(trainer, evaluation):
    items, noise = evaluation.items["test"][:60], evaluation.noise[:, :60]
    together = attacked(of_betas(trainer, range(5)), items, noise, (0.2,), 5).attack_error
    for i in (0, 2, 4):
        alone = attacked(of_betas(trainer, [i]), items, noise, (0.2,), 5).attack_error
        assert np.array_equal(together.isel(beta=[i]), alone)


def test_few_items_at_a_time_give_the_same_as_all_at_once(trainer, evaluation, monkeypatch):
    items, noise, precise = evaluation.items["test"][:50], evaluation.noise[:, :50], of_betas(trainer, range(5))
    whole = attacked(precise, items, noise, (0.2,), 4)
    monkeypatch.setattr(robustness, "LARGEST_BLOCK", 5 * 7 * 120)  # seven items of five networks
    assert len(robustness._blocks(precise, 50)) == 8
    assert attacked(precise, items, noise, (0.2,), 4).attack_error.values == pytest.approx(whole.attack_error.values)


def test_seeds_are_the_last_dimension(trainer, evaluation):
    """Networks 0, 2 as the first seed and 1, 3 as the second, of two βs."""
    items, noise = evaluation.items["test"][:40], evaluation.noise[:, :40]
    both = attacked(of_betas(trainer, (0, 2, 1, 3), seeds=2), items, noise, (0.2,), 3).attack_error
    assert both.dims == ("attack", "radius", "beta", "codes", "seed")
    few = replace(evaluation, items={name: each[:40] for name, each in evaluation.items.items()})
    scores = calibration(of_betas(trainer, (0, 2, 1, 3), seeds=2), few)
    assert scores.calibration_error.dims == ("beta", "codes", "split", "seed")
    assert scores.reliability_share.dims == ("beta", "codes", "bin")
    for seed, chosen in enumerate([(0, 2), (1, 3)]):
        alone = of_betas(trainer, chosen)
        assert np.array_equal(both.isel(seed=seed), attacked(alone, items, noise, (0.2,), 3).attack_error)
        expected = calibration(alone, few).surprise.values
        assert scores.surprise.isel(seed=seed).values == pytest.approx(expected, rel=1e-5)


def test_there_is_nothing_to_claim_without_classes_or_between_symbols(trainer, evaluation):
    for changes in ({"target": np.zeros((3, 1), "f4")}, {"known": SimpleNamespace()}):
        assert not claims(replace(trainer, data=replace(trainer.data, **changes)), evaluation).variables


def test_many_seeds_share_the_items_among_them(trainer, evaluation, monkeypatch):
    asked = []
    monkeypatch.setattr(
        claiming, "attacked", lambda trainer, items, noise: asked.append(len(items)) or claiming.xr.Dataset()
    )
    monkeypatch.setattr(claiming, "calibration", lambda trainer, evaluation: claiming.xr.Dataset())
    for seeds in (1, 2, 50):
        claims(replace(trainer, config=replace(SWEEP, seeds=seeds)), evaluation)
    assert asked == [400, 250, 100]


# --- calibration of trained sweeps


def test_surprise_with_one_code_is_what_the_bound_leaves_of_the_labels_entropy(sweep, trainer, evaluation):
    """E[−log q(y|z)] = H(Y) − (H(Y) − CE); the run's bound is over the first two codes."""
    two = calibration(trainer, replace(evaluation, noise=evaluation.noise[:2]))
    last = sweep.isel(step=-1)
    known = (last.entropy_y - last.bound_y).transpose("beta", "split").values
    assert two.surprise.sel(codes="one").values == pytest.approx(known, rel=1e-4)


def test_scores_keep_the_order_that_they_must(claimed):
    one, average = (claimed.sel(codes=name) for name in ("one", "average"))
    assert (average.surprise <= one.surprise + 1e-9).all()  # Jensen: −log of a mean
    assert (average.brier_score <= one.brier_score + 1e-9).all()  # convex too
    assert claimed.reliability_share.sum("bin").values == pytest.approx(1)
    filled = claimed.reliability_share > 0
    assert np.array_equal(filled, claimed.reliability_accuracy.notnull())
    assert (np.abs(claimed.reliability_confidence - claimed.bin).where(filled).fillna(0) <= 1 / 30 + 1e-6).all()
    assert claimed.calibration_error.attrs["items"] == 400


def test_averaged_codes_are_right_more_often_than_they_say(claimed):
    """At strong compression; with one code the same networks are calibrated far better."""
    error = claimed.calibration_error.sel(split="test", beta=0.6)
    assert error.sel(codes="average") > error.sel(codes="one") + 0.1
    at = claimed.sel(codes="average", beta=0.6)
    assert float(((at.reliability_accuracy - at.reliability_confidence) * at.reliability_share).sum()) > 0.1


def test_the_calibration_error_is_that_of_the_bins(claimed):
    at = claimed.sel(codes="average")
    gap = np.abs(at.reliability_accuracy - at.reliability_confidence).fillna(0)
    known = (gap * at.reliability_share).sum("bin")
    assert known.values == pytest.approx(at.calibration_error.sel(split="test").values, abs=1e-6)


# --- figures and stage

FIGURES = (claimed_errors, calibration_curve, attack_errors)
ANIMATED = (animated_claimed_errors, animated_calibration, animated_attacks)


def named(figure, name):
    (found,) = [each for each in figure.data if each.name == name]
    return found


@pytest.mark.parametrize("figure", FIGURES)
def test_figures_are_drawn_of_every_run_and_follow_beta(figure, claimed, reference):
    for run, betas in ((claimed, 5), (reference, 1)):
        drawn = [figure(run, Choice(beta=i)) for i in range(betas)]
        assert all(type(each) is go.Figure for each in drawn)
        assert len({each.to_json() for each in drawn}) == betas
        assert (
            len({str({k: v["range"] for k, v in each.to_dict()["layout"].items() if "axis" in k}) for each in drawn})
            == 1
        )
    with pytest.raises(InvalidValue, match="is not among the run's 5"):
        figure(claimed, Choice(beta=5))


@pytest.mark.parametrize("figure", FIGURES[1:])
def test_a_run_that_was_never_attacked_says_so(figure, claimed):
    with pytest.raises(InvalidValue, match=claimed.attrs["id"]):
        figure(claimed.drop_vars(["attack_error", "calibration_error"]))


def test_a_run_without_classes_has_no_error_curve(claimed):
    with pytest.raises(InvalidValue, match="decodes no classes"):
        claimed_errors(
            claimed.assign(error_one=claimed.error_one * np.nan, error_average=claimed.error_average * np.nan)
        )


@pytest.mark.parametrize("animated", ANIMATED)
def test_the_reference_is_a_level_in_colours_that_the_dark_has(animated, claimed, reference):
    import re

    with_it, without = (animated(claimed, each).at(claimed, Choice(beta=1)) for each in (reference, None))
    levels = [each for each in with_it.data if each.name.startswith("deterministic")]
    assert levels
    assert all(len(set(each.y)) == 1 for each in levels)
    assert not [each for each in without.data if each.name.startswith("deterministic")]
    assert set(re.findall(r"#[0-9a-f]{6}\b", with_it.to_json())) <= {*DARK, GROUND}


def test_marks_and_levels_stand_at_the_runs_numbers(claimed, reference):
    drawn = animated_attacks(claimed, reference).at(claimed, Choice(beta=2))
    at = claimed.attack_error.sel(codes="average", attack="averaged")
    for radius in (0.1, 0.2, 0.4):
        words = f"averaged attack within {radius:g} σ"
        assert list(named(drawn, words).y) == at.sel(radius=radius).values.tolist()
        assert list(named(drawn, f"chosen β, {words}").y) == [float(at.sel(radius=radius).isel(beta=2))]
        known = reference.attack_error.sel(codes="average", attack="averaged", radius=radius).item()
        assert set(named(drawn, f"deterministic network, {words}").y) == {known}
    errors = animated_claimed_errors(claimed, reference).at(claimed, Choice(beta=2))
    known = claimed.error_one.isel(step=-1, beta=2).sel(split="test").item()
    assert list(named(errors, "chosen β, one code").y) == [known]
    level = reference.error_one.isel(step=-1, beta=0).sel(split="test").item()
    assert set(named(errors, "deterministic network").y) == {level}
    band = named(errors, "90 % interval").y
    assert max(band) - level == pytest.approx(1.645 * np.sqrt(level * (1 - level) / 400))


def test_reliability_is_drawn_as_it_was_measured(claimed):
    drawn = calibration_curve(claimed, Choice(beta=3))
    at = claimed.isel(beta=3)
    for name, word in (("one", "one code"), ("average", "twelve averaged")):
        dots = named(drawn, f"reliability, {word}")
        assert np.array_equal(dots.x, at.reliability_confidence.sel(codes=name), equal_nan=True)
        assert np.array_equal(dots.y, at.reliability_accuracy.sel(codes=name), equal_nan=True)
        n, full = 400 * at.reliability_share.sel(codes=name).values, dots.y == 1
        low, high = (np.array(named(drawn, f"{word}, 90 % interval").y)[i::3][full] for i in (0, 1))
        assert low == pytest.approx((n / (n + 1.645**2))[full])  # Wilson's interval of n of n items
        assert high == pytest.approx(1)
        mark = named(drawn, f"chosen β, calibration error, {word}")
        assert list(mark.y) == [at.calibration_error.sel(codes=name, split="test").item()]
    assert np.array_equal(named(drawn, "share of the items").y, at.reliability_share.sel(codes="one"))


def test_an_error_of_nothing_stands_at_the_bottom_and_says_zero(claimed):
    run = claimed.assign(error_one=0 * claimed.error_one, error_average=0 * claimed.error_average)
    drawn = claimed_errors(run, Choice(beta=0))
    assert set(named(drawn, "one code").y) == {0.5 / 400}
    assert drawn.layout.yaxis.range[0] == pytest.approx(np.log10(0.5 / 400))
    assert named(drawn, "one code").customdata[0].endswith(": 0 %")


def test_the_stage_has_three_views_and_their_cautions(claimed, reference):
    assert has_claims(claimed)
    assert not has_claims(claimed.drop_vars("attack_error"))
    for run, beside in ((claimed, reference), (claimed, None), (reference, None)):
        content = claims_stage(run, Choice(beta=0), beside)
        assert len(content.headline) == run.sizes["beta"]
        assert pack(content).frames == run.sizes["beta"]
    said = [view.subtitle for view in claims_stage(claimed, Choice(beta=1), reference).views]
    assert "single values" in said[0]
    assert "400 test items: good to ± 1.2 points" in said[0]  # 1.645 √(.02 · .98 / 400)
    assert "averages over codes" in said[2]
    assert "no robustness" in said[2]


def test_the_numbers_in_words_are_the_runs(claimed):
    cells = claims_stage(claimed, Choice(beta=1)).headline[2]
    at = claimed.isel(beta=2).sel(codes="average")
    known = [
        claimed.error_average.isel(step=-1, beta=2).sel(split="test"),
        at.calibration_error.sel(split="test"),
        *(at.attack_error.sel(radius=0.2, attack=name) for name in ("averaged", "fgsm")),
    ]
    assert [value for value, _, _ in cells] == [f"{100 * float(each):.1f} %" for each in known]
    assert "± 0.2 σ" in cells[2][1]
