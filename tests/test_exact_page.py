"""The Exact page without a browser: tables as a person writes them, its link, its numbers and its sentences."""

import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import visiting
from visiting import texts

from distill.errors import DistillError, InvalidValue
from distill.ui import exact, exact_content, settings, tables
from distill.ui.envelope import pack
from distill.ui.exact_content import Source, answer_of, exact_stage, first, sentences
from distill.ui.explore import DRAFT
from distill.ui.state import State, from_params
from distill.ui.tables import PRESETS, TITLES, Table

HOME = Path(__file__).resolve().parents[1]
MOST = 600_000  # bytes of the stage at mount
LETTERS = Source("Letters")
FOUR = Source("Four", PRESETS["four"])


@pytest.fixture(autouse=True)
def no_worker(monkeypatch, tmp_path):
    monkeypatch.setenv("DISTILL_NO_WORKER", "1")
    monkeypatch.setenv("DISTILL_STORE", str(tmp_path))


opened = partial(visiting.opened, "pages/5_exact.py")


# --- tables


@pytest.mark.parametrize("name", PRESETS)
def test_a_table_survives_its_link(name):
    text = tables.written(PRESETS[name])
    assert tables.read(text) == PRESETS[name] and tables.read(name) == PRESETS[name]
    state = State(source="table", table=text)
    assert from_params(state.to_params()) == (state, [])


def test_the_largest_table_fits_into_a_link():
    wide = np.random.default_rng(0).uniform(size=(tables.MOST_ROWS, tables.MOST_COLUMNS))
    names = [f"{kind} {i:02} {'long' * 2}"[:16] for kind in "xy" for i in range(tables.MOST_ROWS)]
    table = Table(tuple(names[:24]), tuple(names[24:36]), tuple(map(tuple, wide / 1e5)))
    text = tables.written(table)
    assert len(text) <= tables.MOST_TEXT
    np.testing.assert_allclose(tables.read(text).array, table.array, rtol=1e-5)


@pytest.mark.parametrize("name", TITLES)
def test_every_preset_has_a_title_and_an_answer(name):
    answer = answer_of(Source(name, PRESETS[name]))
    assert answer.attrs["information"] > 0.1 and int(answer.clusters[0]) > 1


def test_the_presets_are_what_their_titles_say():
    noise, labels = PRESETS["noise"].array, PRESETS["labels"].array
    np.testing.assert_allclose(noise.sum(1), labels.sum(1))
    assert ((labels > 0).sum(1) == 1).all()
    np.testing.assert_allclose(noise.max(1) / noise.sum(1), 0.9)
    channel = PRESETS["channel"].array
    np.testing.assert_allclose(channel / channel.sum(1, keepdims=True), [[0.9, 0.1], [0.1, 0.9]])
    rare = PRESETS["rare"].array
    np.testing.assert_allclose(rare.sum(1), [0.95, 0.05])
    np.testing.assert_allclose(rare / rare.sum(1, keepdims=True), [[0.97, 0.03], [0.3, 0.7]])


