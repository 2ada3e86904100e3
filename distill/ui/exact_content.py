"""What the Exact page shows of a source: three views, a headline, and in words what the numbers say."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import xarray as xr

from distill import registry
from distill.figures._lit import strength_ticks
from distill.figures.directions import animated_directions, animated_shares
from distill.figures.exact_curve import animated_exact_curve
from distill.figures.splits import animated_encoder, animated_splits
from distill.palette import DARK, INK, class_colour
from distill.ui import answers
from distill.ui.envelope import Packed, Slider, Stage, View, pack
from distill.ui.headline import Cell
from distill.ui.tables import Table

CURVE, TREE, ENCODER = "Exact curve", "Tree of splits", "Encoder"
DIRECTIONS, SHARES = "Directions", "What each direction keeps"
KINDS = {"vowel": class_colour(2), "consonant": INK, "space": class_colour(3)}
FIRST_SHARE = 0.35  # of I(X;Y): a look begins where this is still kept, with few clusters that mean something
HARD = 0.95  # mean of q(t|x) of an x’s own branch, below which the code is said to be soft
HOW = "exact: of the distribution itself, no sample and no network"


@dataclass(frozen=True)
class Source:
    """A known distribution: a joint table, the letters' (`table` None), or a Gaussian's correlations `rho`."""

    name: str
    table: Table | None = None
    rho: tuple[float, ...] = ()

    @property
    def identity(self) -> str:
        """A short name that changes with the numbers."""
        return hashlib.blake2b(repr((self.table, self.rho)).encode(), digest_size=6).hexdigest()


@lru_cache(maxsize=64)
def answer_of(source: Source) -> xr.Dataset:
    """The exact answer of `source`, computed once; raises InvalidValue where there is none."""
    if source.rho:
        return answers.of_gaussian(source.rho)
    if source.table:
        return answers.of_table(source.table.array, source.table.x, source.table.y)
    letters = registry.module("datasets", "letters")
    counts = np.loadtxt(letters.COUNTS, delimiter=",", skiprows=1)
    return answers.of_table(counts, letters.SYMBOLS, letters.SYMBOLS)


@lru_cache(maxsize=16)
def packed(source: Source) -> Packed:
    """The stage of `source` as bytes."""
    return pack(exact_stage(source))


def first(answer: xr.Dataset) -> int:
    """The β at which a look begins, as an index: the strongest that keeps a share, also where all goes at once."""
    kept = answer.information_y.values >= FIRST_SHARE * answer.attrs["information"]
    return int(np.flatnonzero(kept)[-1]) if kept.any() else 0


def exact_stage(source: Source) -> Stage:
    """The stage of `source`: curve, tree and encoder; or, for a Gaussian, curve, directions and what each keeps."""
    answer = answer_of(source)
    values = [_number(beta) for beta in answer.beta.values]
    curve = animated_exact_curve(answer, _marks(answer, values))
    hard = "" if source.rho else " Squares: the best hard clusters."
    said = f"Every β, weak (pale) to strong (dark). Dotted: the slope is β.{hard}"
    views = [View(CURVE, curve.figure, curve.motions, CURVE, said, "frames")]
    views += _of_gaussian(answer) if source.rho else _of_table(answer, source)
    return Stage(
        views=tuple(views),
        slider=Slider("Compression strength β", values, first(answer), _ticks(answer.beta.values)),
        identity=source.identity,
        headline=[_cells(answer, index) for index in range(len(values))],
        caption=f"{source.name} · I(X;Y) = {answer.attrs['information']:.4g} bits · {HOW}",
        filename="distill-exact",
        palette=DARK,
    )


def sentences(source: Source, index: int) -> list[str]:
    """What the numbers say at one β: which x stand together, and what happens about the critical βs."""
    answer = answer_of(source)
    kinds = [] if source.table or source.rho else _vowels(answer, index)
    return [_standing(answer, index), *_shared(answer, index), *kinds, *_thresholds(answer)]


def _of_table(answer: xr.Dataset, source: Source) -> list[View]:
    colours = _colours(answer, source)
    tree, encoder = animated_splits(answer, colours), animated_encoder(answer, colours)
    kinds = "" if source.table else " Purple: vowels."
    words = f"Clusters split where it pays; each x is a ribbon, p(x) thick.{kinds}"
    return [
        View(TREE, tree.figure, tree.motions, TREE, words),
        View(
            ENCODER,
            encoder.figure,
            encoder.motions,
            ENCODER,
            "At the chosen β. Columns: the clusters t, as in the tree from the top to the bottom.",
        ),
    ]


def _of_gaussian(answer: xr.Dataset) -> list[View]:
    colours = [class_colour(i) for i in range(answer.sizes["direction"])]
    bands, shares = animated_directions(answer, colours), animated_shares(answer)
    words = "Directions of X enter the code one by one, each where β falls below its squared correlation ρ²."
    means = "At the chosen β: a bit is relevant where it tells of Y. α²: signal over noise in the code."
    return [
        View(DIRECTIONS, bands.figure, bands.motions, DIRECTIONS, words),
        View(SHARES, shares.figure, shares.motions, SHARES, means),
    ]


def _colours(answer: xr.Dataset, source: Source) -> list[str]:
    """Of letters by their kind, of a table's x by their number in the table."""
    names = [str(name) for name in answer.x.values]
    if source.table:
        return [class_colour(source.table.x.index(name)) for name in names]
    kind = registry.module("datasets", "letters")
    return [KINDS["space" if name == "space" else "vowel" if name in kind.VOWELS else "consonant"] for name in names]


