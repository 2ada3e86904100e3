"""The block of bytes that goes to the browser: what goes in comes out, within the resolution that is promised."""

import json
import struct

import numpy as np
import plotly.graph_objects as go
import pytest

from distill.errors import InvalidValue
from distill.ui.envelope import (
    Moving,
    Packed,
    Pictures,
    Row,
    Slider,
    Stage,
    Thumbnails,
    View,
    pack,
    pack_item,
    pack_step,
)

FRAMES, ITEMS = 33, 1000


def figure(low=-3.0, high=3.0, **axis):
    made = go.Figure(go.Scatter(mode="markers", customdata=np.arange(ITEMS)), layout={"template": "none"})
    return made.update_xaxes(range=[low, high], **axis).update_yaxes(range=[-3, 3])


def content(*moving, frames=FRAMES, steps=None, **more):
    view = View("Map", more.pop("figure", None) or figure(), moving)
    second = Slider("training", [str(s) for s in range(steps)]) if steps else None
    return Stage((view,), Slider("β", [str(f) for f in range(frames)]), "a", second, **more)


def opened(packed: Packed, key="stage", *begin):
    """Key, beginning, header and body of a block, read as the browser reads it."""
    block = packed.block(key, *begin)
    length, index, step, serial, named = struct.unpack_from("<IHHII", block)
    start = 16 + -(-named // 4) * 4
    return (
        block[16 : 16 + named].decode(),
        (index, step, serial),
        json.loads(block[start : start + length]),
        block[start + length :],
    )


def numbers(record, body):
    raw = np.frombuffer(body, record["kind"], count=int(np.prod(record["shape"])), offset=record["at"]).reshape(
        record["shape"]
    )
    if "low" not in record:
        return raw
    values = record["low"] + (raw + 32767.0) / 65534 * (record["high"] - record["low"])
    values[raw == -32768] = np.nan
    return 10**values if record["log"] else values


def test_the_beginning_stands_before_the_header_and_everything_is_aligned():
    packed = pack(content(Moving(0, np.zeros((FRAMES, 70)), np.zeros((FRAMES, 70)))))
    key, begin, header, body = opened(packed, "stäge", 7, 2, 11)
    assert (key, begin) == ("stäge", (7, 2, 11))
    assert header["frames"] == FRAMES
    assert len(packed.block("stäge")) % 4 == 0
    assert header["views"][0]["moving"][0]["x"]["at"] % 4 == 0
    assert len(body) == len(packed.body)


def test_many_points_come_within_a_fortieth_of_a_pixel_on_400():
    rng = np.random.default_rng(0)
    x = rng.uniform(-3, 3, (FRAMES, ITEMS))
    x[3, 5] = np.nan
    _, _, header, body = opened(pack(content(Moving(0, x, x))))
    back = numbers(header["views"][0]["moving"][0]["x"], body)
    assert np.isnan(back[3, 5]) and np.isnan(back).sum() == 1
    assert np.nanmax(np.abs(back - x)) <= 6 / 400 / 40


def test_few_points_are_exact_to_seven_digits():
    x = np.random.default_rng(0).uniform(0, 9, (FRAMES, 5))
    _, _, header, body = opened(pack(content(Moving(0, x, x))))
    np.testing.assert_allclose(numbers(header["views"][0]["moving"][0]["x"], body), x, rtol=1e-7)


def test_an_outlier_costs_no_resolution():
    x = np.random.default_rng(0).uniform(-3, 3, (FRAMES, ITEMS))
    x[0, 0] = 1e9
    _, _, header, body = opened(pack(content(Moving(0, x, x))))
    back = numbers(header["views"][0]["moving"][0]["x"], body)
    assert back[0, 0] > 9
    assert np.abs(back - x).ravel()[1:].max() <= 5 * 6 / 65534


def test_a_log_axis_is_quantised_in_decades():
    x = 10 ** np.random.default_rng(0).uniform(-5, 0, (FRAMES, ITEMS))
    drawn = figure(-5, 0, type="log")
    _, _, header, body = opened(pack(content(Moving(0, x, None), figure=drawn)))
    np.testing.assert_allclose(numbers(header["views"][0]["moving"][0]["x"], body), x, rtol=2e-4)


def test_only_the_steps_at_hand_are_sent_and_another_follows():
    x = np.random.default_rng(0).uniform(-3, 3, (FRAMES, ITEMS))
    _, _, header, _ = opened(pack(content(Moving(0, {2: None, 4: x}, {2: None, 4: x}), steps=5)))
    sent = header["views"][0]["moving"][0]["x"]["steps"]
    assert list(sent) == ["2", "4"] and sent["2"] is None and sent["4"]["shape"] == list(x.shape)
    _, _, header, body = opened(pack_step(2, {"Map": (Moving(0, x, x),)}, {"Map": figure()}))
    assert header["step"] == 2 and header["views"][0]["view"] == "Map"
    np.testing.assert_allclose(numbers(header["views"][0]["moving"][0]["y"], body), x, atol=1e-3)


def test_a_moving_trace_is_not_sent_twice():
    values = np.zeros((FRAMES, ITEMS))
    _, _, header, _ = opened(pack(content(Moving(0, values, values))))
    trace = header["views"][0]["figure"]["data"][0]
    assert trace["x"] == [] and trace["y"] == []
    assert trace["customdata"]["$"]["shape"] == [ITEMS]


def test_the_default_stage_is_at_most_600_kilobytes():
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(2, FRAMES, ITEMS))
    pictures = rng.integers(0, 255, (FRAMES, 8, 8, 8), dtype=np.uint8)
    cell = ("3.9 bits", "kept", "I(X;Z), mixture estimate, N = 450, test")
    packed = pack(
        content(
            Moving(0, *codes), headline=[[cell] * 4] * FRAMES,
            pictures=Pictures(range(8), (Row("kept", pictures), Row("lost", pictures, signed=True))),
            thumbnails=Thumbnails(range(ITEMS), rng.integers(0, 16, (ITEMS, 8, 8), dtype=np.uint8) * 16),
        )
    )  # fmt: skip
    assert len(packed.block("stage")) <= 600_000


