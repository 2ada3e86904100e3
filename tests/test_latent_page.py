"""The Latent-space page: what goes onto its stage, what is chosen on it, what a dimension is decoded to."""

import csv
import io
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import visiting
from conftest import PLANAR, SWEEP
from visiting import of, texts

from distill import jobs, store
from distill.config import Choice
from distill.figures._animation import Animation
from distill.figures.maps import animated_map
from distill.handle import Asked
from distill.measures.codes import sampled_codes
from distill.projection import principal
from distill.ui.envelope import pack
from distill.ui.latent_chosen import as_csv, chosen_stage, dispersion, shares
from distill.ui.latent_content import (
    MAP,
    RATES,
    REST,
    ROW,
    STABILITY,
    Look,
    latent_headline,
    latent_stage,
    legible,
    traversed,
)
from distill.ui.latent_traverse import READ, STEPS, spaced, traverse, traverse_codes
from distill.ui.state import State, from_params

HOME = Path(__file__).resolve().parents[1]
PAGE = "pages/2_latent_space.py"


opened = partial(visiting.opened, PAGE)


@pytest.fixture
def quiet(own_store, sweep, planar, monkeypatch):
    """The session's store with its runs, and a queue from which nobody takes anything."""
    monkeypatch.setenv("DISTILL_NO_WORKER", "1")
    queue = jobs.Queue()
    monkeypatch.setattr(queue, "_wake", lambda: None)
    monkeypatch.setattr(jobs, "queue", lambda: queue)
    return queue


# --- the stage


def test_the_stage_has_the_map_the_rates_the_motion_and_the_small_maps(sweep):
    run = sweep.assign(map_motion=("beta", np.ones(5)), map_rerun=("beta", np.ones(5)))
    stage = latent_stage(run, Choice())
    assert [view.name for view in stage.views] == [MAP, RATES, STABILITY, ROW, REST]
    assert stage.views[0].choosing and [text for _, text, _ in stage.views[0].legend] == [str(k) for k in range(10)]
    assert pack(stage).subject == f"{run.attrs['id']} {run.attrs['stamp']}"
    other = latent_stage(run, Choice(colour="ink"))
    assert (other.subject, other.identity == stage.identity) == (stage.subject, False)


def test_another_dimension_or_item_changes_the_stage_in_place(sweep):
    one, two = (latent_stage(sweep, Choice(), Look(dimension=k, item=k)) for k in (0, 1))
    assert one.identity == two.identity and pack(one).header != pack(two).header


def test_a_map_of_three_dimensions_says_how_it_was_made(sweep):
    look = Look(solid=principal(sampled_codes(sweep), 3), method="PCA 3")
    view = latent_stage(sweep, Choice(), look).views[0]
    assert "first three of 4 principal components" in view.subtitle
    assert all(each.z is not None for each in view.moving)
    assert b'"seen":[0.6,0.35]' in pack(latent_stage(sweep, Choice(), look)).header


def test_names_that_lie_on_one_another_are_not_written(sweep):
    drawn = animated_map(sweep, Choice(colour="parity"))
    names = drawn.motions[-1]
    place = max(names.x)
    x = {place: np.tile([0.0, 0.5], (5, 1)) * np.array([[1], [1], [1], [0.1], [0.0]])}
    moved = Animation(drawn.figure, (*drawn.motions[:-1], replace(names, x=x, y={place: np.zeros((5, 2))})))
    found = legible(moved).motions[-1].y[place]
    assert np.isnan(found).tolist() == [[False, False]] * 3 + [[True, True]] * 2


def test_the_codes_of_a_plane_have_their_ellipses(planar):
    view = latent_stage(planar, Choice()).views[0]
    assert "Ellipses: 95 % of q(z|x), 200 items." in view.subtitle
    assert sum(trace.name == "95 % of the codes" for trace in view.figure.data) == 10


