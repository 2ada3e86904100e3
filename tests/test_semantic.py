"""The semantic codec: what is written is what the model says, what is read is what was written, or it is refused."""

import json
import struct
import zlib

import numpy as np
import pytest
import xarray as xr

from distill.coding import semantic, symbols
from distill.coding.dithered import codes_of, dither
from distill.coding.pricing import semantic_bits
from distill.errors import InvalidValue
from distill.measures.codes import sampled_codes
from distill.measures.deciding import mistaken

GAP = 0.5 * np.log2(2 * np.pi * np.e / 12)  # .2546 bit


def sent(run, beta, count=None):
    return semantic.to_send(run)[beta, :count]


# symbols


def test_symbols_cost_the_logarithms_of_their_shares():
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.full(32, 0.3))
    drawn = rng.choice(32, 5000, p=shares)
    blob, ideal = symbols.write(shares, drawn), -np.log2(shares[drawn]).sum()
    assert np.array_equal(symbols.read(shares, blob, 5000), drawn)
    assert symbols.surprises(shares, drawn).sum() == pytest.approx(ideal, rel=1e-3)
    assert 8 * len(blob) == pytest.approx(ideal, abs=8 + 1e-3 * ideal)


@pytest.mark.parametrize("count", [0, 1, 9])
def test_symbols_that_training_items_never_use_and_a_single_symbol_are_written(count):
    for shares in (np.array([1.0, 0.0, 0.0]), np.array([1.0])):
        drawn = np.full(count, len(shares) - 1)
        assert np.array_equal(symbols.read(shares, symbols.write(shares, drawn), count), drawn)


# a file, with a run


def test_a_file_says_what_the_model_says_and_a_byte_more(sweep):
    for beta in range(5):
        means = sent(sweep, beta)
        blob, bits = semantic.encode(sweep, beta, means), semantic.surprises(sweep, beta, means)
        assert bits.shape == (400,)
        assert -0.05 < (8 * (len(blob) - semantic.HEADER_BYTES) - bits.sum()) / 400 <= 0.3  # bits an item
        found = semantic.decode(blob, sweep)
        assert np.array_equal(found.codes, semantic.arriving(sweep, beta, means))
        assert (found.beta, found.seed, found.step) == (beta, 0, 1.0)
        error = (found.codes - means.astype(float)) / sweep.codec_width[beta].values
        assert np.abs(error).max() <= 0.5 + 1e-6
        assert found.inputs.shape == (400, 64) and found.target is None
        np.testing.assert_allclose(found.labels["digit"].sum(-1), 1)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_file_of_few_items_is_its_header_and_a_few_bytes(sweep, count):
    means = sent(sweep, 2, count)
    blob = semantic.encode(sweep, 2, means, seed=7)
    assert semantic.HEADER_BYTES == 32
    assert len(blob) <= 32 + (semantic.surprises(sweep, 2, means, seed=7).sum() + 8) / 8
    assert count or len(blob) == 32
    found = semantic.decode(blob, sweep)
    assert np.array_equal(found.codes, semantic.arriving(sweep, 2, means, seed=7)) and found.seed == 7
    assert found.labels["digit"].shape == (count, 10)


def test_the_same_item_twice_is_not_the_same_where_there_is_noise(sweep):
    twice = [semantic.arriving(sweep, 3, sent(sweep, 3), seed) for seed in (0, 1)]
    apart = (twice[0] - twice[1]) / sweep.codec_width[3].values
    assert np.mean(apart**2) == pytest.approx(1 / 6, rel=0.1)  # two uniform draws


def test_every_flipped_bit_is_refused(sweep):
    blob = semantic.encode(sweep, 2, sent(sweep, 2, 5))
    for place in range(len(blob)):
        for bit in range(8):
            damaged = blob[:place] + bytes([blob[place] ^ 1 << bit]) + blob[place + 1 :]
            with pytest.raises(InvalidValue, match=r"^this (file of codes is damaged|is no file of codes)"):
                semantic.decode(damaged, sweep)


def test_a_file_that_was_cut_short_or_goes_on_is_refused(sweep):
    blob = semantic.encode(sweep, 2, sent(sweep, 2, 40))
    for length in range(len(blob)):
        with pytest.raises(InvalidValue, match=r"cut short|no file of codes"):
            semantic.decode(blob[:length], sweep)
    with pytest.raises(
        InvalidValue, match=r"^this file of codes was cut short: 31 bytes, and its header alone has 32$"
    ):
        semantic.decode(blob[:31], sweep)
    with pytest.raises(
        InvalidValue, match=r"^this file of codes is damaged or was cut short: its checksum does not fit$"
    ):
        semantic.decode(blob + b"\0", sweep)
    for other in (b"", b"\x89PNG\r\n", b"distill" + blob[7:]):
        with pytest.raises(InvalidValue, match=r"^this is no file of codes: it does not begin with DISTILL$"):
            semantic.decode(other, sweep)


