"""The page Kept and discarded: its parts on factors and on quality, their links, and the controls that it offers."""

import json
from functools import partial
from pathlib import Path

import pytest
import visiting
from visiting import of, texts

from distill import datasets, jobs, store
from distill.config import SweepConfig
from distill.ui import kept_quality, kept_retention, looking
from distill.ui.state import State, from_params

HOME = Path(__file__).resolve().parents[1]
PAGE = "pages/3_kept_and_discarded.py"
DIGITS, SPRITES, NOISELESS, JOINT = "2430f1a2ad29", "9eb5ee876fef", "8e627b830535", "cbccc051b557"


@pytest.fixture(scope="module")
def digits():
    return store.open_run(store.path_of(DIGITS)).load()


opened = partial(visiting.opened, PAGE)


def views(app, key):
    """The names of the views that were packed for a stage."""
    header = app.session_state[f"_{key}_packed"][1].header
    return [each["name"] for each in json.loads(header)["views"]]


@pytest.mark.parametrize("run", [DIGITS, SPRITES])
def test_the_page_opens_with_what_a_run_has(home, run):
    app = opened(run=run, beta="0.1")
    said = texts(app)
    assert not app.exception and kept_retention.QUESTION in said
    shown = views(app, kept_retention.KEY)
    assert shown[:3] == ["What is kept of each factor", "Given up first … last", "Where the bits go"]
    assert "a lower bound" in said and "relative to these" in said and "and this noise" in said
    assert float(app.query_params["beta"]) == pytest.approx(0.1, rel=0.2)


def test_the_scale_goes_into_the_link_and_its_default_does_not(home):
    app = opened(run=DIGITS)
    assert not {"scale", "probe"} & set(app.query_params)
    app = opened(run=DIGITS, scale="bits")
    assert not app.exception and app.query_params["scale"] == "bits"
    assert of(app.segmented_control, "kept-scale").value == "bits"


def test_a_probe_that_a_run_does_not_have_is_not_offered(home, digits):
    app = opened(run=DIGITS, probe="mlp")
    assert not app.exception
    offered = of(app.segmented_control, "kept-probe")
    if "factor_kept_mlp" in digits:
        assert offered.value == "mlp" and app.query_params["probe"] == "mlp"
    else:
        assert offered is None and "probe" not in app.query_params


def test_a_wrong_probe_in_the_link_is_a_sentence():
    state, complaints = from_params({"probe": "svm", "part": "quality"})
    assert state == State(part="quality") and "logistic, mlp" in complaints[0]


def test_quality_has_two_columns_and_the_verdict(home):
    app = opened(run=SPRITES, part="quality")
    said = texts(app)
    assert not app.exception and kept_quality.QUESTION in said
    assert views(app, kept_quality.KEY) == ["Needs no reference", "Needs Y or X"]
    assert "only Y or X can say" in said and "At equal error" in said


@pytest.mark.parametrize("part", ["", "quality"])
@pytest.mark.parametrize("run", [NOISELESS, JOINT])
def test_a_run_that_lacks_much_still_has_the_page(home, run, part):
    app = opened(run=run, **({"part": part} if part else {}))
    assert not app.exception and app.query_params["run"] == run
    assert of(app.button, "kept-train-controls") is None


# --- controls


def test_the_controls_are_the_same_training_without_the_labels_meaning(digits):
    config = SweepConfig.from_json(digits.attrs["config"])
    vae, shuffled = (kept_retention.controls_of(digits)[name] for name in ("β-VAE", "shuffled"))
    assert (vae.objective, vae.label, vae.epochs, vae.dataset) == ("beta_vae", config.label, config.epochs, "digits")
    assert vae.betas != config.betas  # the knob of another objective is on another scale
    assert (shuffled.objective, shuffled.label, shuffled.betas) == ("vib", datasets.SHUFFLED, config.betas)
    control = digits.assign_attrs(config=shuffled.to_json())
    assert kept_retention.controls_of(control) == {}
    assert set(kept_retention.controls_of(digits.assign_attrs(config=vae.to_json()))) == {"shuffled"}


def test_the_button_asks_for_what_is_not_there(home, digits):
    app = opened(run=SPRITES)
    button = of(app.button, "kept-train-controls")
    assert button is not None and "sees no label" in texts(app)
    button.click().run()
    asked = [(job.config.dataset, job.config.objective, job.config.label) for job in jobs.queue().jobs()]
    assert sorted(asked, key=str) == [("sprites", "beta_vae", None), ("sprites", "vib", "shuffled")]
    assert not app.exception and "The controls are being trained" in texts(app)
    assert of(app.button, "kept-train-controls") is None


def test_a_control_that_is_there_stands_in_the_figure(home, digits):
    """The run itself in the place of a control: it then keeps at equal bits what the run keeps."""
    for config in kept_retention.controls_of(digits).values():
        other = digits.assign_attrs(
            config=config.to_json(), id=config.id, objective_title="control", last_step=int(digits.step[-1])
        )
        store.create(store.place_of(config), other.isel(step=[-1], code_step=[-1]))
    app = opened(run=DIGITS)
    assert not app.exception and views(app, kept_retention.KEY)[-1] == "At equal bits"
    assert of(app.button, "kept-train-controls") is None
    there = {run.config.label: run for run in looking.sweeps()}
    assert kept_retention._trained(kept_retention.controls_of(digits)["shuffled"]).id == there["shuffled"].id