def _marks(answer: xr.Dataset, values: Sequence[str]) -> list[str]:
    what = "direction" if "rho" in answer else "cluster"
    return [f"β = {value}<br>{_counted(int(n), what)}" for value, n in zip(values, answer.clusters.values, strict=True)]


def _cells(answer: xr.Dataset, index: int) -> list[Cell]:
    """I(X;T), I(T;Y), clusters or directions in effect, and H(T) or the share that is kept."""
    at, about = answer.isel(beta=index), answer.attrs
    kept, relevant, whole = float(at.information_x), float(at.information_y), about["information"]
    cells = [
        [f"{kept:.2f}", "bits kept of X, I(X;T)", HOW],
        [f"{relevant:.2f}", f"of them relevant, of I(X;Y) = {whole:.2f} bits", f"I(T;Y), {HOW}"],
    ]
    if "rho" in answer:
        share = [f"{100 * relevant / whole:.0f} %", "of what X says of Y is kept", "I(T;Y) / I(X;Y)"]
        return [
            *cells,
            [f"{int(at.clusters)} of {at.sizes['direction']}", "directions in the code", "those with β < ρ²"],
            share,
        ]
    cells[0][1] = f"bits kept of H(X) = {about['entropy_x']:.2f}"
    joined = f"clusters with the same q(y|t) count as one: joining them costs less than {answers.SAME:g} bits"
    length = "entropy of the clusters: the bits that a coder needs for T; I(X;T) where every x has one cluster"
    return [*cells, [f"{int(at.clusters)}", _counted(int(at.clusters), "cluster").split()[1] + " in effect", joined],
            [f"{float(at.entropy_t):.2f}", "bits, H(T)", length]]  # fmt: skip


def _standing(answer: xr.Dataset, index: int) -> str:
    beta = _number(float(answer.beta[index]))
    if "rho" in answer:
        on = int(answer.clusters[index])
        names = ", ".join(f"ρ = {rho:g}" for rho in answer.rho.values[:on])
        return f"At β = {beta} the code keeps {names}." if on else f"At β = {beta} no direction is worth its bits."
    count, groups = int(answer.clusters[index]), answers.members(answer, index)
    if count < 2:
        return f"At β = {beta} all stand together: no bit of X is worth its price."
    large = max(groups, key=len)
    words = [f"the other {len(g)}" if g is large and len(g) > 12 else _unbroken(g) for g in groups if len(g) > 1]
    alone = [g[0] for g in groups if len(g) == 1]
    told = f" Not yet apart: {' · '.join(words)}." if words else ""
    return f"At β = {beta} the best code has {count} clusters.{told}" + (
        f" Alone: {', '.join(alone)}." if alone else ""
    )


def _unbroken(names: Sequence[str]) -> str:
    """Names with spaces between; a short list stays on one line."""
    words = " ".join(names)
    return words.replace(" ", "\u00a0") if len(words) <= 26 else words


def _shared(answer: xr.Dataset, index: int) -> list[str]:
    """How far the code is from the hard clusters of the tree, where it is far: a branch says where an x comes from."""
    if "rho" in answer or int(answer.clusters[index]) < 2:
        return []
    at = answer.isel(beta=index)
    own = np.take_along_axis(at.encoder.values, at.of.values[:, None], 1)[:, 0]
    share = float(at.p_xy.values.sum(1) @ own)
    return [f"The code is soft: it puts x into its branch’s cluster with probability {share:.2f}."] * (share < HARD)


def _vowels(answer: xr.Dataset, index: int) -> list[str]:
    """Of letters: the branches of several vowels and nothing else, whose cluster is no other letter's likeliest."""
    vowels, likeliest = registry.module("datasets", "letters").VOWELS, answer.encoder.values[index].argmax(1)
    clusters = [{*answer.x.values[likeliest == t].tolist()} for t in np.unique(likeliest)]
    groups = [each for each in answers.members(answer, index) if len(each) > 1 and {*each} <= {*vowels}]
    found = [_unbroken(each) for each in groups if {*each} in clusters]
    return [f"Only vowels, though nobody said what a vowel is: {' · '.join(found)}."] if found else []


def _thresholds(answer: xr.Dataset) -> list[str]:
    best, local = answer.attrs["global"], answer.attrs["local"]
    if best <= 1.01 * local:
        return [f"Above the critical β = {best:.3g} the best code keeps nothing."]
    return [
        f"Above β = {best:.3g} the best code keeps nothing. Between {local:.3g} and {best:.3g} a better code exists, "
        "while the one that keeps nothing is stable against small changes: who comes from strong compression finds the "
        "first split only below the lower of the two (hysteresis)."
    ]


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _number(beta: float) -> str:
    return f"{beta:.3g}"


def _ticks(betas: np.ndarray) -> list[tuple[int, str]]:
    """Round βs, each at the place nearest to it."""
    return [(int(np.argmin(np.abs(np.log(betas / value)))), text) for value, text in strength_ticks(betas).items()]
