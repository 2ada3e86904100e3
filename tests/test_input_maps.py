"""Maps of the inputs: the numbers that colours, bars and words stand for, and what is said of them."""

import json

import numpy as np
import plotly.graph_objects as go
import pytest
import xarray as xr

from distill.config import Choice
from distill.errors import InvalidValue
from distill.figures.input_maps import (
    animated_columns,
    column_names,
    explained,
    explained_map,
    explained_of_all,
    fisher_map,
    input_bits,
    on_pixels,
    strongest_columns,
    word_map,
    words_of,
)
from distill.measures.codes import sampled_codes
from distill.measures.decoding import decoded
from distill.palette import AMOUNT_RAMP, BETA_RAMP, CLASSES, DARK, GROUND, LAYER_RAMP, PARTS
from distill.ui.envelope import pack
from distill.ui.kept_inputs_content import (
    BITS,
    EXPLAINED,
    FISHER,
    NEEDED,
    SHARE,
    Needed,
    headline,
    inputs_stage,
    lacking,
    name_of,
)
from distill.ui.picture_rows import Amount

BETAS, ITEMS = 3, 40


def run_of(shape, **more):
    """A run of stand-ins of pictures, vectors or a table, with maps that have other numbers everywhere."""
    rng, size = np.random.default_rng(1), int(np.prod(shape))
    inputs = rng.standard_normal((ITEMS, size)) * np.linspace(0.2, 3, size)
    found = {
        "inputs": (("point", "feature"), inputs, {"offset": 0.0, "scale": 1.0, "low": -5.0, "high": 5.0}),
        "label": (("point",), np.arange(ITEMS) % 4),
        "fisher_bits": (("beta", "feature"), 0.3 * rng.random((BETAS, size)), {"long_name": "bits, mean of 40 items"}),
        "fisher_bits_of": (("beta", "shown", "feature"), rng.random((BETAS, 8, size))),
        "r_squared": (("beta", "feature"), rng.random((BETAS, size)) - 0.3),
        "information_x": (("step", "beta", "split"), np.full((1, BETAS, 2), 2.5)),
        "information_y": (("step", "beta", "split"), np.full((1, BETAS, 2), 1.5)),
        "samples": (("step", "split"), np.full((1, 2), ITEMS)),
    }
    attrs = {
        "id": "made", "code": "gaussian", "input_shape": shape, "label_name": "digit",
        "config": '{"seed": 0, "latent_dim": 2, "epochs": 5}',
        "dataset_title": "Stand-ins", "objective_title": "VIB",
        "classes": json.dumps({"digit": ["0", "1", "2", "3"]}),
        "knob": json.dumps({"label": "Compression strength β", "symbol": "β", "unit": "", "default": 0.1}),
    }  # fmt: skip
    coords = {"beta": [0.0, 0.1, 1.0], "shown": [3, 5, 0, 4, 1, 9, 7, 2], "split": ["train", "test"], "step": [10]}
    return xr.Dataset(found, coords, attrs | more)


def rows_of(stage):
    return {row.label: row for row in stage.pictures.rows}


def test_a_map_has_the_runs_own_numbers_at_the_chosen_strength(sweep):
    for kind, figure in (("fisher_bits", fisher_map), ("r_squared", explained_map)):
        heat = figure(sweep, Choice(beta=2)).data[0]
        wanted = sweep[kind].values[2].reshape(8, 8)
        np.testing.assert_allclose(heat.z, np.nan_to_num(wanted).clip(0), atol=1e-7)
        assert np.asarray(heat.z).max() > 0


def test_colours_rise_as_the_fourth_root_of_the_bits():
    """One ten-thousandth of a bit has a tenth of the way along the ramp, and a bit all of it."""
    heat = fisher_map(run_of((4, 4)), Choice(beta=0)).data[0]
    assert (heat.zmin, heat.zmax) == (0, 1)
    shares, colours = zip(*heat.colorscale, strict=True)
    stops = [GROUND, *AMOUNT_RAMP]
    np.testing.assert_allclose(shares, np.linspace(0, 1, 41) ** 4, atol=1e-9)
    assert (colours[0], colours[4 * 6], colours[-1]) == (stops[0], stops[3], stops[-1])  # six tenths of five steps


