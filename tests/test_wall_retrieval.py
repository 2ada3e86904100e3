"""The part Ask again of the Shannon wall: two files of one item, two answers, and the bits in which they differ."""

from functools import partial

import numpy as np
import pytest
import visiting
from conftest import SWEEP
from visiting import of, texts

from distill import store
from distill.coding import semantic
from distill.config import Choice
from distill.figures import _sent
from distill.figures._pictures import levels
from distill.figures.retrieval import asked_twice
from distill.measures.decoding import as_levels, shown_items
from distill.ui import wall_retrieval_content as content
from distill.ui.envelope import pack
from distill.ui.picture_rows import Lines

ITEM, ASKED = 17, 3
opened = partial(visiting.opened, "pages/6_shannon_wall.py", part="retrieval")


@pytest.fixture(scope="module")
def both(sweep):
    return asked_twice(sweep)


@pytest.fixture(scope="module")
def stage(sweep, both):
    return content.retrieval_stage(sweep, Choice(), ITEM, ASKED, both)


@pytest.fixture
def there(home, sweep):
    path = store.place_of(SWEEP)
    store.create(path, sweep.isel(step=[-1], code_step=[-1]))
    store.write_status(path, status="done")
    return path


def answered(run, beta, seed):
    blob = semantic.encode(run, beta, semantic.to_send(run)[beta, [ITEM]], seed)
    return len(blob), as_levels(run, semantic.decode(blob, run).inputs)[0]


def test_two_files_give_two_answers_and_their_bits_are_counted(sweep, stage):
    large = [row for row in stage.pictures.rows if row.large]
    assert [row.label for row in large] == [
        "first answer", "second answer", "bits that differ", "what was sent", "what came back", "bits that differ",
    ]  # fmt: skip
    for beta in range(5):
        (one, first), (two, second) = (answered(sweep, beta, seed) for seed in (2 * ASKED, 2 * ASKED + 1))
        np.testing.assert_array_equal(large[0].values[beta, 0].ravel(), first)
        np.testing.assert_array_equal(large[1].values[beta, 0].ravel(), second)
        each = np.unpackbits((first ^ second)[:, None], axis=1).sum(1)
        np.testing.assert_array_equal(large[2].values[beta, 0].ravel(), np.round(each * 255 / 8))
        cells = stage.headline[beta]
        assert cells[0][0] == f"{each.sum()} of 512"
        assert cells[0][1].endswith(f"in {(first != second).sum()} pixels")
        assert cells[2][0] == f"{one - 32} + {two - 32} bytes"


def test_without_loss_every_bit_comes_back(sweep, stage):
    large = [row for row in stage.pictures.rows if row.large]
    np.testing.assert_array_equal(large[3].values, levels(sweep)[[ITEM]])
    np.testing.assert_array_equal(large[4].values, large[3].values)
    assert not large[5].values.any()
    _, blob = _sent.best_lossless(sweep, _sent.sent_levels(sweep)[[ITEM]])
    for cells in stage.headline:
        assert cells[1][0] == "0 of 512"
        assert cells[3][0] == f"{len(blob)} bytes" and cells[3][1].endswith("64 as it is")


def test_what_the_answers_are_read_as_is_said(sweep, stage):
    own = [_sent.answers(sweep, seed, [ITEM]).labels["digit"][1, 0] for seed in (2 * ASKED, 2 * ASKED + 1)]
    assert stage.headline[1][4][0] == " / ".join(f"{each.argmax()} ({100 * each.max():.0f} %)" for each in own)
    assert f"item {ITEM} (digit {int(sweep.label[ITEM])})" in stage.headline[1][4][1]
    assert stage.pictures.chosen == ITEM and list(stage.pictures.items) == shown_items(sweep)
    assert [view.name for view in stage.views] == [content.DIFFER, content.APART, content.AGREE]
    assert pack(stage).frames == 5


def test_asking_again_is_another_pair_of_files(sweep, both, stage):
    again = content.retrieval_stage(sweep, Choice(), ITEM, ASKED + 1, both)
    one, two = (each.pictures.rows[1].values for each in (stage, again))
    assert (one[3] != two[3]).any()
    np.testing.assert_array_equal(
        one, content.retrieval_stage(sweep, Choice(), ITEM, ASKED, both).pictures.rows[1].values
    )


def test_symbols_are_drawn_again(sweep):
    """A categorical code has no dither: another seed draws another symbol, as its probabilities say."""
    shares = np.full(sweep.code_mean.shape, 0.25, "f4")
    run = sweep.assign(
        code_mean=(sweep.code_mean.dims, shares), codec_share=(("beta", "latent"), np.full((5, 4), 0.25))
    ).assign_attrs(code="categorical")
    one, two = (_sent.answers(run, seed) for seed in (0, 1))
    alike = (one.levels == two.levels).all(-1).mean()
    assert alike == pytest.approx(0.25, abs=0.05)  # four even symbols; 2,000 pairs
    assert one.bytes[0] == 32 + 400 * 2 // 8  # two bits each


def test_items_that_are_no_pictures_are_values_and_sentences(sweep, both):
    table = sweep.assign_attrs(input_shape=(64,))
    stage = content.retrieval_stage(table, Choice(), ITEM, 0, both)
    assert stage.views[0].name == content.VALUES and stage.pictures is None
    trace = stage.views[0].figure.data[0]
    own = _sent.sent_levels(table)[ITEM] / 255
    assert set(np.round(trace.x, 9)) <= set(np.round(own, 9))
    text = table.assign(text=("point", [f"sentence {i}" for i in range(400)]))
    rows = content.retrieval_stage(text, Choice(), ITEM, 0, both).pictures.rows
    assert all(type(row) is Lines for row in rows) and rows[0].texts == [f"sentence {ITEM}"]
    answer = _sent.answers(text, 0, [ITEM]).levels[0, 0].astype(float)
    near = np.square(_sent.sent_levels(text) - answer).sum(1).argmin()
    assert rows[1].texts[rows[1].places[0, 0]] == f"sentence {near}"


def test_the_page_asks_for_the_item_of_the_link_and_asks_again(there, sweep):
    app = opened(run=SWEEP.id, item="17", beta="0.1")
    assert not app.exception
    said = texts(app)
    assert "A memory that reconstructs differs each time in what it did not keep" in said
    assert of(app.number_input, "wall-retrieval-item").value == 17
    of(app.button, "wall-retrieval-again").click().run()
    assert not app.exception
    of(app.number_input, "wall-retrieval-item").set_value(11).run()
    assert not app.exception
    assert app.query_params["item"] in ("11", ["11"])
