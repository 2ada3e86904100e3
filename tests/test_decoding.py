"""What any code of a run is decoded to, in numpy; and which items are shown."""

import numpy as np
import pytest
import xarray as xr

from distill.errors import InvalidValue
from distill.measures.codes import sampled_codes
from distill.measures.decoding import DECODER, as_levels, decoded, has_decoder, kept_levels, shown_items


def by_hand(**changed):
    """Two βs, a code of one dimension, two rectified units and one input: x̂ = max(0, z') − max(0, −z') + bias."""
    values = {
        "decoder_centre": [[1.0], [0.0]], "decoder_spread": [[2.0], [1.0]],
        "decoder_in": [[[1.0, -1.0]], [[1.0, -1.0]]], "decoder_in_bias": [[0.0, 0.0], [-1.0, 0.0]],
        "decoder_out": [[[1.0], [-1.0]], [[1.0], [-1.0]]], "decoder_out_bias": [[0.5], [0.0]],
    } | changed  # fmt: skip
    return xr.Dataset({name: (dims, np.array(values[name], "f2")) for name, dims in DECODER.items()})


def test_a_code_is_standardised_rectified_and_weighed():
    codes = np.array([-3.0, 1.0, 4.0])[None, :, None].repeat(2, 0)
    assert decoded(by_hand(), codes)[..., 0] == pytest.approx(np.array([[-1.5, 0.5, 2.0], [-3.0, 0.0, 3.0]]))


def test_arrays_may_lie_in_any_order_and_any_number_of_codes_is_taken(sweep):
    turned = sweep.transpose(..., "beta")
    codes = sampled_codes(sweep)
    assert np.array_equal(decoded(turned, codes), decoded(sweep, codes))
    fresh = np.stack([sampled_codes(sweep, draw=draw)[:, 3] for draw in range(8)], axis=1)  # one item, asked again
    found = decoded(sweep, fresh)
    assert found.shape == (5, 8, 64)
    np.testing.assert_allclose(found[:, 0], decoded(sweep, codes)[:, 3], atol=1e-5)
    assert found[0].std(0).max() < found[3].std(0).max()  # the same item twice is not the same, once it is squeezed


@pytest.mark.parametrize("shape", [(5, 4), (4, 5, 4), (5, 5, 3)])
def test_codes_that_do_not_fit_are_refused(sweep, shape):
    with pytest.raises(InvalidValue, match=r"^codes must have the shape \(5, n, 4\): \(beta, n, latent\); got \("):
        decoded(sweep, np.zeros(shape))


def test_a_run_without_a_decoder_says_so(sweep):
    bare = sweep.drop_vars("decoder_in")
    assert has_decoder(sweep) and not has_decoder(bare)
    with pytest.raises(InvalidValue, match=r"^run \w{12} has no decoder: it is fitted after the training$"):
        kept_levels(bare, [0])


def test_an_older_run_has_its_pictures_as_they_were_drawn(sweep):
    drawn = np.random.default_rng(0).integers(0, 255, (64, 400, 5), dtype=np.uint8)
    old = sweep.drop_vars([*DECODER]).assign(kept=(("feature", "point", "beta"), drawn))
    assert np.array_equal(kept_levels(old, [7, 2]), drawn[:, [7, 2]].T)
    assert not np.array_equal(kept_levels(sweep.assign(kept=old.kept), [7, 2]), drawn[:, [7, 2]].T)


def test_levels_are_clipped_to_the_range_of_the_values(sweep):
    """Digits go from 0 to 16."""
    about = sweep.inputs.attrs
    raw = np.array([-3.0, 0.0, 8.0, 16.0, 40.0])
    assert as_levels(sweep, (raw - about["offset"]) / about["scale"]).tolist() == [0, 0, 128, 255, 255]


def test_items_of_few_classes_are_taken_in_turn():
    labels = np.array([2, 0, 0, 1, 0, 2, 0, 0, 0, 0])
    assert shown_items(xr.Dataset({"label": ("point", labels)})) == [1, 2, 4, 6, 7, 3, 0, 5]
    assert shown_items(xr.Dataset({"label": ("point", labels[:3])})) == [1, 2, 0]
