"""The Information-plane page: the numbers in its figures, what is known under them, and its sentences."""

import json
import math
import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import visiting
import xarray as xr
from conftest import NOISELESS, PLANAR
from visiting import of, texts

from distill import exact, jobs, palette, store
from distill.config import CHOICES, Choice
from distill.errors import DistillError, InvalidValue
from distill.figures._panels import grounded
from distill.figures._reach import critical_places, reach
from distill.figures.errors import animated_errors
from distill.figures.estimating import redrawn
from distill.figures.gap import ROWS, difference, train_test_gap
from distill.figures.overlay import OVERLAYS, Curve, end_curve, knob_of
from distill.figures.plane import Look, animated_plane, information_plane, widest
from distill.measures.estimators import ESTIMATORS, estimates
from distill.ui.envelope import pack
from distill.ui.headline import headline as explore_headline
from distill.ui.plane_content import GAP, plane_stage
from distill.ui.plane_headline import headline
from distill.ui.state import MOST_OVERLAYS, State, from_params

HOME = Path(__file__).resolve().parents[1]
PAGE = "pages/1_information_plane.py"
# THEORY 5: the golden joint, its I(X;Y), its ρ_m², and points of its exact curve as (I_X, I_Y)
P3 = np.array([[0.30, 0.05, 0.02], [0.04, 0.20, 0.03], [0.02, 0.04, 0.18], [0.05, 0.03, 0.04]])
P3_CURVE = [(1.804716, 0.507905), (1.281508, 0.429547), (0.674806, 0.260921), (0.165896, 0.072481)]
# THEORY 4: ρ = (0.9, 0.6)
GAUSSIAN_CURVE = [(1.045961, 0.697964), (2.630924, 1.197964), (3.800849, 1.367889), (7.260280, 1.505393)]
FULL = Look(both=True, landmarks=True)


def numbers(values):
    return np.array([np.nan if value is None else value for value in values], float)


def trace(figure, name):
    (found,) = [each for each in figure.data if each.name == name]
    return found


def points(figure, name):
    each = trace(figure, name)
    return numbers(each.x), numbers(each.y)


def words(figure):
    return [each.text for each in figure.layout.annotations]


def of_joint(run, table):
    """The run as if its items were the values of X of a known joint distribution."""
    shape, p_x = run.samples.shape, table.sum(1)
    shared = float((table * np.log2(table / np.outer(p_x, table.sum(0)))).sum())
    limits = {"ceiling": -(p_x * np.log2(p_x)).sum(), "information_xy": shared}
    return run.assign(
        joint=(("value_x", "value_y"), table),
        **{name: (("step", "split"), np.full(shape, value)) for name, value in limits.items()},
    )


def of_gaussian(run, correlations):
    size, cross = len(correlations), np.diag(correlations)
    shared = -0.5 * np.log2(1 - np.square(correlations)).sum()
    return run.assign(
        covariance_x=(("axis_x", "axis_x_too"), np.eye(size)), covariance_xy=(("axis_x", "axis_y"), cross),
        covariance_y=(("axis_y", "axis_y_too"), np.eye(size)),
        information_xy=(("step", "split"), np.full(run.samples.shape, shared)),
        ceiling=(("step", "split"), np.full(run.samples.shape, np.nan)),
    )  # fmt: skip


# --- what is known under the learned curve


@pytest.mark.parametrize(("x", "y"), P3_CURVE)
def test_the_curve_of_a_joint_goes_through_the_golden_points(sweep, x, y):
    run = of_joint(sweep, P3)
    known_x, known_y = points(information_plane(run), "exact curve")
    assert np.interp(x, known_x, known_y) == pytest.approx(y, abs=1e-4)
    wide = np.diff(known_x) > 1e-4
    slopes = (np.diff(known_y)[wide] / np.diff(known_x)[wide]).round(4)
    assert (slopes >= 0).all() and (np.diff(slopes) <= 0).all()  # rising and concave
    found = reach(run, "test", 2.0)
    assert found.total == pytest.approx(0.515866, abs=1e-6) and found.critical == pytest.approx((0.455037,), abs=1e-6)


