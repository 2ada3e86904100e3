"""The contract that every data set keeps, and facts of the digits and the sprites that were known beforehand."""

import inspect
import re
from itertools import combinations

import numpy as np
import pytest
from conftest import PENGUINS, loaded, options_of

import distill.datasets as datasets
from distill import registry
from distill.datasets import _pictures, sprites
from distill.errors import InvalidValue, UnknownName

every_data_set = pytest.mark.parametrize("name", datasets.names())
SPRITE_SHAPE = (4, 4, 2, 3, 3, 2, 3)  # shape, colour, size, x, y, rotation, texture


def entropy(codes: np.ndarray) -> float:
    share = np.bincount(codes) / len(codes)
    return float(-(share[share > 0] * np.log2(share[share > 0])).sum())


@every_data_set
def test_arrays_have_the_promised_shapes_and_types(name):
    data = loaded(name)
    items = len(data.inputs)
    assert data.inputs.dtype == np.float32
    assert np.isfinite(data.inputs).all()
    assert data.inputs.shape == (items, np.prod(data.input_shape))
    for codes in (data.label, *data.factors.values()):
        assert codes.shape == (items,)
        assert codes.dtype == np.int64


@every_data_set
def test_every_value_of_every_factor_has_a_name_and_items_in_both_splits(name):
    data = loaded(name)
    assert set(data.classes) == set(data.factors)
    for factor, codes in data.factors.items():
        values = range(len(data.classes[factor]))
        assert len(set(data.classes[factor])) == len(values) >= 2
        for part in (data.train, data.test):
            assert np.array_equal(np.unique(codes[part]), values), factor


@every_data_set
def test_the_splits_are_disjoint_sorted_and_cover_every_item(name):
    data = loaded(name)
    both = np.concatenate([data.train, data.test])
    assert np.array_equal(np.sort(both), np.arange(len(data.inputs)))
    assert (np.diff(data.train) > 0).all()
    assert (np.diff(data.test) > 0).all()
    assert len(data.train) > len(data.test) >= 50


@every_data_set
def test_inputs_are_standardised_by_the_training_items_and_lie_in_the_value_range(name):
    data = loaded(name)
    train = data.inputs[data.train].astype(np.float64)
    assert abs(train.mean()) < 1e-5
    assert abs(train.std() - 1) < 1e-5
    original, (low, high) = data.inputs * data.scale + data.offset, data.value_range
    assert low - 1e-4 * (high - low) <= original.min() < original.max() <= high + 1e-4 * (high - low)


@every_data_set
def test_loading_twice_gives_equal_data(name):
    one, two = loaded(name), datasets.load(name, **options_of(name))
    for field in ("inputs", "label", "train", "test"):
        assert np.array_equal(getattr(one, field), getattr(two, field)), field
    assert all(np.array_equal(one.factors[factor], two.factors[factor]) for factor in one.factors)
    assert (one.classes, one.offset, one.scale) == (two.classes, two.offset, two.scale)


@every_data_set
def test_the_label_is_one_of_the_factors_and_any_factor_can_be_it(name):
    data = loaded(name)
    assert np.array_equal(data.label, data.factors[data.label_name])
    for factor, codes in data.factors.items():
        other = data.labelled_by(factor)
        assert other.label_name == factor
        assert np.array_equal(other.label, codes)
        assert other.label_classes == data.classes[factor]
        assert other.inputs is data.inputs
    assert data.labelled_by(None) is data


@every_data_set
def test_the_data_set_says_its_title_and_its_options_have_defaults(name):
    module = registry.module("datasets", name)
    assert loaded(name).title == (PENGUINS.name if name == "table" else module.TITLE)
    options = inspect.signature(module.make).parameters.values()
    assert all(option.default is not inspect.Parameter.empty for option in options)


@every_data_set
def test_an_unknown_factor_or_option_is_refused_with_those_that_exist(name):
    factors = loaded(name).factors
    with pytest.raises(UnknownName, match="unknown factor 'nonsense'; known: ") as caught:
        datasets.load(name, "nonsense", **options_of(name))
    assert all(factor in str(caught.value) for factor in factors)
    with pytest.raises(InvalidValue, match=f"data set '{name}' has no option 'nonsense'; it takes ") as caught:
        datasets.load(name, nonsense=1)
    options = inspect.signature(registry.module("datasets", name).make).parameters
    assert str(caught.value).endswith(", ".join(options) or "none")


def test_an_unknown_data_set_is_refused_with_the_nearest_name():
    with pytest.raises(UnknownName, match=r"unknown data set 'sprits'; known: .*digits.*; did you mean 'sprites'\?"):
        datasets.load("sprits")


def test_standardised_uses_one_mean_and_one_deviation_of_the_training_items_alone():
    raw = np.array([[0.0, 2.0], [4.0, 6.0], [1000.0, -1000.0]])
    fields = datasets.standardised(raw, np.array([0, 1]))
    assert fields["offset"] == 3
    assert fields["scale"] == pytest.approx(np.sqrt(5))
    assert fields["inputs"][0] == pytest.approx(np.array([-3, -1]) / np.sqrt(5))


