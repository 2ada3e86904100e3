"""Several seeds of one sweep: their mean, and how far they spread."""

import xarray as xr

__all__ = ["averaged"]

SUFFIX = "_spread"


def averaged(run: xr.Dataset) -> xr.Dataset:
    """The run with its `seed` dimension averaged away; as it is where it has none.

    Every variable that has the dimension gains a partner `<name>_spread`, the standard deviation over seeds (n − 1 in
    the denominator): what another seed would change. Codes, maps and pictures are those of the first seed.
    """
    if "seed" not in run.dims:
        return run
    over = {name: run[name] for name in run.data_vars if "seed" in run[name].dims}
    means = {name: each.mean("seed", keep_attrs=True) for name, each in over.items()}
    spreads = {
        f"{name}{SUFFIX}": each.std("seed", ddof=1).assign_attrs(
            units=each.attrs.get("units", "1"), long_name=f"standard deviation over {each.sizes['seed']} seeds"
        )
        for name, each in over.items()
    }
    return run.drop_dims("seed").assign({**means, **spreads})