@pytest.mark.parametrize("share", [0.03, 0.11, 0.27, 0.58, 0.83, 0.97])
def test_the_curve_is_the_exact_bottlenecks_between_the_strengths_it_was_computed_at_too(sweep, share):
    found = exact.information_bottleneck(P3, [share * exact.critical_beta(P3).global_])
    curve = reach(of_joint(sweep, P3), "test", 3.0)
    assert curve.at(found.information_x) == pytest.approx(found.information_y, abs=1e-4)


KINKED = {
    "labels": np.array([[0.2, 0, 0], [0.3, 0, 0], [0, 0.2, 0], [0, 0, 0.3]]),
    # one whole bit of price 1, then two noisy channels
    "blocks": np.kron(np.eye(2), [[0.2, 0.05], [0.05, 0.2]]),
}


@pytest.mark.parametrize("name", KINKED)
def test_a_curve_with_kinks_is_no_higher_than_the_best_of_many_strengths(sweep, name):
    known = reach(sweep.assign(joint=(("value_x", "value_y"), KINKED[name])), "test", 3.0)
    found = exact.information_bottleneck(KINKED[name], np.r_[np.geomspace(1, 1e-3, 300), 0])
    x, y = exact.hull(found.information_x, found.information_y)
    places = np.linspace(0, x[-1], 500)
    assert known.at(places) == pytest.approx(np.interp(places, x, y), abs=1e-3)
    assert (known.y <= known.x + 1e-12).all()


@pytest.mark.parametrize(("x", "y"), GAUSSIAN_CURVE)
def test_the_curve_of_a_gaussian_is_the_closed_form(sweep, x, y):
    run = of_gaussian(sweep, (0.9, 0.6))
    known_x, known_y = points(information_plane(run), "exact curve")
    assert known_y == pytest.approx(exact.gaussian_curve(*(run[f"covariance_{n}"] for n in ("x", "xy", "y")), known_x))
    assert np.interp(x, known_x, known_y) == pytest.approx(y, abs=1e-3)
    assert reach(run, "test", 9.0).total == pytest.approx(1.519892, abs=1e-6)


def test_a_gaussian_has_a_tick_where_its_second_direction_enters_and_no_ceiling(sweep):
    figure = animated_plane(of_gaussian(sweep, (0.9, 0.6)), "test", FULL).at(sweep, Choice())
    x, _ = points(figure, "β_c = 0.36")
    assert x[0] == pytest.approx(1.012687 / math.log(2), abs=0.06)  # THEORY 4, nats; the grid is 0.05 bits wide
    assert not [each for each in figure.data if each.name in ("log2 N", "H(X)")]
    assert "I(X;Y) = 1.52" in words(figure)


def test_points_under_the_exact_curve_are_as_far_from_it_as_it_says(sweep):
    """Codes that use an exact bottleneck half of the time lie at half of its bits on both axes, under the curve."""
    best = exact.information_bottleneck(P3, [0.1, 0.2, 0.3, 0.4, 0.44])
    run = of_joint(sweep, P3).copy(deep=True)
    for name in ("information_x", "information_y"):
        run[name][:] = 0.5 * getattr(best, name)[None, :, None]
    x, y = 0.5 * best.information_x, 0.5 * best.information_y
    bound = reach(run, "test", 3.0)
    short = bound.at(x) - y
    assert (short > 1e-4).all()
    cells = headline(run, "test")[-1]
    assert [float(cell[2][0]) for cell in cells] == pytest.approx(short, abs=0.0051)
    assert [float(cell[3][0].removeprefix("≥ ")) for cell in cells] == pytest.approx(x - y, abs=0.0051)
    up = animated_plane(run, "test", FULL).at(run, Choice(beta=1))
    assert points(up, "up to the best")[1] == pytest.approx([y[1], bound.at(x[1])])


def test_labels_that_are_a_function_of_the_item_have_the_corner(sweep):
    found, entropy = reach(sweep, "test", 9.0), float(sweep.entropy_y.sel(split="test")[-1])
    assert not found.known and found.critical == (1.0,)
    assert found.at([0.0, 1.0, entropy, 8.0]) == pytest.approx([0, 1, entropy, entropy])
    figure = animated_plane(sweep, "test", FULL).at(sweep, Choice())
    assert [each[0] for each in points(figure, "minimum necessary information")] == pytest.approx([entropy, entropy])


