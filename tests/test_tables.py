"""Tables of one's own, from the bytes of a file to a run: what is read, what is refused, and with which sentence."""

import io
import json
import pickle
import re
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from distill import datasets, recording, store, tables
from distill.config import SweepConfig
from distill.datasets import _choosing, _columns
from distill.datasets import table as own
from distill.errors import DistillError, InvalidValue, UnknownName
from distill.tables import reading


def frame(rows=60, seed=0):
    """Two groups that `length` tells apart, with an owner and a number that tell nothing."""
    rng = np.random.default_rng(seed)
    group = np.arange(rows) % 2
    return pd.DataFrame(
        {
            "length": group * 4 + rng.standard_normal(rows).round(3),
            "width": rng.standard_normal(rows).round(3),
            "group": np.array(["cat", "dog"])[group],
            "owner": np.array(["Ann", "Bob", "Cem"])[rng.integers(0, 3, rows)],
            "year": rng.integers(2000, 2004, rows),
        }
    )


def csv(data, **how):
    return data.to_csv(index=False, **how).encode()


def parquet(data, **how):
    buffer = io.BytesIO()
    data.to_parquet(buffer, **how)
    return buffer.getvalue()


def brought(data, name="pets.csv"):
    return tables.bring(data if isinstance(data, bytes) else csv(data), name)


def made(data, **options):
    return datasets.load("table", table=brought(data), **{"factors": ["group"], **options})


def said(call, *arguments, **options):
    """The sentence with which it is refused."""
    with pytest.raises(DistillError) as caught:
        call(*arguments, **options)
    return str(caught.value)


# --- files


@pytest.mark.parametrize(
    "content",
    [
        csv(frame()),
        csv(frame(), sep=";"),
        csv(frame(), sep=";", decimal=","),
        csv(frame(), sep="\t"),
        csv(frame(), sep="|"),
        b"\xef\xbb\xbf" + csv(frame()),
        csv(frame()).replace(b"\n", b"\r\n"),
        csv(frame(), quoting=1),
        csv(frame()).replace(b"\n", b",\n"),  # a separator at the end of each line
        parquet(frame()),
        parquet(frame().astype({"group": "category", "owner": "category", "year": "int16"})),
        parquet(frame(), compression="gzip", row_group_size=7),
    ],
)
def test_a_table_is_the_same_in_whatever_way_it_is_written(content):
    table = reading.read(content, "pets")
    wanted = frame()
    assert table.names == tuple(wanted.columns)
    for name in ("length", "width", "year"):
        np.testing.assert_allclose(table.column(name).numbers, wanted[name].to_numpy(float), rtol=1e-12)
    for name in ("group", "owner"):
        assert table.column(name).texts(np.arange(60)) == wanted[name].tolist()
        assert table.column(name).numbers is None
    assert table.column("owner").distinct == 3 and table.column("year").texts(np.arange(2))[0].isdigit()


def test_what_says_that_nothing_stands_there_is_a_missing_value():
    cells = ["1.5", "", "NA", "n/a", "NaN", "null", "None", "?", " 2 ", "-3e2"]
    table = reading.read(("a,b\n" + "".join(f"{cell},x\n" for cell in cells)).encode(), "a.csv")
    assert table.column("a").missing.tolist() == [False, *[True] * 7, False, False]
    np.testing.assert_array_equal(table.column("a").numbers[[0, 8, 9]], [1.5, 2, -300])
    nulls = parquet(pd.DataFrame({"a": [1.0, None], "b": ["x", None], "c": [True, None], "d": [None, None]}))
    table = reading.read(nulls, "a.parquet")
    assert [each.missing.tolist() for each in table.columns] == [[False, True]] * 3 + [[True, True]]
    assert table.column("c").texts(np.array([0])) == ["true"]


def test_lines_are_counted_as_an_editor_counts_them():
    table = reading.read(b'a,b\n\n1,"two\nlines"\n2,x\n', "a.csv")
    assert [table.at(row) for row in (0, 1)] == ["line 4", "line 5"]
    assert reading.read(parquet(frame()), "a.parquet").at(0) == "row 1"


