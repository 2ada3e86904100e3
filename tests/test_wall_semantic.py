"""The part Semantic codec of the Shannon wall: its numbers, pictures and file, and what it says where it has none."""

import json
from functools import partial

import numpy as np
import pytest
import visiting
from conftest import SWEEP
from test_figures_wall import made
from visiting import of, texts

from distill import store
from distill.coding import semantic
from distill.coding.pricing import semantic_bits
from distill.config import Choice
from distill.figures import _sent
from distill.figures._pictures import ZERO, levels
from distill.measures.decoding import as_levels, shown_items
from distill.ui import wall_semantic_content as content
from distill.ui.envelope import pack
from distill.ui.picture_rows import Lines
from distill.wall_config import WallConfig

MOST = 250_000  # bytes of a stage of digits at mount
BEST = _sent.Lossless(123.0, "a network", 450, "one file")
opened = partial(visiting.opened, "pages/6_shannon_wall.py", part="semantic")


@pytest.fixture(scope="module")
def stage(sweep):
    return content.semantic_stage(sweep, Choice(), BEST)


@pytest.fixture
def there(home, sweep):
    """A store with the sweep; last snapshot only, since no other is drawn here."""
    path = store.place_of(SWEEP)
    store.create(path, sweep.isel(step=[-1], code_step=[-1]).drop_vars(["axis"], errors="ignore"))
    store.write_status(path, status="done")
    return path


def bare(run):
    return run.drop_vars([name for name in run.data_vars if str(name).startswith("codec_")])


# --- the stage


def test_the_headline_is_of_the_file(sweep, stage):
    found = semantic_bits(sweep)
    for beta, cells in enumerate(stage.headline):
        blob = semantic.encode(sweep, beta, semantic.to_send(sweep)[beta])
        assert cells[0][0] == f"{len(blob):,} bytes"
        bits = 8 * len(blob) / 400
        assert float(cells[1][0].split()[0]) == pytest.approx(bits, rel=0.01)
        assert "header counted" in cells[1][1] and f"payload alone {float(found.payload[beta]):.3f}" in cells[1][2]
        assert float(cells[2][0].split()[0]) == pytest.approx(100 * float(found.error[beta]), abs=0.051)
        assert float(cells[3][0][:-1].replace(",", "")) == pytest.approx(123 / bits, rel=0.01)
        assert cells[3][1] == "smaller than the best without loss, 123 bits"
    assert [view.name for view in stage.views] == [content.LADDER, content.PRICE, content.LABELS]
    assert "≤ 0.2546 bit a dimension (≤ 1.02)" in stage.views[1].subtitle  # K = 4
    assert len(pack(stage).body) < MOST


def test_a_file_that_is_larger_than_the_best_without_loss_is_called_so(sweep):
    cells = content.headline(sweep, semantic_bits(sweep), BEST._replace(bits=1.0))
    bits = 8 * len(semantic.encode(sweep, 0, semantic.to_send(sweep)[0])) / 400
    assert cells[0][3][1] == "larger than the best without loss, 1.00 bits"
    assert float(cells[0][3][0][:-1]) == pytest.approx(bits, rel=0.01)


def test_where_a_dimensions_bits_are_saturated_the_wider_gap_is_explained(sweep):
    found = semantic_bits(sweep)
    assert "more where" not in content._price_words(sweep, found.assign(apart=found.payload - 1.0))
    assert ", more where I(X;Z_k) ends at log₂ 400" in content._price_words(
        sweep, found.assign(apart=found.payload - 2)
    )


def test_pictures_are_those_of_the_file(sweep, stage):
    rows, items = {row.label: row.values for row in stage.pictures.rows}, shown_items(sweep)
    np.testing.assert_array_equal(rows["sent"], levels(sweep)[items])
    for beta in (0, 3):
        back = semantic.decode(semantic.encode(sweep, beta, semantic.to_send(sweep)[beta]), sweep)
        np.testing.assert_array_equal(rows["read"][beta].reshape(8, 64), as_levels(sweep, back.inputs[items]))
        lost = (rows["sent"].astype(int) - rows["read"][beta]) // 2 + ZERO
        np.testing.assert_array_equal(rows["lost"][beta], lost)