def test_the_critical_beta_stands_at_its_place_between_the_trained_ones(sweep):
    assert critical_places(sweep, "test") == [(pytest.approx(3 + math.log(1 / 0.6) / math.log(2 / 0.6)), 1.0)]
    config = json.loads(sweep.attrs["config"]) | {"objective": "squared"}
    assert critical_places(sweep.assign_attrs(config=json.dumps(config)), "test") == []
    (view,) = [each for each in plane_stage(sweep, Choice()).views if each.name == GAP]
    assert "β<sub>c</sub> = 1" in words(view.figure)


# --- the plane of the page


@pytest.mark.parametrize("step", [0, 3, 5])
def test_both_splits_are_drawn_with_their_errors(sweep, step):
    figure = animated_plane(sweep, "test", FULL).at(sweep, Choice(beta=2, step=step))
    here = sweep.isel(step=step)
    for split, name in (("test", "every β"), ("train", "every β, train items")):
        x, y = points(figure, name)
        assert np.array_equal(x, here.information_x.sel(split=split))
        assert np.array_equal(y, here.information_y.sel(split=split))
    x, y = points(figure, "from one split to the other")
    assert x.tolist() == here.information_x.isel(beta=2).sel(split=["test", "train"]).values.tolist()
    test = here.sel(split="test")
    x, y = (each.reshape(5, 6) for each in points(figure, "± 1 standard error"))
    assert x[:, 1] - x[:, 0] == pytest.approx(2 * test.information_x_error.values)
    assert y[:, 4] - y[:, 3] == pytest.approx(2 * test.information_y_error.values)
    assert np.isnan(x[:, [2, 5]]).all()


@pytest.mark.parametrize(("split", "step"), [("test", 5), ("test", 2), ("train", 5)])
def test_shares_are_of_the_entropies_of_their_own_step(sweep, split, step):
    choice = Choice(beta=1, step=step, split=split, scale="shares")
    figure, at = information_plane(sweep, choice), sweep.sel(split=split).isel(step=step)
    x, y = points(figure, "every β")
    assert x == pytest.approx(at.information_x.values / np.log2(250 if step < 5 else 400))
    assert y == pytest.approx(at.information_y.values / at.entropy_y.item())
    assert set(numbers(trace(figure, "H(X)").x)) == {1.0}
    last = sweep.sel(split=split).isel(step=-1)
    corner = last.entropy_y.item() / np.log2(400)
    assert points(figure, "limit min(I(X;Z), H(Y))")[0][:2] == pytest.approx([0, corner])
    assert points(figure, "limit min(I(X;Z), H(Y))")[1] == pytest.approx([0, 1, 1])


def test_a_continuous_y_has_no_shares(sweep):
    run = of_gaussian(sweep, (0.9, 0.6))
    with pytest.raises(InvalidValue, match=f"run '{sweep.attrs['id']}' has no finite H"):
        information_plane(run, Choice(scale="shares"))
    assert "bits" in plane_stage(run, Choice(scale="shares")).views[0].figure.layout.xaxis.title.text


def test_other_runs_are_drawn_at_their_ends_in_colours_of_their_own_with_their_names(sweep, planar, noiseless):
    curves = tuple(end_curve(run, Choice(), name) for run, name in ((planar, "VIB, K 2"), (noiseless, "Deterministic")))
    figure = animated_plane(sweep, "test", replace(FULL, curves=curves)).at(sweep, Choice(beta=3))
    last = planar.isel(step=-1).sel(split="test")
    x, y = points(figure, "VIB, K 2")
    assert np.array_equal(x, last.information_x) and np.array_equal(y, last.information_y)
    x, y = points(figure, "Deterministic")
    assert x.tolist() == [np.log2(400)] and y == pytest.approx(noiseless.bound_y[-1].sel(split="test").values)
    assert {"VIB, K 2", "Deterministic"} <= set(words(figure))
    colours = [trace(figure, each.name).line.color for each in curves]
    assert colours == [colour for colour, _ in OVERLAYS[:2]]
    nearest = points(figure, "VIB, K 2, nearest")
    assert nearest[0][0] == last.information_x.values[2]  # β = 0.6 in both
    assert not [each for each in figure.data if each.name == "Deterministic, nearest"]


def test_a_knob_of_another_meaning_has_no_nearest_value(sweep, planar):
    other = planar.assign_attrs(objective_title="Bit budget")
    assert knob_of(other) != knob_of(sweep)
    figure = animated_plane(sweep, "test", Look(curves=(end_curve(other, Choice(), "other"),))).figure
    assert not [each for each in figure.data if each.name == "other, nearest"]