def test_columns_that_are_neither_numbers_nor_text_are_named_and_an_index_is_left_out():
    data = frame().assign(list=[[1, 2]] * 60, day=pd.Timestamp("2024-03-01"))
    table = reading.read(parquet(data.set_index("owner").reset_index(drop=True).iloc[5:]), "a.parquet")
    assert table.unread and table.unread[0][0] == "list" and "list" in table.unread[0][1]
    assert not any(name.startswith("__index") for name in table.names)
    assert table.column("day").texts(np.array([0]))[0].startswith("2024-03-01")


def zipped():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return buffer.getvalue()


class Trap:
    """Unpickling it would raise."""

    def __reduce__(self):
        return eval, ("1/0",)


WRONG_FILES = [
    (b"", "'f.csv' is empty; a table comes as CSV text or as Parquet, one line of names and then the rows"),
    (b" \n\n", "'f.csv' is empty"),
    (pickle.dumps(Trap(), 4), "'f.csv' is a pickle, and is not opened; a table comes as CSV text or as Parquet"),
    (pickle.dumps(frame(), 2), "'f.csv' is a pickle, and is not opened"),
    (zipped(), "'f.csv' is a zip archive, as an Excel workbook (.xlsx) is one, and is not opened"),
    (b"\x1f\x8b\x08rest", "'f.csv' is a gzip archive, and is not opened"),
    (b"PAR1 and nothing behind it", "'f.csv' cannot be read as Parquet ("),
    ("größe,art\n1,a\n".encode("latin-1"), "'f.csv' is not UTF-8 text (byte 0xf6 at place 3); a table comes as"),
    ("a,b\n1,2\n".encode("utf-16"), "'f.csv' is not UTF-8 text (byte 0xff at place 1)"),
    (b"a,b\n1,\0\n", "'f.csv' holds bytes that are no text"),
    (b"a\n1\n2\n", "'f.csv' has one column only, 'a'; columns are separated by commas, semicolons, tabs or |"),
    (b"a b\n1 2\n", "'f.csv' has one column only, 'a b'"),
    (b"a,b,a\n1,2,3\n", "'f.csv' has two columns called 'a' (columns 1 and 3); each needs its own name"),
    (b"a,b\n1,2\n3\n", "line 3 of 'f.csv' has 1 value, and its first line names 2 columns"),
    (b"a,b\n1,2,3\n", "line 2 of 'f.csv' has 3 values, and its first line names 2 columns"),
    (b"5.1,3.5,x\n4.9,3.0,y\n", "the first line of 'f.csv' holds numbers (5.1, 3.5), where the columns' names are"),
    (b"1,2,3\n4,5,6\n", "the first line of 'f.csv' holds numbers (1, 2, 3), where the columns' names are expected"),
    (b"a,b\n", "'f.csv' names its columns and has no rows"),
    (b"a," + b"b" * 81 + b"\n1,2\n", "the name of a column has at most 80 characters; shorten 'bbbb"),
    (b"a,b\n" + b"1,2\n" * 50_001, "'f.csv' has 50,001 rows; at most 50,000 are taken"),
    (b",".join(b"c%d" % i for i in range(1001)) + b"\n", "'f.csv' has 1,001 columns; at most 1,000 are read"),
    (b"a,b\n" + b"1" * 20_000_000, "'f.csv' has 20.0 MB; at most 20 MB are read"),
    (b'a,b\n1,"2\n' + b"x" * 200_000, "'f.csv' cannot be read as CSV near line"),
    (parquet(pd.DataFrame({"a": np.zeros(60_000)})), "'f.csv' has 60,000 rows, 0 MB unpacked; at most 50,000 rows"),
]


@pytest.mark.parametrize(("content", "sentence"), WRONG_FILES, ids=[text[:50] for _, text in WRONG_FILES])
def test_a_file_that_is_no_table_is_refused_in_a_sentence_and_not_kept(content, sentence, home):
    assert said(tables.bring, content, "f.csv").startswith(sentence)
    assert not tables.folder().exists()


def test_a_parquet_file_that_unpacks_to_too_much_is_not_unpacked(monkeypatch):
    huge = parquet(pd.DataFrame({"a": ["x" * 1000 + str(i) for i in range(1000)]}))
    monkeypatch.setattr("distill.tables.parquet.UNPACKED", 100_000)
    assert "has 1,000 rows, 1 MB unpacked; at most 50,000 rows and 0 MB are read" in said(reading.read, huge, "a")


