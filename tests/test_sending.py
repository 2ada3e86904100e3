"""The commands encode and decode: a file for items, and labels, pictures and codes out of the file."""

import csv
import io

import numpy as np
import pytest
from conftest import SWEEP
from PIL import Image

from distill import datasets, formats, store
from distill.__main__ import main
from distill.coding import semantic
from distill.measures.decoding import as_levels

COUNT = 400


@pytest.fixture
def run(sweep, own_store):
    """The folder of a run, as it is given on the command line."""
    return str(own_store / SWEEP.id)


def said(capsys, *arguments):
    """Exit status, standard output and standard error of a command."""
    try:
        status = main([str(each) for each in arguments])
    except SystemExit as end:
        status = end.code
    return status, *capsys.readouterr()


def digits(count):
    """Test pictures in the data set's own units, (count, 64) from 0 to 16, and their labels."""
    data = datasets.load("digits")
    chosen = data.test[:count]
    return data.inputs[chosen] * data.scale + data.offset, data.label[chosen]


def test_the_stored_items_become_a_file_and_labels(capsys, run, sweep, tmp_path):
    file, table = tmp_path / "a.codes", tmp_path / "a.csv"
    status, out, err = said(capsys, "encode", run, "items", file, "--beta", "0.1")
    blob, bits = file.read_bytes(), semantic.surprises(sweep, 2, semantic.to_send(sweep)[2])
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "400 items, β = 0.1",
        f"{len(blob)} bytes, of which 32 are header and checksum",
        f"{8 * (len(blob) - 32) / 400:.3f} bits an item; cross-entropy of the model {bits.mean():.3f} bits an item",
        "raw inputs: 25600 bytes, a byte a value",
    ]
    status, out, err = said(capsys, "decode", run, file, table)
    assert (status, err) == (0, "")
    assert out.splitlines()[0] == "400 items, β = 0.1" and out.splitlines()[-1] == str(table)
    rows = list(csv.DictReader(io.StringIO(table.read_text())))
    found = semantic.decode(blob, sweep).labels["digit"]
    assert [row["digit"] for row in rows] == [str(each) for each in found.argmax(-1)]
    shares = np.array([[float(row[f"p(digit={i})"]) for i in range(10)] for row in rows])
    np.testing.assert_allclose(shares, found, atol=1e-6)
    entropy = -(found * np.log2(found.clip(1e-300))).sum(-1)
    np.testing.assert_allclose([float(row["entropy of digit, bits"]) for row in rows], entropy, atol=1e-4)
    counts = np.bincount(found.argmax(-1), minlength=10)
    assert out.splitlines()[1] == "digit: " + ", ".join(f"{i} × {counts[i]}" for i in range(10) if counts[i])


def test_pictures_and_codes_are_written_by_the_ending(capsys, run, sweep, tmp_path):
    file = tmp_path / "a.codes"
    assert said(capsys, "encode", run, "items", file, "--beta", "0.01", "--seed", "9")[0] == 0
    found = semantic.decode(file.read_bytes(), sweep)
    for name in ("a.png", "a.npy"):
        assert said(capsys, "decode", run, file, tmp_path / name)[0] == 0
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), found.codes.astype("f4"))
    sheet = np.asarray(Image.open(tmp_path / "a.png"))
    assert sheet.shape == (20 * 8, 20 * 8)
    np.testing.assert_array_equal(sheet[8:16, 16:24].ravel(), as_levels(sweep, found.inputs)[22])  # second row, third


@pytest.mark.parametrize("ending", ["npy", "csv", "png"])
def test_inputs_of_ones_own_go_through_the_encoder(capsys, run, sweep, tmp_path, ending):
    """Of digits that it has not seen nearly all are read rightly; means are those that the run has stored."""
    raw, labels = digits(40)
    given, file, table = tmp_path / f"mine.{ending}", tmp_path / "mine.codes", tmp_path / "mine.csv.csv"
    if ending == "npy":
        np.save(given, raw.reshape(40, 8, 8))
    elif ending == "csv":
        lines = [",".join(f"pixel {i}" for i in range(64)), *(",".join(map(str, row)) for row in raw)]
        given.write_text("\n".join(lines))
    else:
        tiles = (raw / 16 * 255).round().astype(np.uint8).reshape(5, 8, 8, 8).swapaxes(1, 2).reshape(40, 64)
        Image.fromarray(tiles).save(given)
    status, out, err = said(capsys, "encode", run, given, file, "--beta", "0.01")
    assert (status, err) == (0, "") and out.startswith("40 items, β = 0.01\n")
    assert said(capsys, "decode", run, file, table)[0] == 0
    rows = list(csv.DictReader(io.StringIO(table.read_text())))
    assert np.mean([int(row["digit"]) == label for row, label in zip(rows, labels, strict=True)]) > 0.85


