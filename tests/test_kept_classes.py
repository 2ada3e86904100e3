"""The part "classes" of Kept and discarded: its numbers in words, its sentences, and the page itself."""

import json
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import visiting
from conftest import PLANAR
from confusions import in_pairs, run_with
from visiting import texts

from distill import store
from distill.config import Choice
from distill.figures._animation import chosen
from distill.measures.merging import class_groups
from distill.ui.envelope import pack
from distill.ui.kept_classes import HINT, QUESTION, classes_stage, headline, sentences

HOME = Path(__file__).resolve().parents[1]
PAGE = "pages/3_kept_and_discarded.py"
NEAR, FAR = np.array([0.01, 0.05, 0.2, 0.3, 0.3, 0.25]), np.array([0, 0, 0, 0.02, 0.15, 0.25])


@pytest.fixture(scope="module")
def pairs():
    """Two pairs that merge, then all of them."""
    run = run_with(in_pairs(NEAR, FAR), items=3000)
    return run, class_groups(run)


def of(run):
    return sentences(run, class_groups(run))


def test_the_numbers_say_how_many_are_told_apart_which_stand_together_and_what_is_next(pairs):
    cells = headline(*pairs)
    # h2(.05) = .286 and h2(.2) = .722: half a bit is left at place 1.49, where β = .01 · 10^(.4 · 1.49)
    assert [each[0] for each in cells[0]] == ["3.8 of 4", "4", "0.92 bits", "β = 0.039"]
    assert [each[1] for each in cells[0]][:2] == ["classes told apart", "groups: no two classes have merged"]
    assert "I = 1.92 bits" in cells[0][0][2] and "12000 test items" in cells[0][0][2]
    assert cells[0][2][1] == "tell a from b, the nearest two not merged"
    assert cells[0][3][1] == "the next merge: a b"
    assert cells[2][1][0] == "2" and sorted(cells[2][1][1].removeprefix("groups; merged: ").split(" · ")) == [
        "a b",
        "c d",
    ]
    assert cells[2][3][1] == "the next merge: all"
    assert cells[5][1][0] == "1" and cells[5][1][1] == "group: all classes are one"
    assert [each[0] for each in cells[5][2:]] == ["–", "–"]
    assert len({len(row) for row in cells}) == 1


def test_the_order_is_told_from_the_first_to_the_last(pairs):
    told, why = sentences(*pairs)
    assert re.fullmatch(r"Merged: a b at β = 0\.039; c d at β = 0\.039; all at β = 0\.\d+\.", told), told
    assert "coarser step by step" in why and "up to β = 1 and then none (Kolchinsky et al. 2019)" in why
    assert "on no axis with this one" in why


def test_a_group_that_grows_one_by_one_is_told_as_a_chain():
    e = np.array([0.0, 0.3, 0.3, 0.33])
    shares = np.tile(np.eye(3), (4, 1, 1))
    shares[:, 0], shares[:, 1] = np.stack([1 - e, e, 0 * e], 1), np.stack([e, 1 - e, 0 * e], 1)
    shares[3] = 1 / 3
    told = of(run_with(shares, items=2000))[0]
    assert re.fullmatch(r"Merged: a b at β = 0\.0\d+, then all at β = 0\.\d+\.", told), told


def test_what_is_erased_alike_is_no_abstraction():
    e = np.linspace(0, 0.75, 9)[:, None, None]
    run = run_with((1 - e) * np.eye(4) + e / 3 * (1 - np.eye(4)), items=400)
    told, why = of(run)
    assert told.startswith("Merged: all at β = ")
    assert "I(Y;Ŷ) falls from 2.0 to" in why and "compression without abstraction" in why


def test_what_is_one_from_the_start_two_classes_few_items_and_no_merge():
    assert "even at the weakest β" in of(run_with(np.full((3, 4, 4), 0.25)))[1]
    two = of(run_with(np.array([[[0.9, 0.1], [0.1, 0.9]], [[0.5, 0.5], [0.5, 0.5]]])))
    assert two[0].startswith("Two classes have one merge and no hierarchy: all at β = ")
    assert "needs three classes or more" in two[1]
    few = of(run_with(in_pairs([0.0, 0.01], 0), items=[100, 100, 3, 100]))[0]
    assert few == "No two classes merge within these βs. Left out, with fewer than 5 test items: c."


def test_what_is_known_depends_on_the_label():
    shares = in_pairs([0.01, 0.3], 0)
    known = run_with(shares).assign(joint=(("x", "y"), np.eye(2)))
    assert "see the page Exact" in of(known)[1]
    weighted = run_with(shares, heads=json.dumps({"shape": 1.0, "colour": 0.4}))
    assert "each where β reaches its weight: colour at 0.4, shape at 1." in of(weighted)[1]
    config = json.dumps({"seed": 0, "latent_dim": 2, "epochs": 1, "objective": "beta_vae"})
    assert "made without the label" in of(run_with(shares, config=config))[1]
    squared = run_with(shares, config=config.replace("beta_vae", "squared"))
    assert "in no favour of any class" in of(squared)[1]


def test_the_stage_can_be_sent_with_a_frame_for_each_beta(pairs):
    run, found = pairs
    stage = classes_stage(run.assign_attrs(title="made"), found, Choice())
    assert [each.name for each in stage.views] == ["Tree of classes", "Confusion", "Classes told apart"]
    packed = pack(stage)
    assert (packed.frames, packed.steps, packed.index) == (6, 1, chosen(run, Choice())[1])
    assert len(packed.body) < 100_000


# --- the page


@pytest.fixture
def there(home, planar):
    """A store with the planar run, finished."""
    last = planar.isel(step=[-1], code_step=[-1])
    store.create(store.place_of(PLANAR), last.assign_attrs(last_step=int(last.step[0])))
    return home


opened = partial(visiting.opened, PAGE, part="classes")


def test_the_page_shows_the_classes_of_a_run_and_says_where_it_stands(there):
    app = opened(run=PLANAR.id, beta="0.6")
    assert not app.exception
    said = texts(app)
    assert QUESTION in said and HINT in said
    assert "Distillation and abstraction:" in said
    assert app.query_params["part"] == "classes" and float(app.query_params["beta"]) == 0.6


def test_a_run_without_confusion_is_a_sentence(there, planar):
    bare = planar.drop_vars("confusion").isel(step=[-1], code_step=[-1])
    store.create(store.place_of(PLANAR), bare.assign_attrs(last_step=int(bare.step[0])), replace=True)
    app = opened(run=PLANAR.id)
    assert not app.exception
    assert "has no confusion: it is measured after the training, of classes" in texts(app)
