"""Figures of what is kept of factors: their numbers are the measures', their places those of the half points."""

import numpy as np
import pytest
import xarray as xr

from distill import store
from distill.config import Choice
from distill.errors import InvalidValue
from distill.figures._factors import factor_colours, places_of, spread_out
from distill.figures.controls import animated_equal_bits, equal_bits
from distill.figures.given_up import half_points
from distill.figures.ledger_area import ledger_over_beta
from distill.figures.quality import rank_of_means, with_reference, without_reference
from distill.figures.retention import animated_retention, retention_curves
from distill.measures.ledgers import ledger
from distill.measures.quality import rank_me, reference_free
from distill.measures.retention import retained, selection
from distill.palette import KEPT_RELEVANT, LOST_RELEVANT, PARTS, SOFT_INK
from distill.ui.envelope import pack
from distill.ui.kept_quality_content import indistinct, quality_stage, verdict
from distill.ui.kept_retention_content import retention_stage

BETAS = 33
FALLS, STAYS, NEVER, EARLY, ZERO = "digit", "parity", "loop", "ink", "slant"  # as `crafted` makes them
EVERY_PART = ("kept relevant", "kept irrelevant", "lost relevant", "lost irrelevant")


@pytest.fixture(scope="module")
def digits():
    """The shipped digits run, with the variables that older versions measured."""
    return store.open_run(store.path_of("2430f1a2ad29")).load()


@pytest.fixture(scope="module")
def noiseless():
    """The shipped deterministic network, one strength."""
    return store.open_run(store.path_of("8e627b830535")).load()


@pytest.fixture(scope="module")
def crafted(digits):
    """The digits run with curves of known half points: digit at place 20.25, ink at 4.5; the others never cross."""
    places = np.arange(float(BETAS))
    shares = {
        FALLS: 0.5 - (places - 20.25) / 40, STAYS: np.full(BETAS, 0.8), NEVER: np.full(BETAS, 0.3),
        EARLY: np.where(places < 5, 1.0, 0.0), ZERO: np.zeros(BETAS),
    }  # fmt: skip
    whole = digits.factor_entropy.values[:, None]
    kept = np.stack([shares[str(name)] for name in digits.factor.values]) * whole
    over = ("factor", "beta")
    noise = np.stack([np.abs(np.sin(places)) * 0.01, np.abs(np.cos(places)) * 0.01])
    return digits.assign(
        factor_kept=(over, kept), factor_kept_low=(over, kept - 0.05 * whole),
        factor_kept_high=(over, kept + 0.05 * whole),
        factor_kept_mlp=(over, 0.9 * kept), factor_kept_mlp_low=(over, 0.8 * kept), factor_kept_mlp_high=(over, kept),
        factor_ceiling_mlp=digits.factor_ceiling * 1.1,
        pca_kept=(over, 0.4 * kept), pca_kept_low=(over, 0.3 * kept), pca_kept_high=(over, 0.5 * kept),
        pca_bits=("beta", digits.information_x.isel(step=-1).sel(split="test").values - 0.01),
        **{f"noise_{end}": (("probe", "beta"), noise) for end in ("kept", "kept_low", "kept_high")},
    ).assign_coords(probe=["logistic", "mlp"])  # fmt: skip


def numbers(values):
    return np.array([np.nan if value is None else value for value in values], float)


def trace(figure, name):
    (found,) = [each for each in figure.data if each.name == name]
    return found


def texts(figure, name):
    return [word for each in figure.data if name in (each.name or "") and each.text is not None for word in each.text]


# --- the curves


@pytest.mark.parametrize("scale", ["shares", "bits"])
@pytest.mark.parametrize("probe", ["logistic", "mlp"])
def test_the_curves_are_what_the_probes_found(crafted, probe, scale):
    found = retained(crafted, probe)
    whole = found.entropy.values if scale == "shares" else np.ones(5)
    figure = animated_retention(crafted, probe, scale).at(crafted, Choice(beta=7))
    for i, name in enumerate(crafted.factor.values):
        assert numbers(trace(figure, name).y) == pytest.approx(found.kept.values[i] / whole[i])
        band = numbers(trace(figure, f"{name}, 90 % interval").y)
        assert band[:BETAS] == pytest.approx(found.kept_high.values[i] / whole[i])
        assert band[BETAS:][::-1] == pytest.approx(found.kept_low.values[i] / whole[i])
    assert numbers(trace(figure, "raw inputs, the same probe").y) == pytest.approx(found.ceiling.values / whole)
    dots = trace(figure, "factors at the chosen β")
    assert numbers(dots.x).tolist() == [7] * 5 and numbers(dots.y) == pytest.approx(found.kept.values[:, 7] / whole)
    noise = trace(figure, "a shuffled label: pure noise")
    entropy = crafted.entropy_y.values.ravel()[-1] if scale == "shares" else 1
    assert numbers(noise.y) == pytest.approx(crafted.noise_kept.sel(probe=probe).values / entropy, rel=0.01)