def test_the_headline_says_what_moved_and_whether_it_is_more_than_chance(sweep):
    moved, chance = [np.nan, 0.5, 0.1, 0.3, 0.3], [0.2, 0.2, 0.2, 0.2, 0.2]
    run = sweep.assign(map_motion=("beta", moved), map_rerun=("beta", chance))
    cells = [row[2] for row in latent_headline(run)]
    assert cells[0][0] == "–" and cells[1][:2] == ["0.50", "moved since the β before; chance 0.20"]
    assert cells[2][:2] == ["0.10", "moved since the β before, no more than chance"]
    error = float(run.error_one.isel(step=-1, beta=3).sel(split="test"))
    assert latent_headline(run)[3][3][0] == f"{100 * error:.1f} %"


def test_codes_without_noise_have_a_map_and_no_rates(noiseless):
    assert [view.name for view in latent_stage(noiseless, Choice()).views if view.name == RATES] == []
    assert traversed(noiseless, None) == 0


# --- a dimension


def test_a_traversal_moves_one_dimension_over_the_spread_of_all_codes(sweep):
    codes = sampled_codes(sweep)
    found = traverse_codes(sweep, 2, item=7)
    assert found.shape == (5, 9, 4)
    assert np.array_equal(found[..., [0, 1, 3]], np.repeat(codes[:, 7:8, [0, 1, 3]], 9, axis=1))
    scaled = (found[..., 2] - codes[..., 2].mean(1)[:, None]) / codes[..., 2].std(1)[:, None]
    assert np.allclose(scaled, STEPS) and STEPS[[0, 4, -1]].tolist() == [-2.5, 0, 2.5]
    assert np.allclose(traverse_codes(sweep, 2, None)[:, 4], codes.mean(1))


def test_pictures_a_table_and_sentences_each_show_their_own(sweep):
    pictures = traverse(sweep, 1, 3).pictures
    assert pictures.rows[0].values.shape == (5, 9, 8, 8) and "item 3" in pictures.subtitle and not pictures.first
    table = sweep.assign_attrs(input_shape=[64]).assign(feature_name=("feature", [f"f{k}, mm" for k in range(64)]))
    view = traverse(table, 1, None).view
    assert len(view.moving) == 16 and view.figure.data[0].name.endswith(", mm")
    texts = sweep.assign(text=("point", [f"sentence {k}" for k in range(400)]))
    (lines,) = traverse(texts, 1, 3).pictures.rows
    codes, spread = traverse_codes(texts, 1, 3), sampled_codes(texts).std(1)
    far = np.square((sampled_codes(texts)[2] - codes[2, READ[3]]) / spread[2]).sum(-1)
    assert lines.places.shape == (5, 5) and lines.places[2, 3] == far.argmin()


def test_what_cannot_be_traversed_says_why(sweep):
    bare = sweep.drop_vars([name for name in sweep.data_vars if str(name).startswith("decoder_")])
    assert traverse(bare, 0, None).lack == "This run carries no decoder: train it again to go along a dimension."
    assert "no dimension" in traverse(sweep.assign_attrs(code="categorical"), 0, None).lack


def test_labels_keep_apart_and_in_order():
    found = spaced(np.array([0, 1, 2]), np.array([[0.0, 0.01, 0.02], [0.0, 5.0, -5.0]]), 1.0)
    assert np.diff(found[0]).tolist() == pytest.approx([1.0, 1.0]) and found[0].mean() == pytest.approx(0.01)
    assert found[1].tolist() == pytest.approx([0.0, 5.0, -5.0])


# --- the chosen


def test_the_share_of_a_factor_among_the_chosen_beside_all(sweep):
    threes = tuple(int(item) for item in np.flatnonzero(sweep.label.values == 3))
    found = {name: (mine, whole) for name, mine, whole in shares(sweep, threes, "digit")}
    assert found["3"] == (1.0, len(threes) / 400) and found["4"][0] == 0.0
    assert sum(whole for _, whole in found.values()) == pytest.approx(1)