def test_split_takes_the_same_share_of_every_class_and_follows_its_seed():
    labels = np.repeat([0, 1, 2], [40, 80, 400])
    train, test = datasets.split(labels, 0.25, seed=1)
    assert np.bincount(labels[test]).tolist() == [10, 20, 100]
    assert np.array_equal(np.sort(np.concatenate([train, test])), np.arange(520))
    assert not np.array_equal(test, datasets.split(labels, 0.25, seed=2)[1])


# digits


def test_there_are_1797_digits_of_64_pixels_from_0_to_16():
    data = loaded("digits")
    original = data.inputs * data.scale + data.offset
    assert data.inputs.shape == (1797, 64)
    assert (round(float(original.min())), round(float(original.max()))) == (0, 16)
    assert np.bincount(data.label).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.log2(10) - 0.002 < entropy(data.label[data.train]) < np.log2(10)


def test_a_loop_is_in_0_4_6_8_9_and_parity_is_the_last_bit():
    data = loaded("digits")
    with_loop = {int(digit) for digit in np.unique(data.label[data.factors["loop"] == 1])}
    assert with_loop == {0, 4, 6, 8, 9}
    assert not np.isin(data.label[data.factors["loop"] == 0], list(with_loop)).any()
    assert data.classes["loop"] == ("no loop", "loop")
    assert np.array_equal(data.factors["parity"], data.label % 2)
    assert data.classes["parity"] == ("even", "odd")


def leaning_stroke(columns_a_row: float) -> np.ndarray:
    """(1, 8, 8): a stroke one pixel wide that moves `columns_a_row` to the right with each row down."""
    image = np.zeros((1, 8, 8))
    for row in range(8):
        column = 3.5 + columns_a_row * (row - 3.5)
        image[0, row, int(column)] += 1 - column % 1
        image[0, row, min(int(column) + 1, 7)] += column % 1
    return image


@pytest.mark.parametrize("lean", [-1.0, -0.5, 0.0, 0.25, 1.0])
def test_slant_is_the_columns_a_stroke_moves_to_the_right_with_each_row_down(lean):
    assert _pictures.slant(leaning_stroke(lean)) == pytest.approx(lean, abs=1e-12)
    moved_and_brighter = 5 * np.roll(leaning_stroke(lean / 2), 1, axis=2)
    assert _pictures.slant(moved_and_brighter) == pytest.approx(lean / 2, abs=1e-12)


def test_ink_and_slant_cut_mean_pixel_and_lean_into_thirds_in_order():
    data = loaded("digits")
    images = (data.inputs * data.scale + data.offset).reshape(-1, 8, 8)
    for factor, value in {"ink": images.mean(axis=(1, 2)), "slant": _pictures.slant(images)}.items():
        low, middle, high = (value[data.factors[factor] == third] for third in range(3))
        assert low.max() < middle.min() < middle.max() < high.min()
        assert all(abs(len(third) - 599) < 20 for third in (low, middle, high))  # ties at a cut go to one side


# sprites


def pictures() -> np.ndarray:
    """(shape, colour, size, x, y, rotation, texture, row, column, channel), values in [0, 1]."""
    data = loaded("sprites")
    return (data.inputs * data.scale + data.offset).astype(np.float64).reshape(*SPRITE_SHAPE, *data.input_shape)


def covers() -> np.ndarray:
    """(shape, size, x, y, rotation, row, column): share of each pixel covered, from two colours of the same sprite."""
    first, second = pictures()[:, 0, ..., 0, :, :, :], pictures()[:, 1, ..., 0, :, :, :]
    ink = np.array(list(sprites.COLOURS.values()))
    return (first - second)[..., 0] / (ink[0, 0] - ink[1, 0])


