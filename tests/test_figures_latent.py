"""The figures of the Latent-space page: colours that are readings, solid maps, rates, ellipses, motion, small maps."""

import numpy as np
import pytest

from distill.config import Choice
from distill.errors import InvalidValue, UnknownName
from distill.figures._animation import PITCH, YAW, seen
from distill.figures._colouring import LEVELS, colouring, colourings, levels
from distill.figures.dimensions import FOOT, animated_rates, dimension_order, dimension_rates, in_use
from distill.figures.ellipses import MOST, ellipse_corners, posterior_ellipses
from distill.figures.latent import maps_over_beta, places_shown
from distill.figures.maps import animated_map, code_map, framed, rounded_out
from distill.figures.motion import map_stability
from distill.measures.codes import sampled_codes


def items_of(figure):
    """item → (x, y, name of its trace) of what a figure draws of items."""
    found = {}
    for trace in figure.data:
        if trace.customdata is None:
            continue
        for item, x, y in zip(trace.customdata, trace.x, trace.y, strict=True):
            if x is not None and np.isfinite(x):
                assert item not in found, "an item is drawn twice"
                found[item] = (x, y, trace.name)
    return found


@pytest.fixture
def read(sweep):
    """The sweep with readings that are known: item i has i/40 bits at β 0, ten times less at β 1, none at β 2."""
    betas, points = sweep.sizes["beta"], sweep.sizes["point"]
    bits = np.tile(np.arange(points) / 40.0, (betas, 1))
    bits[1] /= 10
    bits[2] = np.nan
    decoded = np.tile(sweep.label.values, (betas, 1))
    decoded[0, 5:9] = (decoded[0, 5:9] + 1) % 10
    return sweep.assign(
        item_bits=(("beta", "point"), bits), item_uncertainty=(("beta", "point"), bits / 5),
        item_decoded=(("beta", "point"), decoded.astype(np.int16)),
    )  # fmt: skip


# --- colours


def test_levels_are_round_and_reach_the_most_that_any_item_has(read):
    assert levels(8.8).tolist() == [2.5, 5.0, 7.5] and levels(0.9).tolist() == [0.25, 0.5, 0.75]
    found = colouring(read, "bits")
    assert found.names == ["below 2.5", "2.5 to 5", "5 to 7.5", "above 7.5 bits"] and found.colours == list(LEVELS)
    assert found.readings and found.values.shape == (5, 400)
    assert [int((found.values[0] == k).sum()) for k in range(4)] == [100, 100, 100, 100]
    assert (found.values[1] == 0).all() and (found.values[2] == -1).all()


def test_an_error_is_where_the_decoder_says_another_class(read):
    found = colouring(read, "error")
    assert np.flatnonzero(found.values[0]).tolist() == [5, 6, 7, 8] and not found.values[1:].any()


def test_what_a_run_has_not_read_is_refused_in_a_sentence(sweep, read):
    plain = sweep.drop_vars([name for name in sweep.data_vars if str(name).startswith("item_")])
    assert colourings(plain) == ["label", "digit", "parity", "loop", "ink", "slant"]
    assert colourings(read)[-3:] == ["bits", "error", "uncertainty"]
    with pytest.raises(InvalidValue, match=r"^run '\w+' has no bits of its items: they are read after the training$"):
        code_map(plain, Choice(colour="bits"))
    with pytest.raises(UnknownName, match="unknown factor to colour by 'bit'"):
        code_map(read, Choice(colour="bit"))


@pytest.mark.parametrize("beta", [0, 1, 2])
def test_every_item_is_drawn_once_in_its_level_and_where_the_label_puts_it(read, beta):
    by_label, by_bits = (items_of(code_map(read, Choice(beta=beta, colour=each))) for each in ("label", "bits"))
    wanted = colouring(read, "bits")
    assert {item: wanted.names[wanted.values[beta, item]] for item in by_bits} == {k: v[2] for k, v in by_bits.items()}
    assert len(by_bits) == (0 if beta == 2 else 400) and len(by_label) == 400
    assert all(by_label[item][:2] == pytest.approx(place[:2]) for item, place in by_bits.items())
    assert code_map(read, Choice(colour="bits")).layout.showlegend


