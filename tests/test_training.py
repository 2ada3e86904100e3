"""The training loop: batched equals alone, a run is a function of its configuration, a continued one the same run."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from conftest import SMALL
from torch import nn
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

from distill import objectives, threads, training
from distill.config import SweepConfig
from distill.errors import InvalidValue
from distill.evaluation import measure
from distill.items import Evaluation
from distill.training import (
    KEPT_CODES,
    NOISE,
    ORDER,
    Snapshot,
    build,
    learning_rate_at,
    snapshot_steps,
    snapshots,
    stream,
)

BETAS = (0.0, 0.01, 0.1, 0.6, 2.0)
BRIEF = SweepConfig(betas=BETAS, latent_dim=3, epochs=1, **SMALL)  # 21 steps
every_objective = pytest.mark.parametrize("objective", objectives.names())


def brief_with(objective, **more):
    """BRIEF under another objective; its values fall where those of the knob do."""
    falls = objectives.load(objective).knob.falls
    return replace(BRIEF, objective=objective, betas=BETAS[::-1] if falls else BETAS, **more)


def run_through(trainer, **more):
    """Every snapshot's step; the trainer stands at its end."""
    return [each.trainer.step for each in snapshots(trainer, **more)]


def finished(config, dtype=torch.float64):
    trainer = build(config, dtype=dtype)
    run_through(trainer)
    return trainer


def losses(trainer):
    """The objective on training items with one fixed draw of noise, (S,), nats."""
    data = trainer.data
    with torch.no_grad():
        inputs = torch.from_numpy(data.inputs[data.train]).to(trainer.strength)
        noise = torch.randn(len(inputs), trainer.config.latent_dim, generator=torch.Generator().manual_seed(9))
        return trainer.loss(inputs, torch.from_numpy(data.label[data.train]), noise.to(inputs))


@every_objective
@pytest.mark.parametrize("decoder_hidden", [(), (16,), (12, 8)])
def test_batched_equals_alone(objective, decoder_hidden):
    config = brief_with(objective, decoder_hidden=decoder_hidden)
    together = finished(config)
    assert together.step == 21
    weights, moments = together.model.state_dict(), together.optimiser.state_dict()["state"]
    for i, beta in enumerate(config.betas):
        alone = finished(replace(config, betas=(beta,)))
        for name, weight in alone.model.state_dict().items():
            assert (weights[name][i] - weight[0]).abs().max() <= 1e-10, (name, beta)
        for index, moment in alone.optimiser.state_dict()["state"].items():
            for name in ("exp_avg", "exp_avg_sq"):
                assert (moments[index][name][i] - moment[name][0]).abs().max() <= 1e-10, (index, name, beta)
        assert abs(losses(together)[i] - losses(alone)[0]) <= 1e-10


def test_each_beta_ends_with_weights_of_its_own():
    weights = finished(BRIEF).model.encoder[0].weight
    assert all((a - b).abs().max() > 1e-4 for a, b in pairwise(weights))


@every_objective
def test_a_model_that_breaks_down_leaves_the_others_as_they_are(objective):
    """No norm over all gradients, no statistic over all models: a model of NaN would spread through either."""
    config = brief_with(objective)
    sound, broken = finished(config), build(config, dtype=torch.float64)
    with torch.no_grad():
        for weight in broken.model.parameters():
            weight[2] = torch.nan
    run_through(broken)
    for one, other in zip(sound.model.parameters(), broken.model.parameters(), strict=True):
        assert torch.isnan(other[2]).all()
        for i in (0, 1, 3, 4):
            assert (one[i] - other[i]).abs().max() <= 1e-10


class Textbook(nn.Module):
    """One deep variational bottleneck as anybody would write it."""

    def __init__(self, trainer, index):
        super().__init__()
        first, _, second = trainer.model.encoder
        self.layers = nn.ModuleList([self.linear(each, index) for each in (first, second, trainer.model.decoder)])

    @staticmethod
    def linear(stacked, index):
        layer = nn.Linear(*stacked.weight.shape[1:]).double()
        layer.weight.data, layer.bias.data = stacked.weight[index].T.clone().data, stacked.bias[index, 0].clone().data
        return layer

    def loss(self, x, y, noise, beta):
        mean, rho = self.layers[1](F.relu(self.layers[0](x))).chunk(2, dim=-1)
        code = Normal(mean, F.softplus(rho) + 1e-6)
        rate = kl_divergence(code, Normal(0.0, 1.0)).sum(-1).mean()
        return F.cross_entropy(self.layers[2](mean + code.scale * noise), y) + beta * rate