def test_what_is_asked_for_is_deep_blue_and_heavier(crafted):
    figure, colours = retention_curves(crafted), factor_colours(crafted)
    assert colours[0] == KEPT_RELEVANT and KEPT_RELEVANT not in colours[1:] and len(set(colours)) == 5
    widths = [trace(figure, name).line.width for name in crafted.factor.values]
    assert widths[0] > 1.5 * max(widths[1:])
    two = crafted.assign_attrs(heads='{"loop": 1.0, "ink": 0.5}')
    assert [each == KEPT_RELEVANT for each in factor_colours(two)] == [False, False, True, True, False]


def test_the_words_stand_in_the_order_of_their_curves_and_do_not_overlap(crafted):
    for beta in range(BETAS):
        figure = retention_curves(crafted, Choice(beta=beta, scale="shares"))
        drawn = [each for each in figure.data if str(each.name).startswith("at the chosen β")]
        (side,) = [each for each in drawn if np.isfinite(numbers(each.x)).all()]
        heights, kept = numbers(side.y), crafted.factor_kept.isel(beta=beta) / crafted.factor_entropy
        assert np.diff(np.sort(heights)).min() > 0.07
        assert (np.diff(heights[np.argsort(kept.values, kind="stable")]) > 0).all()
        assert side.text[1] == "parity 80 %"


def test_words_move_as_little_as_they_must():
    apart = np.array([[0.1, 0.9, 0.5]])
    assert spread_out(apart, 0.2, (0, 1)) == pytest.approx(apart)
    assert spread_out(np.array([[0.5, 0.5]]), 0.2, (0, 1)) == pytest.approx(np.array([[0.4, 0.6]]))
    assert spread_out(np.array([[0.0, 0.0, 0.9]]), 0.2, (0, 1)) == pytest.approx(np.array([[0.0, 0.2, 0.9]]))
    assert spread_out(np.zeros((1, 11)), 0.2, (0, 1)) == pytest.approx(np.linspace(0, 1, 11)[None])  # no more room
    three = spread_out(np.array([[0.5, 0.52, 0.54]]), 0.1, (0, 1))  # least squares keeps the mean
    assert three.mean() == pytest.approx(0.52) and np.diff(three[0]) == pytest.approx([0.1, 0.1])


# --- given up first … last


def test_a_value_of_beta_stands_between_its_neighbours():
    betas = np.array([0.0, 1e-4, 1e-2, 1.0])
    found = places_of(betas, [0, 5e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, np.nan])
    assert found[:-1] == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5, 3]) and np.isnan(found[-1])
    assert places_of(np.array([16.0, 8.0, 2.0]), [16, 12, 5, 2]) == pytest.approx([0, 0.5, 1.5, 2])  # bits allowed


def rows(figure):
    """Name → height of the rows that are in colour, and of those that are pale."""
    kept, gone = [each for each in figure.data if each.name == "factors"]
    return [
        {
            word.strip("\u00a0"): y
            for word, x, y in zip(each.text, numbers(each.x), each.y, strict=True)
            if np.isfinite(x)
        }
        for each in (kept, gone)
    ]


def test_rows_are_ranked_by_their_half_points_and_what_never_was_above_is_below(crafted):
    figure = half_points(crafted, Choice(beta=0))
    kept, gone = rows(figure)
    heights = kept | gone
    assert sorted(heights, key=heights.get, reverse=True) == [EARLY, FALLS, STAYS, NEVER, ZERO]
    assert set(gone) == {NEVER, ZERO}
    dots = trace(figure, "half of its bits")
    at = {y: x for x, y in zip(numbers(dots.x), dots.y, strict=True) if np.isfinite(x)}
    assert at == {heights[EARLY]: pytest.approx(4.5), heights[FALLS]: pytest.approx(20.25)}
    words = texts(figure, "half points in words")
    assert "never above half: 30 % at most" in words and "above half to the end" in words
    error = dict(zip(dots.y, zip(dots.error_x.arrayminus, dots.error_x.array, strict=True), strict=True))[
        heights[FALLS]
    ]
    assert error == pytest.approx((2.0, 2.0), abs=1e-6)  # ± 0.05 at a fall of 1/40 a place