@pytest.mark.parametrize(
    ("x", "y", "values", "words"),
    [
        ("ab", "uv", ((1, -2), (1, 1)), "row 'a', column 'v' is -2; it must be a number ≥ 0"),
        ("ab", "uv", ((1, 1), (float("nan"), 1)), "row 'b', column 'u' is empty"),
        ("ab", "uv", ((1, float("inf")), (1, 1)), "row 'a', column 'v' is inf"),
        ("ab", "uv", ((0, 0), (0, 0)), "holds only zeros"),
        ("aa", "uv", ((1, 2), (1, 1)), "two rows are called 'a'"),
        ("ab", "uu", ((1, 2), (1, 1)), "two columns are called 'u'"),
        ("a", "uv", ((1, 2),), "2 to 24 rows; this one has 1"),
        ("ab", "u", ((1,), (2,)), "2 to 12 columns; this one has 1"),
        (("a", "b~"), "uv", ((1, 2), (1, 1)), "'b~' cannot name a row"),
        (("a", "b" * 17), "uv", ((1, 2), (1, 1)), "cannot name a row: 1 to 16 characters"),
        ("ab", "uv", ((1, 2), (1,)), "each of the 2 rows must have 2 numbers"),
    ],
)
def test_a_wrong_table_is_a_sentence_that_names_the_place(x, y, values, words):
    with pytest.raises(InvalidValue, match=re.escape(words)):
        Table(tuple(x), tuple(y), values)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("table", "five", "neither a table nor one of four, channel"),
        ("table", "u,v~a:1,2~b:1", "each of the 2 rows"),
        ("table", "u,v~a:1,2~b:1,x", "'x' in the link's table is not a number"),
        ("table", "u,v~a:1,2~b:1,nan", "row 'b', column 'v' is empty"),
        ("table", "u" * 5000, "neither a table nor"),
        ("source", "dice", "is not one of letters, gaussian, table"),
        ("rho", "0.9, 1", "correlations are 1 to 8 numbers from 0.01 to 0.999"),
        ("rho", "high", "got 'high'"),
        ("rho", ",".join(["0.5"] * 9), "correlations are 1 to 8"),
    ],
)
def test_a_wrong_link_is_left_out_and_named(name, text, words):
    state, (complaint,) = from_params({name: text})
    assert getattr(state, name) == "" and words.lower() in complaint.lower() and len(complaint) < 260


def test_correlations_are_read_and_sorted():
    assert tables.correlations("0.6 .9,0.75") == (0.9, 0.75, 0.6)
    assert from_params({"rho": "0.6;0.9"})[1] and from_params({"rho": ".6 .9"})[0].rho == "0.9, 0.6"


# --- the editor


def test_what_the_editor_says_is_the_table():
    table = PRESETS["four"]
    frame = exact._frame(table)
    assert exact._table(frame, table.y) == table
    added = pd.concat([frame, pd.DataFrame([{name: None for name in frame}])], ignore_index=True)
    assert exact._table(added, table.y) == table  # a row just added, in which nothing stands
    added.loc[4, "u"] = 0.5
    with pytest.raises(InvalidValue, match="row 'x5', column 'v' is empty"):
        exact._table(added, table.y)
    added.loc[4, ["v", "w"]] = 0.0
    assert exact._table(added, table.y).x == (*table.x, "x5")


def test_columns_are_renamed_added_and_taken_out_without_loss():
    table = PRESETS["four"]
    columns = dict(zip(table.y, table.array.T.tolist(), strict=True))
    renamed = exact._with_columns(table, ("red", "v", "w", "new"))
    assert renamed.array.T.tolist() == [columns["u"], columns["v"], columns["w"], [0.0] * 4]
    assert exact._with_columns(table, ("w", "v")).array.T.tolist() == [columns["w"], columns["v"]]
    assert exact._with_columns(table, ("w", "u", "v")).array.T.tolist() == [columns["w"], columns["u"], columns["v"]]


# --- what is shown


@pytest.mark.parametrize("source", [LETTERS, FOUR, Source("G", rho=(0.9, 0.6))], ids=["letters", "four", "gaussian"])
def test_the_stage_is_small_and_its_headline_has_the_numbers(source):
    shown, answer = exact_stage(source), answer_of(source)
    assert len(shown.views) == 3 and len(shown.slider.values) == answer.sizes["beta"] == len(shown.headline)
    assert len(pack(shown).block("exact-stage")) < MOST
    kept, relevant = (np.array([float(cells[i][0]) for cells in shown.headline]) for i in (0, 1))
    np.testing.assert_allclose(kept, answer.information_x, atol=0.0051)
    np.testing.assert_allclose(relevant, answer.information_y, atol=0.0051)
    assert [int(cells[2][0].split()[0]) for cells in shown.headline] == answer.clusters.values.tolist()
    assert not any(cell[0].startswith("-") for cells in shown.headline for cell in cells)


