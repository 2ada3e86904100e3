"""SweepConfig, Choice and log_betas: what is allowed, what an error says, and ids that later fields do not change."""

import hashlib
import json
import math
import tomllib
from dataclasses import FrozenInstanceError, fields
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distill import objectives, palette, registry
from distill.config import DEFAULTS_VERSION, DEVICES, LIMITS, Choice, SweepConfig, log_betas
from distill.errors import DistillError, InvalidValue, UnknownName

BAD = [  # field, value, what the message must have beside the value
    ("dataset", "digts", ["unknown data set 'digts'", "known: digits", "did you mean 'digits'?"]),
    ("dataset", "../digits", ["unknown data set '../digits'", "known: digits"]),
    ("dataset_options", [1], ["dataset_options", "mapping"]),
    ("dataset_options", {"f": print}, ["dataset_options", "plain numbers, text and lists"]),
    ("objective_options", [1], ["objective_options", "mapping"]),
    ("objective_options", {"f": print}, ["objective_options", "plain numbers, text and lists"]),
    ("objective_options", {"colour": 1}, ["objective 'vib' has no option 'colour'", "it takes marginal, components"]),
    ("objective_options", {"marginal": "cauchy"}, ["marginal", "normal, mixture", "'cauchy'"]),
    ("label", 3, ["label", "name of a factor, or None"]),
    ("weights", [1], ["weights", "mapping"]),
    ("weights", {"digit": -1}, ["weights", "from 0 to 100", "'digit': -1"]),
    ("start", "digits", ["start", "twelve hex digits", "'digits'"]),
    ("objective", "vip", ["unknown objective 'vip'", "known: beta_vae, budget", "did you mean 'vib'?"]),
    ("betas", (), ["betas", "1 to 257"]),
    ("betas", 0.1, ["betas", "1 to 257"]),
    ("betas", "0,1", ["betas", "1 to 257"]),
    ("betas", (-1e-9, 1.0), ["betas", "finite number ≥ 0", "-1e-09"]),
    ("betas", (0.0, math.nan), ["betas", "finite number ≥ 0", "nan"]),
    ("betas", (0.0, math.inf), ["betas", "finite number ≥ 0", "inf"]),
    ("betas", (0.0, "1"), ["betas", "finite number ≥ 0", "'1'"]),
    ("betas", (0.0, 0.0), ["betas", "rise strictly"]),
    ("betas", (1.0, 0.0), ["betas", "rise strictly"]),
    ("betas", tuple(range(258)), ["betas", "1 to 257"]),
    ("latent_dim", 0, ["latent_dim", "from 1 to 256"]),
    ("latent_dim", 257, ["latent_dim", "from 1 to 256"]),
    ("latent_dim", 2.0, ["latent_dim", "whole number"]),
    ("latent_dim", True, ["latent_dim", "whole number"]),
    ("hidden", (0,), ["hidden", "from 1 to 8192"]),
    ("hidden", (128, 8193), ["hidden", "from 1 to 8192", "8193"]),
    ("hidden", (4,) * 9, ["hidden", "at most 8", "9"]),
    ("decoder_hidden", (0,), ["decoder_hidden", "from 1 to 8192"]),
    ("decoder_hidden", (4,) * 9, ["decoder_hidden", "at most 8", "9"]),
    ("epochs", 0, ["epochs", "from 1 to 100000"]),
    ("batch_size", -1, ["batch_size", "from 1 to 65536"]),
    ("batch_size", None, ["batch_size", "whole number"]),
    ("learning_rate", 0.0, ["learning_rate", "above 0 and at most 1"]),
    ("learning_rate", 1.5, ["learning_rate", "above 0 and at most 1"]),
    ("learning_rate", math.nan, ["learning_rate", "above 0 and at most 1"]),
    ("seed", -1, ["seed", "from 0 to 2147483647"]),
    ("seed", 2**31, ["seed", "from 0 to 2147483647"]),
    ("seeds", 0, ["seeds", "from 1 to 64"]),
    ("seeds", 65, ["seeds", "from 1 to 64"]),
    ("points", 19, ["points", "from 20 to 2000"]),
    ("points", 2001, ["points", "from 20 to 2000"]),
    ("snapshots", 1, ["snapshots", "from 2 to 1000"]),
    ("device", "gpu", ["device", "auto, cpu, cuda, mps"]),
    ("threads", 0, ["threads", "from 1 to 256"]),
]


