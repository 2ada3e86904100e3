"""Figures taken away: the numbers are the figure's own, and the file says which run they came from."""

import csv
import io
import json
import shutil
from xml.etree import ElementTree

import numpy as np
import plotly.graph_objects as go
import pytest
import xarray as xr
from synthetic import snapshot

from distill import exporting
from distill.config import Choice, SweepConfig
from distill.errors import DistillError, UnknownName
from distill.figures import information_plane

needs_chromium = pytest.mark.skipif(not shutil.which("chromium"), reason="there is no chromium to draw with")
CONFIG = SweepConfig(seed=3, betas=(0.0, 0.25, 0.5, 0.75, 1.0))


@pytest.fixture
def run():
    first = snapshot(0)
    how = {"data_vars": "minimal", "coords": "minimal", "compat": "override", "join": "outer"}
    both = xr.concat([first, snapshot(10, static=False)], "step", **how)
    both["information_x"].attrs["long_name"] = "I(X;Z)"
    both["rate"].attrs["long_name"] = "rate, E KL"
    both["samples"] = both.samples + 450
    said = {"information_x": "mixture of N", "rate": "upper bound", "bound_y": "lower bound"}
    about = {"id": CONFIG.id, "config": CONFIG.to_json(), "estimators": json.dumps(said), "title": "Digits, VIB"}
    return both.assign_attrs(about)


@pytest.fixture
def figure():
    made = go.Figure()
    made.add_scatter(x=np.array([1, 2.5]), y=[3, float("nan")], name="β & <b>more</b>", error_x={"array": [0.1, 0.2]})
    made.add_bar(x=[4], y=["ink"], customdata=[[7, 8]], xaxis="x2", yaxis="y2")
    made.add_heatmap(z=[[1, 2], [3, 4]], y=["low", "high"], xaxis="x3", yaxis="y3")
    made.add_scatter(x=[9], y=[9], visible=False, name="hidden")
    return made.update_layout(xaxis_title="I(X;Z), bits", width=500, height=300)


def rows(text):
    return list(csv.DictReader(line for line in io.StringIO(text) if not line.startswith("#")))


def test_csv_has_every_number_of_every_visible_trace(figure, run):
    found = rows(exporting.render(figure, run, None, "csv").decode())
    first, bar, heat = (
        [row for row in found if row["trace"] == name] for name in ("β & <b>more</b>", "bar 2", "heatmap 3")
    )
    assert len(first) + len(bar) + len(heat) == len(found) == 7
    assert [(row["x"], row["y"], row["error_x"]) for row in first] == [("1", "3", "0.1"), ("2.5", "", "0.2")]
    assert [(row["x"], row["y"], row["data_0"], row["data_1"]) for row in bar] == [("4", "ink", "7", "8")]
    cells = [("0", "low", "1"), ("1", "low", "2"), ("0", "high", "3"), ("1", "high", "4")]
    assert [(row["x"], row["y"], row["z"]) for row in heat] == cells
    assert {row["panel"] for row in heat} == {"x3 y3"}


def test_csv_leaves_furniture_out(run):
    figure = go.Figure([go.Scatter(x=[0, 1], y=[0, 1], name="region", meta="furniture"), go.Scatter(x=[2], y=[3])])
    assert [row["trace"] for row in rows(exporting.render(figure, run, None, "csv").decode())] == ["scatter 2"]


def test_csv_of_a_picture_has_its_levels(run):
    figure = go.Figure(go.Image(source="data:image/png;base64,AAAA", customdata=[[1, -2], [3, 4]], name="one"))
    figure.add_image(z=[[[5, 6, 7]]], name="two")
    found = rows(exporting.render(figure, run, None, "csv").decode())
    assert [(row["x"], row["y"], row["z"]) for row in found if row["trace"] == "one"] == [
        ("0", "0", "1"), ("1", "0", "-2"), ("0", "1", "3"), ("1", "1", "4"),
    ]  # fmt: skip
    assert [(row["z_0"], row["z_1"], row["z_2"]) for row in found if row["trace"] == "two"] == [("5", "6", "7")]


def test_csv_keeps_eight_digits_and_says_where_it_is_from(run):
    values = np.random.default_rng(0).standard_normal(20)
    text = exporting.render(go.Figure(go.Scatter(x=values, y=values)), run, Choice(beta=2, step=1), "csv").decode()
    assert np.allclose([float(row["x"]) for row in rows(text)], values, rtol=1e-7, atol=0)
    head = dict(line[2:].split(": ", 1) for line in text.splitlines() if line.startswith("# "))
    assert (head["run"], head["β"], head["step"], head["split"], head["N"]) == (CONFIG.id, "0.5", "10", "test", "460")
    assert SweepConfig.from_json(head["config"]) == CONFIG
    assert json.loads(head["estimators"])["I(X;Z)"] == "mixture of N"