def test_the_ramp_of_amounts_is_no_other_colour_of_the_program():
    others = {*PARTS.values(), *CLASSES, *BETA_RAMP, *LAYER_RAMP}
    assert not others & set(AMOUNT_RAMP)
    light = [sum(int(each[i : i + 2], 16) for i in (1, 3, 5)) for each in AMOUNT_RAMP]
    dark = [sum(int(DARK[each][i : i + 2], 16) for i in (1, 3, 5)) for each in AMOUNT_RAMP]
    assert light == sorted(light, reverse=True)  # more is darker on paper, and lighter on a dark page
    assert dark == sorted(dark)


def test_levels_of_an_amount_stand_for_it_to_half_a_level():
    amount, values = Amount(2.0, "bits", 3), np.array([-1, 0, 1e-3, 0.02, 0.25, 1.9, 2.0, 7.0, np.nan])
    levels = amount.levels(values)
    assert levels.tolist()[:2] == [0, 0]
    assert levels.tolist()[-3:] == [255, 255, 0]
    back = 2 * (levels / 255.0) ** 3
    shares = (values[2:6] / 2) ** (1 / 3)
    np.testing.assert_allclose((back[2:6] / 2) ** (1 / 3), shares, atol=0.5 / 255 + 1e-9)
    assert amount.packed()["ticks"] == [[0.0, "0"], [1.0, "2 bits"]]
    assert Amount(8.0, "bits", 3, ((1.0, "1"),)).packed()["ticks"] == [[0.5, "1"]]


def test_what_explains_less_than_nothing_is_not_kept_and_what_never_varies_is_no_number():
    run = run_of((2, 2))
    run.r_squared.values[:] = [[-3.0, 0.25, 1.0, np.nan]] * BETAS
    np.testing.assert_array_equal(explained(run)[0], [0, 0.25, 1, np.nan])
    np.testing.assert_array_equal(on_pixels(run, explained(run))[1], [[0, 0.25], [1, 0]])


def test_the_share_of_all_variance_is_that_of_the_errors_summed(sweep):
    """Recomputed from codes, decoder and inputs: 1 − Σ (x − x̂)² / Σ (x − mean)²."""
    inputs = sweep.inputs.transpose("point", "feature").values.astype(float)
    errors = ((decoded(sweep, sampled_codes(sweep)) - inputs) ** 2).sum((1, 2))
    wanted = 1 - errors / ((inputs - inputs.mean(0)) ** 2).sum()
    np.testing.assert_allclose(explained_of_all(sweep), wanted, atol=2e-3)
    assert wanted[0] > 0.3 > wanted[-1]


def test_a_pixel_of_a_colour_picture_is_the_mean_of_its_three_inputs():
    run = run_of((2, 3, 3))
    cells = on_pixels(run, input_bits(run))
    assert cells.shape == (BETAS, 2, 3)
    assert cells[1, 1, 2] == pytest.approx(run.fisher_bits.values[1, 15:18].mean())
    assert "mean of its three colours" in fisher_map(run).layout.xaxis.title.text


def test_an_item_has_its_own_map_where_it_is_among_those_shown():
    run = run_of((4, 4))
    np.testing.assert_array_equal(input_bits(run, 9), run.fisher_bits_of.values[:, 5])
    with pytest.raises(InvalidValue, match=r"^item 8 has no map of Fisher bits; those shown have: 3, 5, 0, 4, 1, 9,"):
        input_bits(run, 8)


def test_a_run_that_lacks_a_map_says_why():
    run = run_of((4, 4)).drop_vars(["fisher_bits", "fisher_bits_of"])
    with pytest.raises(
        InvalidValue, match=r"^run 'made' has no map of Fisher bits: it is measured after the training$"
    ):
        fisher_map(run)
    with pytest.raises(InvalidValue, match=r"its code has no noise$"):
        input_bits(run.assign_attrs(code="noiseless"))
    with pytest.raises(InvalidValue, match=r"^run 'made' has no shares of variance explained"):
        explained(run.drop_vars("r_squared"))
    with pytest.raises(InvalidValue, match=r"^run 'made' has no words: its items are no sentences$"):
        word_map(run)
    assert lacking(run_of((4, 4))) == ""
    assert lacking(run.assign_attrs(code="categorical")).startswith("Its code is a symbol")
    assert lacking(run.drop_vars("r_squared")).startswith("This run has no maps of its inputs")