def test_colours_of_other_runs_are_none_of_the_programs_and_have_dark_partners():
    taken = {*palette.PARTS.values(), *palette.BETA_RAMP, palette.INK}
    assert len(set(OVERLAYS)) == len(OVERLAYS) >= MOST_OVERLAYS
    assert all(colour in palette.DARK and colour not in taken for colour, _ in OVERLAYS)


# --- another estimator on the same frozen run


def test_the_estimators_that_can_be_chosen_are_those_that_there_are():
    assert CHOICES["estimator"] == tuple(ESTIMATORS) and Choice().estimator == "mixture"


@pytest.mark.parametrize("name", ["leave-one-out", "kernel lower", "infonce"])
def test_a_run_redrawn_stands_at_the_estimates_on_the_same_axis(sweep, name):
    figure, found = (
        information_plane(sweep, Choice(beta=2, step=0, split="train", estimator=name)),
        estimates(sweep, name),
    )
    x, y = points(figure, "every β")
    assert np.array_equal(x, found.information_x) and np.array_equal(y, found.information_y)
    assert figure.layout.xaxis.range == information_plane(sweep).layout.xaxis.range
    other = redrawn(sweep, name, found)
    assert other.sizes["step"] == 1 and list(other.split.values) == ["test"] and int(other.samples[0, 0]) == 400
    lines = animated_plane(other, "test", replace(FULL, both=False, right=widest(sweep, "test"))).at(other, Choice())
    tails = points(lines, "towards the truth")[0].reshape(5, 3)
    way = -1 if ESTIMATORS[name].kind == "bound above" else 1
    assert (np.sign(tails[:, 1] - tails[:, 0]) == way).all() and tails[:, 0] == pytest.approx(
        found.information_x.values
    )


def test_an_estimate_that_is_no_bound_points_nowhere_and_one_without_ceiling_still_has_shares(sweep):
    binned, left_out = (redrawn(sweep, name) for name in ("binned", "leave-one-out"))
    for other, name in ((binned, "binned"), (left_out, "leave-one-out")):
        stage = plane_stage(sweep, Choice(estimator=name, scale="shares"), (), other)
        tails = [each for each in stage.views[0].figure.data if each.name == "towards the truth"]
        assert len(tails) == (name == "leave-one-out") and stage.second is None
        assert pack(stage).steps == 1
        x = next(each for each in stage.views[0].moving if stage.views[0].figure.data[each.trace].name == "every β").x
        assert x[0, 0] == pytest.approx(other.information_x.values[0, :, 0] / np.log2(400))
    assert "No bound" in plane_stage(sweep, Choice(estimator="binned"), (), binned).views[0].subtitle


def test_a_known_joint_is_no_sample_and_says_no_at_least(sweep):
    run = of_joint(sweep, P3)
    run["information_x"] = run.information_x * 0 + float(run.ceiling[-1, 0])
    for cells in headline(run, "test")[-1]:
        assert not any(cell[0].startswith(("≥", "≤")) for cell in cells)
    assert "±" not in " ".join(cell[2] for cell in explore_headline(run, "test")[-1][0] if "error" in cell[1])
    assert headline(run.drop_vars("joint"), "test")[-1][0][0][0].startswith("≥ ")


def test_bits_of_a_continuous_y_are_a_bound_and_what_follows_from_them_too(sweep):
    said = json.loads(sweep.attrs["estimators"]) | {"information_y": "h(Y) − CE, variational lower bound"}
    run = of_gaussian(sweep, (0.9, 0.6)).assign_attrs(estimators=json.dumps(said))
    run = run.assign(information_y_error=run.information_y_error * np.nan, error_one=run.error_one * np.nan)
    for cells in headline(run, "test")[-1]:
        assert [cell[0][:2] for cell in cells[1:]] == ["≥ ", "≤ ", "≤ "]
        assert "nan" not in str(cells)
    assert explore_headline(run, "test")[-1][0][1][0].startswith("≥ ")


def test_a_joint_that_tells_nothing_has_a_plane(sweep):
    figure = information_plane(sweep.assign(joint=(("value_x", "value_y"), np.full((2, 2), 0.25))))
    assert figure.layout.yaxis.range[1] > 0.5 and trace(figure, "exact curve").y[-1] == 0


