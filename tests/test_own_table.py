"""The dialog for a table of one's own: brought, looked at, chosen from, trained on; and what it says when it cannot."""

import pickle
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from visiting import of as find
from visiting import opened

from distill import jobs, store, tables
from distill.config import SweepConfig
from distill.ui import own_table, runs, settings

HOME = Path(__file__).resolve().parents[1]
DRAFT = "_distill_draft"


def garden(rows=60):
    """Flowers, whose kind the petals tell; one input with a gap, one with a word, one that is always the same."""
    rng, kind = np.random.default_rng(0), np.arange(rows) % 2
    data = pd.DataFrame({"": np.arange(rows), "petal, mm": kind * 3 + rng.standard_normal(rows)})
    data["leaf"], data["pot"], data["weight"] = rng.standard_normal(rows), 7, ["heavy", *["1.5"] * (rows - 1)]
    data["kind"] = np.array(["rose", "tulip"])[kind]
    data["bed"] = np.array(["north", "south"])[2 * np.arange(rows) // rows]
    data.loc[4, "leaf"] = np.nan
    return data.to_csv(index=False).encode()


def has(widgets, key):
    return any(each.key and each.key.startswith(key) for each in widgets)


def dialog():
    """Explore, with the dialog open."""
    app = find(opened().selectbox, "data-set").set_value("own").run()
    assert not app.exception
    return app


def upload(app, content, name="garden.csv"):
    app.get("file_uploader")[0].set_value((name, content, "text/csv")).run()
    assert not app.exception
    return app


def sentences(app):
    return [re.sub(r"<[^>]*>", "", each.proto.body) for each in app.get("html") if 'class="say' in each.proto.body]


def test_the_picker_opens_the_dialog_and_stays_where_it_was(home):
    app = opened()
    picker = find(app.selectbox, "data-set")
    assert picker.options[-1] == "Your own table…" and "A table" not in picker.options
    app = picker.set_value("own").run()
    assert not app.exception and find(app.selectbox, "data-set").value == "digits"
    assert app.get("file_uploader") and any("goes nowhere else" in each.value for each in app.caption)
    assert not has(app.selectbox, "own-table")  # none was brought before


def test_a_table_is_brought_looked_at_and_used(home):
    app = upload(dialog(), garden())
    (id,) = [each.id for each in tables.brought()]
    assert find(app.selectbox, "own-table").value == id
    assert find(app.selectbox, "own-label").value == "kind"
    assert find(app.multiselect, "own-inputs").value == ["petal, mm", "leaf"]
    assert find(app.multiselect, "own-factors").value == ["bed"]
    left_out = next(each.value for each in app.caption if each.value.startswith("Not among the inputs."))
    assert "column 1: it only counts the rows" in left_out and "pot: it is 7 in every row" in left_out
    assert "weight: it has text among its numbers, 'heavy' in line 2." in left_out
    assert sentences(app)[-1] == (
        "59 of 60 rows are used, 35 to learn from and 24 to test with; "
        "1 is left out, because a chosen column is empty there (leaf in 1)."
    )
    find(app.button, "own-use").click().run()
    config = app.session_state[DRAFT]
    assert not app.exception and not app.get("file_uploader")
    assert (config.dataset, app.query_params["data"]) == ("table", "table")
    assert config.dataset_options == {"table": id, "inputs": ["petal, mm", "leaf"], "factors": ["kind", "bed"]}
    assert config.epochs == 400 and config.objective == "vib"  # one step an epoch
    picker = find(app.selectbox, "data-set")
    assert picker.value == "table" and picker.options[-2:] == ["garden.csv", "Your own table…"]
    assert find(app.selectbox, "label-").options[:2] == ["kind", "bed"]
    assert find(app.selectbox, "colour-").options == ["the label", "kind", "bed"]
    find(app.button, "explore-train").click().run()
    assert [job.config for job in jobs.queue().jobs()] == [config]


def test_other_columns_of_the_same_table_and_a_label_in_thirds(home):
    app = upload(dialog(), garden())
    find(app.selectbox, "own-label").set_value("leaf in thirds").run()
    assert find(app.multiselect, "own-inputs").value == ["petal, mm"]  # what the label is made of is no input
    find(app.multiselect, "own-inputs").set_value([]).run()
    assert sentences(app)[-1] == "Choose at least one input" and find(app.button, "own-use").disabled
    find(app.multiselect, "own-inputs").set_value(["petal, mm", "column 1"]).run()
    find(app.multiselect, "own-factors").set_value(["petal, mm in thirds"]).run()
    find(app.button, "own-use").click().run()
    options = app.session_state[DRAFT].dataset_options
    assert options["inputs"] == ["column 1", "petal, mm"]  # in the order of the table, so that ids are the same
    assert options["factors"] == ["leaf in thirds", "petal, mm in thirds"]
    again = find(app.selectbox, "data-set").set_value("own").run()  # begins with what was chosen last
    assert find(again.selectbox, "own-label").value == "leaf in thirds"
    assert find(again.multiselect, "own-inputs").value == ["column 1", "petal, mm"]
    assert find(again.multiselect, "own-factors").value == ["petal, mm in thirds"]


def test_a_file_that_is_no_table_is_a_sentence_in_the_dialog(home):
    app = upload(dialog(), pickle.dumps([1, 2]), "list.csv")
    assert sentences(app)[-1].startswith("&#x27;list.csv&#x27; is a pickle, and is not opened")
    assert not has(app.button, "own-use") and tables.brought() == []
    app = upload(app, b"a,b\n1,2\n")
    assert sentences(app)[-1].startswith("No column of this table can be its label: a label or factor has 2 to 64")
    assert not has(app.button, "own-use")


def test_few_rows_are_a_sentence_and_no_button(home):
    app = upload(dialog(), garden(30))
    assert sentences(app)[-1].startswith("29 rows have a value in every chosen column, of at least 40")
    assert find(app.button, "own-use").disabled


def test_of_many_columns_one_says_which_are_left_out(home):
    rng = np.random.default_rng(1)
    wide = pd.DataFrame(rng.standard_normal((60, 50)), columns=[f"x{i}" for i in range(50)])
    app = upload(dialog(), wide.assign(kind=["a", "b"] * 30).to_csv(index=False).encode())
    inputs = find(app.multiselect, "own-inputs")
    assert inputs.label == "Inputs: 50 columns of numbers, without" and inputs.value == []
    inputs.set_value(["x3", "x7"]).run()
    find(app.button, "own-use").click().run()
    assert len(app.session_state[DRAFT].dataset_options["inputs"]) == 48


def test_a_table_brought_before_is_offered_again(home):
    first, second = (tables.bring(content, name) for content, name in ((garden(), "a.csv"), (garden(80), "b.csv")))
    app = dialog()
    picker = find(app.selectbox, "own-table")
    assert picker.options == ["b.csv: 80 rows, 7 columns", "a.csv: 60 rows, 7 columns", "Bring another file"]
    assert picker.value == second and not app.get("file_uploader")
    picker.set_value(first).run()
    assert has(app.selectbox, f"own-label-{first}")
    find(app.selectbox, "own-table").set_value("").run()
    assert app.get("file_uploader") and not has(app.button, "own-use")


@pytest.fixture
def config(home):
    """A configuration on a table that has been used before."""
    options = {"table": tables.bring(garden(), "garden.csv"), "inputs": ["leaf"], "factors": ["kind", "bed"]}
    tables.choose(options["table"], options)
    return SweepConfig(dataset="table", dataset_options=options)


def test_an_address_that_names_no_run_begins_with_the_table_used_last(config):
    app = opened(data="table")
    assert not app.exception and app.session_state[DRAFT].dataset_options == config.dataset_options
    find(app.button, "defaults").click().run()
    assert not app.exception and app.session_state[DRAFT].dataset_options == config.dataset_options


def test_an_address_of_a_table_where_there_is_none_shows_the_digits(home):
    app = opened(data="table")
    assert not app.exception and app.session_state[DRAFT].dataset == "digits"


def test_another_objective_and_another_data_set_keep_and_drop_the_table(config):
    app = opened(data="table")
    find(app.selectbox, "objective").set_value("ceb").run()
    assert app.session_state[DRAFT].dataset_options == config.dataset_options
    find(app.selectbox, "data-set").set_value("penguins").run()
    assert not app.exception and app.session_state[DRAFT].dataset_options == {}


def test_a_run_whose_table_is_gone_still_opens_and_only_training_fails(config, home):
    from conftest import trained

    small = replace(
        config, betas=(0.0, 0.1), hidden=(8,), latent_dim=2, epochs=2, snapshots=2, batch_size=16, device="cpu",
        threads=1,
    )  # fmt: skip
    trained(small, home)
    for file in (home / ".tables").iterdir():
        file.unlink()
    app = opened(run=small.id)
    assert not app.exception and sentences(app) == []
    assert app.session_state[DRAFT].id == small.id and find(app.selectbox, "data-set").value == "table"
    assert store.summary(store.place_of(small)).title.startswith("garden.csv, ")
    find(app.selectbox, "label-").set_value("bed").run()  # another training of it
    assert not app.exception


def test_a_run_on_a_table_is_told_by_its_label_and_the_number_of_its_inputs(config):
    assert runs.settings(config).startswith("label kind, 1 input") and "petal" not in runs.settings(config)
    assert own_table.in_words({"factors": ["kind"]}) == "label kind, all inputs"


def test_the_layers_page_offers_what_is_ready(home):
    assert "table" not in own_table.ready() and {"digits", "penguins"} <= set(own_table.ready())
    assert settings.factors(SweepConfig(dataset="penguins")) == ["species", "sex", "island", "year"]
