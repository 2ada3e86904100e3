"""The menu What matters: what it asks for, what a training begins with and how long it is, and what it says."""

from dataclasses import replace
from pathlib import Path

import pytest
import visiting
from conftest import SMALL, SWEEP

from distill import jobs, store
from distill.config import SweepConfig
from distill.ui import matters
from distill.ui.matters import FEWEST, NOT_HERE, question, weights_of
from distill.ui.opening import plain

HOME = Path(__file__).resolve().parents[1]
EXAMPLE, CEB, BETA_VAE = "2430f1a2ad29", "d0321b8f774d", "aaef4a8e904c"  # shipped, and so without their networks
PAGES = {"explore": "", "kept": "pages/3_kept_and_discarded.py"}
WEIGHED = SweepConfig(weights={"digit": 2.0, "parity": 0.25}, betas=(0.0, 0.1), epochs=90, **SMALL)


def opened(page="kept", **params):
    return visiting.opened(PAGES[page], **params)


def captions(app):
    return " ".join(each.value for each in app.caption)


def slider(app, name):
    return next(each for each in app.slider if each.key.startswith(f"matters-{name}-"))


def button(app):
    return next((each for each in app.button if each.key == "matters-ask"), None)


def placed(config, run):
    """Puts what `run` measured, as the run of `config` and without its networks, into the present store."""
    said = {"config": config.to_json(), "id": config.id, "last_step": int(run.step[-1])}
    store.create(store.place_of(config), run.isel(step=[-1], code_step=[-1]).assign_attrs(said))


@pytest.fixture
def whole(monkeypatch):
    """Runs whose networks are here, trained to their end: a set of ids to be filled."""
    ids = set()
    monkeypatch.setattr(matters, "_whole", ids.__contains__)
    return ids


# --- what is asked


def test_a_label_alone_weighs_one():
    assert weights_of(SWEEP) == {"digit": 1.0}
    assert weights_of(replace(SWEEP, label="parity")) == {"parity": 1.0}
    assert weights_of(WEIGHED) == {"digit": 2.0, "parity": 0.25}


@pytest.mark.parametrize("weights", [{"digit": 1.0}, {"digit": 1.0, "parity": 0.0}])
def test_the_own_label_alone_is_the_question_of_no_weights(whole, weights):
    for config in (SWEEP, replace(SWEEP, label="parity"), WEIGHED):
        found = question(config, weights)
        assert (found.label, dict(found.weights)) == (None, {})


def test_one_factor_of_full_weight_is_the_label_and_of_less_it_is_not(whole):
    assert (question(SWEEP, {"loop": 1.0}).label, dict(question(SWEEP, {"loop": 1.0}).weights)) == ("loop", {})
    assert (question(SWEEP, {"loop": 0.5}).label, dict(question(SWEEP, {"loop": 0.5}).weights)) == (None, {"loop": 0.5})


@pytest.mark.parametrize(
    ("of", "here", "start", "epochs"),
    [
        ("plain", {"plain"}, "plain", 30),  # a third of 90
        ("plain", set(), None, 90),
        ("begun", {"begun", "plain"}, "begun", 30),  # it was brief itself
        ("begun", {"plain"}, "plain", 30),  # it is still being trained, or came without its networks
        ("begun", set(), None, 90),  # from scratch it takes as long as it took in the beginning
    ],
)
def test_what_a_training_begins_with_and_how_long_it_is(whole, of, here, start, epochs):
    plain = replace(WEIGHED, weights={})
    whole.add(plain.id)
    begun = question(plain, {"loop": 0.5})
    whole.clear()
    runs = {"plain": plain, "begun": begun}
    whole.update(runs[name].id for name in here)
    found = question(runs[of], {"loop": 0.3, "digit": 0.1})
    assert (found.start, found.epochs) == (start and runs[start].id, epochs)
    assert dict(found.weights) == {"loop": 0.3, "digit": 0.1}
    same = ("betas", "hidden", "latent_dim", "seed", "objective")
    assert all(getattr(found, name) == getattr(plain, name) for name in same)


