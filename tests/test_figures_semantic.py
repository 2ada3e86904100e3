"""Figures of the semantic codec: what they draw is what was written, and what was read back."""

import numpy as np
import pytest

from distill.coding import semantic
from distill.coding.pricing import semantic_bits
from distill.config import Choice
from distill.errors import InvalidValue
from distill.figures import _sent
from distill.figures._pictures import levels
from distill.figures.retrieval import (
    agreed_label,
    animated_agreed,
    animated_differing,
    answers_apart,
    asked_twice,
    differing_bits,
    same_label,
    true_label,
)
from distill.figures.semantic_rate import animated_ladder, bits_left, read_labels, written_bits
from distill.measures.deciding import mistaken
from distill.measures.decoding import as_levels, decoded


@pytest.fixture(scope="module")
def both(sweep):
    return asked_twice(sweep)


def drawn(figure):
    return {trace.name: trace for trace in figure.data}


# what is sent and what comes back


def test_levels_are_those_of_the_pictures_and_of_a_table_even_steps_of_each_column(sweep):
    sent = _sent.sent_levels(sweep)
    np.testing.assert_array_equal(sent.reshape(400, 8, 8), levels(sweep))
    table = sweep.isel(feature=[20, 21]).assign_attrs(input_shape=(2,))
    own = table.inputs.transpose("point", "feature").values
    found = _sent.sent_levels(table)
    assert found.min(0).tolist() == [0, 0] and found.max(0).tolist() == [255, 255]
    middle = (own.min(0) + own.max(0)) / 2
    assert set(_sent.to_levels(table, middle[None])[0].tolist()) <= {127, 128}
    np.testing.assert_array_equal(_sent.to_levels(table, own.max(0)[None] + 100), 255)  # clipped


def test_bits_that_differ_are_counted_one_by_one():
    one, other = np.array([0, 255, 127, 5], np.uint8), np.array([0, 0, 128, 4], np.uint8)
    assert _sent.differing(one, other).tolist() == [0, 8, 8, 1]


def test_answers_are_what_the_files_hold(sweep, both):
    for seed, found in enumerate(both):
        for beta in (1, 3):
            blob = semantic.encode(sweep, beta, semantic.to_send(sweep)[beta], seed)
            back = semantic.decode(blob, sweep)
            assert found.bytes[beta] == len(blob)
            np.testing.assert_array_equal(found.levels[beta], as_levels(sweep, back.inputs))
            np.testing.assert_array_equal(found.labels["digit"][beta], back.labels["digit"])
            wanted = decoded(sweep.isel(beta=[beta]), back.codes[None])[0]
            np.testing.assert_allclose(back.inputs, wanted)
    one = _sent.answers(sweep, 5, [7])
    alone = semantic.encode(sweep, 2, semantic.to_send(sweep)[2, [7]], 5)
    assert one.bytes[2] == len(alone)
    assert one.levels.shape == (5, 1, 64)


def test_the_smallest_lossless_file_gives_back_what_was_sent(sweep):
    sent = _sent.sent_levels(sweep)
    codec, blob = _sent.best_lossless(sweep, sent)
    assert codec.decode(blob) == sent.tobytes()
    files = {each.name: len(each.encode(sent.tobytes())) for each in _sent.quick_codecs(sweep, sent)}
    assert len(blob) == min(files.values())
    assert {"zlib", "bz2", "lzma", "png"} <= set(files)
    best = _sent.lossless_here(sweep)
    assert best.bits == pytest.approx(8 * len(blob) / 400)
    assert (best.items, best.title) == (400, codec.title)
    assert 17 > best.bits / 64 > 1  # digits have 17 grey levels, log2 17 = 4.09 bits, and no coder finds them below 1


# the codec over β


def test_the_ladder_stands_on_raw_lossless_and_label_bits(sweep):
    best, found = _sent.Lossless(123.0, "a network", 400, "there"), semantic_bits(sweep)
    animation = animated_ladder(sweep, found, best)
    for beta in (0, 2, 4):
        figure = animation.at(sweep, Choice(beta=beta))
        traces = drawn(figure)
        assert traces["as it is: 64 pixels × 8 = 512"].y == (512, 512)
        assert traces["without loss, at best: 123 (a network)"].y == (123, 123)
        label = next(trace for name, trace in traces.items() if name.startswith("the label alone, H(digit): 3.32"))
        assert label.y[0] == pytest.approx(np.log2(10), abs=0.01)
        sizes = [len(semantic.encode(sweep, i, means)) for i, means in enumerate(semantic.to_send(sweep))]
        whole = 8 * np.array(sizes) / 400  # header and checksum counted, as they are of the coders without loss
        np.testing.assert_allclose(traces["written in the file"].y, np.maximum(whole, traces["chosen β"].y[0]))
        bits = float(whole[beta])
        assert traces["chosen β, written in the file"].y[0] == pytest.approx(max(bits, traces["chosen β"].y[0]))
        said = [text for trace in figure.data if trace.mode == "text" for text in trace.text if text]
        if 123 / bits > 1.2:
            ratio = next(text for text in said if text.endswith("× smaller"))
            assert float(ratio[: -len("× smaller")].replace(",", "")) == pytest.approx(123 / bits, rel=0.01)
    assert figure.layout.yaxis.range == animation.figure.layout.yaxis.range
    assert bits_left(sweep, Choice(beta=1)).layout.yaxis.type == "log"