def test_the_caption_names_run_changes_choice_and_the_estimators_of_what_is_drawn(figure, run):
    text = exporting.caption(figure, run, exporting.facts(run, Choice(beta=4, step=0)))
    for part in (CONFIG.id, "seed 3", "betas 0 … 1 (5)", "β 1", "step 0", "N 450", "I(X;Z): mixture of N"):
        assert part in text
    assert "upper bound" not in text
    assert "upper bound" in exporting.caption(figure.update_layout(yaxis_title="rate"), run, {})
    assert "upper bound" not in exporting.caption(figure.update_layout(yaxis_title="separate"), run, {})
    assert "lower bound" in exporting.caption(go.Figure(), run, {}), "all of them, where the figure names none"


def test_what_a_run_says_of_its_estimators_goes_before_what_a_variable_says(figure, run):
    """Runs of a known distribution were once stored with the words of the usual estimator beside each variable."""
    run.information_x.attrs["estimator"] = "of another kind of data"
    assert exporting.estimators(run)["I(X;Z)"] == "mixture of N"
    assert exporting.estimators(run.assign_attrs(estimators="{}"))["I(X;Z)"] == "of another kind of data"


def test_the_knob_of_a_budget_is_not_called_beta(run):
    run.attrs["knob"] = json.dumps({"symbol": "C", "unit": "bits"})
    assert "C" in exporting.facts(run, Choice(beta=1)) and "β" not in exporting.facts(run, Choice(beta=1))
    assert ", step " in exporting.caption(go.Figure(), run, exporting.facts(run, Choice(beta=1))).split("C 0.25")[1]


def test_a_figure_is_not_changed_by_taking_it_away(figure, run):
    before = figure.to_json()
    exporting.render(figure, run, None, "csv")
    exporting._captioned(figure, "text " * 100)
    assert figure.to_json() == before


@needs_chromium
@pytest.mark.browser
def test_svg_png_and_pdf_carry_the_run(figure, run, tmp_path):
    from PIL import Image

    for form in ("svg", "png", "pdf"):
        exporting.write(tmp_path / f"a.{form}", figure, run, Choice(beta=2, step=1))
    picture = Image.open(tmp_path / "a.png")
    assert picture.size[0] == round(500 * 300 / 96)
    assert picture.info["dpi"] == pytest.approx((300, 300), rel=1e-4)
    assert (picture.info["run"], picture.info["beta"]) == (CONFIG.id, "0.5")
    assert SweepConfig.from_json(picture.info["config"]) == CONFIG
    drawing = ElementTree.parse(tmp_path / "a.svg")
    about = json.loads(drawing.find("{http://www.w3.org/2000/svg}metadata").text)
    assert about == exporting.facts(run, Choice(beta=2, step=1)) | {"exported": about["exported"]}
    shown = "".join(drawing.getroot().itertext())
    assert f"run {CONFIG.id}" in shown
    assert "β & more" in shown
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_without_chromium_there_is_a_sentence(figure, run, monkeypatch, tmp_path):
    import kaleido
    from choreographer.errors import ChromeNotFoundError

    def missing(*_, **__):
        raise ChromeNotFoundError

    monkeypatch.setattr(kaleido, "calc_fig_sync", missing)
    with pytest.raises(DistillError, match=r"needs Chromium or Chrome.*export a \.csv"):
        exporting.write(tmp_path / "a.svg", figure, run)
    exporting.write(tmp_path / "a.csv", figure, run)


def test_a_wrong_ending_and_a_folder_that_is_not_there(figure, run, tmp_path):
    with pytest.raises(UnknownName, match="unknown file format 'gif'; known: csv, pdf, png, svg"):
        exporting.write(tmp_path / "a.gif", figure, run)
    with pytest.raises(DistillError, match=r"cannot write .*a\.csv: no such file or directory"):
        exporting.write(tmp_path / "missing" / "a.csv", figure, run)


def test_figures_are_those_that_take_a_run_and_a_choice():
    found = exporting.figures()
    assert {"information_plane", "code_map", "kept_and_discarded"} <= set(found)
    assert not any(name.startswith("animated") for name in found)


def test_a_figure_redrawn_by_another_estimator_takes_that_ones_name_away(sweep, tmp_path):
    choice = Choice(beta=1, estimator="kernel upper")
    exporting.write(tmp_path / "plane.csv", information_plane(sweep, choice), sweep, choice)
    said = next(line for line in (tmp_path / "plane.csv").read_text().splitlines() if line.startswith("# estimators"))
    assert "kernel" in said.lower() and "mixture of the N encoders" not in said
    exporting.write(tmp_path / "own.csv", information_plane(sweep), sweep, Choice())
    assert "mixture of the N encoders" in (tmp_path / "own.csv").read_text()