def test_the_loop_is_adam_on_cross_entropy_plus_beta_times_the_rate():
    trainer = build(BRIEF, dtype=torch.float64)
    data, beta, model = trainer.data, BETAS[2], Textbook(trainer, 2)
    inputs, labels = torch.from_numpy(data.inputs[data.train]).double(), torch.from_numpy(data.label[data.train])
    optimiser = torch.optim.Adam(model.parameters(), betas=training.MOMENTS)
    order = torch.randperm(len(labels), generator=stream(BRIEF.seed, ORDER, 0))
    for step in range(trainer.steps):
        items = order[step * 64 : (step + 1) * 64]
        noise = torch.randn(64, BRIEF.latent_dim, generator=stream(BRIEF.seed, NOISE, step)).double()
        optimiser.param_groups[0]["lr"] = learning_rate_at(step, trainer.steps, BRIEF.learning_rate)
        optimiser.zero_grad()
        model.loss(inputs[items], labels[items], noise, beta).backward()
        optimiser.step()
    run_through(trainer)
    first, _, second = trainer.model.encoder
    for layer, stacked in zip(model.layers, (first, second, trainer.model.decoder), strict=True):
        assert (layer.weight.T - stacked.weight[2]).abs().max() <= 1e-9
        assert (layer.bias - stacked.bias[2, 0]).abs().max() <= 1e-9


def test_an_epoch_shows_every_item_at_most_once_and_the_next_in_another_order():
    trainer = build(replace(BRIEF, epochs=2))
    batches, seen = training._Batches(trainer), []
    for step in range(trainer.steps):
        trainer.step = step
        seen.append(batches._next_items()[0])
    first, second = torch.cat(seen[:21]), torch.cat(seen[21:])
    assert trainer.steps_per_epoch == 21 == len(trainer.data.train) // 64
    for epoch in (first, second):
        assert len(epoch) == len(epoch.unique()) == 21 * 64
        assert 0 <= epoch.min() < epoch.max() < len(trainer.data.train)
    assert not torch.equal(first, second)


def test_a_batch_larger_than_the_data_is_the_data():
    trainer = build(replace(BRIEF, batch_size=60_000, epochs=2))
    assert trainer.steps_per_epoch == 1
    assert run_through(trainer)[-1] == 2


def test_the_learning_rate_goes_up_in_a_line_and_down_along_a_cosine():
    rates = [learning_rate_at(step, 1000, 0.01) for step in range(1001)]
    assert rates[0] == 0
    assert rates[100] == pytest.approx(0.005)
    assert max(rates) == pytest.approx(0.01)
    assert rates.index(max(rates)) == 200
    assert rates[400] == pytest.approx(0.01 * (1 + np.sqrt(0.5)) / 2)
    assert rates[600] == pytest.approx(0.005)
    assert rates[1000] == pytest.approx(0, abs=1e-12)


def test_snapshots_are_spaced_as_squares_from_start_to_end():
    assert snapshot_steps(100, 6) == (0, 4, 16, 36, 64, 100)
    assert snapshot_steps(3, 40) == (0, 1, 2, 3)
    assert snapshot_steps(1200, 2) == (0, 1200)
    for steps, count in ((1, 40), (7, 1000), (1200, 40)):
        plan = snapshot_steps(steps, count)
        assert (plan[0], plan[-1]) == (0, steps)
        assert len(plan) <= count
        assert all(a < b for a, b in pairwise(plan))


def test_the_last_snapshot_says_so_and_few_keep_their_codes():
    found = list(snapshots(build(replace(BRIEF, snapshots=15))))
    assert [each.last for each in found] == [False] * (len(found) - 1) + [True]
    kept = [each.keeps_codes for each in found]
    assert sum(kept) == KEPT_CODES < len(found)
    assert kept[0]
    assert kept[-1]


def test_a_training_that_is_stopped_yields_where_it_stands():
    trainer, asked = build(replace(BRIEF, snapshots=4)), []
    found = []
    for each in snapshots(trainer, lambda step: asked.append(step) or step < 11):
        found.append((trainer.step, each.last, each.keeps_codes))
    assert found == [(0, False, True), (2, False, True), (9, False, True), (11, True, True)]
    assert asked == list(range(12))


def test_a_stop_right_after_a_snapshot_ends_with_a_whole_one():
    """A passing snapshot is measured on few items and may lack codes; the last must not be one."""
    trainer = build(replace(BRIEF, snapshots=15))
    steps = [(trainer.step, each.last) for each in snapshots(trainer, lambda step: step < 5)]
    plan = snapshot_steps(21, 15)
    assert 5 in plan
    assert steps == [*((step, False) for step in plan if step <= 5), (6, True)]