def test_letters_show_vowels_by_themselves():
    """DATA: with a few clusters a, i, o and u stand together, and e stands with the consonants."""
    index = first(answer_of(LETTERS))
    said = " ".join(sentences(LETTERS, index))
    (vowels,) = re.findall(r"Only vowels, though nobody said what a vowel is: ([a-z\s]+)\.", said)
    assert {*vowels.split()} == {*"aiou"}
    assert answer_of(LETTERS).attrs["information"] == pytest.approx(0.863, abs=5e-4)
    assert answer_of(LETTERS).attrs["entropy_x"] == pytest.approx(4.023, abs=5e-4)
    assert "vowel" not in " ".join(sentences(FOUR, 30))


def test_a_soft_code_is_told_from_the_branches_of_the_tree():
    """Near the critical β the branches of the tree are where the x come from; the code itself mixes them."""
    answer = answer_of(LETTERS)
    p_x, mixed = answer.p_xy.values.sum(1), []
    for index in range(65):
        code, of, said = answer.encoder.values[index], answer.of.values[index], " ".join(sentences(LETTERS, index))
        own = sum(p * row[t] for p, row, t in zip(p_x, code, of, strict=True))
        told = re.search(r"branch’s cluster with probability (0\.\d\d)", said)
        assert (own < 0.95) == bool(told)
        assert told is None or float(told[1]) == pytest.approx(own, abs=0.0051)
        for group in re.findall(r"what a vowel is: (.+?)\.", said):
            for names in group.split(" · "):
                of_names = np.isin(answer.x.values, names.split())
                assert len({*code.argmax(1)[of_names]} & {*code.argmax(1)[~of_names]}) == 0
        mixed.append(own)
    assert min(mixed) < 0.6


def test_the_sentence_counts_and_places_every_x():
    answer = answer_of(FOUR)
    for index in (0, 20, 40, 56):
        said = sentences(FOUR, index)[0]
        assert f"{int(answer.clusters[index])} cluster" in said
        names = re.findall(r"\b[abcd]\b", said.split("clusters.")[1])
        assert sorted(names) == list("abcd")
    assert "no bit of X is worth its price" in sentences(FOUR, 64)[0]


def test_hysteresis_is_explained_where_there_is_some():
    rare, channel = (" ".join(sentences(Source(n, PRESETS[n]), 40)) for n in ("rare", "channel"))
    assert "Between 0.359 and 0.476" in rare and "hysteresis" in rare
    assert "Above the critical β = 0.64" in channel and "hysteresis" not in channel


def test_a_gaussian_says_which_directions_it_keeps():
    source = Source("G", rho=(0.9, 0.6))
    betas = answer_of(source).beta.values
    between = int(np.argmin(np.abs(betas - 0.5)))
    assert "keeps ρ = 0.9." in sentences(source, between)[0] and "keeps ρ = 0.9, ρ = 0.6." in sentences(source, 0)[0]


# --- the page


@pytest.mark.parametrize("name", PRESETS)
def test_the_page_opens_with_every_table(name):
    app = opened(source="table", table=name)
    assert not app.exception and "The joint table" in texts(app)
    assert app.query_params["table"] == name
    assert next(each for each in app.selectbox if each.key.startswith("exact-source")).value == name


def test_the_page_opens_with_a_table_of_ones_own_and_keeps_its_place():
    text = "rain,sun~cloud:3,1~blue:0,5"
    app = opened(source="table", table=text, beta="0.2")
    assert not app.exception and app.query_params["table"] == text
    assert float(app.query_params["beta"]) == pytest.approx(0.2, rel=0.05)
    assert next(each for each in app.text_input if each.key.startswith("exact-columns")).value == "rain, sun"


def test_a_beta_that_is_out_of_sight_begins_at_the_pages_own():
    app = opened(source="table", table="four", beta="0.00001")
    answer = answer_of(FOUR)
    assert float(app.query_params["beta"]) == pytest.approx(float(answer.beta[first(answer)]), rel=1e-4)


