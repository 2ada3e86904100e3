"""The controls follow the objective and the data set: their grids, their options, what suits them."""

from dataclasses import replace
from pathlib import Path

import pytest
from visiting import find, opened

from distill import datasets, objectives
from distill.config import SweepConfig, log_betas
from distill.ui import settings

HOME = Path(__file__).resolve().parents[1]
DRAFT = "_distill_draft"


def drafted(app):
    assert not app.exception
    return app.session_state[DRAFT]


@pytest.mark.parametrize("data", datasets.names())
@pytest.mark.parametrize("objective", objectives.names())
def test_what_a_page_begins_with_can_be_trained(data, objective):
    found, knob = settings.defaults(data, objective), objectives.load(objective).knob
    assert (found.dataset, found.objective) == (data, objective)
    suits = datasets.defaults(data)
    assert found.hidden == tuple(suits.get("hidden", SweepConfig().hidden))
    if objective == "categorical":
        assert found.latent_dim == 32
    if objective != "vib":  # only of its β a data set knows where the action is
        assert found.betas == knob.grid
    else:
        assert found.betas == tuple(suits.get("betas", knob.grid))


def test_another_objective_brings_its_grid_and_leaves_what_was_chosen(home):
    app = opened(data="digits", objective="vib")
    find(app.number_input, "epochs").set_value(77).run()
    find(app.selectbox, "objective").set_value("budget").run()
    config = drafted(app)
    assert config.objective == "budget" and config.epochs == 77
    assert config.betas == objectives.load("budget").knob.grid
    assert find(app.selectbox, "betas").label == "Number of Cs"
    find(app.selectbox, "betas").set_value(9).run()
    assert drafted(app).betas == (16, 14, 12, 10, 8, 6, 4, 2, 0)


def test_symbols_come_in_thirty_two_and_go_with_their_objective(home):
    app = opened(data="digits", objective="vib")
    assert drafted(app).latent_dim == 8
    find(app.selectbox, "objective").set_value("categorical").run()
    assert drafted(app).latent_dim == find(app.selectbox, "latent").value == 32
    find(app.selectbox, "objective").set_value("ceb").run()
    assert drafted(app).latent_dim == 8 and drafted(app).betas == objectives.load("ceb").knob.grid


def test_another_data_set_brings_what_suits_it(home):
    app = opened(data="digits", objective="vib")
    find(app.selectbox, "data").set_value("gaussian").run()
    suits = datasets.defaults("gaussian")
    assert {name: getattr(drafted(app), name) for name in suits} == suits
    find(app.selectbox, "betas").set_value(9).run()
    betas = drafted(app).betas
    assert len(betas) == 9 and (betas[0], betas[-1]) == (suits["betas"][0], suits["betas"][-1])
    find(app.selectbox, "data").set_value("digits").run()
    assert drafted(app) == replace(SweepConfig(), betas=log_betas(1e-5, 1, 33))


def test_options_are_in_the_menu_and_at_their_defaults_leave_no_trace(home):
    app = opened(data="digits", objective="vib")
    plain = drafted(app).id
    find(app.selectbox, "marginal").set_value("mixture").run()
    assert drafted(app).objective_options == {"marginal": "mixture"} and drafted(app).id != plain
    find(app.selectbox, "marginal").set_value("normal").run()
    assert drafted(app).objective_options == {} and drafted(app).id == plain
    find(app.selectbox, "marginal").set_value("mixture").run()
    find(app.selectbox, "objective").set_value("nib").run()
    assert drafted(app).objective_options == {}
    find(app.checkbox, "squared").check().run()
    assert drafted(app).objective_options == {"squared": True}


def test_another_exponent_brings_its_own_grid(home):
    app = opened(data="digits", objective="exponential")
    find(app.selectbox, "betas").set_value(17).run()
    find(app.number_input, "eta").set_value(2.0).run()
    assert drafted(app).objective_options == {"eta": 2.0}
    assert drafted(app).betas == objectives.load("exponential", eta=2.0).knob.grid_of(17)


def test_seeds_are_in_the_menu(home):
    app = opened(data="digits", objective="vib")
    find(app.number_input, "seeds").set_value(3).run()
    assert drafted(app).seeds == 3