def test_the_numbers_of_an_estimate_keep_their_sign_and_have_no_floor(sweep):
    other = redrawn(sweep, "kernel upper").copy(deep=True)
    other.information_x[:] = 1.0
    other.information_y[:] = 1.5
    cells = headline(other, "test")[0][0]
    assert cells[2][0] == "−0.50" and cells[3][0] == "−0.50"
    assert "floor" not in cells[-1][1] and "floor" in headline(sweep, "test")[-1][0][-1][1]


def test_a_code_without_noise_is_measured_by_those_that_can(noiseless):
    x, _ = points(information_plane(noiseless, Choice(estimator="binned")), "every β")
    assert x == pytest.approx(estimates(noiseless, "binned").information_x.values)
    with pytest.raises(InvalidValue, match="needs noise in the code"):
        redrawn(noiseless, "infonce")


# --- the small figures


@pytest.mark.parametrize(("beta", "step"), [(0, None), (3, 2)])
def test_the_gap_is_train_less_test_each_in_its_unit(sweep, beta, step):
    figure, at = train_test_gap(sweep, Choice(beta=beta, step=step)), sweep.isel(step=-1 if step is None else step)
    for row, scale in zip(ROWS, (1, 1, 100), strict=True):
        values = scale * (at[row.variable].sel(split="train") - at[row.variable].sel(split="test")).values
        assert points(figure, f"{row.words}, train − test, {row.unit}")[1] == pytest.approx(values)
        assert points(figure, f"chosen β, {row.words}")[1] == pytest.approx([values[beta]])
    assert (figure.layout.yaxis.title.text, figure.layout.yaxis2.title.text) == ("bits", "points")


def test_the_bands_are_errors_of_two_independent_samples_or_of_seeds(sweep):
    last = sweep.isel(step=-1)
    squares = last.information_x_error.sel(split="train") ** 2 + last.information_x_error.sel(split="test") ** 2
    assert difference(sweep, ROWS[0])[1][-1] == pytest.approx(np.sqrt(squares).values)
    shares = sum(
        last.error_one.sel(split=each) * (1 - last.error_one.sel(split=each)) / 400 for each in ("train", "test")
    )
    assert difference(sweep, ROWS[2])[1][-1] == pytest.approx(100 * np.sqrt(shares).values)
    seeded = xr.concat([sweep.information_x, sweep.information_x + xr.DataArray([1.0, 0.0], dims="split")], "seed")
    value, error = difference(sweep.drop_vars("information_x").assign(information_x=seeded), ROWS[0])
    assert value == pytest.approx(difference(sweep, ROWS[0])[0] + 0.5) and error == pytest.approx(np.sqrt(0.5))


def test_what_was_not_measured_has_no_curve(sweep, noiseless):
    assert not any("I(X;Z)" in each.name for each in train_test_gap(noiseless).data)
    blind = sweep.assign(error_one=sweep.error_one * np.nan)
    assert "yaxis2" not in train_test_gap(blind).to_dict()["layout"]
    assert [view.name for view in plane_stage(blind, Choice()).views] == ["Information plane", GAP]


def test_the_floor_is_closed_for_a_stage_that_fills_outlines(sweep):
    figure = grounded(animated_errors(sweep)).at(sweep, Choice())
    area, edge = (trace(figure, f"Fano's floor for one code{end}") for end in ("", ", edge"))
    assert area.fill == "toself" and numbers(area.x)[-2:].tolist() == [4, 0] and numbers(area.y)[-2:].tolist() == [0, 0]
    assert np.array_equal(numbers(area.y)[:-2], numbers(edge.y)) and edge.fill == "none"


# --- the page


def test_the_closed_form_of_a_linear_encoder_has_no_two_samples(sweep):
    """Neither diamonds nor a gap of zero width, nor the caution of a sample that passes the exact curve."""
    run = of_gaussian(sweep, (0.9, 0.6))  # its ceiling is NaN
    sampled = plane_stage(run.assign(ceiling=np.log2(run.samples)), Choice()).views
    assert sampled[-1].name == GAP and "by chance" in sampled[0].subtitle
    views = plane_stage(run, Choice()).views
    assert GAP not in [view.name for view in views]
    assert "closed form" in views[0].subtitle and not re.search("diamonds|by chance", views[0].subtitle)


