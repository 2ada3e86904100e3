"""One meaning, one colour, on every page. Light hexes; DARK gives each its partner on a dark ground."""

KEPT_RELEVANT, KEPT_IRRELEVANT = "#0b5cad", "#56b4e9"  # deep blue, sky blue
LOST_RELEVANT, LOST_IRRELEVANT = "#d55e00", "#c3c7cf"  # vermillion, quiet grey
PARTS = {
    "kept_relevant": KEPT_RELEVANT,
    "kept_irrelevant": KEPT_IRRELEVANT,
    "lost_relevant": LOST_RELEVANT,
    "lost_irrelevant": LOST_IRRELEVANT,
}

# For classes: after Paul Tol's "muted" scheme, safe for colour-blind readers, without what resembles the four above.
CLASSES = (
    "#332288", "#117733", "#aa4499", "#999933", "#882255",
    "#44aa99", "#661100", "#cc6677", "#2b2b2b", "#b8973a",
)  # fmt: skip

INK, SOFT_INK, GRID, GROUND = "#1f2430", "#5b6272", "#e4e7ec", "#ffffff"

# β from weak to strong, on every page the same: one ramp of rising darkness, none of the four among it.
BETA_RAMP = ("#f2c46d", "#e5975c", "#cf6a63", "#a9497a", "#783a86", "#452f77", "#1d1f4d")

# Layers from the input to the output: a ramp of greens, rising in darkness so that it reads without colour too; none of
# the four among it, and apart from the warm ramp of β.
LAYER_RAMP = ("#c9b92e", "#8fae3c", "#54a05a", "#1f8f7b", "#0f7080", "#124f5e", "#12303a")

# Amounts in maps and shaded words, from nearly nothing to most: one ramp of greens, none of the above among it; nothing
# at all is the page itself.
AMOUNT_RAMP = ("#d8ecc6", "#9bcf83", "#55a04e", "#226b31", "#0c3a1b")

DARK = {
    KEPT_RELEVANT: "#4d96e8", KEPT_IRRELEVANT: "#8fd0f5", LOST_RELEVANT: "#f08a45", LOST_IRRELEVANT: "#4a505c",
    "#332288": "#9a8cf0", "#117733": "#3fb56a", "#aa4499": "#d777c9", "#999933": "#c4c45a", "#882255": "#d0608f",
    "#44aa99": "#5fcab8", "#661100": "#c0654a", "#cc6677": "#f08d9d", "#2b2b2b": "#e6e6e6", "#b8973a": "#e0bd5c",
    INK: "#e8eaee", SOFT_INK: "#a3abb8", GRID: "#2c323c", GROUND: "#12151b",
    "#f2c46d": "#fbe3ae", "#e5975c": "#f6bd85", "#cf6a63": "#ee9485", "#a9497a": "#d86f9c",
    "#783a86": "#b15fbb", "#452f77": "#8a5fc4", "#1d1f4d": "#6a63c9",
    "#c9b92e": "#f4ea8c", "#8fae3c": "#cfe07a", "#54a05a": "#9ad38b", "#1f8f7b": "#62c3a8",
    "#0f7080": "#43a8b3", "#124f5e": "#3f8ba3", "#12303a": "#4d7591",
    "#d8ecc6": "#1d3a24", "#9bcf83": "#2c6637", "#55a04e": "#559f4f", "#226b31": "#98d384", "#0c3a1b": "#e2f7d2",
}  # fmt: skip


def beta_colours(count: int) -> list[str]:
    """`count` hexes along the ramp of β, weak to strong; the ramp's own stops, so that DARK has them all."""
    return [BETA_RAMP[round(i * (len(BETA_RAMP) - 1) / max(1, count - 1))] for i in range(count)]


def layer_colours(count: int) -> list[str]:
    """`count` hexes from the layer next to the input to the output; beyond seven, neighbours may share one."""
    return [LAYER_RAMP[round(i * (len(LAYER_RAMP) - 1) / max(1, count - 1))] for i in range(count)]


def class_colour(index: int) -> str:
    """The colour of class number `index`; beyond the tenth they repeat, and the labels must tell them apart."""
    return CLASSES[index % len(CLASSES)]