def test_a_file_of_another_run_is_refused_by_name(sweep, planar):
    blob = semantic.encode(planar, 0, sent(planar, 0, 3))
    ids = planar.attrs["id"], sweep.attrs["id"]
    with pytest.raises(InvalidValue, match=rf"^this file was made with run {ids[0]}, .* this is run {ids[1]}$"):
        semantic.decode(blob, sweep)
    for name in ("codec_width", "codec_quantiles", "label_weight_1"):
        again = planar.assign({name: planar[name] * np.float32(1.001)})  # the same configuration trained elsewhere
        with pytest.raises(InvalidValue, match=rf"^this file was made with another training of run {ids[0]}, "):
            semantic.decode(blob, again)
    turned = planar.transpose(..., "beta")  # the order of the dimensions is no other training
    assert np.array_equal(semantic.decode(blob, turned).codes, semantic.decode(blob, planar).codes)


def changed(blob, **fields):
    """The file with other fields in its header, and a checksum that fits."""
    names = ("magic", "version", "run", "mark", "beta", "seed", "step", "items")
    head = dict(zip(names, semantic.HEADER.unpack(blob[:28]), strict=True)) | fields
    whole = semantic.HEADER.pack(*head.values()) + blob[28:-4]
    return whole + struct.pack("<I", zlib.crc32(whole))


def test_a_payload_that_no_coder_has_written_is_refused_or_read_as_other_codes(sweep):
    """Whatever its checksum says: other codes, or a sentence."""
    blob, rng, refused = semantic.encode(sweep, 2, sent(sweep, 2, 20)), np.random.default_rng(0), 0
    for _ in range(60):
        payload = rng.bytes(len(blob) - semantic.HEADER_BYTES)
        try:
            assert semantic.decode(changed(blob[:28] + payload + blob[-4:]), sweep).codes.shape == (20, 4)
        except InvalidValue as error:
            refused += str(error) == "this file of codes holds what no coder has written"
    assert refused


def test_a_header_that_cannot_be_is_refused(sweep):
    blob = semantic.encode(sweep, 2, sent(sweep, 2, 5))
    assert np.array_equal(semantic.decode(changed(blob), sweep).codes, semantic.decode(blob, sweep).codes)
    with pytest.raises(InvalidValue, match=r"^this file of codes has version 2; this program reads version 1$"):
        semantic.decode(changed(blob, version=2), sweep)
    with pytest.raises(InvalidValue, match=r"^run \w{12} has no β number 5; there are 5$"):
        semantic.decode(changed(blob, beta=5), sweep)
    with pytest.raises(InvalidValue, match=r"^the step must be above 0"):
        semantic.decode(changed(blob, step=0.0), sweep)
    with pytest.raises(
        InvalidValue, match=r"^this file of codes names 4294967295 items; one holds at most 1048576 of this run's$"
    ):
        semantic.decode(changed(blob, items=2**32 - 1), sweep)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"beta": 5}, "has no β number 5; there are 5"),
        ({"beta": -1}, "has no β number -1"),
        ({"seed": 65536}, "the seed of a dither is a whole number from 0 to 65535; got 65536"),
        ({"seed": -1}, "got -1"),
        ({"seed": 0.5}, "got 0.5"),
        ({"step": 0.5}, "the step of a code with noise is that of its noise"),
        ({"step": 0.0}, "the step must be above 0 and at most 65504; got 0"),
        ({"step": np.nan}, "got nan"),
        ({"means": np.zeros((3, 5))}, r"codes must have the shape \(n, 4\); got \(3, 5\)"),
        ({"means": np.zeros(4)}, r"got \(4,\)"),
    ],
)
def test_what_cannot_be_written_is_refused(sweep, changes, words):
    with pytest.raises(InvalidValue, match=words):
        semantic.encode(sweep, **({"beta": 2, "means": sent(sweep, 2, 3)} | changes))


def test_a_run_without_a_codec_says_so(sweep):
    bare = sweep.drop_vars("codec_width")
    assert semantic.has_codec(sweep) and not semantic.has_codec(bare)
    with pytest.raises(
        InvalidValue, match=r"^run \w{12} has no codec: the model of its codes is added after the training$"
    ):
        semantic.encode(bare, 0, sent(sweep, 0))


