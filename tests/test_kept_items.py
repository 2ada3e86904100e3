"""The parts Inputs and Items of the page Kept and discarded: answers to one item, rows of neighbours, the pages."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import visiting
from conftest import PLANAR
from visiting import of
from visiting import texts as said

from distill import jobs, store
from distill.config import Choice
from distill.errors import DistillError, InvalidValue
from distill.figures._pictures import levels, picture_rows
from distill.figures.asking import DRAWS, animated_answers, answers, asked_again
from distill.figures.neighbours import alike
from distill.measures.codes import evaluation_noise
from distill.measures.decoding import as_levels, kept_levels, shown_items
from distill.measures.neighbours import agreement, nearest
from distill.palette import INK, KEPT_RELEVANT
from distill.ui.envelope import Slider, Stage, pack
from distill.ui.kept_items_content import ASKED, in_words, items_stage, lacking
from distill.ui.picture_rows import Lines, Pictures, Row
from distill.ui.state import from_params

HOME = Path(__file__).resolve().parents[1]
PAGE = "pages/3_kept_and_discarded.py"


def rows_of(stage):
    return {row.label: row for row in stage.pictures.rows}


def decoding_itself(run, deviation):
    """The run with a decoder that gives the code back, x̂ = max(0, z) − max(0, −z), and codes of this noise."""
    betas, latent = run.sizes["beta"], run.sizes["latent"]
    eye = np.broadcast_to(np.eye(latent), (betas, latent, latent))
    plain = run.drop_dims(["feature", "unit"]).drop_vars("code_scale")
    scale = np.full(run.code_scale.shape, deviation, "f4")
    inputs = np.zeros((run.sizes["point"], latent))
    return plain.assign(
        code_scale=(run.code_scale.dims, scale),
        inputs=(("point", "feature"), inputs, run.inputs.attrs | {"offset": 1.0, "scale": 10.0}),
        decoder_centre=(("beta", "latent"), np.zeros((betas, latent))),
        decoder_spread=(("beta", "latent"), np.ones((betas, latent))),
        decoder_in=(("beta", "latent", "unit"), np.concatenate([eye, -eye], 2)),
        decoder_in_bias=(("beta", "unit"), np.zeros((betas, 2 * latent))),
        decoder_out=(("beta", "unit", "feature"), np.concatenate([eye, -eye], 1)),
        decoder_out_bias=(("beta", "feature"), np.zeros((betas, latent))),
        r_squared=(("beta", "feature"), np.ones((betas, latent))),
    ).assign_attrs(input_shape=(latent,))  # fmt: skip


# --- asking again


def test_answers_of_a_decoder_that_gives_the_code_back_are_mean_and_noise(planar):
    """z = μ + σ ε with the run's own noise, so that answers and their deviation are known to the last digit."""
    run, item = decoding_itself(planar, 0.25), 7
    noise = evaluation_noise(json.loads(run.attrs["config"])["seed"], DRAWS, run.sizes["point"], run.sizes["latent"])
    mean = run.code_mean.isel(code_step=-1).transpose("beta", "point", "latent").values[:, item].astype(float)
    wanted = mean[:, None] + 0.25 * noise[:, item]
    found = answers(run, item)
    assert found.shape == (3, DRAWS, 2)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    motion = animated_answers(run, item).motions[0]
    np.testing.assert_allclose(motion.high - motion.x, np.broadcast_to(0.25 * noise[:, item].std(0, ddof=1), (3, 2)),
                               atol=1e-5)  # fmt: skip
    np.testing.assert_allclose(motion.x, wanted.mean(1), atol=1e-5)


def test_values_in_words_are_in_the_datas_own_units(planar):
    run = decoding_itself(planar, 0.0)
    mean = 10 * answers(run, 3)[1, 0] + 1
    words = animated_answers(run, 3).motions[1].text[1]
    assert words == [f"1 → {each:.0f} ± 0" for each in mean]
    table = run.assign(
        feature_name=("feature", ["length, mm", "share"]), feature_offset=("feature", [40.0, 0.5]),
        feature_scale=("feature", [4.0, 0.05]),
    )  # fmt: skip
    length, share = answers(run, 3)[1, 0] * [4.0, 0.05] + [40.0, 0.5]
    assert animated_answers(table, 3).motions[1].text[1] == [
        f"40.0 → {length:.1f} ± 0.0",
        f"0.500 → {share:.3f} ± 0.000",
    ]


def test_the_first_answer_is_what_is_kept_and_strong_compression_makes_answers_differ(sweep):
    item = 4
    found = answers(sweep, item)
    np.testing.assert_array_equal(as_levels(sweep, found[:, 0]), kept_levels(sweep, [item])[:, 0])
    spread = found.std(1).mean(-1)
    assert spread[0] < spread[2]  # β = 0 and 0.1
    assert len({each.tobytes() for each in found[2]}) == DRAWS


