"""The Questions page: five questions, what each figure shows and what it does not, in the run's own numbers."""

import json
from functools import cache, partial
from types import SimpleNamespace

import numpy as np
import pytest
import visiting
import xarray as xr
from visiting import of, texts

from distill import store
from distill.config import Choice, SweepConfig
from distill.errors import InvalidValue
from distill.figures.ratio import standing
from distill.measures.fano import fano_floor
from distill.ui import (
    questions,
    questions_abstraction,
    questions_content,
    questions_limit,
    questions_ratio,
    questions_reference,
    questions_retention,
    tables,
)
from distill.ui.envelope import pack

PAGE = "pages/8_questions.py"
DIGITS, LETTERS, GAUSSIAN, NOISELESS = "2430f1a2ad29", "cbccc051b557", "086fa2732cc0", "8e627b830535"
WEIGHED, SHAPES, BLIND = "816d11b8a399", "9eb5ee876fef", "aaef4a8e904c"
OPENS = {"": DIGITS, "retention": WEIGHED, "limit": DIGITS, "abstraction": LETTERS, "reference": DIGITS}
opened = partial(visiting.opened, PAGE)


@cache
def example(name):
    return store.open_run(store.path_of(name)).load()


def views(app, part):
    packed = app.session_state[f"_{questions.key_of(part)}_packed"][1]
    return [each["name"] for each in json.loads(packed.header)["views"]]


# --- the page


@pytest.mark.parametrize("part", questions.PARTS)
def test_every_question_opens_on_a_run_that_answers_it(home, part):
    app = opened(**({"part": part} if part else {}))
    said, shown = texts(app), questions._module(part)
    assert not app.exception
    assert shown.QUESTION in said and "It shows" in said and "It does not show" in said
    assert app.query_params["run"] == OPENS[part] and len(views(app, part)) == 1
    assert of(app.radio, "questions-part").value == part
    assert "wrong" not in said and "nan" not in said.lower()


def test_another_question_turns_to_its_own_run_and_keeps_one_that_was_chosen(home):
    app = opened()
    of(app.radio, "questions-part").set_value("abstraction").run()
    assert (app.query_params["run"], app.query_params["part"]) == (LETTERS, "abstraction")
    app = opened(run=SHAPES, part="limit")
    of(app.radio, "questions-part").set_value("reference").run()
    assert (app.query_params["run"], app.query_params["part"]) == (SHAPES, "reference")


def test_a_run_that_cannot_answer_says_so_and_names_one_that_can(home):
    app = opened(run=GAUSSIAN, part="abstraction")
    assert not app.exception and "of classes" in texts(app)
    link = next(each.proto for each in app.get("page_link") if "Ask it of" in each.proto.label)
    assert f"run={LETTERS}" in link.query_string


def test_a_beta_beyond_those_of_the_exact_answer_is_let_go(home):
    app = opened(run=LETTERS, part="abstraction", beta="0.001")
    betas = questions_abstraction.answer(example(LETTERS)).walked.beta.values
    assert betas[0] < float(app.query_params["beta"]) == pytest.approx(0.289, abs=0.01)


def test_links_to_the_other_pages_carry_the_run_and_their_part(home):
    app = opened(run=DIGITS, part="reference", beta="0.1")
    link = next(each.proto for each in app.get("page_link") if "each measure" in each.proto.label)
    assert f"run={DIGITS}" in link.query_string and "part=quality" in link.query_string and "beta=" in link.query_string


# --- which run