def same(one, other):
    """Two checkpoints are equal to the last bit, but for the time that it took."""
    names = one.keys() - {"seconds"}
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in names)


@pytest.mark.parametrize("left_at", [0, 1, 8, 21, 30])
def test_a_continued_training_is_the_undisturbed_one(left_at):
    config = replace(BRIEF, epochs=2)
    whole, first, second = (build(config) for _ in range(3))
    run_through(whole)
    run_through(first, proceed=lambda step: step < left_at)
    second.restore(first.checkpoint())
    assert second.step == first.step == left_at + (left_at in snapshot_steps(42, config.snapshots))
    run_through(second)
    assert same(whole.checkpoint(), second.checkpoint())


def test_a_checkpoint_holds_weights_moments_and_step_and_is_no_view():
    trainer = finished(BRIEF, torch.float32)
    kept = trainer.checkpoint()
    parameters = dict(trainer.model.named_parameters())
    assert set(kept) == {f"model.{name}" for name in parameters} | {"step", "seconds"} | {
        f"optimiser.{i}.{name}" for i in range(len(parameters)) for name in ("step", "exp_avg", "exp_avg_sq")
    }
    with torch.no_grad():
        trainer.model.decoder.bias += 1
    assert not np.array_equal(kept["model.decoder.bias"], trainer.checkpoint()["model.decoder.bias"])


def test_seconds_are_those_of_steps_and_a_continued_training_counts_on(monkeypatch):
    """On a clock that only steps, pauses and measurements move: 1 s, 100 s and 1000 s each."""
    now = [0.0]
    monkeypatch.setattr(training.time, "perf_counter", lambda: now[0])

    def passes(seconds):
        now[0] += seconds
        return True

    advance = training._Batches.advance
    monkeypatch.setattr(training._Batches, "advance", lambda self: passes(1.0) and advance(self))

    def seconds(trainer, until=21):
        walk = snapshots(trainer, lambda step: passes(100.0) and step < until)
        return dict((trainer.step, each.seconds) for each in walk if passes(1000.0))

    first, second = build(BRIEF), build(BRIEF)
    early = seconds(first, until=8)
    second.restore(first.checkpoint())
    found = early | seconds(second)
    assert found == {step: float(step) for step in found}
    assert max(found) == 21
    old = first.checkpoint()
    del old["seconds"]  # as checkpoints were before
    second.restore(old)
    assert second.seconds == 0


def test_streams_are_told_apart_by_seed_purpose_and_step():
    draws = {
        tuple(torch.randn(3, generator=stream(seed, purpose, step)).tolist())
        for seed in (0, 1)
        for purpose in (1, 2, 3)
        for step in (0, 1, 2)
    }
    assert len(draws) == 18
    assert torch.equal(torch.randn(3, generator=stream(7, 1, 2)), torch.randn(3, generator=stream(7, 1, 2)))


def test_another_seed_is_another_start_another_order_and_other_noise():
    one, other = build(BRIEF), build(replace(BRIEF, seed=1))
    assert not torch.equal(one.model.decoder.weight, other.model.decoder.weight)
    batches = [training._Batches(each)._next_items() for each in (one, other)]
    assert not torch.equal(*batches)


def test_several_seeds_in_one_batch_are_each_the_run_of_that_seed_alone():
    """Models are seed-major; weights, batch order and noise of seed s + i are those of a run with that seed."""
    together = finished(replace(BRIEF, seeds=3, seed=4))
    for place, seed in enumerate((4, 5, 6)):
        alone = finished(replace(BRIEF, seed=seed)).model.state_dict()
        for name, value in together.model.state_dict().items():
            mine = value[place * len(BETAS) : (place + 1) * len(BETAS)]
            assert (mine - alone[name]).abs().max() <= 1e-12, name


@pytest.mark.parametrize("models", [1, 9])
def test_the_thread_count_changes_no_bit(models):
    """What the Tuner builds on: threads share the models out, and no sum changes its order."""
    betas = (0.1,) if models == 1 else tuple(np.linspace(0, 1, models))
    config = SweepConfig(betas=betas, epochs=1, points=300, device="cpu")
    found, before = [], torch.get_num_threads()
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            trainer = build(config)
            run_through(trainer, proceed=lambda step: step < 6)
            last = measure(Snapshot(trainer, True, True, 0.0), Evaluation.of(config, trainer.data))
            found.append((trainer.checkpoint(), last))
            assert torch.get_num_threads() == count
    finally:
        torch.set_num_threads(before)
    (one, measured), (other, again) = found
    assert same(one, other)
    assert measured.identical(again)


