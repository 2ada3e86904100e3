"""Maps in the plane: they turn and never stretch, and what moves on them from one β to the next has moved."""

import json

import numpy as np
import pytest
import xarray as xr

from distill import finishing, store
from distill.errors import InvalidValue
from distill.projection import chained_umap, displacement, plane, principal, turned


def distances(points):
    return np.sqrt(np.square(points[:, None] - points[None]).sum(-1))


def drift(maps):
    """How far the items move between neighbouring βs, in units of the maps' spread."""
    return np.sqrt(np.square(np.diff(maps, axis=0)).sum(-1).mean(-1)) / maps.std()


def wandering_codes(betas=25, points=300, latents=6, seed=0):
    """Codes that change little from β to β while their two main directions, of nearly equal variance, change order."""
    rng = np.random.default_rng(seed)
    codes, fourth = rng.standard_normal((points, latents)), np.linspace(-0.3, 0.3, betas)
    return np.stack([codes * np.array([3 + tilt, 3 - tilt, 1, 1, 0.5, 0.5]) for tilt in fourth])


@pytest.fixture
def rotation():
    return np.array([[np.cos(2.0), -np.sin(2.0)], [np.sin(2.0), np.cos(2.0)]])


def test_a_plane_keeps_the_distances_of_the_first_two_principal_components():
    codes = wandering_codes(betas=4) + 7
    for found, each in zip(plane(codes), codes, strict=True):
        values, vectors = np.linalg.eigh(np.cov(each.T))
        wanted = (each - each.mean(0)) @ vectors[:, np.argsort(values)[-2:]]
        assert np.allclose(distances(found), distances(wanted), atol=1e-4)
        assert np.allclose(found.mean(0), 0, atol=1e-5)


def test_neighbouring_betas_lie_alike_although_their_components_change_places():
    codes = wandering_codes()
    alone = np.stack([plane(each[None])[0] for each in codes])
    assert drift(alone).max() > 0.5
    assert drift(plane(codes)).max() < 0.05


def test_a_mirrored_beta_is_turned_back():
    """Its own components are mirrored and changed in order; beside its neighbour it lies as its neighbour does."""
    codes = np.repeat(wandering_codes(betas=1), 2, axis=0)
    codes[1, :, [0, 1]] = codes[1, :, [1, 0]]
    codes[1, :, 0] *= -1
    one, other = plane(codes)
    assert np.allclose(one, other, atol=1e-4)


def test_the_first_beta_lies_as_its_map_at_the_kept_step_before(rotation):
    codes = wandering_codes(betas=2)
    free = plane(codes)
    before = free[0] @ rotation * np.array([1, -1])
    for scale in (1, 40):
        assert np.allclose(plane(codes, scale * before + 3)[0], before, atol=1e-4)
        assert np.allclose(plane(codes, scale * before + 3), free @ rotation * np.array([1, -1]), atol=1e-4)


def test_turning_is_the_nearest_rotation_or_reflection(rotation):
    rng = np.random.default_rng(0)
    points = rng.standard_normal((200, 2))
    points -= points.mean(0)
    assert np.allclose(turned(points @ rotation, points), points)
    assert np.allclose(turned(points * [1, -1], points), points)
    goal = points @ rotation + 0.5 * rng.standard_normal((200, 2))
    best = np.square(turned(points, goal) - (goal - goal.mean(0))).sum()
    for angle in np.linspace(0, 2 * np.pi, 100):
        for sign in (1, -1):
            turn = np.array([[np.cos(angle), -np.sin(angle)], [sign * np.sin(angle), sign * np.cos(angle)]])
            assert best <= np.square(points @ turn - (goal - goal.mean(0))).sum() + 1e-9


def test_a_code_of_two_dimensions_is_its_own_map():
    codes = wandering_codes(latents=6)[..., :2]
    found = plane(codes, before=np.ones((300, 2)))
    assert found.dtype == np.float32
    assert np.array_equal(found, codes.astype(np.float32))


def test_a_code_of_one_dimension_lies_on_a_line():
    codes = wandering_codes()[..., :1]
    found = plane(codes)
    assert found.shape == (25, 300, 2)
    assert np.array_equal(found[..., 0], codes[..., 0].astype(np.float32))
    assert not found[..., 1].any()