def test_a_shipped_run_comes_before_one_of_ones_own(tmp_path):
    def run(id, folder, **settings):
        return SimpleNamespace(id=id, path=folder / id, config=SweepConfig(**settings))

    weights = {"shape": 1.0, "colour": 0.4}
    mine = run("mine", tmp_path, dataset="sprites", weights=weights)
    theirs = run("theirs", store.examples(), dataset="sprites", weights=weights)
    plain = run("plain", store.examples())
    assert questions.opening_run("retention", [mine, theirs, plain]) is theirs
    assert questions.opening_run("retention", [mine, plain]) is mine
    assert questions.opening_run("abstraction", [mine, plain]) is None
    there = [mine, theirs, plain]
    assert questions._beside("retention", "plain", "", plain, there) == "theirs"
    assert questions._beside("retention", "mine", "", mine, there) == "mine"  # chosen, so it stays
    assert questions._beside("abstraction", "plain", "", plain, there) == "plain"  # nothing answers it


# --- what is said


@pytest.mark.parametrize("name", [DIGITS, WEIGHED, LETTERS, GAUSSIAN, NOISELESS])
@pytest.mark.parametrize("part", questions.PARTS)
def test_every_run_has_an_answer_or_a_sentence(home, part, name):
    try:
        answer = questions._module(part).answer(example(name))
    except InvalidValue as error:
        assert (name, part) == (GAUSSIAN, "abstraction"), error
        return
    assert pack(answer.build(Choice())).frames == answer.walked.sizes["beta"]
    for words in (answer.shows, answer.shows_not):
        assert words.endswith(".") and "nan" not in words and ".." not in words and len(words) < 420
    assert answer.deeper


def test_the_ratio_is_said_in_the_runs_own_numbers():
    run, found = example(DIGITS), standing(example(DIGITS))
    said = questions_ratio.answer(run).shows
    assert (
        f"{np.log2(450):.2f} bits down to H(Y) = {found.relevant:.2f}, {np.log2(450) / found.relevant:.1f} times"
        in said
    )
    good = found.bits[found.quality >= questions_ratio.ENOUGH].min()
    assert f"down to {good:.2f} bits" in said
    assert "no compression is free" in questions_ratio.answer(example(LETTERS)).shows
    assert "has no H(X)" in questions_ratio.answer(example(GAUSSIAN)).shows
    assert "size has no number" in questions_ratio.answer(example(NOISELESS)).shows


def test_the_limit_is_said_with_fanos_floors_and_where_the_error_begins_to_rise():
    run = example(DIGITS)
    said, entropy = questions_limit.answer(run).shows, float(run.entropy_y.sel(split="test")[-1])
    assert f"r_min = H(Y) = {entropy:.2f} bits" in said
    for bits in (1.0, 2.0):
        assert f"{100 * fano_floor(np.array([bits]), entropy, 10)[0]:.0f} %" in said
    assert "cannot be told from its least" in said
    letters = questions_limit.answer(example(LETTERS)).shows
    assert "all the way" in letters and f"on {100 * questions_limit._bayes(example(LETTERS)):.0f} %" in letters
    assert "no finite r_min" in questions_limit.answer(example(GAUSSIAN)).shows


def test_the_best_decoder_of_all_of_x_errs_as_often_as_its_likeliest_y_is_not_it():
    rows = np.array([[0.3, 0.1], [0.2, 0.4]])
    assert questions_limit._bayes(xr.Dataset({"joint": (("value_x", "value_y"), rows)})) == pytest.approx(0.3)


def test_weights_are_marked_where_beta_is_the_weight_and_their_order_is_said():
    run = example(WEIGHED)
    answer = questions_retention.answer(run)
    assert "in the order of its weights" in answer.shows and "colour (weight 0.4)" in answer.shows
    figure = answer.build(Choice()).views[0].figure
    for name, weight in {"shape": 1.0, "colour": 0.4}.items():
        (mark,) = [each for each in figure.data if each.name == f"weight of {name}"]
        below = int(np.floor(mark.x[0]))
        near = run.beta.values[below : below + 2]
        assert near[0] <= weight * 1.0001 and near[-1] >= weight * 0.9999
    swapped = run.assign_attrs(heads=json.dumps({"shape": 0.4, "colour": 1.0}))
    assert "not in the order" in questions_retention.answer(swapped).shows


