"""A run of layers: what it carries, what is measured in it, and that no stop or kill changes what it becomes."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from test_recording import equal

from distill import datasets, direct, handle, jobs, layer_recording, store
from distill.errors import DistillError
from distill.layer_config import LayersConfig
from distill.layer_evaluation import KERNEL_SEEDS, NOISES, Items, binned_layers
from distill.layerwise import Shape, build, pauses
from distill.measures.binning import binned
from distill.measures.kernels import kde

SMALL = {"device": "cpu", "threads": 1, "points": 60}
RELU = LayersConfig(activation="relu", widths=(6, 4, 3), seeds=12, epochs=5, snapshots=5, learning_rate=1e-2, **SMALL)
TANH = replace(RELU, activation="tanh", seeds=3)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Both kinds of units, trained by the program's own recorder."""
    folder, found = tmp_path_factory.mktemp("layers"), {}
    for config in (RELU, TANH):
        assert layer_recording.record(config, folder / config.id) == "done"
        found[config.activation] = store.open_run(folder / config.id).load()
    return found


def layers_of(run, step, config):
    """Activations (S, N, units) of every layer at a step, from the run's weights by plain products; all items."""
    data = datasets.load(config.dataset)
    here, at, found = np.repeat(data.inputs[None].astype(float), config.seeds, 0), 0, []
    sizes = run.attrs["widths"]
    for i, (inputs, outputs) in enumerate(pairwise(sizes)):
        block = run.weights.values[step][:, at : at + outputs * (inputs + 1)].reshape(-1, outputs, inputs + 1)
        here = here @ block[..., :-1].transpose(0, 2, 1) + block[:, None, :, -1]
        at += outputs * (inputs + 1)
        if i < len(sizes) - 2:
            here = np.tanh(here) if config.activation == "tanh" else np.maximum(here, 0)
        else:
            here = np.exp(here - here.max(-1, keepdims=True))
            here /= here.sum(-1, keepdims=True)
        found.append(here)
    return found, data


# --- what it carries


def test_a_run_says_what_it_is_and_what_its_numbers_are(runs):
    for config in (RELU, TANH):
        run = runs[config.activation]
        assert LayersConfig.from_json(run.attrs["config"]) == config and run.attrs["kind"] == "layers"
        assert run.sizes["seed"] == config.seeds and run.sizes["kernel_seed"] == min(config.seeds, KERNEL_SEEDS)
        assert run.layer.values.tolist() == ["1", "2", "3", "output"] and run.noise.values.tolist() == list(NOISES)
        assert run.binned_x.dims == ("step", "seed", "layer")
        assert run.kernel_upper_x.dims == ("step", "noise", "kernel_seed", "layer")
        assert run.attrs["steps"] == int(run.step[-1]) and run.attrs["entropy_x"] == 12.0
        for name, each in run.data_vars.items():
            assert {"units", "long_name"} <= set(each.attrs), name
            assert np.isfinite(each).all() or name == "gradient_signal", name
        assert "not I(X;T)" in json.loads(run.attrs["estimators"])["binned_x"]


@pytest.mark.parametrize("config", [RELU, TANH], ids=lambda each: each.activation)
def test_errors_and_losses_are_those_of_the_weights(runs, config):
    run = runs[config.activation]
    for step in (0, -1):
        (*_, output), data = layers_of(run, step, config)
        for split in ("train", "test"):
            items = getattr(data, split)
            wrong = (output[:, items].argmax(-1) != data.label[items]).mean(-1)
            bits = -np.log2(np.take_along_axis(output[:, items], data.label[items][None, :, None], -1)).mean((1, 2))
            at = run.isel(step=step).sel(split=split)
            np.testing.assert_allclose(at.error, wrong, atol=1e-3)
            np.testing.assert_allclose(at.loss, bits, rtol=1e-4)


def test_a_network_that_knows_nothing_has_the_entropy_of_its_label_to_lose(runs):
    first = runs["relu"].isel(step=0)
    assert float(first.loss.mean()) > 0.9 and abs(float(first.error.mean()) - 0.5) < 0.1
    assert float(runs["relu"].loss.isel(step=-1).mean()) < 0.7


# --- what is measured


def test_tanh_is_cut_into_thirty_cells_from_minus_one_to_one(runs):
    run = runs["tanh"]
    for step in (0, -1):
        found, data = layers_of(run, step, TANH)
        for i, layer in enumerate(found):
            for seed in range(3):
                expected = binned(layer[seed], data.label, 30, -1.0, 1.0)
                # float32 against float64: a value in four thousand may fall on the other side of a cell's edge
                assert float(run.binned_x[step, seed, i]) == pytest.approx(expected.information_x, abs=0.01)
                assert float(run.binned_y[step, seed, i]) == pytest.approx(expected.information_y, abs=0.01)


