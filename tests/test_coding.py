"""Every lossless codec gives back what it was given; what it wrote is what the table of the wall says."""

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from distill import sources
from distill.bench import coding
from distill.coding import _sealed, counting, pictures
from distill.coding.codecs import codecs
from distill.coding.entropies import order_entropy
from distill.errors import InvalidValue
from distill.sources import Source

PICTURES = Source("pictures", np.arange(256, dtype=np.uint8), np.zeros(0, np.uint8), 256, "picture", 15, (3, 5))
EVERY = codecs(PICTURES)
BYTES = st.one_of(
    st.binary(max_size=300),
    st.builds(lambda part, times: part * times, st.binary(min_size=1, max_size=9), st.integers(0, 90)),
)
every_codec = pytest.mark.parametrize("name", EVERY)


@every_codec
@settings(max_examples=25, deadline=None)
@given(data=BYTES)
@example(data=b"")
@example(data=b"\0")
@example(data=b"\xff")
@example(data=bytes(range(256)))
def test_what_a_codec_writes_it_reads_back(name, data):
    blob = EVERY[name].encode(data)
    assert isinstance(blob, bytes) and EVERY[name].decode(blob) == data


@every_codec
@pytest.mark.parametrize("source", ["digits", "letters", "random_bytes"])
def test_a_codec_sends_real_symbols(name, source):
    source = sources.load(source)
    codec = codecs(source).get(name)
    if codec is None:
        assert name in ("png", "webp", "png_each") and not source.shape
        return
    data = source.symbols[: 20_000 // source.item_symbols * source.item_symbols].tobytes()
    assert codec.decode(codec.encode(data)) == data


def test_the_codecs_of_a_stream_and_of_pictures():
    general, adaptive = ["zlib", "bz2", "lzma", "zstd", "brotli"], ["kt0", "kt1", "kt2"]
    assert list(codecs(replace(PICTURES, shape=(), item_symbols=1))) == general + adaptive
    assert list(EVERY) == [*general, "png", "webp", "png_each", *adaptive]
    for name, codec in EVERY.items():
        assert codec.name == name and codec.title and codec.note
        assert (codec.operations is None) == (codec.family != "adaptive")
    assert len({codec.title for codec in EVERY.values()}) == len(EVERY)


def test_what_nothing_takes():
    sizes = {name: len(codec.encode(b"")) for name, codec in EVERY.items()}
    assert (sizes["zlib"], sizes["bz2"], sizes["lzma"]) == (8, 14, 32)
    assert max(sizes.values()) == 32


# --- the table of known entropies: 300,000 symbols, bits a symbol


def rates(name, *methods):
    source = sources.load(name)
    data, every = source.symbols.tobytes(), codecs(source)
    return source, {method: 8 * len(every[method].encode(data)) / len(data) for method in methods or every}


def test_independent_symbols_take_what_the_table_says():
    source, found = rates("independent")
    assert found["zlib"] == pytest.approx(1.675, abs=1e-3)
    assert found["bz2"] == pytest.approx(1.680, abs=1e-3)
    assert found["lzma"] == pytest.approx(1.545, abs=1e-3)
    assert found["kt0"] == pytest.approx(1.3174, abs=1e-3) and found["kt1"] == pytest.approx(1.3176, abs=1e-3)
    assert min(found.values()) > order_entropy(source.symbols, 0)  # nothing goes below


def test_a_chain_takes_what_the_table_says():
    """The table's chain has the same rate and order-0 entropy, and other rows: dictionaries are within 4 %."""
    source, found = rates("markov")
    assert [found["zlib"], found["bz2"], found["lzma"]] == pytest.approx([1.100, 1.074, 1.032], rel=0.04)
    assert found["kt1"] == pytest.approx(0.8368, abs=0.006)
    assert found["kt0"] == pytest.approx(1.706, abs=0.005)
    assert min(found.values()) > order_entropy(source.symbols, 1)
    assert min(found[name] for name in ("zlib", "bz2", "lzma", "zstd", "brotli")) > 1.2 * found["kt1"]


def test_random_bytes_never_shrink():
    _, found = rates("random_bytes")
    assert min(found.values()) > 8
    assert [found["zlib"], found["bz2"], found["lzma"]] == pytest.approx([8.003, 8.047, 8.002], abs=1e-3)
    for seed in range(6):  # nor do a few of them, beyond the odds: 16 bits are saved by 1 of 32,768 strings at most
        data = np.random.default_rng(seed).bytes(200)
        assert all(len(codec.encode(data)) > 200 - 2 for codec in EVERY.values())


def test_digits_and_text_need_more_than_whoever_knows_them():
    """Bytes that were measured, to a per cent: libraries change little."""
    source, found = rates("digits")
    assert 64 * found["kt2"] == pytest.approx(169.3, rel=0.01)
    assert 64 * found["png"] == pytest.approx(243.5, rel=0.02) and 64 * found["png_each"] == pytest.approx(
        915.7, rel=0.02
    )
    assert min(found.values()) * 64 > 50 * source.label_bits  # the label is a fiftieth of the picture
    _, found = rates("letters", "bz2", "kt0", "kt2")
    assert found["bz2"] < found["kt2"] < found["kt0"] < np.log2(27)


# --- pictures


@pytest.mark.parametrize("encode", [pictures.png_sheet, pictures.webp_sheet])
def test_a_sheet_is_a_picture_that_anyone_can_open(encode):
    """The grey levels stand in it unchanged, picture beside picture; the head is three numbers."""
    images = np.random.default_rng(0).integers(0, 256, (7, 3, 5)).astype(np.uint8)
    blob = encode(images.tobytes(), 3, 5)
    with Image.open(io.BytesIO(blob[3:])) as sheet:
        grey = np.asarray(sheet.convert("L"))
    assert grey.shape == (9, 15)
    assert np.array_equal(grey[:3, 5:10], images[1]) and np.array_equal(grey[6:, :5], images[6])
    assert not grey[6:, 5:].any()


def test_a_long_row_of_pictures_fits_the_largest_webp():
    data = bytes(range(250)) * 2
    for shape in ((500, 1), (1, 500), (1, 1), (2, 16_000)):
        assert pictures.from_sheet(pictures.webp_sheet(data, *shape)) == data


def test_a_file_that_holds_no_pictures_is_refused():
    whole = pictures.png_sheet(bytes(45), 3, 5)
    for blob in (b"", b"\x05", whole[:40], whole[:3] + b"GIF89a"):
        with pytest.raises(InvalidValue):
            pictures.from_sheet(blob)
    with pytest.raises(InvalidValue, match="does not hold"):
        pictures.from_sheet(whole[:1] + b"\4" + whole[2:])
    with pytest.raises(InvalidValue):
        pictures.from_each(pictures.png_each(bytes(45), 3, 5)[:-1])
    with pytest.raises(InvalidValue, match="hold nothing"):
        pictures.from_sheet(whole[:1] + b"\0" + whole[2:])
    huge = bytearray(pictures.webp_sheet(bytes(45), 3, 5))
    at = huge.index(b"VP8L") + 9  # 28 bits of width and height
    huge[at : at + 4] = b"\xff\xff\xff" + bytes([huge[at + 3] & 0xF0 | 0xF])
    with pytest.raises(InvalidValue, match="no picture"):
        pictures.from_sheet(bytes(huge))


def test_what_a_library_cannot_read_is_refused_in_our_words():
    every = codecs(sources.load("digits")).values()
    for codec in every:
        with pytest.raises(InvalidValue):
            codec.decode(b"\x8f nothing that any of them wrote")
    names = [codec.title for codec in every if codec.family == "general"]
    for codec, name in zip(every, names, strict=False):
        with pytest.raises(InvalidValue, match=f"no file of {name}"):
            codec.decode(codec.encode(bytes(300))[:-3])


# --- what files are made of


@given(values=st.lists(st.integers(0, 2**70), max_size=20))
def test_whole_numbers_are_read_back(values):
    reader = _sealed.Reader(b"".join(map(_sealed.number, values)) + b"rest")
    assert [reader.number() for _ in values] == values
    assert reader.rest() == b"rest" and reader.rest() == b""
    with pytest.raises(InvalidValue, match="ends after"):
        reader.number()


def test_a_seal_refuses_what_is_not_as_it_was():
    sealed = _sealed.seal(b"AB\x01", b"body")
    assert _sealed.unseal(b"AB\x01", sealed, "letter") == b"body"
    with pytest.raises(InvalidValue, match="no letter: it begins with 414201"):
        _sealed.unseal(b"AB\x02", sealed, "letter")
    with pytest.raises(InvalidValue, match="begins with nothing"):
        _sealed.unseal(b"AB\x01", b"", "letter")
    with pytest.raises(InvalidValue, match="letter of 10 bytes is damaged"):
        _sealed.unseal(b"AB\x01", sealed[:-1], "letter")


# --- the pigeon-hole count


@pytest.mark.parametrize("bits", [1, 2, 5, 9])
def test_no_code_shortens_more_strings_than_there_are_shorter_files(bits):
    for saved in range(1, bits + 1):
        files = sum(2**length for length in range(bits - saved + 1))
        assert counting.share_that_shrinks(bits, saved) == files / 2**bits < 2.0 ** (1 - saved)
    assert counting.share_that_shrinks(bits, 0) == 1 and counting.share_that_shrinks(bits, bits + 1) == 0


def test_the_pigeon_hole_count_as_a_curve():
    saved, share = counting.pigeon_hole(2_400_000, 16)
    assert saved.tolist() == list(range(17))
    assert share[0] == 1 and share[1:] == pytest.approx(2.0 ** (1 - saved[1:]))
    assert counting.pigeon_hole(3, 5)[1].tolist() == [1, 7 / 8, 3 / 8, 1 / 8, 0, 0]
    for wrong in ((-1, 2), (8, -1), (2.5, 1)):
        with pytest.raises(InvalidValue):
            counting.share_that_shrinks(*wrong)


def test_the_table_of_the_bench_has_every_coder(monkeypatch):
    small = replace(sources.load("digits"), symbols=sources.load("digits").symbols[:640])
    monkeypatch.setattr(coding, "SOURCES", ("digits",))
    monkeypatch.setattr(coding.sources, "load", lambda name: small)
    (table,) = coding.tables(None)
    cells = [list(column.cells) for column in table.columns]
    assert cells[0] == ["as they are", *(codec.title for codec in codecs(small).values())]
    assert cells[1][0] == "640" and cells[3][0] == "512.0" and cells[4][0] == "8.000"
    assert cells[1][1] == str(len(codecs(small)["zlib"].encode(small.symbols.tobytes())))
    assert all(float(each) > 0 for column in cells[5:] for each in column[1:])