def test_dispersion_is_one_for_all_and_nothing_for_one_place(sweep):
    assert dispersion(sweep, tuple(range(400))) == pytest.approx(np.ones(5))
    assert dispersion(sweep, (7,)) == pytest.approx(np.zeros(5))
    threes = tuple(int(item) for item in np.flatnonzero(sweep.label.values == 3))
    found = dispersion(sweep, threes)
    assert found[1] < 0.6 < 0.8 < found[-1]  # a class is a cluster, until it is squeezed away


def test_the_chosen_are_taken_away_as_a_table(sweep):
    lines = as_csv(sweep, (9, 4), 2).splitlines()
    assert lines[0].startswith(f"# run {SWEEP.id}") and "β = 0.1" in lines[0]
    rows = list(csv.DictReader(io.StringIO("\n".join(lines[1:]))))
    assert [int(row["index"]) for row in rows] == [int(sweep.point.values[item]) for item in (4, 9)]
    codes = sampled_codes(sweep)[2, [4, 9]]
    assert np.allclose([[float(row[f"z{k + 1}"]) for k in range(4)] for row in rows], codes, rtol=1e-5)
    assert [row["digit"] for row in rows] == [str(sweep.label.values[item]) for item in (4, 9)]


def test_the_figures_of_the_chosen_stand_at_the_chosen_beta(sweep):
    packed = pack(chosen_stage(sweep, (1, 2, 3), "ink", 3))
    assert (packed.index, packed.revision) == (3, 3)
    assert packed.identity == pack(chosen_stage(sweep, (1, 5), "ink", 3)).identity


# --- the page


def test_the_page_opens_with_the_run_of_the_link(quiet):
    app = opened(run=SWEEP.id, beta="0.1", dimension="2")
    assert not app.exception and "How do the codes lie, and what moves when you squeeze?" in texts(app)
    assert app.query_params["run"] == SWEEP.id and app.query_params["beta"] == "0.1"
    assert of(app.selectbox, "latent-dimension").value == 2
    assert "Take Box or Lasso" in texts(app)


def test_colours_and_dimensions_go_into_the_link(quiet):
    app = opened(run=SWEEP.id)
    of(app.selectbox, "latent-colour").set_value("ink").run()
    assert app.query_params["colour"] == "ink" and not app.exception
    of(app.get("button_group"), "latent-dims").set_value("3").run()
    assert app.query_params["dims"] == "3" and app.query_params["colour"] == "ink" and not app.exception


def test_a_umap_of_three_dimensions_is_asked_of_the_worker_and_drawn_when_it_answers(quiet, monkeypatch):
    asked = []
    monkeypatch.setattr(quiet, "ask", lambda path, work: asked.append(Asked(work, path, ())) or asked[-1])
    app = opened(run=SWEEP.id, dims="3")
    of(app.button, "latent-ask").click().run()
    assert [each.function for each in asked] == ["distill.finishing:map_3d"]
    assert asked[0].path == store.path_of(SWEEP.id) and of(app.button, "latent-ask").disabled
    asked[0].answer(("[" + ",".join([str([[0.0, 1.0, 2.0]] * 400)] * 5) + "]", ""))
    app.run()
    assert not app.exception and not [each for each in app.button if each.key == "latent-ask"]


def test_a_worker_that_fails_says_so(quiet, monkeypatch):
    asked = Asked("w", Path("x"), ())
    monkeypatch.setattr(quiet, "ask", lambda path, work: asked)
    app = opened(run=SWEEP.id, dims="3")
    of(app.button, "latent-ask").click().run()
    asked.answer(("failed", "the worker process died"))
    assert "The worker process died" in texts(app.run())


def test_a_plane_needs_no_umap_of_three_dimensions(quiet):
    app = opened(run=PLANAR.id, dims="3")
    assert not app.exception and not [each for each in app.button if each.key == "latent-ask"]


def test_wrong_links_are_answered_in_sentences(quiet):
    said = texts(opened(run=SWEEP.id, dims="4", dimension="x", colour="nonsense"))
    assert "Dims = 4 in the link is not one of 2, 3" in said and "Dimension = x in the link is no latent" in said
    assert from_params({"dims": "3", "dimension": "6"})[0] == State(dims="3", dimension=6)