@pytest.mark.parametrize(("beta", "passed"), [(4, set()), (5, {EARLY}), (20, {EARLY}), (21, {EARLY, FALLS})])
def test_a_row_turns_pale_where_the_slider_has_passed_it(crafted, beta, passed):
    figure = half_points(crafted, Choice(beta=beta))
    kept, gone = rows(figure)
    assert set(gone) == passed | {NEVER, ZERO} and set(kept) == {EARLY, FALLS, STAYS} - passed
    pale = next(each for each in figure.data if each.name == "factors" and each.textfont.weight == 400)
    colours = {word.strip("\u00a0"): colour for word, colour in zip(pale.text, pale.textfont.color, strict=True)}
    assert colours[FALLS] == LOST_RELEVANT and colours[EARLY] == SOFT_INK
    bars = {
        name for name in (EARLY, FALLS, STAYS) if np.isfinite(numbers(trace(figure, f"{name}, above half").y)).any()
    }
    assert bars == set(kept)


# --- the ledger


@pytest.mark.parametrize(("step", "split"), [(None, "test"), (0, "test"), (7, "train")])
def test_the_areas_are_the_ledger_and_sum_to_log2_n_at_every_strength(digits, step, split):
    figure, place = ledger_over_beta(digits, Choice(beta=3, step=step, split=split)), -1 if step is None else step
    parts, bottom = ledger(digits, split).isel(step=place), np.zeros(BETAS)
    for name, words in zip(PARTS, EVERY_PART, strict=True):
        outline = numbers(trace(figure, words).y)
        top, low = outline[: BETAS + 2][1:-1], outline[BETAS + 2 :][::-1][1:-1]
        assert low == pytest.approx(bottom, abs=2e-6) and top - low == pytest.approx(parts[name].values, abs=2e-6)
        bottom = top
    count = int(digits.samples.sel(split=split)[place])
    assert bottom == pytest.approx(np.full(BETAS, np.log2(count)))
    here = parts.isel(beta=3)
    assert [w for w in texts(figure, "bits at the chosen β") if w] == [
        f"{float(here[n]):.2f}" for n in PARTS if here[n] > 0.4
    ]


def test_a_code_without_noise_has_no_areas_and_says_so(noiseless):
    figure = ledger_over_beta(noiseless)
    assert not [each for each in figure.data if each.fill]
    assert "no ledger" in figure.layout.annotations[0].text


# --- at equal bits


def shares_in(figure, title, column):
    x = numbers(trace(figure, f"{title}, share kept").x)
    return (x - column - 0.05) / 0.47


def test_pca_stands_beside_the_code_at_the_chosen_strength(crafted):
    figure = equal_bits(crafted, Choice(beta=18))
    whole = crafted.factor_entropy.values
    for column, (title, kept) in enumerate({"VIB": crafted.factor_kept, "PCA": crafted.pca_kept}.items()):
        assert shares_in(figure, title, column) == pytest.approx(kept.isel(beta=18).values / whole)
    bits = float(crafted.information_x.isel(step=-1, beta=18).sel(split="test"))
    assert texts(figure, "bits") == [f"{bits:.2f} bits", f"{bits - 0.01:.2f} bits"]


def test_a_control_is_taken_where_it_has_as_many_bits(crafted):
    """A control whose codes have half a bit more at each strength: what it keeps at equal bits, it keeps further on."""
    x = crafted.information_x
    rising = np.linspace(7.0, 0.5, BETAS)
    run = crafted.assign(information_x=x * 0 + xr.DataArray(rising, dims="beta"))
    other = run.assign(information_x=run.information_x + 0.40625)  # two strengths of 6.5 / 32 bits
    figure = animated_equal_bits(run, [("other", other)]).at(run, Choice(beta=10))
    wanted = crafted.factor_kept.isel(beta=12) / crafted.factor_entropy
    assert shares_in(figure, "other", 2) == pytest.approx(wanted.values)
    last = animated_equal_bits(run, [("other", other)]).at(run, Choice(beta=BETAS - 1))
    assert np.isnan(shares_in(last, "other", 2)).all() and "has no such code" in texts(last, "bits")