def test_a_code_that_has_collapsed_still_has_a_map():
    codes = np.zeros((2, 30, 5))
    assert np.array_equal(plane(codes), np.zeros((2, 30, 2)))


@pytest.mark.parametrize("dims", [2, 3])
def test_principal_directions_keep_distances_in_any_number(dims):
    codes = wandering_codes(betas=3) + 7
    found = principal(codes, dims)
    assert found.shape == (3, 300, dims)
    for each, layout in zip(codes, found, strict=True):
        values, vectors = np.linalg.eigh(np.cov(each.T))
        wanted = (each - each.mean(0)) @ vectors[:, np.argsort(values)[-dims:]]
        assert np.allclose(distances(layout), distances(wanted), atol=1e-4)


def test_in_three_dimensions_neighbouring_betas_lie_alike_and_a_smaller_code_is_itself():
    codes = wandering_codes()
    assert drift(principal(codes, 3)).max() < 0.05
    flat = principal(codes[..., :2], 3)
    assert np.array_equal(flat[..., :2], codes[..., :2].astype(np.float32)) and not flat[..., 2].any()


def test_place_size_and_turn_of_a_map_are_no_motion(rotation):
    layout = np.random.default_rng(0).standard_normal((300, 2)) * [3, 1]
    for other in (layout + 5, 7 * layout, layout @ rotation, layout * [1, -1], -2 * layout @ rotation + 1):
        assert displacement(layout, other) == pytest.approx(0, abs=1e-9)
    assert displacement(np.zeros((9, 2)), np.zeros((9, 2))) == 0


def test_displacement_is_in_standard_deviations_of_the_layout():
    """Unrelated normal clouds: E|a − b| = √2 · √(π/2) = √π. Noise of share s: √(π/2) · s, to first order."""
    one, other, noise = np.random.default_rng(0).standard_normal((3, 20000, 2))
    assert displacement(one, 9 * other) == pytest.approx(np.sqrt(np.pi), abs=0.03)
    assert displacement(one, one + 0.02 * noise) == pytest.approx(0.02 * np.sqrt(np.pi / 2), rel=0.03)
    assert displacement(one, other) == pytest.approx(displacement(other, one), rel=1e-9)


@pytest.mark.slow
def test_a_chained_umap_follows_its_neighbour_and_is_as_trustworthy():
    from sklearn.manifold import trustworthiness

    rng = np.random.default_rng(0)
    middles = 6 * rng.standard_normal((5, 6))
    codes = middles[rng.integers(0, 5, 150)] + rng.standard_normal((150, 6))
    codes = np.stack([codes, codes + 0.3 * rng.standard_normal(codes.shape)])
    first = chained_umap(codes[0], None, seed=0)
    chained, alone = chained_umap(codes[1], first, seed=0), chained_umap(codes[1], None, seed=1)
    assert first.shape == (150, 2)
    assert first.dtype == chained.dtype == np.float32
    unit = [layout / layout.std() for layout in (first, chained, alone)]  # as the figure draws them
    assert drift(np.stack(unit[:2]))[0] < 0.5 * drift(np.stack(unit[::2]))[0]
    for layout in (first, chained):
        assert np.allclose(layout.mean(0), 0, atol=1e-4)
        assert trustworthiness(codes[1], layout, n_neighbors=10) > 0.9
    assert np.array_equal(chained, chained_umap(codes[1], first, seed=0))
    again = chained_umap(codes[1], first, seed=1)
    assert 0 < displacement(again, chained) < displacement(alone, chained)
    assert chained_umap(codes[0], None, 0, 3).shape == (150, 3)


# --- how a run's βs are mapped one after the other


@pytest.fixture
def mapped(sweep, tmp_path, monkeypatch):
    """The sweep in a store of its own, and a layout in the place of UMAP's that tells what it was given."""
    calls = []

    def layout(codes, before, seed, dims=2):
        calls.append((codes, before, seed, dims))
        number = 1 if before is None else 10 * before[0, 0] + 1
        found = np.random.default_rng((int(number), seed)).standard_normal((len(codes), dims))
        found[0] = number
        return found.astype(np.float32)

    monkeypatch.setattr(finishing, "chained_umap", layout)
    store.create(tmp_path / "run", sweep.isel(step=slice(-1, None), code_step=slice(-1, None)))
    return tmp_path / "run", calls