def test_bars_are_as_long_as_their_columns_bits_and_end_where_the_axis_does():
    run = run_of((4,))
    run = run.assign(feature_name=("feature", ["bill, mm", "depth, mm", "wing, mm", "mass, g"]))
    bits = np.array([[19.0, 1.0, 2.0, 0.04], [3.0, 1.0, 2.0, 0.02], [0.5, 0.0, 0.25, 0.01]])
    motion = animated_columns(run, "fisher", bits)
    end = 3.0 * 1.08
    np.testing.assert_allclose(motion.motions[0].x, np.minimum(bits, end))
    assert motion.motions[1].text[0] == ["19 bits", "1.00 bits", "2.00 bits", "0.04 bits"]
    assert motion.figure.layout.yaxis.ticktext == tuple(column_names(run))
    at = motion.at(run, Choice(beta=1)).data[0]
    np.testing.assert_allclose(at.x, bits[1])
    assert at.y[0] > at.y[-1]  # the first column on top
    assert type(fisher_map(run)) is go.Figure
    assert type(fisher_map(run).data[0]) is go.Bar


def test_of_many_columns_those_are_drawn_that_the_code_explains_best():
    run = run_of((30,))
    run.r_squared.values[0] = np.arange(30)[::-1] / 30
    run.r_squared.values[0, 2] = np.nan
    assert strongest_columns(run).tolist() == [0, 1, *range(3, 21)]
    assert strongest_columns(run_of((20,))).tolist() == list(range(20))


def test_words_are_those_of_the_sentences_shown_with_their_bits():
    run = run_of((6,)).assign(
        text=("point", [f"sentence {i} is good" for i in range(ITEMS)]),
        word_bits=(("beta", "shown", "word"), np.arange(BETAS * 8 * 5.0).reshape(BETAS, 8, 5)),
    )
    words, bits = words_of(run)
    assert words[5] == ["sentence", "9", "is", "good"]
    figure = word_map(run, Choice(beta=1))
    assert figure.data[5].text == ("sentence", "9", "is", "good")
    np.testing.assert_array_equal(figure.data[5].customdata, bits[1, 5, :4])
    stage = inputs_stage(run, Choice(), 9)
    (row,) = stage.pictures.rows
    assert row.texts == words
    np.testing.assert_array_equal(row.values, row.amount.levels(bits))
    assert stage.pictures.chosen == 9
    assert pack(stage).body


@pytest.mark.parametrize("item", [None, 9])
def test_the_stage_has_the_maps_at_every_strength_and_says_whose_they_are(item):
    run = run_of((4, 4))
    rows = rows_of(inputs_stage(run, Choice(), item))
    bits = on_pixels(run, input_bits(run, item))
    np.testing.assert_array_equal(rows[FISHER].values[:, 0], BITS.levels(bits))
    np.testing.assert_array_equal(rows[EXPLAINED].values[:, 0], SHARE.levels(100 * on_pixels(run, explained(run))))
    assert rows[FISHER].words.endswith("mean of 40 items." if item is None else "item 9 (digit 1).")
    assert rows["items"].names[1] == name_of(run, 5) == "item 5 (digit 1)"
    assert pack(inputs_stage(run, Choice(), item)).frames == BETAS


def test_what_the_classifier_needs_stands_beside_it_with_its_strength():
    run = run_of((4, 4))
    row = rows_of(inputs_stage(run, Choice(), 9, Needed(9, 1, tuple(np.arange(16.0)))))[NEEDED]
    assert row.words == "Of item 9 (digit 1), at β = 0.1, by pixel (IBA). Not what q(z|x) keeps."
    assert row.amount.top == 15
    assert row.values[0, 3, 3] == 255 > row.values[0, 0, 1] > 0


def test_the_numbers_in_words_say_that_bits_of_inputs_are_no_parts():
    run = run_of((4, 4))
    cells = headline(run, None)
    assert len(cells) == BETAS
    whole, half, most, total = cells[1]
    assert whole[0] == f"{100 * explained_of_all(run)[1]:.0f} %"
    assert half[0] == f"{(run.r_squared.values[1] >= 0.5).sum()} of 16"
    best = int(run.fisher_bits.values[1].argmax())
    assert most[:2] == [f"{run.fisher_bits.values[1].max():.2g} bits",
                        f"are the most, at row {best // 4 + 1}, column {best % 4 + 1}"]  # fmt: skip
    assert total[0] == "2.50 bits"
    assert f"add up to {run.fisher_bits.values[1].sum():.2g} bits and are no parts of it" in total[1]
