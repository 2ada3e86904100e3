"""Figures of the Shannon wall: their numbers are the run's, break-even is where the lines cross, shares are 2^(1−c)."""

import csv
import io
import json
import re

import numpy as np
import plotly.graph_objects as go
import pytest
import xarray as xr
from conftest import WALL

from distill import exporting
from distill.coding.counting import share_that_shrinks
from distill.config import Choice
from distill.errors import InvalidValue
from distill.figures import _price, _wall, effort, knowledge, learning, lossless, strings
from distill.palette import DARK, PARTS

MODULES = (effort, knowledge, learning, lossless, strings)
FIGURES = {name: each for name, each in exporting.figures("wall").items() if getattr(each, "__module__", "") in {
    module.__name__ for module in MODULES
}}  # fmt: skip
every_figure = pytest.mark.parametrize("name", FIGURES)
COUNTS = (1, 5, 50, 500)
FREE, NETWORK = 100.0, 60.0  # bits an item, for every item alike


def made(model_bytes=4000.0, network=NETWORK, written=True, rate=np.nan, symbols=16, alphabet=4, label=3.3):
    """A run of made-up coders whose sizes are known: `best` takes 100 bits an item, the network 60 and its weights."""
    sent = np.array(COUNTS, float)
    rows = {
        "raw": ("raw", "raw", 8.0 * symbols * sent),
        "slow": ("slow coder", "general", 120 * sent + 400),  # 50 bytes of header
        "kt1": ("order-1", "adaptive", FREE * sent),
        "network": ("network", "network", network * sent if written else np.full(len(sent), np.nan)),
    }
    steps = np.array([0, 10, 100])
    named = {key: ("method", [row[i] for row in rows.values()]) for i, key in enumerate(("title", "family"))}
    run = xr.Dataset(coords={"step": steps, "method": list(rows), "count": list(COUNTS), "order": range(4), **named})
    run = run.assign_coords(note=("method", [f"note of {name}" for name in rows]))
    run["bytes"] = (("method", "count"), np.stack([row[2] for row in rows.values()]) / 8)
    run["model_bytes"] = ("method", [0, 0, 0, model_bytes if written else 0.0])
    run["encode_seconds"] = ("method", [np.nan, 0.5, 1.0, 4.0])
    run["decode_seconds"] = ("method", [np.nan, 0.25, 2.0, 8.0])
    run["operations"] = ("method", [np.nan, np.nan, 2176.0, 1.1e6])
    run["network_bits"] = ("step", np.array([160.0, 110.0, 60.0]) / symbols, {"units": "bits"})
    run["training_bits"] = ("step", np.array([160.0, 109.0, 58.0]) / symbols)
    run["seconds"] = ("step", [0.0, 1.0, 2.0])
    run["order_entropy"] = ("order", [6.5, 6.0, 3.0, 0.1])
    run["shown"] = (("first", "symbol"), (np.arange(2 * symbols) % alphabet).reshape(2, symbols).astype("u1"))
    about = {"kind": "wall", "id": "0123456789ab", "stamp": "s", "title": "made up", "source_title": "Made up"}
    about |= {"item": "picture", "item_symbols": symbols, "alphabet": alphabet, "shape": json.dumps([4, symbols // 4])}
    about |= {"entropy_rate": rate, "entropy_note": "as made", "label_bits": label, "items": 500, "letters": ""}
    about |= {"training_items": 900, "source": "digits", "steps": 100, "device": "cpu", "estimators": "{}"}
    return run.assign_attrs(about)


def trace(figure, name):
    (found,) = [each for each in figure.data if each.name == name]
    return found


def notes(figure):
    return " ".join(str(each.text) for each in figure.layout.annotations)


# --- every figure


def test_the_figures_are_found_and_know_their_kind_of_run():
    assert len(FIGURES) == 6
    assert not set(FIGURES) & set(exporting.figures("")) and not set(FIGURES) & set(exporting.figures("layers"))


@every_figure
def test_a_figure_is_plain_and_its_axes_stand_while_the_slider_moves(name, walled):
    for run in (walled, made()):
        figures = [FIGURES[name](run, Choice(beta=place)) for place in (None, 0, 1)]
        assert all(type(each) is go.Figure for each in figures)
        axes = [
            {key: value for key, value in each.layout.to_plotly_json().items() if "axis" in key} for each in figures
        ]
        assert axes[0] == axes[1] == axes[2]
        assert {*re.findall(r"#[0-9a-f]{6}\b", figures[0].to_json())} <= {*DARK, "#ffffff"}


@every_figure
def test_the_four_colours_of_the_program_keep_their_meaning(name):
    assert not set(PARTS.values()) & {*re.findall(r"#[0-9a-f]{6}\b", FIGURES[name](made()).to_json())}


@every_figure
def test_a_run_of_another_kind_is_refused_in_a_sentence(name):
    with pytest.raises(InvalidValue, match="figures of the wall need a run of it"):
        FIGURES[name](xr.Dataset({"rate": ("step", [1.0])}, attrs={"id": "0123456789ab"}))


@every_figure
def test_the_numbers_can_be_taken_away(name, walled):
    table = exporting.render(FIGURES[name](walled), walled, Choice(), "csv").decode()
    rows = list(csv.reader(io.StringIO("".join(line for line in table.splitlines(True) if not line.startswith("#")))))
    assert rows[0][:2] == ["trace", "panel"] and len(rows) > 2
    assert f"# run: {WALL.id}" in table and "# epoch" not in table


@pytest.mark.parametrize("name", ["bits_per_item", "price_of_knowledge", "speed_of_coders"])
def test_what_is_taken_away_says_how_its_bits_were_found(name):
    run = made()
    figure = FIGURES[name](run)
    said = exporting.caption(figure, run.assign_attrs(estimators=figure.layout.meta["estimators"]), {})
    assert "bits: 8 × the bytes of the file that was written" in said


# --- bits an item


def test_a_bar_is_as_long_as_the_file_that_was_written():
    run = made()
    for place, count in enumerate(COUNTS):
        figure = lossless.bits_per_item(run, Choice(beta=place))
        assert list(trace(figure, "order-1").x) == [0, FREE]
        assert list(trace(figure, "slow coder").x) == pytest.approx([0, 120 + 400 / count])
        weights = trace(figure, "network, its weights")
        assert list(weights.x) == pytest.approx([NETWORK, NETWORK + 32_000 / count])
        said = trace(figure, "bits an item and share of the raw size").text
        assert said[0].strip() == "128 · 100 %" and said[-1].strip() == "60.0 · 47 %"


def test_bars_are_sorted_by_what_all_items_took_and_a_network_has_two():
    figure = lossless.bits_per_item(made())
    assert list(figure.layout.yaxis.ticktext) == [
        "raw", "slow coder", "order-1", "network + weights", "network",
    ]  # fmt: skip
    heights = [trace(figure, name).y[0] for name in ("raw", "slow coder", "order-1", "network, its weights")]
    assert heights == sorted(heights, reverse=True)


def test_a_known_entropy_is_the_line_and_else_those_of_what_was_sent():
    known = lossless.bits_per_item(made(rate=3.5))
    assert list(trace(known, "entropy rate, bits an item").x) == [56, 56]  # 16 symbols of 3.5 bits
    assert "nothing gets left of it" in notes(known) and "order" not in notes(known)
    unknown = lossless.bits_per_item(made())
    assert list(trace(unknown, "order-0 entropy, bits an item").x) == [104, 104]
    assert "order-1" in notes(unknown) and "the label alone 3.30" in notes(unknown)


def test_entropies_whose_contexts_hardly_come_twice_are_not_drawn():
    """8,000 symbols: 4^5 cells have fewer than ten symbols each, 17^2 have more and 17^3 fewer."""
    assert lossless.orders(made()) == 4
    assert lossless.orders(made(alphabet=17)) == 2
    assert lossless.orders(made(alphabet=256)) == 1
    assert "order-2" not in notes(lossless.bits_per_item(made(alphabet=17)))


def test_a_network_that_has_not_written_yet_stands_at_its_cross_entropy():
    run = made(written=False)
    figure = lossless.bits_per_item(run)
    assert list(trace(figure, "network").x) == [0, 60] and trace(figure, "network").opacity < 1
    assert trace(figure, "bits an item and share of the raw size").text[-1].strip().startswith("≈ 60")
    assert "network + weights" not in figure.layout.yaxis.ticktext


def test_a_network_that_learns_stays_in_its_row():
    """So far at 110 bits a picture, between two others, it stands last all the same."""
    run = made(written=False)
    run["network_bits"] = ("step", np.array([160.0, 150.0, 110.0]) / 16)
    assert [each.name for each in _wall.coders(run)] == ["raw", "slow", "kt1", "network"]


def test_what_was_left_out_for_time_has_no_bar():
    run = made()
    run["bytes"][{"method": 1, "count": 3}] = np.nan
    figure = lossless.bits_per_item(run)
    assert np.isnan(trace(figure, "slow coder").x).all()
    assert "\u00a0not sent" in trace(figure, "bits an item and share of the raw size").text
    assert list(trace(lossless.bits_per_item(run, Choice(beta=2)), "slow coder").x) == [0, 128]


def marked(figure):
    """Heights of the bars that have marks of a cut, the lowest first."""
    cuts = [each for each in figure.data if each.name == "cut"]
    seen = [y for each in cuts for x, y in zip(each.x, each.y, strict=True) if np.isfinite(x)]
    return sorted({round(y + 1e-9) for y in seen})


def test_bars_longer_than_the_axis_are_marked_where_they_are_and_no_others():
    """The axis ends at 1.06 · 1.02 of raw's 128 bits. Of one picture: 520 bits and 60 + 32,000; of 500: 124 at most."""
    names = lossless.bits_per_item(made()).layout.yaxis.ticktext[::-1]
    for place, cut in enumerate([["network + weights", "slow coder"], ["network + weights", "slow coder"],
                                 ["network + weights"], []]):  # fmt: skip
        figure = lossless.bits_per_item(made(), Choice(beta=place))
        assert [names[height] for height in marked(figure)] == cut
        bars = knowledge.network_two_bars(made(), Choice(beta=place))
        assert marked(bars) == ([0] if place < 3 else [])
        for each in (figure, bars):
            drawn = [x for bar in each.data if bar.name == "cut" for x in bar.x]
            assert np.nanmax([0, *drawn]) < each.layout.xaxis.range[1]
    fits = lossless.bits_per_item(made(1.0).isel(count=slice(2, None)))
    assert "cut" not in [each.name for each in fits.data]


def test_a_raw_size_is_said_to_the_last_bit_and_thousands_are_apart():
    said = trace(lossless.bits_per_item(made(symbols=784)), "bits an item and share of the raw size").text
    assert said[0].strip() == "6,272 · 100 %"
    assert knowledge.network_two_bars(made(symbols=784)).layout.xaxis.ticktext == ("0", "2,000", "4,000", "6,000")
    assert _wall.levels(0.2, 1.1, 5)["tickvals"] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert _wall.levels(0, 1000, 4)["ticktext"] == ["0", "500", "1,000"]


def test_the_words_of_break_even_are_drawn_over_the_line_that_moves():
    names = [each.name for each in knowledge.price_of_knowledge(made()).data]
    said = knowledge.price_of_knowledge(made()).data[-1]
    assert list(said.text) == ["paid for itself", "after 800 pictures"] and names.index("items sent") < len(names) - 1
    assert list(said.x) == pytest.approx([800, 800])


# --- pigeon holes


def test_the_share_of_strings_that_can_be_shortened():
    """Below 2^(1−c): all for c = 1, 1 in 2 for 2, 1 in 512 for 10, 1 in 2^30 = 10^9.03 for 31."""
    assert [strings.share_in_words(c) for c in (0.5, 1, 2, 10)] == ["all", "all", "1 in 2", "1 in 512"]
    assert strings.share_in_words(31) == "1 in 10^9"
    figure = strings.shortened_strings(made())
    drawn = trace(figure, "log10 of the share of strings")
    assert list(drawn.x) == [0, 1, 128]
    np.testing.assert_allclose(10 ** np.array(drawn.y[1:2]), 1)
    assert drawn.y[2] == pytest.approx(-127 * np.log10(2))


def test_the_line_is_just_above_the_share_that_is_counted():
    """The exact share, 2^(1−c) − 2^(−n), is below the drawn 2^(1−c) and within a thousandth of it at n = 128."""
    drawn = trace(strings.shortened_strings(made()), "log10 of the share of strings")
    for c in (1, 2, 10, 31, 100):
        line, share = 10 ** np.interp(c, drawn.x, drawn.y), share_that_shrinks(128, c)
        assert share <= line * (1 + 1e-9) and share == pytest.approx(line, rel=1e-3)


def test_dots_are_at_what_was_saved_of_one_item():
    dots = trace(strings.shortened_strings(made()), "bits saved by each coder")
    saved = dict(zip(dots.text, dots.x, strict=True))
    assert saved == pytest.approx({"slow coder": 128 - 120.8, "order-1": 28, "network": 68})
    longer = trace(strings.shortened_strings(made(), Choice(beta=0)), "bits saved by each coder")
    assert dict(zip(longer.text, longer.x, strict=True))["slow coder"] == 0  # 520 bits for 128: nothing saved


def test_of_a_stream_64_symbols_are_one_string():
    run = made(symbols=16).assign_attrs(item="letter", item_symbols=1, shape="[]")
    assert strings.block(run) == 64
    assert strings.shortened_strings(run).layout.xaxis.range[1] == 512


# --- the price of knowledge


@pytest.mark.parametrize(("model_bytes", "even"), [(4000.0, 800), (1000.0, 200), (10.0, 2), (1e6, 200_000)])
def test_break_even_is_where_the_weights_are_earned_back(model_bytes, even):
    """40 bits are gained with every item, so that n* = 8 · model bytes / 40, within what was sent and beyond it."""
    assert _price.break_even(made(model_bytes)) == pytest.approx(even)


def test_there_is_no_break_even_where_nothing_is_gained_and_none_before_the_network_has_written():
    assert _price.break_even(made(network=101.0)) == np.inf
    assert "never earned back" in knowledge.price_in_words(made(network=101.0))
    assert np.isnan(_price.break_even(made(written=False)))
    assert "has not been written" in knowledge.price_in_words(made(written=False))


def test_break_even_is_where_the_network_stays_ahead():
    """Ahead at 5 items, behind at 50, ahead again at 500: what counts is the last crossing."""
    run = made(10.0)  # the network and its weights: 60 n + 80 bits
    sizes = np.array([100.0, 500, 3_000, 50_000]) / 8
    run["bytes"][{"method": 2}] = sizes
    gain = sizes * 8 - (60 * np.array(COUNTS) + 80)
    assert (gain > 0).tolist() == [False, True, False, True]
    assert _price.break_even(run) == pytest.approx(np.interp(0, gain[2:], COUNTS[2:]))


def test_break_even_counts_what_headers_cost():
    """A model-free coder with a header of 25 bytes: 40 n + 200 = 32,000 bits."""
    run = made()
    run["bytes"][{"method": 2}] = run.bytes[{"method": 2}] + 25
    assert _price.break_even(run) == pytest.approx(795)


def test_lines_go_on_at_the_rate_of_the_last_items():
    run = made()
    sent, slow = _wall.counts(run), _wall.coder(run, "slow")
    assert _price.marginal(slow, sent) == pytest.approx(120)
    np.testing.assert_allclose(_price.extended(slow, sent, np.array([5.0, 500.0, 5000.0])), [200, 120.8, 120.08])


def test_the_three_lines_and_where_they_cross():
    figure = knowledge.price_of_knowledge(made())
    whole = trace(figure, "network + weights")
    np.testing.assert_allclose(whole.y, 60 + 32_000 / np.array(whole.x))
    beyond = trace(figure, "network + weights, by the measured rate")
    assert beyond.line.dash == "dash" and beyond.x[0] == 500
    ring = trace(figure, "paid for itself")
    assert (ring.x[0], ring.y[0]) == pytest.approx((800, FREE))
    assert "after 800 pictures" in figure.data[-1].text
    assert "only 500 pictures were sent" in knowledge.price_in_words(made())
    assert "from there on" in knowledge.price_in_words(made(1000.0))


def test_two_bars_are_always_shown_and_follow_the_number_sent():
    for place, count in enumerate(COUNTS):
        figure = knowledge.network_two_bars(made(), Choice(beta=place))
        assert list(trace(figure, "network").x) == list(trace(figure, "network, what is sent").x) == [0, NETWORK]
        weights = trace(figure, "network, its weights")
        assert weights.x[1] - weights.x[0] == pytest.approx(32_000 / count)


# --- time, and the training


def test_speed_is_of_the_symbols_sent():
    """500 pictures of 16 symbols are 8,000 bytes."""
    run = made()
    assert effort.speeds(run, _wall.coder(run, "slow")) == pytest.approx((0.016, 0.032))
    assert [effort.short(each) for each in (640, 2176, 1.1e6, 3e9)] == ["640", "2.18 k", "1.1 M", "3 G"]
    said = trace(effort.speed_of_coders(run), "bits and operations an item").text
    assert said[-1] == " 60.0 bits · 1.1 M" and said[0].endswith("–")


def test_the_network_falls_through_the_lines_of_the_others():
    run = made()
    figure = learning.network_as_it_learns(run)
    assert list(trace(figure, "network, held-out symbols").y[1:]) == [110, 60]
    assert list(trace(figure, "order-1").y) == [FREE, FREE]
    assert dict(learning.passed(run)) == {"slow coder": 10, "order-1": 100}
    run["network_bits"] = ("step", np.array([110.0, 105.0, 60.0]) / 16)
    assert dict(learning.passed(run)) == {"order-1": 100}  # what it was below from the start it has not passed
    with pytest.raises(InvalidValue, match="has no network that learns its source"):
        learning.network_as_it_learns(run.drop_vars("network_bits"))


@pytest.mark.parametrize(
    ("value", "said"),
    [(3.3219, "3.32"), (15.94, "15.9"), (159.4, "159"), (84_321, "84,300"), (0.83177, "0.832"), (np.nan, "–")],
)
def test_numbers_have_three_digits(value, said):
    assert _wall.number(value) == said
