"""How a knob that falls is written, where a look begins, and how codes that are symbols lie on a map."""

import json
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from conftest import SMALL, trained

from distill import finishing, store
from distill.config import Choice, SweepConfig
from distill.figures import _style, code_map, maps
from distill.figures._animation import chosen
from distill.measures.codes import sampled_codes
from distill.measures.decoding import decoded
from distill.projection import of_symbols
from distill.ui import content

SYMBOLS = SweepConfig(objective="categorical", betas=(0.01, 0.1, 3.0), latent_dim=12, epochs=12, snapshots=3, **SMALL)


def knobbed(betas, **knob):
    said = {"label": "Bits allowed C", "symbol": "C", "unit": "bits", "default": 4.0} | knob
    return xr.Dataset({"step": [0, 5]}, {"beta": list(betas)}, {"knob": json.dumps(said)})


@pytest.mark.parametrize(("betas", "ticks"), [
    (np.linspace(16, 0, 33), [(0, "16"), (4, "14"), (8, "12"), (12, "10"), (16, "8"), (20, "6"), (24, "4"), (28, "2"),
                              (32, "0")]),
    (np.linspace(3, 0.5, 6), [(0, "3"), (1, "2.5"), (2, "2"), (3, "1.5"), (4, "1"), (5, "0.5")]),
    ([6.0, 2.5], [(0, "6"), (1, "2.5")]),
    ([40.0, 30.0, *np.linspace(5, 0, 11)], [(0, "40"), (1, "30"), (2, "5"), (12, "0")]),
])  # fmt: skip
def test_ticks_of_a_knob_that_falls_are_even(betas, ticks):
    assert _style.knob_ticks(knobbed(betas)) == ticks


def test_values_of_a_budget_keep_their_halves():
    assert _style.knob_values(knobbed([16.0, 15.5, 0.125, 0.0])) == ["16 bits", "15.5 bits", "0.125 bits", "0 bits"]


def test_a_look_begins_where_the_knob_says():
    run = knobbed([8.0, 6.0, 4.0, 2.0, 0.0])
    assert chosen(run, Choice()) == (1, 2)
    assert chosen(run, Choice(beta=0)) == (1, 0)
    betas = [0.0, 0.001, 0.01, 0.1, 1.0]
    assert chosen(knobbed(betas, default=0.1), Choice()) == (1, 3)
    old = knobbed(betas).assign_attrs(knob=json.dumps({"label": "β", "symbol": "β", "unit": ""}))
    assert chosen(old, Choice()) == (1, 2)


def test_a_symbol_lies_where_its_items_do_in_the_mean():
    rng = np.random.default_rng(0)
    inputs, symbol = rng.normal(size=(30, 5)), np.arange(30) % 3
    codes = np.eye(4)[np.stack([symbol, np.zeros(30, int)])]  # the last is never used
    found = of_symbols(codes, inputs)
    means = np.stack([inputs[symbol == each].mean(0) for each in range(3)])
    between = np.linalg.norm(means[:, None] - means, axis=-1)
    np.testing.assert_allclose(np.linalg.norm(found[0, :3, None] - found[0, None, :3], axis=-1), between, atol=1e-10)
    assert (found[0, 3:6] == found[0, :3]).all()
    np.testing.assert_allclose(found[1], 0, atol=1e-10)  # all items have one: the middle of everything


def test_discs_are_as_large_as_their_number_of_items_and_do_not_overlap():
    counts = [200, 100, 100, 25, 1]
    places = np.repeat([[0.9, 0.9], [0.9, 0.9 - 1e-5], [-0.9, 0.1], [0.0, -0.8], [0.0, -0.8 + 1e-5]], counts, axis=0)
    found = maps._discs(places)
    assert (np.abs(found) <= 1).all()
    ends = np.cumsum([0, *counts])
    discs = [found[a:b] for a, b in pairwise(ends)]
    middles = [each.mean(0) for each in discs]
    reach = np.array([np.linalg.norm(each - m, axis=1).max() for each, m in zip(discs, middles, strict=True)])
    np.testing.assert_allclose(reach[:4], 0.6 * np.sqrt(np.array(counts[:4]) / 426), rtol=0.15)
    for i in range(5):
        for j in range(i):
            assert np.linalg.norm(discs[i][:, None] - discs[j], axis=-1).min() > 0.01
    assert len(np.unique(found.round(6), axis=0)) == 426  # each item is seen


@pytest.fixture(scope="module")
def symbols(own_store):
    return trained(SYMBOLS, own_store, finished=True)


def test_a_map_of_symbols_shows_each_item_beside_those_that_share_its_symbol(symbols):
    assert symbols.attrs["code"] == "categorical"
    assert symbols.codes_2d.attrs["method"] == "symbols"
    assert not symbols.code_scale.any()
    np.testing.assert_allclose(symbols.code_mean.sum("latent"), 1, atol=2e-3)
    figure = code_map(symbols, Choice(beta=1))
    items = np.concatenate([trace.customdata for trace in figure.data if trace.customdata is not None])
    assert sorted(items) == list(range(symbols.sizes["point"]))
    at = {int(i): (x, y) for trace in figure.data if trace.customdata is not None
          for i, x, y in zip(trace.customdata, trace.x, trace.y, strict=True)}  # fmt: skip
    assert len(set(at.values())) == len(items)
    words = next(each.subtitle for each in content.explore_stage(symbols, Choice()).views if each.name == content.MAP)
    assert "12 symbols" in words and "mean input" in words and "no place means" in words


def test_symbols_are_not_laid_out_again(symbols):
    path = store.path_of(SYMBOLS.id)
    assert finishing.map_beta(path, 0) is False
    assert np.isfinite(decoded(symbols, sampled_codes(symbols))).all()


def test_bits_of_symbols_are_exact_and_within_their_length(symbols):
    assert (symbols.information_x_error == 0).all()
    assert (symbols.rate >= symbols.information_x - 1e-6).all()
    assert (symbols.information_x >= symbols.information_y - 1e-6).all()
    assert "symbols" in json.loads(symbols.attrs["estimators"])["information_x"]
