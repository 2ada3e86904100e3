"""What a run says of itself: the names, units and estimators of its variables, its items and its attributes."""

import json

import numpy as np
import xarray as xr

from distill.datasets import DataSet, Gaussian, Joint
from distill.training import Trainer

SMALLEST_STORED = float(np.finfo(np.float16).smallest_normal)  # 6.1e-5
SPLITS = ("train", "test")

BITS = {"units": "bits"}
ATTRIBUTES = {
    "rate": BITS | {"long_name": "rate, the objective's upper bound on I(X;Z)", "estimator": "E KL(q(z|x)‖N(0, I))"},
    "information_x": BITS | {"long_name": "I(X;Z)", "estimator": "mixture of the N encoders, exact on these N points"},
    "information_y": BITS | {"long_name": "I(Z;Y)", "estimator": "oracle over the N encoders, no decoder"},
    "information_x_error": BITS | {"long_name": "standard error of I(X;Z)"},
    "information_y_error": BITS | {"long_name": "standard error of I(Z;Y)"},
    "bound_y": BITS | {"long_name": "H(Y) − CE", "estimator": "variational lower bound on I(Z;Y), one code an item"},
    "loss": BITS | {"long_name": "objective"},
    "error_one": {"units": "1", "long_name": "error with one code", "estimator": "share of items decoded wrongly"},
    "error_average": {"units": "1", "long_name": "error, average of twelve codes"},
    "entropy_y": BITS | {"long_name": "H(Y)", "estimator": "plug-in, of the items measured"},
    "information_xy": BITS | {"long_name": "I(X;Y), all that any code can keep of the label"},
    "ceiling": BITS | {"long_name": "H(X) of what is measured, which no estimate of I(X;Z) can pass"},
    "samples": {"units": "1", "long_name": "items measured, N"},
    "seconds": {"units": "s", "long_name": "time in optimiser steps"},
    "epoch": {"units": "1", "long_name": "passes over the training items"},
    "code_mean": {"units": "1", "long_name": "mean of q(z|x)"},
    "code_scale": {
        "units": "1",
        "long_name": "scale of q(z|x)",
        "note": f"as float16; a scale below {SMALLEST_STORED:.2g}, but for a code without noise, is stored as that",
    },
    "codes_2d": {"units": "1", "long_name": "sampled codes in the plane"},
}
OF_THE_JOINT = {
    "information_x": "mixture of the encoders under the known p(x, y)",
    "information_y": "oracle under the known p(x, y), no decoder",
    "entropy_y": "of the known distribution",
}
OF_LINEAR_GAUSSIANS = {
    "information_x": "closed form from the weights, jointly Gaussian X and Y",
    "information_y": "closed form from the weights, jointly Gaussian X and Y",
    "entropy_y": "−E log p(y) of the items measured, under the known density",
}
OF_A_CONTINUOUS_Y = {
    "information_y": "h(Y) − CE, variational lower bound",
    "entropy_y": "−E log p(y) of the items measured, under the known density",
}
OF_SYMBOLS = {
    "information_x": "from the symbols' probabilities, exact on these N points",
    "information_y": "from the symbols' probabilities, exact on these N points",
}
OF_SYMBOLS_OF_THE_JOINT = {
    "information_x": "from the symbols' probabilities, exact under the known p(x, y)",
    "information_y": "from the symbols' probabilities, exact under the known p(x, y)",
}
OF_NO_NOISE = {
    "rate": "none, the code has no noise",
    "information_x": "none, the code has no noise",
    "information_y": "I(X;Y), of which a code without noise hides nothing where it keeps the inputs apart",
}


def estimators(trainer: Trainer) -> dict[str, str]:
    """Variable → how it was found, for the code and the data of this sweep."""
    found = {name: str(each["estimator"]) for name, each in ATTRIBUTES.items() if "estimator" in each}
    model, known = trainer.model, trainer.data.known
    if trainer.objective.rate_estimator:
        found["rate"] = trainer.objective.rate_estimator
    if trainer.objective.decoder_note:
        for name in ("bound_y", "error_one"):
            found[name] = f"{found[name]}; {trainer.objective.decoder_note}"
    found |= OF_THE_JOINT if isinstance(known, Joint) else {}
    if model.code == "categorical":
        found |= OF_SYMBOLS_OF_THE_JOINT if isinstance(known, Joint) else OF_SYMBOLS
    elif not model.stochastic:
        found |= OF_NO_NOISE
    if trainer.data.target is not None:
        found |= OF_LINEAR_GAUSSIANS if isinstance(known, Gaussian) and model.rho is not None else OF_A_CONTINUOUS_Y
    return found