# --- three dimensions


def test_a_solid_map_stays_in_its_ball_however_it_is_turned():
    solid = np.random.default_rng(0).standard_normal((3, 400, 3)) * [5, 1, 0.2] + 9
    found = rounded_out(solid)
    far = np.linalg.norm(found, axis=-1)
    assert far.max() <= 1 + 1e-12 and (np.isclose(far, 1).mean(1) < 0.02).all()
    inside = far[0] < 0.99
    middle = np.median(solid[0], axis=0)
    ratio = np.linalg.norm(solid[0] - middle, axis=-1)[inside] / far[0][inside]
    assert ratio == pytest.approx(ratio[0])


def test_what_is_seen_is_a_turn_laid_flat():
    """The images of the three axes are the columns of two orthonormal rows."""
    across, up = (np.array(each) for each in zip(*(seen(*axis) for axis in np.eye(3)), strict=True))
    assert across @ across == pytest.approx(1) and up @ up == pytest.approx(1) and across @ up == pytest.approx(0)
    assert up[1] == pytest.approx(np.cos(PITCH)) and across[2] == pytest.approx(np.sin(YAW))


def test_a_solid_map_draws_what_is_seen(sweep):
    solid = sampled_codes(sweep)[..., :3]
    drawn = animated_map(sweep, Choice(), solid)
    found = items_of(drawn.at(sweep, Choice(beta=1)))
    wanted = np.stack(seen(*rounded_out(solid)[1].T), axis=-1)
    assert len(found) == 400
    assert np.allclose([found[item][:2] for item in range(400)], wanted)


# --- dimensions


def test_the_rates_of_the_dimensions_add_up_to_the_rate(sweep):
    """THEORY 8.4: Σ_k KL_k = R, on the same items; the codes are stored in half precision."""
    figure = [dimension_rates(sweep, Choice(beta=k)) for k in range(1, 4)]
    total = [np.nansum(each.data[0].y) for each in figure]
    wanted = sweep.rate.isel(step=-1, beta=slice(1, 4)).sel(split="test").values
    assert total == pytest.approx(wanted, rel=0.02)


def by_hand(sweep, mean, scale):
    """The sweep with three latent dimensions whose codes are the same at every β: means and scales (point, 3)."""
    shape = (1, sweep.sizes["beta"], len(mean), 3)
    some = sweep[["codes_2d", "label", "loss"]].drop_vars("latent", errors="ignore")
    return some.isel(code_step=[-1], point=slice(len(mean))).assign(
        code_mean=(("code_step", "beta", "point", "latent"), np.broadcast_to(mean, shape)),
        code_scale=(("code_step", "beta", "point", "latent"), np.broadcast_to(scale, shape)),
    )


def test_a_dimension_is_in_use_by_its_rate_or_by_its_mean_and_the_two_differ(sweep):
    """N(0, 0.5²): KL = ½(0.25 − 1 + ln 4) nat; N(±0.12, 1): 0.0072 nat, below 0.01, but a mean with variance 0.0144."""
    mean = np.array([[0, 0.12, 0], [0, -0.12, 0]] * 8)
    run = by_hand(sweep, mean, np.array([0.5, 1, 1]))
    assert [each.tolist() for each in in_use(run)] == [[1] * 5, [1] * 5]
    rates = dimension_rates(run, Choice(beta=0)).data[0]
    assert rates.y[0] == pytest.approx(0.5 * (0.25 - 1 + np.log(4)) / np.log(2)) and np.isnan(rates.y[1:]).all()
    assert dimension_order(run).tolist() == [0, 1, 2] and rates.text[1] == "dimension 2: not in use"
    assert pytest.approx(0.014427, abs=1e-6) == FOOT