def test_bars_of_the_label_are_as_high_as_its_probabilities(sweep, stage):
    bars, items = (
        next(row.values for row in stage.pictures.rows if row.label == "label").astype(int),
        shown_items(sweep),
    )
    assert bars.shape == (5, 8, 30, 30)
    back = semantic.decode(semantic.encode(sweep, 2, semantic.to_send(sweep)[2]), sweep)
    shares = back.labels["digit"][items]
    for place, item in enumerate(items):
        right = int(sweep.label[item])
        for value in range(10):
            column = bars[2, place, :, 3 * value]
            wanted = 255 if value == right else 0
            assert (column == wanted).sum() == pytest.approx(30 * shares[place, value], abs=0.51)
            assert wanted == 255 or not (column == 255).any()


def test_other_data_are_lines(sweep):
    table = sweep.assign_attrs(input_shape=(64,))
    rows = content.semantic_stage(table, Choice(), BEST).pictures.rows
    assert len(rows) == 1 and type(rows[0]) is Lines
    back = _sent.answers(table, 0)
    item = shown_items(table)[3]
    line = rows[0].texts[rows[0].places[1, 3]]
    own = back.labels["digit"][1, item]
    assert line.endswith(f"→  {own.argmax()} ({100 * own.max():.0f} %)")


def test_without_a_codec_the_rest_is_drawn(sweep):
    run = bare(sweep)
    stage = content.semantic_stage(run, Choice(), BEST)
    assert [view.name for view in stage.views] == [content.LADDER]
    assert [row.label for row in stage.pictures.rows] == ["original", "kept", "discarded"]
    assert stage.headline == ()
    assert "Train it anew on the Explore page" in content.lacking(run)
    assert content.lacking(sweep) == ""
    assert "known distribution" in content.lacking(sweep.assign(joint=("point", np.zeros(400))))


@pytest.mark.parametrize("code", ["categorical", "noiseless"])
def test_codes_without_noise_say_what_their_bits_are(sweep, code):
    words = content._price_words(sweep.assign_attrs(code=code), None)
    assert "0.2546" not in words and words.startswith("Dots: written.")


# --- the best without loss


def test_the_best_without_loss_is_that_of_a_wall_of_the_same_pictures(home, sweep):
    best = content.lossless(sweep, [])
    assert content.measured_here(best) and best == _sent.lossless_here(sweep)
    wall, config = made(), WallConfig(source="digits")
    wall.attrs |= {"id": config.id, "config": config.to_json(), "item_symbols": 64}
    path = store.place_of(config)
    store.create(path, wall.isel(step=[-1]))
    mine = [run for run in store.list_runs() if run.path == path]  # and none of the shipped ones
    best = content.lossless(sweep, mine)
    bits = 8 * wall.bytes.values[:, -1] / float(wall["count"][-1])
    assert best.bits == pytest.approx(np.nanmin(bits))
    assert not content.measured_here(best) and config.id in best.note
    other = sweep.assign_attrs(config=json.dumps(json.loads(sweep.attrs["config"]) | {"dataset": "fashion"}))
    assert content.measured_here(content.lossless(other, mine))


# --- the page


def test_the_page_gives_the_file_at_the_sliders_beta_and_what_decodes_it(there, sweep):
    app = opened(run=SWEEP.id, beta="0.1")
    assert not app.exception
    said = texts(app)
    assert "What is left of an item at ten bits?" in said
    assert f"python -m distill decode {SWEEP.id} digits-0.1.dst read.png" in said
    button = next(each.proto for each in app.get("download_button"))
    size = len(semantic.encode(sweep, 2, semantic.to_send(sweep)[2]))
    assert button.label == f"Take the file at β = 0.1, {size:,} bytes"


def test_the_page_of_an_older_run_says_what_to_do(home, sweep):
    path = store.place_of(SWEEP)
    store.create(path, bare(sweep).isel(step=[-1], code_step=[-1]))
    store.write_status(path, status="done")
    app = opened(run=SWEEP.id)
    assert not app.exception
    assert "Train it anew on the Explore page to have one." in texts(app)
    assert not app.get("download_button")
    app = visiting.opened("pages/6_shannon_wall.py", part="retrieval", run=SWEEP.id)
    assert not app.exception
    assert "nothing can be asked of its files" in texts(app)
    assert of(app.number_input, "wall-retrieval-item") is None