def test_what_the_encoder_makes_of_a_stored_item_is_what_is_stored(capsys, run, sweep, tmp_path):
    about = sweep.inputs.attrs
    np.save(tmp_path / "same.npy", sweep.inputs.values[:5] * about["scale"] + about["offset"])
    for name, given in (("same", tmp_path / "same.npy"), ("all", "items")):
        assert said(capsys, "encode", run, given, tmp_path / f"{name}.codes", "--beta", "0.6")[0] == 0
    same, every = (semantic.decode((tmp_path / f"{n}.codes").read_bytes(), sweep).codes for n in ("same", "all"))
    steps = (same - every[:5]) / sweep.codec_width[3].values
    assert (np.abs(steps - steps.round()) < 1e-6).all() and (np.abs(steps) < 1.5).all() and (steps == 0).mean() > 0.9


def test_no_items_make_a_file_too(capsys, run, tmp_path):
    np.save(tmp_path / "none.npy", np.zeros((0, 64)))
    assert said(capsys, "encode", run, tmp_path / "none.npy", tmp_path / "none.codes")[0] == 0
    assert (tmp_path / "none.codes").stat().st_size == 32
    for name in ("none.csv", "none.png", "again.npy"):
        status, out, _ = said(capsys, "decode", run, tmp_path / "none.codes", tmp_path / name)
        assert (status, out.splitlines()[1]) == (0, "digit: no items")


def test_the_nearest_strength_is_taken_and_said(capsys, run, tmp_path):
    _, out, err = said(capsys, "encode", run, "items", tmp_path / "a", "--beta", "0.5")
    assert "The run has nothing at β 0.5; the nearest is taken, 0.6." in err and "β = 0.6" in out
    _, out, err = said(capsys, "encode", run, "items", tmp_path / "a")
    assert err == "" and "β = 0.01" in out  # where a look at a run begins


def test_a_shipped_run_has_no_networks_and_says_what_it_can_do(capsys, run, sweep, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "has_checkpoint", lambda path: False)
    status, _, err = said(capsys, "encode", run, tmp_path / "mine.npy", tmp_path / "a")
    assert (status, err.count("\n")) == (1, 1)
    assert "carries no networks" in err and "give 'items' in the place of" in err


def saved(values):
    content = io.BytesIO()
    np.save(content, values)
    return content.getvalue()


def drawn(levels):
    content = io.BytesIO()
    Image.fromarray(levels).save(content, "PNG")
    return content.getvalue()


def test_a_table_that_begins_with_a_mark_of_its_encoding_loses_no_item(sweep, tmp_path):
    """As spreadsheets write it; the first line would pass for one of names."""
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbf" + b"\n".join([b",".join([b"1"] * 64)] * 3))
    assert formats.inputs_of(tmp_path / "a.csv", sweep).shape == (3, 64)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("gone.npy", None, "cannot read"),
        ("a.txt", b"1,2", "inputs come as .npy, .csv or .png, or as the word items; got "),
        ("a.npy", b"nonsense", "is no .npy file of real numbers"),
        ("a.csv", b"1,2\n3,4\n", "must hold items of 64 numbers each; its shape is (2, 2)"),
        ("a.csv", b"a,b\n1,x\n", "must hold numbers, as many in each line; line 2 does not"),
        ("a.csv", ",".join(["nan"] * 64).encode(), "holds values that are no finite numbers"),
        ("a.csv", b"", "must hold items of 64 numbers each; its shape is (0, 0)"),
        ("a.csv", b"\xff\xfe\x00", "is no text"),
        ("a.npy", b"", "is no .npy file of real numbers"),
        ("a.png", b"nonsense", "is no picture"),
        ("a.npy", saved(np.zeros((2, 64), complex)), "is no .npy file of real numbers"),
        ("a.npy", saved(np.zeros((2, 64), "M8[s]")), "is no .npy file of real numbers"),
        ("a.npy", saved(np.array(1.0)), "is no .npy file of real numbers"),
        ("a.npy", saved(np.full((2, 64), 1e300)), "or too large ones"),
        ("a.npy", saved(np.zeros((9, 64))).replace(b"(9, 64)", b"(9**99,)"), "is no .npy file of real numbers"),
        ("a.npy", saved(np.zeros((9, 64)))[:64].replace(b"(9, 64), }", b"(99999999999,)}"), "is no .npy file"),
        ("a.png", drawn(np.zeros((8, 8), np.uint16)), "must have 8 bits a pixel and channel"),
    ],
)
def test_inputs_that_cannot_be_encoded_are_a_sentence(capsys, run, tmp_path, name, content, words):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    status, out, err = said(capsys, "encode", run, tmp_path / name, tmp_path / "out")
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert words in err
    assert not (tmp_path / "out").exists()