def test_without_a_codec_the_curve_is_the_information_and_nothing_is_said_to_be_written(sweep):
    bare = sweep.drop_vars([name for name in sweep.data_vars if str(name).startswith("codec_")])
    figure = animated_ladder(bare, lossless=_sent.Lossless(123.0, "x", 1, "")).at(bare, Choice(beta=1))
    assert "written in the file" not in drawn(figure)
    information = sweep.information_x.isel(step=-1).sel(split="test").values
    floor = 10 ** figure.layout.yaxis.range[0]
    np.testing.assert_allclose(drawn(figure)["I(X;Z), not written"].y, np.maximum(information, floor))
    for public in (bits_left, written_bits, read_labels, differing_bits):
        with pytest.raises(InvalidValue, match=r"has no codec for its codes: .*train it anew$"):
            public(bare)


def test_what_each_bit_is_for(sweep):
    found, figure = semantic_bits(sweep), written_bits(sweep, Choice(beta=2))
    traces = drawn(figure)
    np.testing.assert_array_equal(traces["written"].y, found.payload)
    np.testing.assert_array_equal(traces["cross-entropy of its model"].y, found.cross_entropy)
    np.testing.assert_array_equal(traces["one by one, Σ I(X;Z_k)"].y, found.apart)
    np.testing.assert_array_equal(traces["together, I(X;Z)"].y, np.maximum(found.information_x, 0))
    said = traces["at the chosen β"].text
    assert [text.split()[0] for text in said] == [
        f"{float(each[2]):.3g}" if each[2] >= 1 else f"{float(each[2]):.2f}"
        for each in (found.payload, found.apart, found.information_x)
    ]
    assert figure.layout.yaxis.range[1] >= found.payload.values[1:].max()


def test_labels_are_read_from_the_file(sweep, both):
    traces = drawn(read_labels(sweep, Choice(beta=3)))
    arrived = np.stack([semantic.arriving(sweep, i, each) for i, each in enumerate(semantic.to_send(sweep))])
    np.testing.assert_allclose(traces["from the file"].y, mistaken(sweep, arrived).mean(-1))
    by_file = (both[0].labels["digit"].argmax(-1) != sweep.label.values).mean(-1)
    np.testing.assert_allclose(traces["from the file"].y, by_file)
    own = sweep.error_one.isel(step=-1).sel(split="test").values
    np.testing.assert_allclose(traces["from the network’s own code"].y, own)


# asking twice


def test_bits_that_differ_over_beta_are_those_of_the_two_files(sweep, both):
    own = np.arange(5.0)
    traces = drawn(animated_differing(sweep, both, own).at(sweep, Choice(beta=2)))
    xor = np.unpackbits(both[0].levels ^ both[1].levels, axis=-1).sum(-1)
    np.testing.assert_allclose(traces["mean of all items"].y, xor.mean(-1))
    np.testing.assert_array_equal(traces["this item"].y, own)
    assert traces["without loss"].y == (0, 0)
    sent = levels(sweep).reshape(400, 64)
    others = np.unpackbits(sent ^ np.roll(sent, 200, axis=0), axis=-1).sum(-1).mean()
    assert traces["different items"].y[0] == pytest.approx(others)
    low, high = np.percentile(xor, (10, 90), axis=1)
    np.testing.assert_allclose(traces["eight items of ten"].y, np.r_[high, low[::-1]])


def test_how_far_answers_lie_apart_and_from_what_was_asked_for(sweep, both):
    traces = drawn(answers_apart(sweep, Choice(beta=0)))
    first, second = (each.levels.astype(int) for each in both)
    np.testing.assert_allclose(traces["from each other"].y, np.abs(first - second).mean((1, 2)))
    sent = levels(sweep).reshape(400, 64).astype(int)
    away = [(np.abs(each - sent)).mean((1, 2)) for each in (first, second)]
    np.testing.assert_allclose(traces["from the item"].y, np.mean(away, 0))
    # what is not kept is averaged away, and not made up: E[x|z] of no code at all is the mean picture
    assert traces["from the item"].y[-1] > traces["from the item"].y[0]


def test_what_the_answers_agree_on(sweep, both):
    alike = same_label(both)
    assert alike.shape == (5, 400)
    np.testing.assert_array_equal(alike, both[0].labels["digit"].argmax(-1) == both[1].labels["digit"].argmax(-1))
    sure = true_label(sweep, both[0])
    np.testing.assert_allclose(sure[1, 9], both[0].labels["digit"][1, 9, int(sweep.label[9])])
    np.testing.assert_allclose(true_label(sweep, _sent.answers(sweep, 0, [0]), [0])[:, 0], sure[:, 0])
    traces = drawn(agreed_label(sweep, Choice(beta=1)))
    np.testing.assert_allclose(traces["read alike"].y, alike.mean(1))
    np.testing.assert_allclose(traces["sure of it"].y, (sure + true_label(sweep, both[1])).mean(1) / 2)
    assert alike.mean(1)[0] > alike.mean(1)[-1]


def test_several_factors_are_right_together(sweep, both):
    """Two heads alike are the square of one, and alike only where both are."""
    twice = [each._replace(labels={"digit": each.labels["digit"], "other": each.labels["digit"]}) for each in both]
    np.testing.assert_allclose(true_label(sweep, twice[0]), true_label(sweep, both[0]) ** 2)
    np.testing.assert_array_equal(same_label(tuple(twice)), same_label(both))


def test_a_code_without_classes_or_items_is_refused(sweep, both):
    bare = tuple(each._replace(labels={}) for each in both)
    with pytest.raises(InvalidValue, match="read as no classes"):
        animated_agreed(sweep, bare)
    known = sweep.assign(joint=("point", np.zeros(400)))
    with pytest.raises(InvalidValue, match="are no things to be sent"):
        bits_left(known)
    blind = sweep.drop_vars(["decoder_in"])
    with pytest.raises(InvalidValue, match="has no decoder"):
        differing_bits(blind)
