"""What a stored item is, in words: the columns of a table's row, or the sentence that it is."""

import xarray as xr

MOST_COLUMNS = 8  # in a note beside the pointer


def item_facts(run: xr.Dataset) -> list[str]:
    """Lines that say what each stored item is, each after a line break; "" of pictures and of plain vectors."""
    if "text" in run:
        return [f"\n{text}" for text in run.text.values]
    if "feature_name" not in run:
        return [""] * run.sizes["point"]
    original = (run.inputs * run.feature_scale + run.feature_offset).transpose("point", "feature").values
    names = [str(name) for name in run.feature_name.values]
    more = len(names) - MOST_COLUMNS
    rest = f"\nand {more} more columns" if more > 0 else ""
    return [
        "".join(f"\n{_valued(name, row[i])}" for i, name in enumerate(names[:MOST_COLUMNS])) + rest for row in original
    ]


def _valued(name: str, value: float) -> str:
    """A column with its value; a unit that the name ends with goes behind the number."""
    column, comma, unit = name.rpartition(", ")
    return f"{column} {value:.4g} {unit}" if comma else f"{name} {value:.4g}"
