"""Runs of the Shannon wall: what they say of themselves, whether their numbers are those of the files, stop and go."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr
from conftest import WALL

from distill import direct, exporting, handle, jobs, sources, store
from distill.coding import autoregressive, measuring
from distill.coding.codecs import Codec, codecs
from distill.coding.entropies import order_entropy
from distill.coding.learning import as_sent
from distill.errors import DistillError, InvalidValue, UnknownName
from distill.figures._price import break_even
from distill.kinds import read
from distill.sources import Source
from distill.wall import recording
from distill.wall.evaluation import classical
from distill.wall.training import build, lacking, snapshot_steps
from distill.wall_config import WallConfig

DIGITS = WallConfig(items=60, width=24, context=12, steps=300, batch_size=512, learning_rate=2e-2, snapshots=4,
                    device="cpu", threads=1)  # fmt: skip
BRIEF = replace(WALL, source_options={"count": 2500}, steps=12, snapshots=4)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    path = tmp_path_factory.mktemp("walls") / DIGITS.id
    assert recording.record(DIGITS, path) == "done"
    return store.open_run(path).load()


def of(run, method):
    return run.sel({"method": method})


# --- the configuration


def test_a_configuration_is_read_back_and_named_by_what_differs():
    assert read(DIGITS.to_json()) == DIGITS and WallConfig().id != WallConfig(seed=1).id
    assert WallConfig.from_json(WallConfig().to_json()) == WallConfig() and WallConfig().changes() == {}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("source", "digitz", "unknown source 'digitz'.*did you mean 'digits'"),
        ("items", 0, "items must be .*1.*got 0"),
        ("width", 3, "width must be .*4.*512.*got 3"),
        ("context", 65, "context must be .*1.*64.*got 65"),
        ("steps", 1.5, "steps must be .*got 1.5"),
        ("learning_rate", 0, "learning_rate must be above 0"),
        ("device", "tpu", "device must be one of"),
    ],
)
def test_what_is_not_allowed_is_refused_with_a_sentence(field, value, said):
    with pytest.raises((InvalidValue, UnknownName), match=said):
        WallConfig(**{field: value})


def test_what_suits_a_source_goes_after_what_a_person_says():
    for source in sources.names():
        assert WallConfig(source=source, **sources.defaults(source)).source == source
    assert sources.defaults("digits") == {}


# --- what a run says of itself


def test_a_run_says_what_it_is_and_what_its_numbers_are(walled, pictures):
    for config, run in ((WALL, walled), (DIGITS, pictures)):
        source = build(config).source
        assert WallConfig.from_json(run.attrs["config"]) == config and run.attrs["kind"] == "wall"
        assert run.bytes.dims == ("method", "count") and run.order_entropy.dims == ("order",)
        assert [*run.method.values] == ["raw", *codecs(source), "network"]
        assert [*run["count"].values] == [*measuring.counts(source.items, source.item_symbols)]
        assert int(run["count"][-1]) == run.attrs["items"] == source.items
        assert run.attrs["steps"] == int(run.step[-1]) == config.steps
        assert run.attrs["alphabet"] == source.alphabet and json.loads(run.attrs["shape"]) == [*source.shape]
        for name, each in run.data_vars.items():
            assert "long_name" in each.attrs and (each.dtype.kind in "TUO" or "units" in each.attrs), name
        for name in ("bytes", "network_bits", "model_bytes", "ideal_bits", "order_entropy", "operations"):
            assert run[name].attrs["estimator"] and name in json.loads(run.attrs["estimators"])
        for name in ("title", "family", "note"):
            assert all(run[name].values), name
    assert pictures.attrs["label_bits"] == pytest.approx(math.log2(10), abs=0.05)
    assert walled.attrs["entropy_rate"] == pytest.approx(0.8318, abs=1e-4) and math.isnan(walled.attrs["label_bits"])
    assert math.isnan(pictures.attrs["entropy_rate"])


def test_its_caption_says_how_the_numbers_were_found(pictures):
    found = exporting.estimators(pictures)
    assert found["bytes of the file"].startswith("size of the file that was written, read back")
    assert "network_bits" not in found
    assert {"run", "config", "estimators"} <= {*exporting.facts(pictures)}


def test_what_is_shown_is_what_is_sent_first(walled, pictures):
    source = sources.load("digits")
    np.testing.assert_array_equal(pictures.shown.values.ravel(), source.symbols[: pictures.shown.size])
    assert pictures.shown.shape == (24, 64) and walled.shown.shape == (1, 600)


# --- its numbers


@pytest.mark.parametrize("name", ["walled", "pictures"])
def test_bytes_are_those_of_the_files(name, request):
    run = request.getfixturevalue(name)
    source = build(WallConfig.from_json(run.attrs["config"])).source
    for method, codec in codecs(source).items():
        for count in (run["count"].values[0], run["count"].values[-1]):
            blob = codec.encode(source.symbols[: count * source.item_symbols].tobytes())
            assert float(of(run, method).bytes.sel({"count": count})) == len(blob)
        assert float(of(run, method).empty_bytes) == len(codec.encode(b""))
    np.testing.assert_array_equal(of(run, "raw").bytes, run["count"] * source.item_symbols)
    for order in range(4):
        assert float(run.order_entropy.sel(order=order)) == order_entropy(source.symbols, order)


def test_files_grow_with_what_is_sent(walled, pictures):
    for run in (walled, pictures):
        sizes = run.bytes.values
        assert np.isfinite(sizes).all() and (np.diff(sizes, axis=1) >= 0).all()


def test_files_are_never_shorter_than_their_models_say(walled, pictures):
    for run in (walled, pictures):
        last, known = 8 * run.bytes.values[:, -1], np.isfinite(run.ideal_bits.values)
        assert {*run.method.values[known]} == {"kt0", "kt1", "kt2", "network"}
        over = (last - run.ideal_bits.values)[known]
        assert (over >= 0).all() and (over <= 30 * 8).all()


def test_only_the_network_needs_a_model_and_it_is_counted(pictures):
    assert set(pictures.method.values[pictures.model_bytes.values > 0]) == {"network"}
    own = of(pictures, "network")
    assert 500 < float(own.model_bytes) < 4 * pictures.attrs["parameters"]
    assert (own.bytes < own.bytes + own.model_bytes).all()


def test_the_model_that_is_counted_is_the_one_that_wrote(tmp_path):
    path = tmp_path / BRIEF.id
    recording.record(BRIEF, path)
    run, wall = store.open_run(path).load(), build(BRIEF)
    for _ in range(BRIEF.steps):
        wall.learner.advance()
    network, bits = as_sent(wall.learner)
    assert (int(of(run, "network").model_bytes), run.attrs["model_bits"]) == (len(network.file), bits)
    reader = autoregressive.load(network.file)
    blob = autoregressive.encode(reader, wall.source.symbols.tobytes())
    assert float(of(run, "network").bytes[-1]) == len(blob)
    assert float(of(run, "network").operations) == network.operations


def test_a_network_that_saw_other_pictures_beats_every_coder_that_saw_none(pictures):
    rest = pictures.bytes.values[:-1, :]
    assert (of(pictures, "network").bytes.values < 0.8 * np.nanmin(rest, axis=0)).all()
    bits = pictures.network_bits.values
    assert bits[0] == pytest.approx(math.log2(17), abs=0.01) and bits[-1] < 2.2 and (np.diff(bits) < 0.02).all()
    # what is measured while it learns, and what the rounded network then needs
    assert float(of(pictures, "network").ideal_bits) / (60 * 64) == pytest.approx(bits[-1], rel=0.015)


def test_operations_are_those_of_an_item(pictures):
    own = of(pictures, "network")
    assert float(own.operations) == 64 * 2 * ((12 * 3 + 5) * 24 + 24 * 24 + 24 * 17)
    assert float(own.operations) > 50 * float(of(pictures, "kt1").operations)
    assert np.isnan(float(of(pictures, "zlib").operations)) and float(of(pictures, "raw").operations) == 0


# --- from how many items on the model pays


def constructed(free, network, model, sent=(10, 100)):
    """A run of two coders: bytes an item of each, and the bytes of the network."""
    arrays = {
        "bytes": (("method", "count"), np.outer([free, network], sent).astype(float)),
        "model_bytes": ("method", np.array([0.0, model])),
        "network_bits": ("step", np.array([network * 8.0])),
    }
    names = {"title": ["a", "n"], "family": ["general", "network"], "note": ["", ""]}
    coords = {"method": ["a", "network"], "count": list(sent), "step": [9]}
    coords |= {name: ("method", values) for name, values in names.items()}
    return xr.Dataset(
        arrays, coords, {"kind": "wall", "item_symbols": 1, "items": sent[-1], "steps": 9, "last_step": 9}
    )


def test_the_break_even_is_the_model_over_what_an_item_saves():
    assert break_even(constructed(20, 15, 250)) == pytest.approx(250 / 5)
    assert break_even(constructed(20, 15, 5000)) == pytest.approx(1000)  # beyond what was sent
    assert break_even(constructed(15, 20, 250)) == math.inf


# --- sources without a network


def test_a_source_that_leaves_nothing_to_learn_from_has_no_network_and_says_why(tmp_path, monkeypatch):
    source = sources.load("markov", {"count": 1500})
    for training, said in ((source.training[:0], "has no training part"), (source.training[:300], "has 300 symbols")):
        alone = replace(source, training=training)
        assert said in lacking(alone) and lacking(alone).startswith("No network")
    monkeypatch.setattr(sources, "load", lambda *_: replace(source, training=source.training[:0]))
    path = tmp_path / BRIEF.id
    assert recording.record(BRIEF, path) == "done"
    run = store.open_run(path).load()
    assert "network" not in run.method.values and "network_bits" not in run and store.summary(path).complete
    assert run.attrs["network_note"] == lacking(sources.load()) and run.attrs["steps"] == 0
    assert np.isfinite(run.bytes).all() and recording.record(BRIEF, path) == "done"


def test_a_source_with_nothing_to_send_is_refused():
    empty = Source("nothing", np.zeros(0, np.uint8), np.zeros(0, np.uint8), 2)
    with pytest.raises(InvalidValue, match="has nothing to send"):
        build(BRIEF, empty)


def test_items_cut_what_is_sent():
    assert build(replace(DIGITS, items=3)).source.items == 3
    assert build(replace(DIGITS, items=99_999)).source.items == 450


# --- measuring


def test_counts_are_evenly_spaced_from_one_item_to_all():
    for items in (450, 1000):
        found = measuring.counts(items, 64)
        assert found[0] == 1 and found[-1] == items and len(found) == 8
        steps = np.diff(np.log(found[3:]))
        assert steps.max() < 1.2 * steps.min()
    assert measuring.counts(300_000)[0] == 100 and measuring.counts(300_000)[-1] == 300_000
    assert measuring.counts(1, 64) == (1,) and measuring.counts(40) == (40,)


def test_a_coder_that_does_not_give_back_what_it_wrote_is_a_sentence():
    wrong = Codec("wrong", "Wrong", "general", bytes, lambda blob: blob[:-1])
    with pytest.raises(DistillError, match="Wrong did not give back the 7 symbols that it had written"):
        measuring.written(wrong, bytes(7))


def test_counts_that_would_take_too_long_are_left_out(monkeypatch):
    monkeypatch.setattr(measuring, "LONGEST", 0.0)
    source = sources.load("markov", {"count": 1000})
    found = measuring.measured(codecs(source)["zlib"], source, [100, 500, 1000])
    assert np.isfinite(found.bytes).tolist() == [True, False, False]


# --- stops, kills and the queue


def same(a, b):
    """Whether two runs are one, but for the times that were measured."""
    timed = {"seconds", "encode_seconds", "decode_seconds"}
    return all(np.array_equal(a[name], b[name], equal_nan=a[name].dtype.kind == "f") for name in {*a.data_vars} - timed)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / BRIEF.id
    recording.record(BRIEF, path)
    return store.open_run(path).load()


def test_snapshots_are_planned_from_the_first_step_to_the_last():
    assert snapshot_steps(1500, 20)[0] == 0 and snapshot_steps(1500, 20)[-1] == 1500
    assert snapshot_steps(12, 4) == (0, 1, 5, 12) and snapshot_steps(0, 20) == (0,)


def test_a_run_that_was_stopped_has_the_networks_files_and_continues_to_the_undisturbed_one(undisturbed, tmp_path):
    path = tmp_path / BRIEF.id

    def stop(step, _):
        if step == 1:
            store.request(path, "stop")

    assert recording.record(BRIEF, path, stop) == "stopped"
    first = store.open_run(path).load()
    assert int(first.step[-1]) == 1 and np.isfinite(first.bytes).all()
    store.request(path, None)
    assert recording.record(BRIEF, path) == "done"
    assert same(store.open_run(path).load(), undisturbed)


def test_a_stop_is_heeded_between_two_coders_before_there_is_anything_to_see(tmp_path):
    path, asked = tmp_path / BRIEF.id, []
    wall = build(BRIEF)
    assert classical(wall, lambda step: len(asked) > 2 or asked.append(step)) is None and asked == [0]
    store.make_side(path)
    store.request(path, "stop")
    assert recording.record(BRIEF, path) == "stopped" and not store.exists(path)
    store.request(path, None)
    assert recording.record(BRIEF, path) == "done"


def test_between_two_snapshots_a_stop_leaves_files_of_the_network_as_it_is(tmp_path, monkeypatch):
    path, asked = tmp_path / BRIEF.id, store.requested
    steps = []

    def after_eight(_):
        if store.exists(path):  # asked of before every coder too, before there is a first snapshot
            return "stop" if len(steps) > 8 else steps.append(1)

    monkeypatch.setattr("distill.control.store.requested", after_eight)
    assert recording.record(BRIEF, path) == "stopped"
    run = store.open_run(path).load()
    assert 5 < int(run.step[-1]) < 12 and np.isfinite(of(run, "network").bytes).all()
    monkeypatch.setattr("distill.control.store.requested", asked)
    assert recording.record(BRIEF, path) == "done"


@pytest.mark.parametrize("call", [2, 3])
def test_a_killed_writer_leaves_a_run_that_becomes_the_undisturbed_one(undisturbed, tmp_path, monkeypatch, call):
    path, append, calls = tmp_path / BRIEF.id, store.append, []

    def dies(*arguments):
        calls.append(1)
        if len(calls) == call:
            raise KeyboardInterrupt
        append(*arguments)

    monkeypatch.setattr(store, "append", dies)
    with pytest.raises(KeyboardInterrupt):
        recording.record(BRIEF, path)
    assert not store.summary(path).complete
    assert recording.record(BRIEF, path) == "done"
    assert same(store.open_run(path).load(), undisturbed)


def test_train_goes_through_the_public_door_and_the_store_knows_the_kind(tmp_path, monkeypatch):
    monkeypatch.setenv("DISTILL_STORE", str(tmp_path))
    run = direct.train(BRIEF)
    assert run.attrs["id"] == BRIEF.id and store.summary(store.place_of(BRIEF)).config == BRIEF
    assert handle.follow_up_of(store.place_of(BRIEF)) is None
    assert jobs.Queue().submit(BRIEF).status == "done"


def test_a_device_that_is_not_there_is_a_sentence():
    if not torch.cuda.is_available():
        with pytest.raises(DistillError, match="device 'cuda' is not on this machine"):
            build(replace(BRIEF, device="cuda"))
