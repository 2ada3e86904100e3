"""What the Latent-space page puts on the stage: the map, the dimensions, what moves for real, and a traversal."""

import json
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from distill.config import Choice
from distill.figures._animation import Animation, chosen
from distill.figures._colouring import colouring
from distill.figures._pictures import are_pictures, levels
from distill.figures._style import caption, knob_ticks, knob_values, said_of
from distill.figures.dimensions import animated_rates, dimension_order, in_use
from distill.figures.ellipses import MOST, are_ellipses, with_ellipses
from distill.figures.latent import animated_row, places_shown
from distill.figures.maps import animated_map, map_kind
from distill.figures.motion import animated_stability, has_stability
from distill.measures.seeds import averaged
from distill.palette import DARK
from distill.ui.content import of_this_version
from distill.ui.envelope import Slider, Stage, Thumbnails, View
from distill.ui.latent_traverse import traverse

MAP, RATES, STABILITY = "Latent map", "Rate of each dimension", "Which motion is real"
ROW, REST = "Small maps, weaker compression", "Small maps, stronger compression"
NEAR = (0.12, 0.06)  # across and up: names nearer than this cannot be read


@dataclass(frozen=True)
class Look:
    """What is shown besides what a Choice says.

    Attributes:
        solid: a map of three dimensions (beta, point, 3), or None for one of two.
        method: how it was made.
        dimension: the latent dimension that is traversed; None is that which carries most.
        item: the stored item around which it is, or None.
    """

    solid: np.ndarray | None = None
    method: str = ""
    dimension: int | None = None
    item: int | None = None


def latent_stage(run: xr.Dataset, choice: Choice, look: Look = Look()) -> Stage:
    """The stage for `run`, loaded; of its last step.

    Raises:
        DistillError: for a run of another version, which lacks what is drawn here.
        UnknownName, InvalidValue: for a colour or a map that the run does not have.
    """
    run = of_this_version(run).isel(code_step=[-1])
    choice = replace(choice, step=None)
    dimension = traversed(run, look.dimension)
    found = traverse(run, dimension, look.item)
    views = [_map(run, choice, look), *_rates(run, dimension, found.lack), *_stability(run)]
    views += [found.view] if found.view else []
    views += _rows(run, choice)
    knob, (_, beta) = json.loads(run.attrs["knob"]), chosen(run, choice)
    subject = f"{run.attrs['id']} {run.attrs.get('stamp', '')}"
    drawn = f"{choice.colour} {choice.map} {look.method} {len(views)}"
    return Stage(
        views=tuple(views),
        slider=Slider(knob["label"], knob_values(run), beta, knob_ticks(run)),
        identity=f"latent {subject} {drawn}",
        subject=subject,
        headline=latent_headline(run),
        pictures=found.pictures,
        thumbnails=Thumbnails(list(range(run.sizes["point"])), levels(run)) if are_pictures(run) else None,
        caption=caption(averaged(run)),
        filename=f"distill-{run.attrs['id']}-latent",
        palette=DARK,
    )


def traversed(run: xr.Dataset, dimension: int | None) -> int:
    """The dimension that is traversed: the one asked for where the code has it, else that which carries most."""
    if dimension is not None and dimension < run.sizes["latent"]:
        return dimension
    return int(dimension_order(run)[0]) if _has_rates(run) else 0


def latent_headline(run: xr.Dataset) -> list[list[list[str]]]:
    """Four cells for every β: bits kept, dimensions in use, how far items moved, error with one code."""
    last = averaged(run).isel(step=-1).sel(split="test")
    bits, error = (last[name].transpose("beta").values for name in ("information_x", "error_one"))
    how, count, whole = said_of(run, "information_x"), int(last.samples), run.sizes["latent"]
    used = in_use(run) if _has_rates(run) else None
    cells = []
    for k in range(run.sizes["beta"]):
        row = [[_number(bits[k]), "bits kept", f"I(X;Z), {how}; N = {count} test items"]]
        if used is not None:
            tip = f"KL above 0.01 nat, stored test items; by the variance of their means, above 0.01: {used[1][k]}"
            row.append([f"{used[0][k]} of {whole}", "dimensions in use", tip])
        if has_stability(run):
            row.append(_moved(run, k))
        tip = f"share decoded wrongly from one sampled code; N = {count} test items"
        row.append([f"{100 * error[k]:.1f} %" if np.isfinite(error[k]) else "–", "error with one code", tip])
        cells.append(row)
    return cells


