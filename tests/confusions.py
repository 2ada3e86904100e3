"""Made confusions along β, and runs of which nothing is known but them: for the tests of merging classes."""

import json

import numpy as np
import xarray as xr


def h2(e):
    return -(e * np.log2(e) + (1 - e) * np.log2(1 - e))


def run_with(shares, items=200, betas=None, **attrs):
    """A run of which nothing is known but its confusion (beta, class, answer) and how many items each class has."""
    count = shares.shape[1]
    counts = np.broadcast_to(items, count)
    betas = np.geomspace(0.01, 1, len(shares)) if betas is None else betas
    knob = {"symbol": "β", "unit": "", "label": "Compression strength β", "default": 0.01}
    config = json.dumps({"seed": 0, "latent_dim": 2, "epochs": 1, "objective": "vib"})
    kept = np.repeat(np.arange(count), np.maximum(1, counts // 4))
    about = {"id": "0" * 12, "label_name": "kind", "classes": json.dumps({"kind": [chr(97 + i) for i in range(count)]}),
             "knob": json.dumps(knob), "config": config, "dataset_title": "made", "objective_title": "VIB"}  # fmt: skip
    return xr.Dataset(
        {
            "confusion": (("beta", "label_value", "decoded_value"), shares),
            "label": ("point", kept),
            "samples": (("step", "split"), [[int(sum(counts))] * 2], {}),
            "information_x": (("step", "beta", "split"), np.zeros((1, len(shares), 2)), {"estimator": "made"}),
            "information_y": (("step", "beta", "split"), np.zeros((1, len(shares), 2)), {"estimator": "made"}),
        },
        coords={"beta": betas, "split": ["train", "test"], "step": [1]},
        attrs=about | attrs,
    )


def in_pairs(near, far):
    """Four classes in two pairs: shares `near` (beta,) are taken for the other of the pair, `far` for each beyond."""
    near, far = np.broadcast_arrays(np.asarray(near, float), np.asarray(far, float))
    rows = np.empty((len(near), 4, 4))
    for i in range(4):
        for j in range(4):
            rows[:, i, j] = 1 - near - 2 * far if i == j else near if i // 2 == j // 2 else far
    return rows
