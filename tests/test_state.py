"""The link and the state that it says."""

import math

import pytest

from distill.ui import links, state
from distill.ui.state import State, from_params

FULL = State(run="0123456789ab", data="digits", objective="vib", beta=0.0316228, step=1260)


def test_a_state_survives_its_link():
    assert from_params(FULL.to_params()) == (FULL, [])


def test_what_is_not_said_is_not_in_the_link():
    assert State().to_params() == {}
    assert from_params({}) == (State(), [])


def test_zero_is_said():
    params = State(beta=0.0, step=0).to_params()
    assert params == {"beta": "0", "step": "0"}
    assert from_params(params)[0] == State(beta=0.0, step=0)


@pytest.mark.parametrize("beta", [1e-5, 1.33352e-05, 0.0316228, 1.0, 123456.0])
def test_trained_strengths_come_back_exactly(beta):
    assert from_params(State(beta=beta).to_params())[0].beta == beta


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("beta", "-3", ["β = -3", "≥ 0"]),
        ("beta", "nan", ["β = nan", "≥ 0"]),
        ("beta", "inf", ["β = inf"]),
        ("beta", "strong", ["β = strong"]),
        ("step", "-1", ["Step = -1", "whole number"]),
        ("step", "1.5", ["Step = 1.5"]),
        ("step", "1" * 400, ["Step = 1111"]),
        ("step", "²", ["Step = ²"]),
        ("data", "mnst", ["Unknown data set 'mnst'", "digits", "sprites"]),
        ("data", "../digits", ["Unknown data set '../digits'"]),
        ("objective", "vip", ["Unknown objective 'vip'", "did you mean 'vib'"]),
        ("run", "../../etc", ["run id", "../../etc"]),
        ("run", "0123456789abc", ["run id"]),
    ],
)
def test_a_wrong_value_is_left_out_and_named(name, text, words):
    given = FULL.to_params() | {name: text}
    got, complaints = from_params(given)
    assert getattr(got, name) == getattr(State(), name)
    assert got.to_params() == {key: value for key, value in FULL.to_params().items() if key != name}
    (sentence,) = complaints
    assert all(word in sentence for word in words)
    assert sentence.endswith("The default is shown instead.") and len(sentence) < 260


def test_every_wrong_value_has_its_own_sentence():
    wrong = {"run": "x", "data": "x", "objective": "x", "beta": "x", "step": "x"}
    got, complaints = from_params(wrong)
    assert got == State() and len(complaints) == len(wrong)


def test_parameters_that_nobody_knows_are_left_out():
    assert from_params({"utm_source": "x", "beta": "0.1"}) == (State(beta=0.1), [])


def test_minus_zero_is_zero():
    assert math.copysign(1, from_params({"beta": "-0"})[0].beta) == 1


@pytest.mark.parametrize(("beta", "place"), [(0.0, 0), (1e-9, 1), (0.002, 2), (0.004, 3), (0.005, 3), (99.0, 3)])
def test_between_trained_strengths_the_nearest_is_shown(beta, place):
    assert State(beta=beta).beta_index([0.0, 1e-4, 1e-3, 1e-2], default=1) == place


def test_without_a_choice_the_default_strength_and_the_last_step_are_shown():
    assert State().beta_index([0.0, 0.1], default=1) == 1
    assert State().step_index([0, 10, 30]) == 2
    assert State(step=21).step_index([0, 10, 30]) == 2
    assert State(step=4).step_index([0, 10, 30]) == 0


def test_every_field_of_a_state_can_be_read_from_a_link():
    assert set(state.READERS) == set(State.__dataclass_fields__)


def test_pages_are_named_by_their_files():
    assert [links.name_of(path) for path in links.pages()][-1] == "Runs"
    assert links.name_of(links.HERE / "pages" / "3_kept_and_discarded.py") == "Kept and discarded"
    numbers = [int(path.stem.split("_")[0]) for path in links.pages()]
    assert numbers == sorted(numbers)
