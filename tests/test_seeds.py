"""Several seeds of a sweep: an axis of the run, and what the figures make of it."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from conftest import SWEEP, trained

from distill.__main__ import _print_table
from distill.config import Choice
from distill.figures import information_plane, kept_and_discarded
from distill.measures import averaged, ledger

THREE = replace(SWEEP, seeds=3, epochs=4, betas=(0.01, 0.3, 2.0))


@pytest.fixture(scope="module")
def run(own_store):
    return trained(THREE, own_store, finished=True)


@pytest.fixture(scope="module")
def alone(own_store):
    return trained(replace(THREE, seeds=1), own_store, finished=True)


def test_a_run_of_several_seeds_has_them_as_its_last_axis(run, alone):
    assert run.information_x.dims == ("step", "beta", "split", "seed")
    assert run.samples.dims == ("step", "split")
    assert run.code_mean.dims == alone.code_mean.dims
    for name in ("rate", "information_x", "bound_y", "error_one"):
        assert np.allclose(run[name].isel(seed=0), alone[name], atol=2e-3), name  # the same to float32, which adds up
        assert not np.allclose(run[name].isel(seed=1), alone[name], atol=2e-3)
    assert np.allclose(run.code_mean.astype("f4"), alone.code_mean.astype("f4"), atol=1e-2)


def test_averaged_gives_the_mean_and_the_spread_of_its_seeds(run):
    mean = averaged(run)
    assert "seed" not in mean.dims
    values = run.information_x.values
    assert np.allclose(mean.information_x, values.mean(-1))
    assert np.allclose(mean.information_x_spread, values.std(-1, ddof=1))
    assert mean.information_x.attrs == run.information_x.attrs
    assert "samples_spread" not in mean
    xr.testing.assert_identical(averaged(mean), mean)


def test_the_ledger_of_the_mean_sums_to_all_bits(run):
    parts = ledger(averaged(run))
    whole = sum(parts[name] for name in ("kept_relevant", "kept_irrelevant", "lost_relevant", "lost_irrelevant"))
    assert np.allclose(whole, np.log2(run.samples.sel(split="test")).values[:, None])


def test_figures_draw_the_mean(run):
    figure = information_plane(run, Choice(beta=0))
    at = averaged(run).isel(step=-1, beta=0).sel(split="test")
    mark = next(each for each in figure.data if each.name == "chosen β")
    assert (mark.x[0], mark.y[0]) == pytest.approx((float(at.information_x), float(at.information_y)))
    assert kept_and_discarded(run, Choice(beta=0)).data


def test_the_command_line_prints_the_mean(run, capsys):
    _print_table(run)
    _, seeds, _, *rows = capsys.readouterr().out.splitlines()
    assert seeds.strip() == "mean of 3 seeds"
    at = run.isel(step=-1).sel(split="test").mean("seed")
    for i, row in enumerate(rows):
        each = at.isel(beta=i)
        bits = [f"{float(each[name]):.2f}" for name in ("information_x", "information_y", "bound_y")]
        assert row.split() == [f"{float(each.beta):.3g}", *bits, f"{float(each.error_one):.1%}"]
    assert len(rows) == 3


def test_explore_says_what_is_a_mean_and_what_is_of_the_first_seed(run, alone):
    from distill.ui.content import explore_stage

    plane, codes, _ = (view.subtitle for view in explore_stage(run, Choice()).views)
    assert "mean of 3 seeds" in plane and "of the first seed" in codes
    assert not any("seed" in view.subtitle for view in explore_stage(alone, Choice()).views)