def test_without_decoders_the_codes_are_read_alone(sweep):
    bare = sweep.drop_vars(["label_weight_1", "label_bias_1", "decoder_in"])
    found = semantic.decode(semantic.encode(bare, 2, sent(bare, 2, 3)), bare)
    assert found.codes.shape == (3, 4) and found.labels == {} and found.inputs is None and found.target is None


def test_labels_read_from_a_file_are_as_good_as_those_of_sampled_codes(sweep):
    """The noise is uniform where the encoder's is Gaussian, of equal variance: paired, item by item."""
    arrived = np.stack([semantic.arriving(sweep, i, sent(sweep, i)) for i in range(5)])
    worse = mistaken(sweep, arrived).astype(float) - mistaken(sweep, sampled_codes(sweep))
    assert (np.abs(worse.mean(-1)) <= 4 * worse.std(-1) / 20 + 1e-9).all()
    assert mistaken(sweep, arrived).mean(-1)[1] < 0.1


def test_a_code_without_noise_is_as_fine_as_its_step(noiseless):
    """Half the step is a bit more for each dimension, once the steps are small."""
    means = sent(noiseless, 0)
    coarse, fine = (semantic.surprises(noiseless, 0, means, step=step).mean() for step in (0.5, 0.25))
    assert fine - coarse == pytest.approx(3, abs=0.15)
    found = semantic.decode(semantic.encode(noiseless, 0, means, step=0.25), noiseless)
    width = noiseless.codec_width[0].values
    assert np.abs(found.codes - means.astype(float)).max() <= 0.125 * width.max() + 1e-6 and found.step == 0.25


# of a whole run


def test_the_bits_of_a_run_are_those_of_its_files(sweep):
    found = semantic_bits(sweep, seed=3)
    assert found.attrs["items"] == 400 and found.attrs["header_bytes"] == 32
    blob = semantic.encode(sweep, 2, sent(sweep, 2), 3)
    assert float(found.payload[2]) == 8 * (len(blob) - 32) / 400
    assert ((found.payload - found.cross_entropy) <= 0.3).all()
    assert float(found.error[2]) == np.mean(
        semantic.decode(blob, sweep).labels["digit"].argmax(-1) != sweep.label.values
    )
    last = sweep.isel(step=-1).sel(split="test")
    np.testing.assert_array_equal(found.information_x, last.information_x)
    assert found.attrs["entropy_y"] == pytest.approx(float(last.entropy_y))
    # what is written tells the items apart: never less than what all dimensions together say, and then it falls with β
    assert (found.cross_entropy > found.information_x).all() and (np.diff(found.cross_entropy) < 0).all()
    # above what the dimensions say one by one, by a quarter bit for each of the four and what the model is wrong by
    above = (found.cross_entropy - found.apart)[1:]
    assert ((above > 0) & (above < 4 * GAP + 0.4)).all()
    assert {each.attrs["units"] for each in found.values()} == {"bits", "1"}
    assert all(each.attrs["estimator"] and each.attrs["long_name"] for each in found.values())


def test_a_code_without_noise_has_a_price_and_no_rate(noiseless):
    found = semantic_bits(noiseless)
    assert np.isfinite(found.payload).all() and np.isnan(found.rate).all() and np.isnan(found.apart).all()
    assert float(abs(found.error - found.error_one)[0]) < 0.05


def test_a_file_that_an_earlier_program_wrote_is_still_read():
    """A model and its bytes, written down: another machine, another version of numpy, the same levels."""
    run = xr.Dataset(
        {
            "codec_width": (("beta", "latent"), np.array([[0.5, 2.0]], "f4")),
            "codec_quantiles": (
                ("beta", "latent", "level"),
                np.array([[[-2, -0.5, 0, 0.5, 2], [0, 1, 3, 4, 9]]], "f2"),
            ),
        },
        coords={"level": [0, 0.15625, 0.5, 0.84375, 1], "beta": [0.1]},
        attrs={"id": "0123456789ab", "code": "gaussian", "classes": json.dumps({}), "heads": json.dumps({})},
    )
    means = np.array([[0.25, 3.0], [-7.5, 4.0], [1.0, 1e6]])
    written = semantic.encode(run, 0, means, seed=11)
    assert written.hex() == ("44495354494c4c010123456789ab5fb61c8a00000b00003c03000000002996c600cf4d9d875be56042")
    levels = np.array([[0, 2], [-15, 2], [2, 500_000]])
    expected = codes_of(semantic.model_of(run, 0), levels, dither(11, 3, 2))
    assert np.array_equal(semantic.decode(written, run).codes, expected)
    assert (np.abs(expected - means) <= [0.25, 1.0]).all()