class FakeTorch:
    """A machine on which a step takes as long as `seconds` says for each thread count."""

    def __init__(self, monkeypatch, seconds, cores=2):
        self.count, self.now, self.seconds, self.log = cores, 0.0, seconds, []
        monkeypatch.setattr(threads.os, "cpu_count", lambda: cores)
        monkeypatch.setattr(threads.torch, "set_num_threads", lambda count: setattr(self, "count", count))
        monkeypatch.setattr(threads.torch, "get_num_threads", lambda: self.count)
        monkeypatch.setattr(threads.time, "perf_counter", lambda: self.now)

    def train(self, tuner, steps):
        for _ in range(steps):
            tuner.tick()
            self.log.append(self.count)
            self.now += self.seconds[self.count]


@pytest.mark.parametrize(("seconds", "faster"), [({1: 0.01, 2: 0.006}, 2), ({1: 0.01, 2: 0.2}, 1)])
def test_the_tuner_settles_on_the_faster_count(monkeypatch, seconds, faster):
    machine = FakeTorch(monkeypatch, seconds)
    machine.train(threads.Tuner(), 300)
    assert set(machine.log[:12]) == {1, 2}
    assert machine.log[12:300].count(faster) >= 280


def test_the_tuner_measures_again_when_another_process_comes(monkeypatch):
    machine = FakeTorch(monkeypatch, {1: 0.01, 2: 0.006})
    tuner = threads.Tuner()
    machine.train(tuner, 200)
    machine.seconds = {1: 0.01, 2: 0.2}
    machine.train(tuner, 200)
    assert machine.log[-50:] == [1] * 50


def test_a_thread_count_that_was_asked_for_stays(monkeypatch):
    machine = FakeTorch(monkeypatch, {1: 0.01, 2: 0.006, 3: 0.001}, cores=2)
    machine.train(threads.Tuner(3), 50)
    assert machine.log == [3] * 50


def test_a_device_that_is_not_there_is_refused_with_those_that_are(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(InvalidValue, match=r"^device 'cuda' is not on this machine; there is cpu$"):
        training.resolve_device("cuda")
    assert training.resolve_device("auto") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert training.resolve_device("auto") == torch.device("cuda")


# THEORY 12: digits, K = 8, test items, one seed of an own numpy implementation that trained ten times more slowly
TABLE = {
    "beta": (0.01, 0.1, 0.6, 1.0),
    "rate": (11.6, 5.84, 1.98, 0.17),
    "bound_y": (3.169, 2.930, 1.609, 0.123),
    "error_one": (0.026, 0.071, 0.413, 0.820),
    "error_average": (0.020, 0.024, 0.038, 0.582),
}
TOLERANCE = {"rate": (4, 0.7, 0.7, 0.17), "bound_y": (0.1, 0.15, 0.6, 0.15), "error_one": (0.02, 0.03, 0.15, 0.09)}


@pytest.mark.slow
def test_the_reference_runs_on_digits():
    """The default recipe at few βs: near the table, and with a lower loss than the table's at every one of them."""
    config = SweepConfig(betas=(0.0, *TABLE["beta"], 1.5), device="cpu", threads=1, snapshots=3)
    trainer = build(config)
    *_, last = snapshots(trainer)
    found = measure(last, Evaluation.of(config, trainer.data)).isel(step=0, split=1)  # test items
    listed = found.isel(beta=slice(1, 5))
    for name, tolerance in (TOLERANCE | {"error_average": (0.02, 0.02, 0.03, 0.15)}).items():
        assert (np.abs(listed[name].values - TABLE[name]) <= tolerance).all(), (name, listed[name].values)
    theirs = found.entropy_y.item() - np.array(TABLE["bound_y"]) + np.array(TABLE["beta"]) * TABLE["rate"]
    assert (listed.loss.values <= theirs + 0.01).all()
    kept = found.information_x.values
    assert kept[0] > np.log2(found.samples.item()) - 0.3  # without a price on rate nothing is forgotten
    assert 3.5 <= kept[1] <= 4.7  # 3.59 after 640 epochs, 4.67 in the table
    assert kept[2] == pytest.approx(3.5, abs=0.3)
    assert kept[4] < 0.3
    # deterministic labels: the code collapses exactly above β = 1 (THEORY 6)
    assert kept[5] < 0.02
    assert found.rate.values[5] < 0.01
    assert found.error_one.values[5] > 0.85