def test_near_log2_n_equal_bits_say_nothing(crafted):
    figure = equal_bits(crafted, Choice(beta=0))
    assert np.isnan(shares_in(figure, "PCA", 1)).all() and np.isfinite(shares_in(figure, "VIB", 0)).all()
    assert texts(figure, "bits") == ["≥ 8.81 bits", "too near log₂ N"]


# --- what is not there


def test_nothing_is_drawn_for_what_was_not_measured(digits):
    digits = digits.drop_vars([name for name in digits if str(name).startswith(("noise_", "pca_"))])
    names = [each.name for each in retention_curves(digits).data]
    assert not any("noise" in name for name in names)
    assert not any("PCA" in str(each.name) for each in equal_bits(digits).data)
    bare = digits.drop_vars([name for name in digits if str(name).startswith("factor_")])
    for figure in (retention_curves, half_points, equal_bits):
        with pytest.raises(InvalidValue, match=r"2430f1a2ad29.*it is measured after the training, of classes"):
            figure(bare)
    assert [view.name for view in retention_stage(bare, Choice()).views] == ["Where the bits go"]
    assert not any("preservation" in str(each.name) for each in with_reference(bare).data)


def test_the_stage_travels_with_every_part(crafted):
    stage = retention_stage(crafted, Choice(beta=4, step=9, scale="shares"), "mlp")
    assert len(stage.views) == 4 and len(pack(stage).block("kept")) < 400_000
    cells = stage.headline[-1][10]
    assert (
        cells[3][:2] == ["2 of 5", "factors above half: digit, parity"] and "at the end" in stage.headline[0][10][3][1]
    )
    kept, about, rest = (float(cell[0]) for cell in cells[:3])
    assert kept == pytest.approx(about + rest, abs=0.011)


# --- quality


def test_the_two_columns_are_the_measures(digits):
    figure, found = without_reference(digits, Choice(beta=9)), reference_free(digits)
    for name, variable in {"RankMe": "rank_me", "participation ratio": "participation_ratio",
                           "uniformity": "uniformity_share", "active by mean": "active_by_mean",
                           "active by rate": "active_by_rate"}.items():  # fmt: skip
        assert numbers(trace(figure, name).y) == pytest.approx(found[variable].values)
    assert numbers(trace(figure, "unused rate").y) == pytest.approx(np.maximum(found.unused_rate.values, 0.01))
    figure, found = with_reference(digits, Choice(beta=9)), selection(digits)
    for name, variable in {"semantic preservation": "preservation", "nuisance leakage": "leakage"}.items():
        assert numbers(trace(figure, name).y) == pytest.approx(found[variable].values)
        assert numbers(trace(figure, f"chosen β, {name}").y) == pytest.approx([found[variable].values[9]])
    last = digits.isel(step=-1).sel(split="test")
    assert numbers(trace(figure, "error with one code").y) == pytest.approx(last.error_one.values)
    means = digits.code_mean.isel(code_step=-1, beta=9).transpose("point", "latent").values.astype(float)
    assert rank_of_means(digits)[9] == pytest.approx(rank_me(means))


def test_errors_that_cannot_be_told_apart():
    """Of 400 items, 2 % has a standard error of 0.7 points: 3 % is within the 90 % of the difference, 5 % is not."""
    error = np.array([0.03, 0.02, 0.05, 0.9])
    assert indistinct(error, 400).tolist() == [0, 1] and indistinct(error, 40_000).tolist() == [1]


def test_the_verdict_has_the_runs_own_numbers(digits):
    first, second, last = verdict(digits)
    found, at = reference_free(digits), digits.isel(step=-1).sel(split="test")
    alike = indistinct(at.error_one.values, 450)
    ends = [f"{float(found.rank_me[place]):.1f}" for place in (alike[0], alike[-1])]
    assert f"RankMe of the codes goes from {ends[0]} to {ends[1]}" in first
    assert f"from {float(at.information_x[alike[0]]):.1f} to {float(at.information_x[alike[-1]]):.1f} bits" in first
    assert f"{float(at.information_y[-1]):.2f} of 3.32 bits of digit left" in second and "only Y or X can say" in last


def test_a_run_of_one_strength_has_its_figures(noiseless):
    for figure in (retention_curves, half_points, equal_bits):
        assert figure(noiseless).layout.xaxis.range in ((-0.5, 0.5), (0, 1))
    assert texts(equal_bits(noiseless), "bits") == ["–"]


def test_quality_of_a_code_without_noise_is_drawn_without_what_it_lacks(noiseless):
    assert len(verdict(noiseless)) == 1
    assert pack(quality_stage(noiseless, Choice())).frames == 1