def test_equal_content_gives_equal_bytes_and_any_change_another_seal():
    def seal(value):
        header = opened(pack(content(Moving(0, np.full((FRAMES, 3), value), None))))[2]
        return header["version"]

    assert seal(1.0) == seal(1.0)
    assert seal(1.0) != seal(2.0)


def test_templates_are_merged_and_left_out():
    made = figure()
    made.layout.template = go.layout.Template(
        layout={"xaxis": {"showgrid": False, "range": [0, 1]}, "font": {"size": 9}}
    )
    _, _, header, _ = opened(pack(content(figure=made)))
    layout = header["views"][0]["figure"]["layout"]
    assert layout["xaxis"]["showgrid"] is False and layout["xaxis"]["range"] == [-3, 3]
    assert layout["font"]["size"] == 9 and "template" not in layout


def test_pictures_of_one_item():
    pictures = np.random.default_rng(0).integers(0, 255, (FRAMES, 8, 8), dtype=np.uint8)
    _, _, header, body = opened(pack_item(17, [pictures[0], pictures]))
    assert header["item"] == 17
    assert np.array_equal(numbers(header["rows"][1], body), pictures)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (lambda: content(Moving(3, np.zeros((FRAMES, 2)))), "there is no trace 3"),
        (lambda: content(Moving(0, np.zeros((FRAMES - 1, 2)))), r"shape \(32, 2\); allowed: \(33, n\)"),
        (lambda: content(Moving(0, np.zeros((4, FRAMES, 2))), steps=5), r"allowed: \(33, n\) or \(5, 33, n\)"),
        (lambda: content(Moving(0, np.zeros((FRAMES, 2))), figure=go.Figure(go.Scatter())), "the x axis of view 'Map'"),
        (lambda: content(headline=[[("a", "b", "c")]]), r"headline has shape \(1, 1, 3\)"),
        (lambda: content(pictures=Pictures([1, 2], (Row("kept", np.zeros((3, 8, 8), "u1")),))), "picture row 'kept'"),
        (lambda: Stage((View("Map", figure(), hover="all"),), Slider("β", ["0"]), "a"), "hover of view 'Map' is 'all'"),
        (lambda: Stage((), Slider("β", ["0", "1"], index=2), "a"), "slider index 2 is not among 0 to 1"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(bad, words):
    with pytest.raises(InvalidValue, match=words):
        pack(bad())