def test_relu_is_cut_over_its_range_in_the_whole_training_by_a_second_pass(runs):
    run = runs["relu"]
    every = [layers_of(run, step, RELU)[0] for step in range(run.sizes["step"])]
    label = datasets.load("twelve_bit").label
    for i in range(3):
        for seed in (0, 5):
            high = max(layers[i][seed].max() for layers in every)
            for step in (0, 2, -1):
                expected = binned(every[step][i][seed], label, 100, 0.0, max(high, 1e-9))
                assert float(run.binned_x_whole[step, seed, i]) == pytest.approx(expected.information_x, abs=0.02)
                assert float(run.binned_y_whole[step, seed, i]) == pytest.approx(expected.information_y, abs=0.02)
    # at the last step the range so far is that of the whole training; before, cells were finer
    np.testing.assert_allclose(run.binned_x_whole[-1], run.binned_x[-1], atol=1e-6)
    finer = run.binned_x.values[0, :, :3] - run.binned_x_whole.values[0, :, :3]
    assert finer.min() > -0.05 and finer.max() > 0.5
    assert (
        "whole training" in run.binned_x_whole.attrs["estimator"]
        and "up to that step" in run.binned_x.attrs["estimator"]
    )
    assert "binned_x_whole" not in runs["tanh"]


def test_the_output_is_bounded_in_every_network(runs):
    found, data = layers_of(runs["relu"], -1, RELU)
    expected = binned(found[-1][0], data.label, 30, -1.0, 1.0)
    assert float(runs["relu"].binned_x_whole[-1, 0, -1]) == pytest.approx(expected.information_x, abs=0.01)


def test_units_that_never_move_have_one_cell():
    dead = [np.zeros((2, 30, 3), "f4"), np.full((2, 30, 2), 0.5, "f4")]
    x, y = binned_layers(dead, np.arange(30) % 2, RELU, np.zeros((2, 2)), np.zeros((2, 2)))
    assert not x.any() and not y.any()


@pytest.mark.parametrize("config", [RELU, TANH], ids=lambda each: each.activation)
def test_kernel_bounds_are_those_of_the_measure(runs, config):
    run, cohort = runs[config.activation], build(config)
    items = Items.of(cohort)
    assert len(items.points) == 60 and len({*items.points.tolist()}) == 60
    found, data = layers_of(run, -1, config)
    for i, layer in enumerate(found):
        for k, noise in enumerate(NOISES):
            expected = kde(layer[1][items.points], data.label[items.points], noise)
            at = run.isel(step=-1, noise=k, kernel_seed=1, layer=i)
            values = [at.kernel_upper_x, at.kernel_lower_x, at.kernel_difference_y]
            np.testing.assert_allclose(values, expected, atol=2e-3)


def test_bounds_lie_where_bounds_can_lie(runs):
    for run in runs.values():
        assert (run.kernel_lower_x <= run.kernel_upper_x + 1e-5).all()
        assert float(run.kernel_upper_x.max()) <= np.log2(60) + 1e-5
        assert (run.kernel_upper_x.sel(noise=1e-3) >= run.kernel_upper_x.sel(noise=0.1) - 1e-5).all()
        assert (run.binned_y <= run.attrs["entropy_y"] + 1e-6).all() and (run.binned_y <= run.binned_x + 1e-5).all()


def test_a_large_data_set_is_measured_on_4096_items():
    cohort = build(replace(RELU, dataset="sprites", seeds=1))
    items, every = Items.of(cohort), len(cohort.data.train) + len(cohort.data.test)
    assert items.inputs.shape[1] == len(items.labels) == min(4096, every)
    assert sum(each.sum() for each in items.of_split.values()) == len(items.labels)


# --- stops, kills and the queue


def test_a_run_that_was_stopped_continues_to_the_undisturbed_one(runs, tmp_path):
    path = tmp_path / RELU.id
    assert (
        layer_recording.record(RELU, path, lambda step, _: store.request(path, "stop") if step > 5 else None)
        == "stopped"
    )
    partial = store.open_run(path).load()
    assert 0 < int(partial.step[-1]) < partial.attrs["steps"] and "binned_x_whole" not in partial
    store.request(path, None)
    assert layer_recording.record(RELU, path) == "done"
    whole = store.open_run(path).load()
    planned = whole.sel(step=runs["relu"].step)  # the stop left one more snapshot
    for name in ("weights", "binned_x", "kernel_upper_x", "gradient_signal", "error"):
        np.testing.assert_array_equal(planned[name], runs["relu"][name])
    assert whole.sizes["snapshot"] == whole.sizes["step"] > runs["relu"].sizes["step"] - 1