def layouts(path):
    return xr.open_zarr(path).map_umap.load()


def test_every_beta_is_mapped_from_the_one_before(mapped, sweep):
    from distill.measures.codes import sampled_codes

    path, calls = mapped
    assert [finishing.map_beta(path, i) for i in range(5)] == [True, True, True, True, False]
    found = layouts(path)
    assert found.dims == ("beta", "point", "axis")
    assert found.values[:, 0, 0].tolist() == [1, 11, 111, 1111, 11111]
    seed = json.loads(sweep.attrs["config"])["seed"]
    assert [each[2] for each in calls] == [seed, seed + 1] * 5
    for first in (0, 1):  # the map, and the rerun that differs in its seed only
        assert np.array_equal(np.stack([codes for codes, *_ in calls[first::2]]), sampled_codes(sweep))
    assert all(one[1] is two[1] for one, two in zip(calls[::2], calls[1::2], strict=True))
    assert not finishing.map_beta(path, 5)


def test_motion_is_measured_from_the_beta_before_and_chance_from_a_rerun(mapped):
    path, calls = mapped
    for index in range(5):
        finishing.map_beta(path, index)
    run, maps = xr.open_zarr(path).load(), layouts(path).values
    assert np.isnan(run.map_motion[0])
    wanted = [displacement(maps[i], maps[i - 1]) for i in range(1, 5)]
    assert run.map_motion.values[1:] == pytest.approx(wanted, rel=1e-5)
    again = [finishing.chained_umap(*each[:3]) for each in calls[1:10:2]]
    wanted = [displacement(one, two) for one, two in zip(again, maps, strict=True)]
    assert run.map_rerun.values == pytest.approx(wanted, rel=1e-5)
    assert run.map_motion.attrs["units"] == run.map_rerun.attrs["units"] == "standard deviations of the layout"


def test_layouts_that_are_gone_are_made_again(mapped):
    path, _ = mapped
    finishing.map_beta(path, 0)
    (store.side(path) / finishing.UMAP_SCRATCH).unlink()
    assert [finishing.map_beta(path, i) for i in (3, 4)] == [True, False]
    assert layouts(path).values[:, 0, 0].tolist() == [1, 11, 111, 1111, 11111]


def test_a_map_of_three_dimensions_is_made_when_it_is_asked_for(mapped, sweep, monkeypatch):
    path, calls = mapped
    answer = finishing.map_3d(path)
    found = xr.open_zarr(path).map_umap_3d.load()
    assert found.dims == ("beta", "point", "axis_3d") and found.shape == (5, 400, 3)
    assert np.allclose(answer, found.values, atol=1e-4) and json.loads(json.dumps(answer)) == answer
    assert {each[3] for each in calls} == {3} and found.values[:, 0, 0].tolist() == [1, 11, 111, 1111, 11111]
    monkeypatch.setattr(store, "examples", lambda: path.parent)
    store.extend(path, xr.Dataset({"map_umap_3d": 0 * found}))
    assert np.allclose(finishing.map_3d(path), answer)
    assert not xr.open_zarr(path).map_umap_3d.any()  # an example stays as it is


def test_a_code_of_three_dimensions_needs_no_map_of_three(noiseless, own_store):
    with pytest.raises(InvalidValue, match=r"^run '\w+' needs no map: its codes are symbols, or of at most three dim"):
        finishing.map_3d(own_store / noiseless.attrs["id"])


def test_a_map_made_twice_starts_from_the_same_neighbour(mapped):
    """As after a worker that died when its layout was saved and not yet reported."""
    path, _ = mapped
    for index in (0, 1, 2, 0, 1, 1, 2, 2, 3):
        assert finishing.map_beta(path, index)
    assert not finishing.map_beta(path, 4)
    assert layouts(path).values[:, 0, 0].tolist() == [1, 11, 111, 1111, 11111]


def test_a_code_of_two_dimensions_needs_no_map(planar, own_store):
    assert not finishing.map_beta(own_store / planar.attrs["id"], 0)
    assert "map_umap" not in store.open_run(own_store / planar.attrs["id"])