def _moved(run: xr.Dataset, k: int) -> list[str]:
    motion, chance = float(run.map_motion[k]), float(run.map_rerun[k])
    tip = f"mean over items, in standard deviations of the layout; another seed of UMAP moves them {chance:.2f}"
    if np.isnan(motion):
        return ["–", "moved since the β before", "there is no β before"]
    words = "moved since the β before" + (", no more than chance" if motion <= chance else f"; chance {chance:.2f}")
    return [f"{motion:.2f}", words, tip]


def _number(bits: float) -> str:
    return f"{max(bits, 0):.2f}" if np.isfinite(bits) else "–"


def _has_rates(run: xr.Dataset) -> bool:
    return run.attrs.get("code", "gaussian") == "gaussian"


def _map(run: xr.Dataset, choice: Choice, look: Look) -> View:
    drawn, colours = animated_map(run, choice, look.solid), colouring(run, choice.colour)
    drawn, flat = legible(drawn), look.solid is None
    if flat and are_ellipses(run):
        drawn = with_ellipses(run, choice, drawn)
    return View(
        MAP, drawn.figure, drawn.motions, MAP, _map_words(run, choice, look, colours.title), "items", choosing=True,
        legend=_legend(drawn, colours.names, colours.colours),
    )  # fmt: skip


def legible(drawn: Animation) -> Animation:
    """The map without the names that lie on one another at a β; the legend beside it has them all."""
    motions = []
    for each in drawn.motions:
        if drawn.figure.data[each.trace].name == "class names":
            across, up = ({k: np.abs(v[:, :, None] - v[:, None]) for k, v in axis.items()} for axis in (each.x, each.y))
            under = {k: ((across[k] < NEAR[0]) & (up[k] < NEAR[1])).sum(2) > 1 for k in across}
            each = replace(each, y={k: np.where(under[k], np.nan, v) for k, v in each.y.items()})
        motions.append(each)
    return Animation(drawn.figure, tuple(motions))


def _legend(drawn: Animation, names: list[str], colours: list[str]) -> list[tuple[int, str, str]]:
    """The traces of items, with what their colours mean."""
    traces = [index for index, trace in enumerate(drawn.figure.data) if trace.customdata is not None]
    return list(zip(traces, names, colours, strict=True))


def _map_words(run: xr.Dataset, choice: Choice, look: Look, by: str) -> str:
    latent, count = run.sizes["latent"], run.sizes["point"]
    kind = look.method if look.solid is not None else map_kind(run, choice)
    how = {
        "code": "the code itself, each β scaled to fill the frame",
        "PCA": f"first two of {latent} principal components, turned to lie as at the β before",
        "PCA 3": f"first three of {latent} principal components, turned to lie as at the β before",
        "code 3": "the code itself, each β scaled to fill the ball",
        "symbols": f"one of {latent} symbols each, by the mean input of its items; in a disc no place means anything",
        "UMAP": f"UMAP of {latent} dimensions, chained along β; trust neighbours, not distances",
        "UMAP 3": f"UMAP of {latent} dimensions in three, chained along β; trust neighbours, not distances",
    }[kind]
    cloud = f" Ellipses: 95 % of q(z|x), {min(MOST, count)} items." if look.solid is None and are_ellipses(run) else ""
    return f"{count} sampled test codes, by {by}: {how}.{cloud}"


def _rates(run: xr.Dataset, dimension: int, lack: str) -> list[View]:
    if not _has_rates(run):
        return []
    drawn = animated_rates(run, dimension)
    return [View(RATES, drawn.figure, drawn.motions, RATES, lack or "Click one to go along it.", "picks")]


def _stability(run: xr.Dataset) -> list[View]:
    if not has_stability(run):
        return []
    drawn = animated_stability(run)
    return [View(STABILITY, drawn.figure, drawn.motions, STABILITY, "Only what rises above chance has moved.")]


def _rows(run: xr.Dataset, choice: Choice) -> list[View]:
    """The small maps in two halves, which stand beside each other where there is room."""
    places = places_shown(run)
    half, views = -(-len(places) // 2), []
    for title, words, shown in (
        (ROW, "The same map at several β; what is chosen above is chosen here.", places[:half]),
        (REST, "The same colours; a place means the same in neighbouring maps.", places[half:]),
    ):
        if shown:
            drawn = animated_row(run, choice, shown)
            views.append(View(title, drawn.figure, drawn.motions, title, words, "items", still=True))
    return views