def test_networks_are_whole_after_a_training_and_of_no_example(sweep):
    assert matters._whole(SWEEP.id)
    assert not matters._whole(EXAMPLE) and not matters._whole("0" * 12)


def test_a_brief_training_is_not_too_brief(whole):
    short = replace(SWEEP, epochs=12)
    whole.add(short.id)
    assert question(short, {"loop": 1.0}).epochs == FEWEST


# --- the menu


@pytest.mark.parametrize("page", PAGES)
def test_the_sliders_begin_with_what_the_run_was_asked(home, sweep, page):
    placed(SWEEP, sweep)
    app = opened(page, run=SWEEP.id)
    assert not app.exception and (slider(app, "digit").value, slider(app, "ink").value) == (1.0, 0.0)
    assert button(app).disabled
    slider(app, "digit").set_value(0.0).run()
    assert "Something must matter" in captions(app) and button(app) is None


def test_weights_above_one_are_shown_as_they_are(home, sweep):
    placed(WEIGHED, sweep)
    app = opened(run=WEIGHED.id)
    assert not app.exception and (slider(app, "digit").value, slider(app, "parity").value) == (2.0, 0.25)
    assert slider(app, "ink").max == 2.0 and button(app).disabled


@pytest.mark.parametrize("page", PAGES)
def test_the_button_asks_once_from_the_networks_of_the_run(home, sweep, whole, page):
    placed(SWEEP, sweep)
    whole.add(SWEEP.id)
    app = opened(page, run=SWEEP.id, step="3")
    slider(app, "parity").set_value(0.5).run()
    assert NOT_HERE not in captions(app) and SWEEP.id in button(app).help
    button(app).click().run()
    (job,) = jobs.queue().jobs()
    assert not app.exception and app.query_params["run"] == job.id
    assert "step" not in app.query_params
    assert (job.config.start, dict(job.config.weights)) == (SWEEP.id, {"digit": 1.0, "parity": 0.5})


def test_another_question_takes_the_place_of_the_one_before(home, sweep, whole):
    placed(SWEEP, sweep)
    whole.add(SWEEP.id)
    other = jobs.submit(replace(SWEEP, seed=3))
    for weights in ((0.5, 0.8), (0.3,)):  # of two people
        app = opened("explore", run=SWEEP.id)
        for weight in weights:
            slider(app, "parity").set_value(weight).run()
            button(app).click().run()
    status = {job.config.weights.get("parity"): job.status for job in jobs.queue().jobs() if job is not other}
    assert status == {0.5: "stopped", 0.8: "queued", 0.3: "queued"} and other.status == "queued"


def test_the_same_question_again_goes_on(home, sweep, whole):
    placed(SWEEP, sweep)
    whole.add(SWEEP.id)
    for _ in range(2):
        app = opened(run=SWEEP.id)
        slider(app, "parity").set_value(0.5).run()
        button(app).click().run()
    (job,) = jobs.queue().jobs()
    assert job.status == "queued"


def test_it_says_where_the_networks_are_not_here(home, sweep):
    placed(SWEEP, sweep)
    app = opened(run=SWEEP.id)
    slider(app, "parity").set_value(0.5).run()
    assert not app.exception and NOT_HERE in captions(app)


def test_where_one_factor_or_none_can_be_asked_for_it_says_so(home):
    for run, said in ((CEB, "CEB takes one factor"), (BETA_VAE, "β-VAE sees no label")):
        app = opened(run=run)
        assert not app.exception and said in captions(app) and button(app) is None


def test_names_of_factors_are_no_markdown():
    assert plain("body_mass_g, 2–3 %") == "body_mass_g, 2–3 %"
    assert plain("$a$ *b* _c_ [d](e) :red[f] `g`") == r"\$a\$ \*b\* \_c\_ \[d\](e) \:red\[f\] \`g\`"