def test_an_item_that_is_not_stored_is_named(sweep):
    with pytest.raises(InvalidValue, match=r"^item must be from 0 to 399; got 400$"):
        answers(sweep, 400)
    assert asked_again(sweep, Choice(beta=0)).data[0].name == "own value"
    with pytest.raises(InvalidValue, match=r"has no decoder"):
        asked_again(sweep.drop_vars("decoder_in"))


# --- who counts as alike


def test_dots_stand_at_the_shares_and_ticks_at_chance(sweep):
    found, figure = agreement(sweep), alike(sweep, Choice(beta=2))
    drawn = {each.name: each for each in figure.data}
    np.testing.assert_allclose(drawn["nearest"].x, found.share.values[:, 2])
    np.testing.assert_allclose(drawn["nearest at β = 0"].x, found.share.values[:, 0])
    np.testing.assert_allclose(drawn["picked blindly"].x, found.chance.values)
    assert drawn["nearest"].marker.color == (KEPT_RELEVANT, *[INK] * 4)
    share, chance = 100 * found.share.values[0, 2], 100 * found.chance.values[0]
    assert drawn["in words"].text[0] == f"{share:.0f} %, blind {chance:.0f}"
    assert figure.layout.yaxis.ticktext[0] == "digit"


@pytest.mark.parametrize(("item", "other"), [(4, 0), (200, 3)])
def test_neighbours_stand_in_their_rows_at_every_strength(sweep, item, other):
    stage = items_stage(sweep, agreement(sweep), Choice(), item, other)
    rows = rows_of(stage)
    here, beside = rows["at the slider"], rows[f"at β = {sweep.beta.values[other]:g}"]
    for beta in range(5):
        near = nearest(sweep, beta)[item]
        assert [here.items[place] for place in here.places[beta]] == near.tolist()
        np.testing.assert_array_equal(here.values[here.places[beta]], levels(sweep)[near])
    assert [beside.items[place] for place in beside.places[0]] == nearest(sweep, other)[item].tolist()
    assert here.heading == "Who counts as alike"
    assert here.words.startswith(f"The 8 nearest of the other 399 test items to item {item} (digit ")
    assert "in units of their noise" in here.words


def test_the_chosen_item_stands_with_the_eight_and_is_asked_again(sweep):
    shown, found = shown_items(sweep), agreement(sweep)
    stage = items_stage(sweep, found, Choice(), 200, 0)
    assert list(stage.pictures.items) == [200, *shown]
    assert list(items_stage(sweep, found, Choice(), shown[2], 0).pictures.items) == shown
    rows = rows_of(stage)
    for name, values in picture_rows(sweep, [200, *shown]).items():
        np.testing.assert_array_equal(rows[name].values, values)
    np.testing.assert_array_equal(rows["answers"].values[:, 0].reshape(5, 64), kept_levels(sweep, [200])[:, 0])
    about = sweep.inputs.attrs
    spread = answers(sweep, 200).std(1, ddof=1) * about["scale"] / (about["high"] - about["low"])
    amount = rows["spread"].amount
    assert amount.top >= spread.max() > amount.top - 0.05
    np.testing.assert_array_equal(rows["spread"].values.reshape(5, 64), amount.levels(spread))
    assert pack(stage).frames == 5


def test_a_run_without_a_decoder_keeps_its_neighbours(sweep):
    run = sweep.drop_dims("unit").drop_vars(["decoder_centre", "decoder_spread"])
    assert set(rows_of(items_stage(run, agreement(run), Choice(), 4, 0))) == {"original", "at the slider", "at β = 0"}
    assert lacking(run).startswith("This run has no decoder, so its items cannot be asked again.")
    older = run.assign(kept=(("beta", "point", "feature"), np.zeros((5, 400, 64), "u1")))
    assert "kept" in rows_of(items_stage(older, agreement(older), Choice(), 4, 0))
    assert "one picture of each item" in lacking(older)
    assert lacking(sweep) == ""


def test_one_strength_has_nothing_beside_it(noiseless):
    rows = rows_of(items_stage(noiseless, agreement(noiseless), Choice(), 4, 0))
    assert list(rows)[-1] == "nearest"
    assert "each dimension in units of its deviation" in rows["nearest"].words


def test_items_that_are_no_pictures_are_lines_and_dots(planar):
    run = decoding_itself(planar, 0.5)
    stage = items_stage(run, agreement(run), Choice(), 4, 0)
    assert [view.name for view in stage.views] == [ASKED, "Who counts as alike"]
    here = rows_of(stage)["at the slider"]
    assert type(here) is Lines
    near = nearest(run, 2)[4]
    assert [here.texts[place] for place in here.places[2]] == [f"item {each}: {in_words(run, each)}" for each in near]
    assert re.fullmatch(r"digit \d · parity \w+ · loop .+ · ink \w+ · slant \w+", in_words(run, 4))
    text = run.assign(text=("point", [f"sentence {i}" for i in range(400)]))
    stage = items_stage(text, agreement(text), Choice(), 4, 0)
    assert rows_of(stage)["at the slider"].heading == "Who counts as like “sentence 4”"
    assert len(stage.views) == 1
    assert pack(stage).body