@pytest.mark.parametrize(("name", "value", "words"), BAD)
def test_a_bad_field_is_refused_with_name_value_and_options(name, value, words):
    with pytest.raises(DistillError) as caught:
        SweepConfig(**{name: value})
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert isinstance(caught.value, UnknownName if "unknown" in message else InvalidValue)
    if not isinstance(value, tuple | list | dict):
        assert str(value) in message
    assert "\n" not in message


def test_every_field_has_a_bad_value_above():
    assert {name for name, _, _ in BAD} == {each.name for each in fields(SweepConfig)}


def test_a_field_that_does_not_exist_is_refused():
    with pytest.raises(TypeError, match="beta"):
        SweepConfig(beta=1.0)
    with pytest.raises(InvalidValue, match=r"unknown field 'beta' in a configuration; known: dataset, .*threads"):
        SweepConfig.from_json('{"beta": 1.0}')


@pytest.mark.parametrize(
    "fine",
    [
        {"hidden": ()},
        {"hidden": (8192,) * 8},
        {"hidden": 64},
        {"decoder_hidden": (64, 32)},
        {"betas": [0]},
        {"threads": None},
        {"learning_rate": 1},
        {"label": "parity"},
        *({name: bound} for name, bounds in LIMITS.items() for bound in bounds),
    ],
)
def test_the_limits_themselves_are_allowed(fine):
    SweepConfig(**fine)


def test_values_are_brought_into_one_form():
    config = SweepConfig(betas=[0, 1], hidden=[64], dataset_options={"b": (1, 2)})
    assert (config.betas, config.hidden, config.dataset_options) == ((0.0, 1.0), (64,), {"b": [1, 2]})
    assert config == SweepConfig(betas=(0.0, 1.0), hidden=64, dataset_options={"b": [1, 2]})
    for given_ in (1, np.float32(1), np.float64(1)):
        rate = SweepConfig(learning_rate=given_)
        assert type(rate.learning_rate) is float
        assert rate.id == SweepConfig(learning_rate=1.0).id
    assert SweepConfig.from_json(SweepConfig(learning_rate=np.float32(0.1)).to_json()).learning_rate == np.float32(0.1)
    with pytest.raises(FrozenInstanceError):
        config.seed = 1


def test_the_defaults_and_their_ids_are_pinned():
    """Links hold ids. Where a default has changed, raise DEFAULTS_VERSION and pin the defaults and the ids anew."""
    defaults = json.loads(SweepConfig().to_json())
    assert defaults.pop("betas") == list(log_betas(1e-5, 1, 33))
    assert DEFAULTS_VERSION == 1
    assert defaults.items() >= {
        "dataset": "digits", "dataset_options": {}, "label": None, "objective": "vib", "latent_dim": 8,
        "hidden": [128, 128], "decoder_hidden": [], "epochs": 120, "batch_size": 128, "learning_rate": 0.01, "seed": 0,
        "points": 1000,
        "snapshots": 40, "device": "auto", "threads": None,
    }.items()  # fmt: skip
    assert SweepConfig().id == "2430f1a2ad29"
    assert SweepConfig(seed=1, hidden=(64,)).id == "27d589fcac0a"


def test_an_id_hashes_only_what_differs_from_the_defaults():
    text = json.dumps({"label": "parity", "seed": 7, "version": DEFAULTS_VERSION}, separators=(",", ":"))
    config = SweepConfig(seed=7, label="parity")
    assert config.id == hashlib.sha256(text.encode()).hexdigest()[:12]
    assert config.changes() == {"label": "parity", "seed": 7}


def test_a_configuration_written_before_a_field_was_added_keeps_its_id():
    for later in fields(SweepConfig):
        text = {name: value for name, value in json.loads(SweepConfig(seed=3).to_json()).items() if name != later.name}
        expected = SweepConfig() if later.name == "seed" else SweepConfig(seed=3)
        assert SweepConfig.from_json(json.dumps(text)).id == expected.id