# --- what is kept on this machine


def test_a_table_is_kept_under_its_content_and_offered_again_by_its_name(home):
    assert tables.brought() == []
    first = brought(frame(), "/some/where/pets.csv")
    assert brought(frame(), "same.csv") == first  # the same content is the same table, whatever it is called
    second = brought(parquet(frame(seed=1)), "other.parquet")
    assert [(each.id, each.name, each.rows, each.columns) for each in tables.brought()] == [
        (second, "other.parquet", 60, 5), (first, "same.csv", 60, 5),
    ]  # fmt: skip
    assert sorted(path.name for path in (home / ".tables").iterdir()) == sorted(
        [f"{first}.csv", f"{first}.json", f"{second}.parquet", f"{second}.json"]
    )
    assert (home / ".tables" / f"{first}.csv").read_bytes() == csv(frame())
    tables.choose(first, {"factors": ["group"]})
    assert tables.brought()[0].id == first and tables.brought()[0].options == {"factors": ["group"]}
    assert store.list_runs()[0].example  # no run of the person's is made of it


def test_a_table_that_is_not_here_and_text_that_is_no_id_are_sentences(home):
    sentence = "table '0123456789ab' is not on this machine; to train on it, bring its file under “Your own table…”"
    assert said(datasets.load, "table", table="0123456789ab", factors=["a"]) == sentence
    for wrong in ("../../etc/passwd", "ABCDEF012345", "", None, 7):
        assert said(tables.opened, wrong).startswith("a table is named by twelve digits out of 0-9 and a-f; got ")
    assert tables.known("../x") is None
    assert said(datasets.load, "table").startswith("the data set 'table' needs a table: bring a CSV or Parquet file")
    assert said(tables.bring_file, home / "none.csv").endswith("none.csv' (no such file or directory)")


def test_a_table_that_was_changed_is_refused(home):
    id = brought(frame())
    assert len(tables.opened(id).lines) == 60
    (home / ".tables" / f"{id}.csv").write_bytes(csv(frame(59)))
    assert said(tables.opened, id) == f"the file of table '{id}' was changed since it was brought; bring it again"


def test_a_folder_that_cannot_be_written_is_a_sentence(home):
    (home / ".tables").write_text("a file is in the way")
    assert said(brought, frame()).startswith(f"cannot keep the table in {home / '.tables'} (")


# --- columns