def centre_of_mass(masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(column, row) of the centre of masks (…, height, width), in pixels."""
    mass = masks.sum(axis=(-2, -1))
    rows, columns = np.indices(masks.shape[-2:])
    return (masks * columns).sum(axis=(-2, -1)) / mass, (masks * rows).sum(axis=(-2, -1)) / mass


def test_every_combination_of_factors_is_drawn_once_and_in_order():
    data = loaded("sprites")
    assert [len(names) for names in data.classes.values()] == list(SPRITE_SHAPE)
    assert list(data.classes) == ["shape", "colour", "size", "x", "y", "rotation", "texture"]
    assert data.input_shape == (16, 16, 3)
    codes = np.stack(list(data.factors.values()))
    assert np.array_equal(np.ravel_multi_index(codes, SPRITE_SHAPE), np.arange(1728))


def test_sprites_are_distinct_in_eight_bits_and_no_combination_stands_in_both_splits():
    data = loaded("sprites")
    eight_bits = np.rint(pictures().reshape(1728, -1) * 255).astype(np.uint8)
    assert len(np.unique(eight_bits, axis=0)) == 1728
    rows = np.stack(list(data.factors.values()), axis=1)
    train, test = ({tuple(row) for row in rows[part].tolist()} for part in (data.train, data.test))
    assert (len(train), len(test), len(train & test)) == (1296, 432, 0)


def test_factors_are_balanced_and_exactly_independent_in_pairs_in_both_splits():
    data = loaded("sprites")
    for part in (data.train, data.test):
        for one, two in combinations(data.factors, 2):
            table = np.zeros((len(data.classes[one]), len(data.classes[two])), dtype=int)
            np.add.at(table, (data.factors[one][part], data.factors[two][part]), 1)
            assert (table == len(part) // table.size).all(), (one, two)


def test_colours_are_those_of_the_palette():
    ink = np.array(list(sprites.COLOURS.values()))
    for one, two in combinations(range(4), 2):
        change = pictures()[:, one] - pictures()[:, two]
        most = abs(change).max(axis=(-3, -2))
        assert most == pytest.approx(np.broadcast_to(abs(ink[one] - ink[two]), most.shape), abs=1e-5)


def test_every_shape_of_a_size_has_the_area_of_its_disc_and_none_is_cut_by_the_frame():
    area = covers().sum(axis=(-2, -1))
    for index, radius in enumerate(sprites.SIZES.values()):
        assert area[:, index] == pytest.approx(np.full((4, 3, 3, 2), np.pi * (16 * radius) ** 2), rel=0.025)
    assert (np.ptp(area, axis=(2, 3, 4)) < 0.01 * area.max(axis=(2, 3, 4))).all()


def test_x_and_y_move_the_centroid_by_two_pixels_and_nothing_else_does():
    column, row = centre_of_mass(covers())  # (shape, size, x, y, rotation)
    assert column == pytest.approx(np.broadcast_to((7.5 + np.array([-2, 0, 2]))[:, None, None], column.shape), abs=0.06)
    assert row == pytest.approx(np.broadcast_to((7.5 + np.array([-2, 0, 2]))[:, None], row.shape), abs=0.06)


def test_the_two_angles_mirror_the_shapes_that_are_their_own_mirror_image():
    mirrored = covers()[:, :, 1, :, 0, :, ::-1]
    same = abs(covers()[:, :, 1, :, 1] - mirrored).max(axis=(1, 2, 3, 4)) < 0.15
    assert dict(zip(sprites.SHAPES, same.tolist(), strict=True)) == {
        "triangle": True, "heart": True, "moon": False, "arrow": True,
    }  # fmt: skip


def test_tilted_right_puts_the_tip_of_the_arrow_to_the_right():
    arrow = covers()[list(sprites.SHAPES).index("arrow"), 1, 1, 1]  # (rotation, row, column)
    tip = [mask[mask.sum(axis=1) > 0.2][0] for mask in arrow]  # the highest row of each
    left, right = (float((row * np.arange(16)).sum() / row.sum()) for row in tip)
    assert left < 7.0 < 8.0 < right
    assert loaded("sprites").classes["rotation"] == ("tilted left", "tilted right")


def test_textures_differ_in_pattern_and_not_in_mean():
    corner = pictures()[:, :, 0, 2, 2, :, :, :4, :4, :]  # one period, far from a small sprite at the bottom right
    assert corner.mean(axis=(-3, -2)) == pytest.approx(np.broadcast_to(sprites.GROUND, (4, 4, 2, 3, 3)), abs=1e-5)
    plain, *textured = corner.std(axis=(-3, -2))[..., 0].mean(axis=(0, 1, 2))
    assert plain < 1e-6 < 0.02 < min(textured)
    assert abs(corner - sprites.GROUND).max() < 0.1


def test_a_larger_picture_is_the_same_drawing():
    large = datasets.load("sprites", image_size=32)
    assert large.input_shape == (32, 32, 3)
    drawn = (large.inputs * large.scale + large.offset).reshape(1728, 16, 2, 16, 2, 3).mean(axis=(2, 4))
    assert abs(drawn - pictures().reshape(1728, 16, 16, 3)).mean() < 0.003


@pytest.mark.parametrize("size", [11, 33, 16.5, True, "16", None])
def test_an_impossible_image_size_is_refused_with_the_limits(size):
    with pytest.raises(InvalidValue, match=re.escape(f"whole number from 12 to 32; got {size!r}")):
        datasets.load("sprites", image_size=size)


@pytest.mark.parametrize("factor", ["shape", "colour", "size", "x", "y", "rotation", "texture"])
def test_a_perceptron_of_the_encoders_width_learns_each_factor_of_unseen_sprites(factor):
    neural = pytest.importorskip("sklearn.neural_network")
    data = loaded("sprites", factor)
    learner = neural.MLPClassifier((128, 128), max_iter=25, tol=0, learning_rate_init=3e-3, random_state=0)
    with pytest.warns(match="Maximum iterations"):
        learner.fit(data.inputs[data.train], data.label[data.train])
    assert learner.score(data.inputs[data.test], data.label[data.test]) > 0.95