def first_arrays(trainer: Trainer, stored: np.ndarray) -> xr.Dataset:
    """What a run carries from its start: the items `stored`, their labels and factors, and what is known of all."""
    data, knob = trainer.data, trainer.objective.knob
    factors = np.stack([data.factors[name][stored] for name in data.factors], axis=1)
    scaling = {"offset": data.offset, "scale": data.scale, "low": data.value_range[0], "high": data.value_range[1]}
    about = {"long_name": "standardised inputs", "units": "1", **scaling}
    return xr.Dataset(
        {
            "inputs": (("point", "feature"), data.inputs[stored], about),
            "label": ("point", data.label[stored], {"long_name": data.label_name, "units": "1"}),
            "factors": (("point", "factor"), factors, {"long_name": "factors", "units": "1"}),
            **_named(data, stored),
            **_known(data),
        },
        coords={
            "beta": ("beta", list(trainer.config.betas), {"long_name": knob.label, "units": knob.unit or "1"}),
            "split": list(SPLITS),
            "point": ("point", stored, {"long_name": "index in the data set", "units": "1"}),
            "factor": list(data.factors),
            "latent": np.arange(trainer.config.latent_dim),
            "axis": ["x", "y"],
        },
    )


def _named(data: DataSet, stored: np.ndarray) -> dict[str, tuple]:
    """What a table says of its columns, and a data set of sentences of the items `stored`; text as unicode."""
    found: dict[str, tuple] = {}
    if data.features:
        found["feature_name"] = ("feature", np.array(data.features, str), {"long_name": "column", "units": "1"})
    if data.feature_scale is not None:
        for part, values in {"offset": data.feature_offset, "scale": data.feature_scale}.items():
            about = {"long_name": f"{part} of a column: original value = inputs · scale + offset", "units": "1"}
            found[f"feature_{part}"] = ("feature", np.asarray(values, float), about)
    if data.texts is not None:
        found["text"] = ("point", np.array([data.texts[i] for i in stored], str), {"long_name": "text", "units": "1"})
    return found


def _known(data: DataSet) -> dict[str, tuple]:
    """The distribution that the items were drawn from, where it is known."""
    if isinstance(data.known, Joint):
        about = {"long_name": "p(x, y)", "units": "1"}
        return {"joint": (("value_x", "value_y"), data.known.p_xy, about)}
    if not isinstance(data.known, Gaussian):
        return {}
    about, known = {"long_name": "covariance", "units": "1"}, data.known
    return {
        "covariance_x": (("axis_x", "axis_x_too"), known.cov_x, about),
        "covariance_xy": (("axis_x", "axis_y"), known.cov_xy, about),
        "covariance_y": (("axis_y", "axis_y_too"), known.cov_y, about),
    }


def attributes(trainer: Trainer, points: int, created: str, versions: dict[str, str]) -> dict[str, str | int | list]:
    """The attributes that make a run readable without the program that made it; `points` is N."""
    config, data, objective = trainer.config, trainer.data, trainer.objective
    knob = {name: getattr(objective.knob, name) for name in ("label", "symbol", "unit", "default")}
    return {
        "config": config.to_json(),
        "id": config.id,
        "title": f"{data.title}, {objective.title}",
        "dataset_title": data.title,
        "objective_title": objective.title,
        "objective_formula": objective.formula,
        "code": trainer.model.code,
        "label_name": data.label_name,
        "heads": json.dumps(dict(data.heads) or {data.label_name: 1.0}),
        "start": config.start or "",
        "classes": json.dumps(data.classes),
        "input_shape": list(data.input_shape),
        "steps": trainer.steps,
        "steps_per_epoch": trainer.steps_per_epoch,
        "device": str(trainer.device),
        "threads": config.threads or "chosen while training",
        "versions": json.dumps(versions),
        "created": created,
        "training_items": len(data.train),
        "points": points,
        "estimators": json.dumps(estimators(trainer)),
        "knob": json.dumps(knob),
    }