# --- what travels


def packed(*rows, items=(1, 2)):
    return pack(Stage((), Slider("β", ["0", "1", "2"]), "x", pictures=Pictures(list(items), rows)))


def test_rows_have_their_own_pictures_items_and_places():
    bank = np.zeros((5, 4, 4), "u1")
    assert packed(Row("bank", bank, items=range(5), places=np.zeros((3, 8), int))).header
    assert packed(Row("one", np.zeros((3, 1, 4, 4), "u1"), large=True)).header
    assert packed(Lines("lines", ["a", "b"], np.array([[0, 1]]))).header


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (Row("bank", np.zeros((5, 4, 4), "u1"), places=np.full((3, 8), 5)), "(1, n) or (3, n), values from 0 to 4"),
        (
            Row("bank", np.zeros((5, 4, 4), "u1"), places=np.zeros((2, 8), int)),
            "places of row 'bank' have shape (2, 8)",
        ),
        (Lines("lines", ["a"], np.array([[1]])), "values from 0 to 0"),
        (Row("own", np.zeros((2, 1, 4, 4), "u1"), large=True), "picture row 'own' has shape (2, 1, 4, 4)"),
        (Row("plain", np.zeros((3, 4, 4), "u1")), "allowed: (2, h, w) or (3, 2, h, w)"),
    ],
)
def test_rows_that_do_not_fit_are_named(row, said):
    with pytest.raises(InvalidValue, match=re.escape(said)):
        packed(row)


def test_an_item_and_a_second_strength_are_in_the_link():
    state, complaints = from_params({"item": "12", "other": "0.001"})
    assert (state.item, state.other, complaints) == (12, 0.001, [])
    assert state.to_params() == {"item": "12", "other": "0.001"}
    for wrong in ("-1", "2001", "1.5", "x", "99999999999"):
        state, complaints = from_params({"item": wrong})
        assert state.item is None
        assert complaints[0].startswith(f"Item = {wrong} in the link is no item: it must be a whole number from 0 to")


# --- the pages


@pytest.fixture
def page(home, planar):
    """Opens a part of the page on the small run of the tests."""
    first = planar.isel(step=[-1], code_step=[-1])
    store.create(store.place_of(PLANAR), first.assign_attrs(last_step=int(first.step[0])))
    store.write_status(store.place_of(PLANAR), status="done")

    def opened(**params):
        return visiting.opened(PAGE, **({"run": PLANAR.id} | params))

    return opened


def test_the_items_page_takes_its_item_from_the_link_and_gives_it_another(page):
    app = page(part="items", item="9", other="0.6")
    assert not app.exception
    assert "What does the code keep of this very item?" in said(app)
    assert of(app.number_input, "kept-items-item").value == 9
    assert of(app.selectbox, "kept-items-other").value == 2
    of(app.number_input, "kept-items-item").set_value(11).run()
    assert not app.exception
    assert app.query_params["item"] in ("11", ["11"])
    app = page(part="items", item="1999")  # beyond those stored: the first that is shown
    assert (
        of(app.number_input, "kept-items-item").value == shown_items(store.open_run(store.place_of(PLANAR)).load())[0]
    )


class Answered:
    """What the worker was asked, answered at once."""

    done = True

    def __init__(self, answer):
        self.answer = answer

    def result(self, timeout=None):
        if isinstance(self.answer, str):
            raise DistillError(self.answer)
        return self.answer


@pytest.mark.parametrize("answer", [[0.5] * 64, "this run has no networks"])
def test_what_the_classifier_needs_is_asked_of_the_worker_once(page, planar, monkeypatch, answer):
    asked = []
    monkeypatch.setattr(
        jobs.queue(), "ask", lambda *what: asked.append(what) or Answered(answer), raising=False
    )  # fmt: skip
    item = shown_items(planar)[1]
    app = page(part="inputs", item=str(item), beta="0.03")
    assert not app.exception
    assert "Where in the input are the bits" in said(app)
    of(app.button, "kept-inputs-need").click().run()
    assert not app.exception
    path = store.place_of(PLANAR)
    assert asked == [(path, "distill.attribution:iba", item, 1)]
    assert not [each for each in app.button if each.key == "kept-inputs-need"]
    assert ("This run has no networks" in said(app)) is isinstance(answer, str)


def test_without_an_item_the_mean_is_mapped_and_nothing_is_asked(page):
    app = page(part="inputs")
    picker = of(app.selectbox, "kept-inputs-item")
    assert picker.value is None
    assert picker.options[0].startswith("mean of ")
    assert not [each for each in app.button if each.key == "kept-inputs-need"]