@pytest.fixture
def home(tmp_path, monkeypatch, sweep, planar, noiseless):
    """A store with two runs of the tests, and a queue from which nobody takes anything."""
    monkeypatch.setenv("DISTILL_STORE", str(tmp_path))
    monkeypatch.setenv("DISTILL_NO_WORKER", "1")
    queue = jobs.Queue()
    monkeypatch.setattr(queue, "_wake", lambda: None)
    monkeypatch.setattr(jobs, "queue", lambda: queue)
    for config, run in ((PLANAR, planar), (NOISELESS, noiseless)):
        first = run.isel(step=[-1], code_step=[-1])
        store.create(store.place_of(config), first.assign_attrs(last_step=int(first.step[0])))
    return tmp_path


opened = partial(visiting.opened, PAGE)


def test_the_page_opens_with_the_digits_example_and_says_it_in_the_link(home):
    app = opened()
    assert not app.exception and "Where does each network stand, and how far from the best?" in texts(app)
    picker = of(app.selectbox, "plane-run")
    assert "Digits, VIB" in picker.options and any("K 2" in each for each in picker.options)
    assert store.summary(store.path_of(app.query_params["run"])).example and "beta" in app.query_params
    picker.set_value(PLANAR.id).run()
    assert not app.exception and app.query_params["run"] == PLANAR.id


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("estimator", "kernal", "estimator must be one of mixture"),
        ("scale", "nats", "scale must be one of bits, shares"),
        ("overlay", "../etc", "run id is twelve digits"),
        ("overlay", ",".join(f"{i:012x}" for i in range(9)), "at most 6"),
        ("part", "<b>", "no part of a page"),
    ],
)
def test_a_wrong_value_in_the_link_is_a_sentence(name, text, said):
    state, complaints = from_params({name: text, "beta": "0.1"})
    assert state == State(beta=0.1) and len(complaints) == 1
    assert said.lower() in complaints[0].lower() and complaints[0].endswith("The default is shown instead.")


def test_wrong_links_leave_a_page_that_stands(home):
    app = opened(run="000000000000", overlay=f"111111111111,{NOISELESS.id}", estimator="nearest")
    said = texts(app)
    assert not app.exception and "Another run is shown instead" in said and "111111111111" in said
    assert "estimator must be one of" in said.lower()


def test_a_run_of_another_task_is_not_laid_over(home):
    sprites = next(run.id for run in store.list_runs() if getattr(run.config, "dataset", "") == "sprites")
    app = opened(run=PLANAR.id, overlay=sprites)
    assert not app.exception and "is of other data or another label" in texts(app)


def test_an_estimator_is_shown_with_its_caution_and_one_that_cannot_measure_says_so(home):
    app = opened(run=PLANAR.id, estimator="infonce", scale="shares", overlay=NOISELESS.id)
    assert not app.exception and "never above log2 64" in texts(app)
    assert app.query_params["overlay"] == NOISELESS.id
    app = opened(run=NOISELESS.id, estimator="infonce")
    assert not app.exception and "The mixture of this run is drawn instead" in texts(app)


def test_claims_that_were_not_measured_are_a_sentence(home):
    path = store.place_of(PLANAR)
    bare = store.open_run(path).load()
    bare = bare.drop_vars([name for name in bare if str(name).startswith(("attack_", "calibration_", "confidence"))])
    store.create(path, bare.assign_attrs(last_step=int(bare.step[0])), replace=True)
    app = opened(run=PLANAR.id, part="claims")
    assert not app.exception and "computed after a training with the present version" in texts(app)


def test_a_run_of_another_version_is_a_sentence(sweep):
    old = sweep.copy()
    old.attrs = {name: value for name, value in sweep.attrs.items() if name != "knob"}
    with pytest.raises(DistillError, match="has no knob: it was made by another version"):
        plane_stage(old, Choice())


def test_the_stage_travels(sweep):
    curve = Curve(
        "another", np.array([1.0, 2.0]), np.array([1.0, 1.5]), np.array([0.1, 0.5]), ("0.1", "0.5"), knob_of(sweep)
    )
    stage = plane_stage(sweep, Choice(beta=2, step=3), (curve,))
    assert [view.name for view in stage.views] == ["Information plane", "Error", GAP]
    packed = pack(stage)
    assert (packed.index, packed.step, packed.frames, packed.steps) == (2, 3, 5, 6)
    assert "another" in stage.identity and stage.identity != plane_stage(sweep, Choice()).identity