def test_a_data_set_is_made_of_the_columns_that_were_chosen():
    data = made(frame(), inputs=["width", "length"], factors=["group", "year", "width in thirds"])
    assert data.features == ("width", "length") and data.input_shape == (2,) and data.title == "pets.csv"
    original = data.inputs * data.feature_scale + data.feature_offset
    np.testing.assert_allclose(original, frame()[["width", "length"]], atol=1e-5)
    np.testing.assert_allclose(data.inputs[data.train].mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(data.inputs[data.train].std(0), 1, atol=1e-6)
    assert (data.offset, data.scale) == (0.0, 1.0)
    assert data.value_range == pytest.approx((data.inputs.min(), data.inputs.max()))
    assert data.label_name == "group" and list(data.factors) == ["group", "year", "width in thirds"]
    assert data.classes["group"] == ("cat", "dog") and data.classes["width in thirds"] == ("low", "middle", "high")
    assert data.classes["year"] == ("2000", "2001", "2002", "2003")
    np.testing.assert_array_equal(data.label, frame().group == "dog")
    np.testing.assert_array_equal(data.factors["year"], frame().year - 2000)
    thirds = [frame().width[data.factors["width in thirds"] == third] for third in range(3)]
    assert thirds[0].max() < thirds[1].min() <= thirds[1].max() < thirds[2].min()
    assert {len(third) for third in thirds} == {20}


def test_without_inputs_they_are_all_columns_of_numbers_but_the_label_and_what_counts_the_rows():
    data = frame()
    data.insert(0, "", np.arange(60))  # as pandas writes its index
    data["constant"], data["note"], data["stray"] = 3, [f"n{i}" for i in range(60)], ["x"] + ["1.5"] * 59
    found = made(data, factors=["year", "group"])
    assert found.features == ("length", "width")
    assert datasets.factors("table", {"table": "0" * 12, "factors": ["year", "group"]}) == ("year", "group")
    assert made(data).features == ("length", "width", "year")
    assert made(data, inputs=["column 1", "width"]).features == ("column 1", "width")  # one may want it all the same


def test_a_name_may_come_alone_or_as_a_number():
    data = frame().rename(columns={"width": "2020"})
    assert made(data, inputs="length", factors="2020 in thirds").label_name == "2020 in thirds"
    assert made(data, inputs=[2020], factors="group").features == ("2020",)
    assert said(made, data, inputs={"a": 1}) == "inputs must be a list of columns; got {'a': 1}"
    assert said(made, data, factors=True) == "factors must be a list of columns; got True"


def test_rows_with_a_missing_value_in_a_chosen_column_are_left_out_and_counted():
    data = frame(80)
    data.loc[[3, 9], "length"] = np.nan
    data.loc[[9, 10, 11], "group"] = None
    data.loc[40:, "width"] = np.nan  # which is not chosen
    id = brought(data)
    chosen = own.choice_of(id, ["length"], ["group"])
    assert len(chosen.rows) == 76 and chosen.lacking == {"length": 2, "group": 3}
    assert not {3, 9, 10, 11} & set(chosen.rows.tolist())
    assert own.in_words(chosen, 80) == (
        "76 of 80 rows are used, 45 to learn from and 31 to test with; "
        "4 are left out, because a chosen column is empty there (length in 2, group in 3)."
    )
    whole = own.choice_of(id, ["year"], ["owner"])
    assert own.in_words(whole, 80).startswith("All 80 rows are used, 47 to learn from and 33")
    assert len(datasets.load("table", table=id, inputs=["length"], factors=["group"]).inputs) == 76


def changed(**columns):
    return pd.concat(
        [frame().drop(columns=[each for each in columns if each in frame()]), pd.DataFrame(columns, np.arange(60))],
        axis=1,
    )


def strewn(word, row=7):
    values = frame().width.astype(str).tolist()
    values[row] = word
    return values


WRONG_CHOICES = [
    (changed(width=strewn("n.d.")), {"inputs": ["width"]},
     "column 'width' cannot be an input: it has text among its numbers, 'n.d.' in line 9; correct the file, or leave"),
    (changed(width=strewn("inf")), {"inputs": ["width"]},
     "column 'width' cannot be an input: it has inf in line 9; an input is a number of size up to 1e+30"),
    (changed(width=strewn("-1e300")), {"inputs": ["width"]}, "column 'width' cannot be an input: it has -1e+300 in l"),
    (changed(width=2.5), {"inputs": ["width"]}, "column 'width' cannot be an input: it is 2.5 in every row"),
    (changed(width=None), {"inputs": ["width"]}, "column 'width' cannot be an input: it is empty in every row"),
    (frame(), {"inputs": ["owner"]}, "column 'owner' cannot be an input: it holds text, 'Cem' in line 2"),
    (frame(), {"inputs": ["hight"]}, "unknown column 'hight'; known: group, length, owner, width, year"),
    (frame(), {"inputs": ["with"]}, "unknown column 'with'; known: group, length, owner, width, year; did you mean 'w"),
    (frame(), {"factors": ["Group"]}, "unknown column 'Group'; known: group, length, owner, width, year; did you mea"),
    (changed(**{f"x{i}": i for i in range(9)}), {"inputs": ["lenght"]},
     "none of this table's 14 columns is called 'lenght'; did you mean 'length'?"),
    (frame(), {"factors": []}, "a table needs a label, a column of 2 to 64 classes, such as: group, owner, year, len"),
    (frame(), {"factors": ["year"], "inputs": ["year", "width"]},
     "column 'year' is the label, so it cannot be an input too"),
    (frame(), {"factors": ["width in thirds"], "inputs": ["width"]}, "column 'width' is the label, so it cannot be"),
    (frame()[["group", "owner"]], {},
     "no column of numbers is there for the inputs; 'group': it holds text, 'cat' in line 2; 'owner': it holds text"),
    (changed(**{f"x{i}": np.arange(60) * i for i in range(1, 514)}), {"inputs": [f"x{i}" for i in range(1, 514)]},
     "513 columns are chosen as inputs; at most 512 can be"),
    (changed(id=[f"i{i}" for i in range(60)]), {"factors": ["id"]},
     "every row has another value of 'id', so nothing can be learned of it; a label or factor has 2 to 64 classes"),
    (changed(group="cat"), {}, "'group' has one class only, 'cat'; a label or factor has 2 to 64 classes"),
    (changed(group=["bird", *frame().group[1:]]), {},
     "class 'bird' of 'group' has one row only; each class needs two, one to learn from and one to test with"),
    (changed(owner=["Dee", *frame().owner[1:]]), {"factors": ["group", "owner"]}, "class 'Dee' of 'owner' has one row"),
    (pd.concat([frame(), frame()]).assign(code=np.arange(120) // 1.5), {"factors": ["code"]},
     "'code' has 80 different values; a label or factor has 2 to 64 classes; 'code in thirds' makes three of it"),
    (changed(group=[f"{'long ' * 20}{i % 2}" for i in range(60)]), {},
     "'group' holds whole texts ('long long long long long long '…); a class has at most 60 letters"),
    (frame(), {"factors": ["group in thirds"]}, "column 'group' has no thirds: it holds text, 'cat' in line 2"),
    (changed(width=[0.0] * 55 + [1.0] * 5), {"factors": ["width in thirds"]}, "'width in thirds' has one class only"),
    (frame(39), {}, "39 rows have a value in every chosen column, of at least 40"),
    (changed(width=[1.5, 2.5, 3.5] + [None] * 57), {},
     "3 rows have a value in every chosen column, of at least 40; 'width' alone lacks 57 of 60"),
    (changed(width=[1.5] * 59 + [2.0], owner=["Ann"] * 59 + [None]), {"factors": ["group", "owner"]},
     "column 'width' cannot be an input: it is 1.5 in every row that is used"),
    (frame(), {"factors": ["group", *(f"f{i}" for i in range(12))]}, "13 factors are named, the label among them; "),
]  # fmt: skip


@pytest.mark.parametrize(("data", "options", "sentence"), WRONG_CHOICES, ids=[each[2][:60] for each in WRONG_CHOICES])
def test_a_choice_that_cannot_be_trained_on_is_refused_in_a_sentence(data, options, sentence):
    assert said(made, data, **options).startswith(sentence)


def test_an_input_that_only_the_test_rows_tell_apart_is_refused():
    data = frame()
    test = made(data).test
    data["rare"] = 0.0
    data.loc[test[0], "rare"] = 1.0
    assert said(made, data, inputs=["rare", "width"]) == (
        "column 'rare' cannot be an input: it is the same in every row that is learned from"
    )


def test_what_is_offered_as_label_is_text_first_and_wide_numbers_in_thirds():
    data = frame().assign(half=np.arange(60) // 20 / 2, grade=np.arange(60) // 3, free=[f"t{i}" for i in range(60)])
    table = reading.read(csv(data), "a.csv")
    assert _choosing.class_columns(table) == [
        "group", "owner", "year", "half", "grade", "length in thirds", "width in thirds", "grade in thirds",
    ]  # fmt: skip
    assert _choosing.input_columns(table) == ["length", "width", "year", "half", "grade"]


def test_a_column_of_numbers_with_other_words_can_still_be_the_label():
    codes = [["12", "7", "13B"][i % 3] for i in range(60)]
    data = made(frame().assign(code=codes), factors=["code"])
    assert data.classes["code"] == ("12", "13B", "7")


def test_classes_are_sorted_as_numbers_where_all_are():
    assert _columns.coded(["10", "9", "10", "-1"])[1] == ("-1", "9", "10")
    assert _columns.coded(["b", "A", "a"])[1] == ("A", "a", "b")
    codes, classes = _columns.in_thirds(np.array([0.0] * 5 + [1.0, 2, 3]))
    assert classes == ("middle", "high") and codes.tolist() == [0] * 5 + [1, 1, 1]  # ties leave no low third


def test_texts_of_one_number_have_an_order_of_their_own_so_that_every_process_numbers_them_alike():
    words = [f"{'0' * i}1" for i in range(12)]
    assert _columns.coded(words[::-1])[1] == tuple(sorted(words))


def test_names_are_cut_to_what_figures_can_bear_and_stay_different():
    names = ["alcohol", "alcalinity_of_ash in thirds", "how satisfied are you with it", "how satisfied are you with us"]
    assert _columns.shown(names, 22, " in thirds") == (
        "alcohol", "alcalinity… in thirds", "how satisfied are you…", "how satisfied are y… 2",
    )  # fmt: skip
    assert _columns.shown(["<i>a</i>", "<50K", ">50K"], 22) == ("‹i›a‹/i›", "<50K", ">50K")
    data = frame().rename(
        columns={"width": "the width of the animal, in metres", "group": "<b>group</b> of the animal"}
    )
    options = {"factors": ["<b>group</b> of the animal", "the width of the animal, in metres in thirds"]}
    found = made(data, **options)
    assert (
        tuple(found.factors)
        == datasets.factors("table", options)
        == ("‹b›group‹/b› of the a…", "the width o… in thirds")
    )
    assert found.label_name == "‹b›group‹/b› of the a…" and found.labelled_by("the width o… in thirds").label.max() == 2


@pytest.mark.parametrize(("counts", "tested"), [((2, 58), (1, 23)), ((30, 30), (12, 12)), ((900, 100), (225, 25))])
def test_every_class_is_in_both_parts_in_its_share(counts, tested):
    labels = np.repeat(np.arange(len(counts)), counts)
    train, test = _columns.split_of_all(labels)
    assert np.bincount(labels[test]).tolist() == list(tested)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(len(labels)))


@pytest.mark.parametrize(("train", "batch", "steps"), [(104, 128, 400), (250, 128, 400), (1350, 128, 1350)])
def test_a_small_table_is_trained_for_four_hundred_steps(train, batch, steps):
    epochs = own.epochs(train, batch)
    assert steps <= epochs * max(1, train // batch) < steps + max(1, train // batch)


# --- through to a run


def test_a_table_becomes_a_run_that_says_its_columns_and_outlives_its_file(home):
    from conftest import trained

    id = brought(frame(80))
    options = {"table": id, "inputs": ["length", "width"], "factors": ["group", "owner"]}
    config = SweepConfig(
        dataset="table", dataset_options=options, betas=(0.0, 0.1), hidden=(8,), latent_dim=2, epochs=40,
        batch_size=16, snapshots=2, device="cpu", threads=1,
    )  # fmt: skip
    assert SweepConfig.from_json(config.to_json()).id == config.id
    run = trained(config, home, finished=True)
    assert run.attrs["title"].startswith("pets.csv, ") and json.loads(run.attrs["config"])["dataset_options"] == options
    assert run.feature_name.values.tolist() == ["length", "width"]
    original = run.inputs * run.feature_scale + run.feature_offset
    stored = frame(80).loc[run.point.values, ["length", "width"]]
    np.testing.assert_allclose(original.transpose("point", "feature"), stored, atol=1e-4)
    assert run.factor.values.tolist() == ["group", "owner"]
    kept = run.factor_kept / run.factor_entropy
    assert float(kept.sel(factor="group")[0]) > 0.5 > 0.2 > float(kept.sel(factor="owner")[0])
    (home / ".tables" / f"{id}.csv").unlink()
    assert store.open_run(config.id).load().identical(run)  # which carries its items
    sentence = said(recording.record, replace(config, seed=1), home / "another")
    assert sentence.startswith(f"table '{id}' is not on this machine; to train on it, bring its file under")


def test_the_errors_are_those_that_pages_show():
    with pytest.raises(UnknownName, match=re.escape("unknown column 'x'")):
        made(frame(), inputs=["x"])
    with pytest.raises(InvalidValue, match="needs a label"):
        made(frame(), factors=[])


def test_an_item_is_told_by_its_columns_with_their_units():
    from distill.figures._items import item_facts

    names = ["bill length, mm", "mass", *(f"x{i}" for i in range(8))]
    run = xr.Dataset(
        {"inputs": (("point", "feature"), np.ones((2, 10))), "feature_name": ("feature", names)}
        | {f"feature_{part}": ("feature", np.arange(10.0) + i) for i, part in enumerate(("offset", "scale"))}
    )
    assert item_facts(run)[0].startswith("\nbill length 1 mm\nmass 3\nx0 5\n")
    assert item_facts(run)[0].endswith("\nx5 15\nand 2 more columns") and len(item_facts(run)) == 2
    assert item_facts(run.drop_vars("feature_name")) == ["", ""]
