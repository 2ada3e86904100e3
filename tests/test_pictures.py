"""Kept pictures: the figure's traces are the run's pictures, drawn pixel by pixel."""

import base64
import io

import numpy as np
import pytest

from distill.config import Choice
from distill.errors import InvalidValue
from distill.figures._pictures import ZERO, levels, picture_rows
from distill.figures.pictures import LESS, MORE, kept_pictures
from distill.measures.decoding import kept_levels, shown_items


def drawn(trace):
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(base64.b64decode(trace.source.split(",")[1]))))


def test_the_items_are_of_as_many_classes_as_there_is_room_for(sweep):
    items = shown_items(sweep)
    assert sweep.label.values[items].tolist() == list(range(8))
    assert items == [int(np.flatnonzero(sweep.label.values == each)[0]) for each in range(8)]


def test_levels_are_the_data_sets_own_pictures(sweep):
    from distill.datasets import load

    data = load("digits")
    raw = data.inputs[sweep.point.values] * sweep.inputs.attrs["scale"] + sweep.inputs.attrs["offset"]
    assert np.array_equal(levels(sweep), np.round(raw / 16 * 255).reshape(-1, 8, 8))


@pytest.mark.parametrize("beta", [0, 3])
def test_every_picture_is_a_trace_with_its_levels(sweep, beta):
    items, figure = shown_items(sweep), kept_pictures(sweep, Choice(beta=beta))
    found = {each.name: np.asarray(each.customdata) for each in figure.data}
    assert list(found) == [f"{row}, item {item}" for row in ("original", "kept", "discarded") for item in items]
    for item in items:
        original, kept = levels(sweep)[item].astype(int), kept_levels(sweep, [item])[beta].reshape(8, 8).astype(int)
        assert np.array_equal(found[f"original, item {item}"], original)
        assert np.array_equal(found[f"kept, item {item}"], kept)
        assert np.array_equal(found[f"discarded, item {item}"], (original - kept) // 2)
    assert np.array_equal(drawn(figure.data[9]), found[f"kept, item {items[1]}"])


def test_pictures_stand_in_rows_and_columns_that_do_not_touch(sweep):
    figure = kept_pictures(sweep, Choice(beta=1))
    left, top = np.array([(each.x0, each.y0) for each in figure.data]).reshape(3, 8, 2).transpose(2, 0, 1)
    assert (np.diff(left, axis=1) > 8).all()
    assert (np.diff(top, axis=0) < -8).all()
    assert (left == left[0]).all()
    assert (top == top[:, :1]).all()
    assert [text.split()[-1] for text in figure.layout.xaxis.ticktext] == list("01234567")


def test_what_is_missing_is_green_and_what_was_added_is_brown(sweep):
    one = kept_pictures(sweep, Choice(beta=4)).data[16]
    colours, values = drawn(one).astype(int), np.asarray(one.customdata)
    assert (colours[values == 0] == 255).all()
    for end, where in ((LESS, values < -1), (MORE, values > 1)):
        share = np.minimum(1, np.abs(values[where]) / 127 * 1.25)[:, None]
        assert np.abs(colours[where] - (255 + (np.array(end) - 255) * share)).max() <= 0.5


def test_colour_pictures_keep_their_channels_and_their_loss_is_the_mean_of_them(sweep):
    colour = np.random.default_rng(0).integers(0, 255, (5, 400, 48), dtype=np.uint8)
    run = sweep.drop_dims("feature").assign(
        inputs=(("point", "feature"), colour[0] / 255.0, {"offset": 0.0, "scale": 1.0, "low": 0.0, "high": 1.0}),
        kept=(("beta", "point", "feature"), colour),
    ).assign_attrs(input_shape=(4, 4, 3))  # fmt: skip
    items = shown_items(run)
    assert picture_rows(run, items)["discarded"].shape == (5, 8, 4, 4, 3)
    figure = kept_pictures(run, Choice(beta=1))
    assert drawn(figure.data[0]).shape == (4, 4, 3)
    mean = np.asarray(figure.data[16].customdata).mean(-1)
    green = drawn(figure.data[16])[..., 0] == np.round(255 + (MORE[0] - 255) * np.minimum(1, mean / 127 * 1.25))
    assert green[mean > 0].all()
    assert (picture_rows(run, items)["discarded"][0] == ZERO).all()


def test_a_run_without_pictures_says_why(sweep):
    with pytest.raises(InvalidValue, match=r"^run \w{12} has no kept pictures: they follow its training$"):
        kept_pictures(sweep.drop_vars("decoder_out"), Choice(beta=0))
    with pytest.raises(InvalidValue, match=r"they were left out of this example; train it to have them$"):
        kept_pictures(sweep.drop_vars("decoder_out").assign_attrs(left_out="decoder, map_umap"), Choice(beta=0))
    flat = sweep.assign_attrs(input_shape=(64,))
    with pytest.raises(InvalidValue, match=r"^the items of run \w{12} are no pictures but 64 numbers each$"):
        kept_pictures(flat, Choice(beta=0))