def test_at_equal_bits_a_difference_is_claimed_only_where_the_intervals_part(home):
    run = example(DIGITS)
    said = questions_retention.answer(run).shows
    assert "principal components" in said and "a β-VAE" in said and "decides what is kept" in said
    alike = run.assign(pca_kept=run.factor_kept.transpose(*run.pca_kept.dims),
                       pca_kept_low=run.factor_kept_low.transpose(*run.pca_kept.dims),
                       pca_kept_high=run.factor_kept_high.transpose(*run.pca_kept.dims))  # fmt: skip
    assert "decides what is kept" not in questions_retention._compared(alike, [])
    assert "decides" not in questions_retention.answer(example(BLIND)).shows  # which never saw a label
    with pytest.raises(InvalidValue, match="has no probed factors"):
        questions_retention.answer(run.drop_vars("factor_kept"))


def test_abstraction_is_claimed_where_groups_are_certain_and_denied_where_there_are_none(home):
    assert questions_abstraction.answer(example(DIGITS)).shows.startswith("no, not here: of 10 classes")
    weighed = questions_abstraction.answer(example(WEIGHED))
    assert weighed.shows.startswith("yes: of 16 classes") and "the weights of the task decide" in weighed.shows
    assert questions_abstraction.answer(example(SHAPES)).shows.startswith("not for certain")


def test_the_cascade_of_the_letters_is_the_exact_one():
    answer = questions_abstraction.answer(example(LETTERS))
    stage = answer.build(Choice())
    branches = [int(cells[0][0]) for cells in stage.headline]
    assert branches[-1] == 1 and branches[0] > 20 and "o u i a" in answer.shows
    assert branches == sorted(branches, reverse=True)  # what has parted stays apart at every weaker β
    assert stage.slider.index == int(np.argmin(np.abs(answer.walked.beta.values - 0.289)))
    assert answer.walked.attrs["id"] == LETTERS


def test_a_table_of_ones_own_is_solved_and_goes_on_to_the_exact_page():
    rows = np.array([[0.3, 0.05, 0.02], [0.04, 0.2, 0.03], [0.02, 0.04, 0.18], [0.05, 0.03, 0.04]])
    config = json.loads(example(LETTERS).attrs["config"]) | {"dataset": "joint"}
    run = xr.Dataset(
        {"joint": (("value_x", "value_y"), rows)}, coords={"step": [0]},
        attrs=example(LETTERS).attrs | {"config": json.dumps(config)},
    )  # fmt: skip
    answer = questions_abstraction._exact(run)
    assert "goes from one cluster to 4" in answer.shows
    table = tables.read(answer.deeper[0].changes["table"])
    np.testing.assert_allclose(table.array, rows)
    wide = run.drop_dims("value_x").assign(joint=(("value_x", "value_y"), np.eye(30) / 30))
    assert questions_abstraction._source(wide) == {"source": "", "table": ""}


def test_shapes_are_said_beside_what_is_kept():
    said = questions_reference.answer(example(DIGITS)).shows
    assert "from 100 % to 2.9 %" in said and "RankMe and uniformity stand at the highest" in said
    shapes = {"RankMe": np.array([0.5, 1.0]), "uniformity": np.array([1.0, 0.4])}
    assert questions_reference._best(np.array([1.0, 0.01]), shapes, 1).endswith("RankMe stands at the highest.")
    assert questions_reference._best(np.array([1.0, 0.5]), shapes, 1) == ""


@pytest.mark.parametrize(("share", "said"), [(0.974, "97 %"), (0.0271, "2.7 %"), (0.0, "0 %"), (1.0, "100 %")])
def test_shares_are_written_as_a_person_writes_them(share, said):
    assert questions_content.percent(share) == said


def test_lists_are_written_as_a_person_writes_them():
    assert [questions_content.listed(list(each)) for each in ("", "a", "ab", "abc")] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