def test_another_source_goes_into_the_link():
    app = opened(source="table", table="four")
    next(each for each in app.selectbox if each.key.startswith("exact-source")).set_value("gaussian").run()
    assert not app.exception and app.query_params["source"] == "gaussian" and "table" not in app.query_params
    box = next(each for each in app.text_input if each.key.startswith("exact-rho"))
    box.set_value("0.5, 0.95").run()
    assert not app.exception and app.query_params["rho"] == "0.95, 0.5"
    box = next(each for each in app.text_input if each.key.startswith("exact-rho"))
    box.set_value("0.5, 1.5").run()
    assert not app.exception and "Correlations are 1 to 8 numbers" in texts(app) and "as it was" in texts(app)
    assert app.query_params["rho"] == "0.95, 0.5"


def test_a_table_of_ones_own_can_be_gone_back_to():
    text = "rain,sun~cloud:3,1~blue:0,5"
    app = opened(source="table", table=text)
    for name, table in (("channel", "channel"), ("own", text)):
        next(each for each in app.selectbox if each.key.startswith("exact-source")).set_value(name).run()
        assert not app.exception and app.query_params["table"] == table


def test_a_table_that_tells_nothing_leaves_the_last_picture():
    app = opened(source="table", table="u,v~a:1,1~b:2,2")
    assert not app.exception and "X says nothing about Y" in texts(app) and "as it was" in texts(app)


def test_new_columns_are_in_the_link():
    app = opened(source="table", table="channel")
    next(each for each in app.text_input if each.key.startswith("exact-columns")).set_value("zero, one, lost").run()
    assert not app.exception
    assert app.query_params["table"] == "zero,one,lost~sent 0:0.45,0.05,0~sent 1:0.05,0.45,0"


@pytest.mark.parametrize(
    ("source", "data", "options"),
    [
        (LETTERS, "letters", {}),
        (Source("G", rho=(0.9, 0.6)), "gaussian", {}),  # what the data set takes of itself: the same run
        (FOUR, "joint", {}),
        (Source("G", rho=(0.9, 0.5, 0.2)), "gaussian", {"rho": [0.9, 0.5, 0.2]}),
        (Source("G", rho=(0.9, 0.5)), "gaussian", {"rho": [0.9, 0.5]}),
        (Source("C", PRESETS["channel"]), "joint", {"p": [[0.45, 0.05], [0.05, 0.45]]}),
    ],
)
def test_a_source_is_a_data_set(source, data, options):
    config = exact._learner(source)
    assert (config.dataset, config.dataset_options) == (data, options)
    usual = settings.defaults(data, "vib")  # a Gaussian is learned by a linear encoder, with room for its directions
    assert config == replace(usual, dataset_options=options, latent_dim=max(usual.latent_dim, len(source.rho)))


def test_a_table_that_is_changed_back_is_changed_back_in_the_link():
    app = opened(source="table", table="channel")
    changed = tables.written(PRESETS["channel"]).replace("0.45,0.05", "0.9,0.05", 1)
    app.query_params["table"] = changed
    app.session_state[exact.TOLD] = changed
    app.run()
    assert not app.exception and app.query_params["table"] == tables.written(PRESETS["channel"])


def test_where_all_is_lost_at_once_a_look_begins_before():
    answer = answer_of(Source("D", PRESETS["labels"]))
    assert float(answer.information_y[first(answer)]) > 0.9 * answer.attrs["information"]


def test_train_a_network_on_this_goes_to_explore():
    app = opened(source="table", table="channel")
    next(each for each in app.button if each.key == "exact-train").click().run()
    assert not app.exception
    draft = app.session_state[DRAFT]
    assert draft.dataset == "joint" and draft.dataset_options["p"] == [[0.45, 0.05], [0.05, 0.45]]
    assert app.query_params["data"] == "joint" and app.query_params["table"] == "channel"


def test_an_answer_is_computed_once(monkeypatch):
    answer_of(FOUR)
    monkeypatch.setattr(exact_content.answers, "of_table", lambda *_: pytest.fail("computed again"))
    assert answer_of(Source("Four", PRESETS["four"])) is answer_of(FOUR)
    with pytest.raises(DistillError):
        tables.read("")