def test_a_picture_of_another_size_is_a_sentence(capsys, run, tmp_path):
    Image.new("L", (12, 8)).save(tmp_path / "a.png")
    _, _, err = said(capsys, "encode", run, tmp_path / "a.png", tmp_path / "out")
    assert "must be a picture of 8 × 8, or a sheet of such ones; it is 12 × 8" in err


def test_what_is_wrong_is_said_in_one_line(capsys, run, sweep, planar, own_store, tmp_path):
    file = tmp_path / "a.codes"
    assert said(capsys, "encode", run, "items", file)[0] == 0
    damaged = tmp_path / "damaged.codes"
    damaged.write_bytes(file.read_bytes()[:-9])
    other = str(own_store / planar.attrs["id"])
    for arguments, words in (
        (("encode", run, "items", file, "--beta", "7"), "this run has no β 7: its values lie from 0 to 2"),
        (("encode", run, "items", file, "--beta", "nan"), "this run has no β nan"),
        (("encode", run, "items", file, "--seed", "70000"), "from 0 to 65535; got 70000"),
        (("encode", run, "items", file, "--step", "2"), "the step of a code with noise is that of its noise"),
        (("encode", run, "items", tmp_path / "no" / "where"), "cannot write"),
        (("encode", "0123456789ab", "items", file), "there is no run '0123456789ab'"),
        (("encode", run, damaged, damaged), "OUT must be another file than IN"),
        (("decode", run, damaged, tmp_path / "a.csv"), "is damaged or was cut short: its checksum does not fit"),
        (("decode", run, tmp_path / "gone", tmp_path / "a.csv"), "cannot read"),
        (("decode", run, file, tmp_path / "a.jpg"), "unknown file format 'jpg'; known: csv, npy, png"),
        (("decode", other, file, tmp_path / "a.csv"), f"this file was made with run {sweep.attrs['id']}"),
    ):
        status, out, err = said(capsys, *arguments)
        assert (status, out, err.count("\n")) == (1, "", 1), err
        assert words in err


def test_runs_of_another_kind_have_no_codes(capsys, tmp_path):
    example = next(path for path in store.examples().iterdir() if store.summary(path).attrs.get("kind") == "layers")
    status, _, err = said(capsys, "encode", example.name, "items", tmp_path / "a")
    assert (status, err.count("\n")) == (1, 1)
    assert "is no sweep of bottlenecks, so it has no codes" in err


@pytest.mark.parametrize(("count", "columns"), [(0, 1), (1, 1), (6, 3), (7, 3), (11, 4), (400, 20), (450, 25)])
def test_a_sheet_has_no_empty_place_where_that_can_be(count, columns):
    assert formats._columns(count) == columns


def test_colours_and_tables_keep_their_units(sweep, tmp_path):
    coloured = sweep.assign_attrs(input_shape=[4, 4, 3])
    coloured = coloured.isel(feature=slice(0, 48))
    picture = np.random.default_rng(0).integers(0, 255, (4, 8, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "two.png")
    about, found = sweep.inputs.attrs, formats.inputs_of(tmp_path / "two.png", coloured)
    wanted = np.stack([picture[:, :4].ravel(), picture[:, 4:].ravel()]) / 255 * 16
    np.testing.assert_allclose(found * about["scale"] + about["offset"], wanted, atol=1e-4)
    table = sweep.assign(feature_offset=("feature", np.full(64, 5.0)), feature_scale=("feature", np.full(64, 2.0)))
    table["inputs"] = table.inputs.assign_attrs(offset=0.0, scale=1.0)
    np.save(tmp_path / "a.npy", np.full((1, 64), 9.0))
    np.testing.assert_allclose(formats.inputs_of(tmp_path / "a.npy", table), 2.0)