def test_the_chosen_dimension_has_its_stem_once_more(sweep):
    order = dimension_order(sweep)
    figure = animated_rates(sweep, int(order[2])).at(sweep, Choice(beta=1))
    assert list(figure.data[0].customdata) == order.tolist()
    assert figure.data[1].x.tolist() == [2] and figure.data[1].y[0] == figure.data[0].y[2]


def test_codes_without_noise_have_no_rates(noiseless):
    with pytest.raises(InvalidValue, match=r"^no dimension of run \w+ has a rate: a code without noise has no rate$"):
        dimension_rates(noiseless)


# --- ellipses


def test_an_ellipse_holds_95_percent_of_its_gaussian():
    mean, scale = np.array([2.0, -1.0]), np.array([0.5, 3.0])
    corners = ellipse_corners(mean, scale)
    assert np.square((corners - mean) / scale).sum(-1) == pytest.approx(5.991465, abs=1e-5)  # χ² of two, 0.95
    drawn = np.random.default_rng(0).standard_normal((200000, 2))
    assert (np.square(drawn).sum(-1) < 5.991465).mean() == pytest.approx(0.95, abs=0.002)
    assert np.allclose(corners[0], corners[-1])


def test_ellipses_lie_in_the_frame_of_their_map(planar):
    figure = posterior_ellipses(planar, Choice(beta=1))
    drawn = [trace for trace in figure.data if trace.mode == "lines"]
    last = planar.isel(code_step=-1)
    middle, reach = framed(last.codes_2d.transpose("beta", "point", "axis").values.astype(float))
    means = (last.code_mean.transpose("beta", "point", "latent").values[1, :MOST] - middle[1]) / reach[1]
    found = np.concatenate(
        [np.array([trace.x, trace.y], float).T.reshape(-1, 22, 2)[:, :20].mean(1) for trace in drawn]
    )
    order = np.concatenate([np.flatnonzero(planar.label.values[:MOST] == k) for k in range(10)])
    assert np.allclose(found, means[order], atol=1e-3)


def test_only_a_plane_has_ellipses(sweep):
    with pytest.raises(InvalidValue, match=r"has no ellipses: its codes are not Gaussians of two dimensions$"):
        posterior_ellipses(sweep)


# --- motion, small maps


def test_the_stability_line_is_what_was_measured_and_a_mark_follows(sweep):
    moved, chance = np.array([np.nan, 0.3, 0.4, 0.2, 0.9]), np.array([0.1, 0.2, 0.5, 0.2, 0.2])
    run = sweep.assign(map_motion=("beta", moved), map_rerun=("beta", chance))
    figure = map_stability(run, Choice(beta=2))
    lines = {trace.name: trace for trace in figure.data if trace.name != "chosen β"}
    assert np.array_equal(np.array(lines["from the β before"].y, float), moved, equal_nan=True)
    assert lines["another seed"].y.tolist() == chance.tolist()
    assert [trace.y[0] for trace in figure.data[-2:]] == [0.5, 0.4] and figure.layout.yaxis.range[1] > 0.9
    with pytest.raises(InvalidValue, match=r"has no measured motion of its map: it comes with the run's UMAP$"):
        map_stability(sweep.drop_vars(["map_motion", "map_rerun"], errors="ignore"))


def test_small_maps_are_the_map_at_evenly_spaced_strengths(read):
    assert places_shown(read) == [0, 1, 2, 3, 4]
    wide = read.isel(beta=np.tile(np.arange(5), 7))
    assert places_shown(wide) == [0, 5, 10, 15, 19, 24, 29, 34]
    for colour in ("label", "bits"):
        figure = maps_over_beta(read, Choice(colour=colour))
        for k in (0, 4):
            wanted = items_of(code_map(read, Choice(beta=k, colour=colour)))
            trace = figure.data[k]
            assert np.allclose(np.array([wanted[item][:2] for item in range(400)]).T, [trace.x, trace.y])
            by = colouring(read, colour)
            assert trace.marker.color[7] == by.colours[(by.values[k] if by.readings else by.values)[7]]