def test_a_killed_writer_leaves_a_run_that_becomes_the_undisturbed_one(runs, tmp_path, monkeypatch):
    path, append, calls = tmp_path / RELU.id, store.append, []

    def dies(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        append(*arguments)

    monkeypatch.setattr(store, "append", dies)
    with pytest.raises(KeyboardInterrupt):
        layer_recording.record(RELU, path)
    assert layer_recording.record(RELU, path) == "done"
    assert equal(store.open_run(path).load(), runs["relu"])


def test_a_complete_run_has_its_second_pass_whenever_the_writer_dies(tmp_path, monkeypatch):
    path = tmp_path / RELU.id
    append = store.append

    def dies_at_the_end(where, snapshot):
        if int(snapshot.step[0]) == 60:
            raise KeyboardInterrupt
        append(where, snapshot)

    monkeypatch.setattr(store, "append", dies_at_the_end)
    with pytest.raises(KeyboardInterrupt):
        layer_recording.record(RELU, path)
    left = store.open_run(path).load()
    assert not store.summary(path).complete and left.sizes["snapshot"] == left.sizes["step"] + 1


def test_the_queue_trains_layers_by_their_own_recorder_and_nothing_follows(tmp_path, monkeypatch):
    monkeypatch.setenv("DISTILL_STORE", str(tmp_path))
    queue, asked = jobs.Queue(record="synthetic:record"), []

    def hand_over(job, function, recorder, text, path):
        asked.append((recorder, json.loads(text)["kind"]))
        return "done", ""

    monkeypatch.setattr(queue, "_wake", lambda: None)
    monkeypatch.setattr(queue, "_hand_over", hand_over)
    job = queue.submit(TANH)
    queue._train(job)
    assert asked == [("distill.layer_recording:record", "layers")] and (job.status, job.next) == ("done", None)
    assert queue._next_task() is None


def test_train_goes_through_the_public_door_and_the_store_knows_the_kind(tmp_path, monkeypatch):
    monkeypatch.setenv("DISTILL_STORE", str(tmp_path))
    brief = replace(TANH, epochs=1, snapshots=2, seeds=1, widths=(3,))
    run = direct.train(brief)
    assert run.attrs["id"] == brief.id and store.summary(store.place_of(brief)).config == brief
    assert handle.follow_up_of(store.place_of(brief)) is None
    assert jobs.Queue().submit(brief).status == "done"


def test_a_device_that_is_not_there_is_a_sentence():
    if not torch.cuda.is_available():
        with pytest.raises(DistillError, match="device 'cuda' is not on this machine"):
            build(replace(TANH, device="cuda"))


# --- what Shwartz-Ziv & Tishby saw, and what Saxe et al. answered


def entropy_of_layer_5(config):
    """(step,) binned entropy of the fifth hidden layer, mean over seeds; cells as the run has them in the end."""
    cohort, found = build(config), []
    items = Items.of(cohort)
    shape: Shape = cohort.shape
    for _ in pauses(cohort):
        found.append(shape.forward(cohort.weights, items.inputs)[4].mT.numpy())
    low, high = (np.stack([end(each, axis=(1, 2)) for each in found]) for end in (np.min, np.max))
    ends = low.min(0)[:, None], high.max(0)[:, None]
    unused = np.zeros((config.seeds, 1, 1), "f4")
    return [
        float(binned_layers([each, unused.repeat(4096, 1)], items.labels, config, *ends)[0][:, 0].mean())
        for each in found
    ]


@pytest.mark.slow
def test_tanh_compresses_by_cells_and_relu_does_not():
    """THEORY 3: tanh layer 5 falls by more than 3 bits after its peak, ReLU's by no more than 0.3."""
    settings = LayersConfig(seeds=4, epochs=600, snapshots=25, device="cpu", threads=1)
    tanh, relu = (entropy_of_layer_5(replace(settings, activation=name)) for name in ("tanh", "relu"))
    assert max(tanh) > 6 and max(tanh) - tanh[-1] > 3
    assert relu[-1] > 3.5 and max(relu) - relu[-1] <= 0.3
