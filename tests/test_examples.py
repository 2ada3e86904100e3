"""How the shipped runs are rounded: every array that was says so, and no scale becomes that of a code without noise."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from distill import store
from distill.measures.codes import sampled_codes
from distill.measures.decoding import decoded


@pytest.fixture(scope="module")
def maker():
    place = Path(__file__).parent.parent / "assets" / "make_examples.py"
    spec = importlib.util.spec_from_file_location("make_examples", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("kept", [4, 6, 9])
def test_rounding_is_to_nearest_and_makes_no_zeros(maker, kept):
    every = np.arange(1, 0x7800, dtype=np.uint16).view(np.float16)  # positive, up to 32768, below normal ones too
    found = maker.rounded(xr.DataArray(np.stack([every, -every]), attrs={"units": "1"}), kept)
    assert found.attrs == {"units": "1", "rounded": f"{kept} bits of mantissa"}
    assert (found[0] > 0).all()
    assert np.array_equal(found[1], -found[0])
    normal = every >= np.finfo(np.float16).smallest_normal
    apart = np.abs(found[0].values.astype(float) / every.astype(float) - 1)[normal]
    assert apart.max() <= 2.0 ** -(kept + 1)


def test_a_packed_run_says_what_was_rounded_and_keeps_the_rest(maker, sweep, tmp_path):
    maker.pack(sweep, tmp_path / "packed")
    packed = store.open_run(tmp_path / "packed").load()
    said = {name for name in packed.variables if "rounded" in packed[name].attrs}
    double = {name for name, each in sweep.data_vars.items() if each.dtype == np.float64}
    assert said == {name for name in maker.MANTISSA if name in sweep} | {"decoder_out"} | double
    for name in double:
        np.testing.assert_allclose(packed[name], sweep[name], rtol=1e-6, atol=1e-30)
    assert (packed.code_scale[-1] > 0).all()
    for name in ("code_mean", "code_scale"):
        assert packed[name][:-1].isnull().all() and packed[name][-1].notnull().all()
    for name in packed.variables:
        assert name in said or packed[name].identical(sweep[name]), name
    assert np.abs(packed.decoder_out - sweep.decoder_out).max() <= 0.501 / maker.WEIGHT_LEVELS
    apart = decoded(packed, sampled_codes(sweep)) - decoded(sweep, sampled_codes(sweep))
    assert 0 < np.abs(apart).max() * sweep.inputs.attrs["scale"] / 16 * 255 < 8  # levels of 255
    assert packed.attrs["command"] == maker.COMMAND


def test_a_companion_has_the_numbers_and_the_last_codes(maker, sweep, tmp_path):
    maker.pack(sweep, tmp_path / "packed", companion=True)
    packed = store.open_run(tmp_path / "packed").load()
    assert packed.attrs["left_out"].startswith("decoder, codec, maps of inputs, readings of items, map_umap")
    assert not {"decoder_out", "fisher_bits", "r_squared", "item_decoded"} & {*packed.variables}
    assert packed.code_step.values.tolist() == [int(sweep.step.values[-1])]
    steps = [*range(0, sweep.sizes["step"], maker.EVERY), sweep.sizes["step"] - 1]
    assert (packed.step.values == sweep.step.values[sorted({*steps})]).all()
    np.testing.assert_allclose(packed.information_x[-1], sweep.information_x[-1], rtol=1e-6)


def test_the_metadata_is_the_same_without_its_blanks(maker, sweep, tmp_path):
    maker.pack(sweep, tmp_path / "packed")
    before, larger = store.open_run(tmp_path / "packed").load(), maker.size(tmp_path / "packed")
    maker.shorten(tmp_path / "packed")
    assert store.open_run(tmp_path / "packed").load().identical(before)
    assert maker.size(tmp_path / "packed") < larger