def test_every_field_changes_the_id():
    other = {
        "dataset": "sprites", "dataset_options": {"a": 1}, "label": "parity", "objective": "deterministic",
        "betas": (0.0, 1.0), "latent_dim": 2, "hidden": (), "decoder_hidden": (7,), "epochs": 7, "batch_size": 7,
        "learning_rate": 0.5, "objective_options": {"marginal": "mixture"}, "seeds": 7,
        "seed": 7, "points": 77, "snapshots": 7, "device": "cpu", "threads": 7,
        "weights": {"digit": 1, "ink": 0.5}, "start": "0123456789ab",
    }  # fmt: skip
    assert other.keys() == {each.name for each in fields(SweepConfig)}
    ids = [SweepConfig(**{name: value}).id for name, value in other.items()]
    assert len({*ids, SweepConfig().id}) == len(other) + 1


whole = {name: st.integers(low, high) for name, (low, high) in LIMITS.items()}
configs = st.builds(
    SweepConfig,
    **whole | {"threads": st.none() | whole["threads"]},
    dataset=st.sampled_from(registry.names("datasets")),
    objective=st.sampled_from([name for name in objectives.names() if not objectives.load(name).knob.falls]),
    dataset_options=st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3),
    label=st.none() | st.text(max_size=5),
    betas=st.sets(st.floats(0, 1e6), min_size=1, max_size=9).map(lambda each: tuple(sorted(each))),
    hidden=st.lists(st.integers(1, 8192), max_size=8),
    decoder_hidden=st.lists(st.integers(1, 8192), max_size=8),
    learning_rate=st.floats(1e-9, 1),
    device=st.sampled_from(DEVICES),
)


@given(configs)
def test_json_and_back(config):
    again = SweepConfig.from_json(config.to_json())
    assert again == config
    assert again.id == config.id
    assert again.to_json() == config.to_json()
    assert SweepConfig(**config.changes()) == config


@given(st.floats(1e-12, 1e3), st.floats(1.5, 1e9), st.integers(3, 257))
def test_log_betas_are_zero_and_then_evenly_spaced_in_log(low, factor, count):
    high = low * factor
    betas = log_betas(low, high, count)
    assert len(betas) == count
    assert betas[0] == 0
    assert betas[1] == pytest.approx(low, rel=1e-5) if count > 3 else betas[-1] == high
    assert betas[-1] == high
    if factor ** (1 / count) > 1 + 1e-4:  # else neighbours are one number to six digits
        assert all(one < other for one, other in pairwise(betas))
    for i, beta in enumerate(betas[1:]):
        assert math.log(beta) == pytest.approx(math.log(low) + i * math.log(factor) / (count - 2), abs=1e-5)


@pytest.mark.parametrize(
    "given_", [(0, 1, 33), (-1, 1, 33), (1, 1, 33), (2, 1, 33), (1, math.inf, 33), (1, 2, 2), (math.nan, 1, 9)]
)
def test_log_betas_refuses_what_has_no_grid(given_):
    with pytest.raises(InvalidValue, match="0 < low < high and count ≥ 3; got low="):
        log_betas(*given_)


@pytest.mark.parametrize(
    ("name", "value", "options"),
    [
        ("split", "valid", "train, test"),
        ("map", "tsne", "auto, pca, umap"),
        ("beta", 0.5, "whole number"),
        ("step", "last", "whole number"),
    ],
)
def test_choice_refuses_what_cannot_be_selected(name, value, options):
    with pytest.raises(InvalidValue) as caught:
        Choice(**{name: value})
    assert all(word in str(caught.value) for word in (name, str(value), options))


def test_the_theme_has_the_colours_of_the_palette():
    theme = tomllib.loads((Path(__file__).parent.parent / ".streamlit/config.toml").read_text())["theme"]
    for side, shade in (("light", lambda colour: colour), ("dark", palette.DARK.__getitem__)):
        assert theme[side]["primaryColor"] == shade(palette.KEPT_RELEVANT)
        assert theme[side]["textColor"] == shade(palette.INK)
        assert theme[side]["backgroundColor"] == shade(palette.GROUND)
        assert theme[side]["borderColor"] == shade(palette.GRID)
        assert theme[side]["chartCategoricalColors"] == [shade(colour) for colour in palette.CLASSES]
