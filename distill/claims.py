"""What VIB is said to bring besides compression, measured on a trained sweep: calibration, and error under attack."""

import numpy as np
import torch
import xarray as xr

from distill.items import Evaluation
from distill.measures.calibration import (
    brier_score,
    calibration_floor,
    expected_calibration_error,
    negative_log_likelihood,
    reliability,
)
from distill.robustness import CODES, attacked, decoded
from distill.training import Trainer
from distill.variables import SPLITS

BINS = 15  # as Guo et al. 2017
MOST_ATTACKED, FEWEST_ATTACKED = 500, 100  # test items; several seeds share the most among them
SCORES = {
    "calibration_error": {
        "units": "1",
        "long_name": "calibration error",
        "estimator": f"expected calibration error, top label, {BINS} equal bins; one: mean over twelve codes",
    },
    "calibration_floor": {
        "units": "1",
        "long_name": "calibration error by chance",
        "estimator": "expected of as many items where every confidence is the true probability",
    },
    "surprise": {"units": "bits", "long_name": "E[−log q(y)]", "estimator": "negative log-likelihood of the labels"},
    "brier_score": {"units": "1", "long_name": "Brier score", "estimator": "E Σ (q_c − [y = c])²"},
}
BINNED = {
    "confidence": "mean confidence",
    "accuracy": "share decoded rightly",
    "share": "share of the items",
}


def claims(trainer: Trainer, evaluation: Evaluation) -> xr.Dataset:
    """Calibration and error under attack at every β.

    Nothing where Y is continuous or several factors, nor for the symbols of a known distribution: there is nothing
    between two of them that an attack could choose, and their errors are those of the distribution, not of drawn items.
    """
    if trainer.data.target is not None or trainer.data.known is not None or trainer.data.heads:
        return xr.Dataset()
    count = max(FEWEST_ATTACKED, MOST_ATTACKED // trainer.config.seeds)
    items = evaluation.items["test"][:count]
    return calibration(trainer, evaluation).merge(attacked(trainer, items, evaluation.noise[:, : len(items)]))


def calibration(trainer: Trainer, evaluation: Evaluation) -> xr.Dataset:
    """How far what the networks say of themselves is true, with one code and with the average of twelve.

    `calibration_error`, `calibration_floor`, `surprise`, `brier_score` (beta, codes, split), on all N items. With one
    code they are means over the twelve codes, each of N items, so that both have the error by chance of N items. Where
    a run has several seeds, `seed` is their last dimension.
    `reliability_confidence`, `_accuracy`, `_share` (beta, codes, bin), on the test items, all codes and seeds together.
    """
    probabilities = {split: _predicted(trainer, evaluation, split) for split in SPLITS}
    labels = {split: evaluation.data.label[evaluation.items[split]] for split in SPLITS}
    found = [[[_scores(each, labels[split]) for each in row] for row in probabilities[split]] for split in SPLITS]
    scores = np.moveaxis(np.array(found), (4, 0, 1), (1, 3, 4))  # (split, seed, beta, codes, score) → …
    bins = np.array([_bins(each, labels["test"]) for each in probabilities["test"].swapaxes(0, 1)])
    over = ("beta", "codes", "split", "seed")
    items = {"items": len(labels["test"])}
    run = xr.Dataset({name: (over, scores[:, i], about | items) for i, (name, about) in enumerate(SCORES.items())})
    for i, (name, words) in enumerate(BINNED.items()):
        about = {"units": "1", "long_name": words}
        run[f"reliability_{name}"] = (("beta", "codes", "bin"), bins[:, :, i], about)
    middles = ("bin", (np.arange(BINS) + 0.5) / BINS, {"units": "1", "long_name": "confidence, middle of the bin"})
    run = run.assign_coords(codes=list(CODES), split=list(SPLITS), bin=middles)
    return run if trainer.config.seeds > 1 else run.isel(seed=0)


@torch.no_grad()
def _predicted(trainer: Trainer, evaluation: Evaluation, split: str) -> np.ndarray:
    """q(y|z) of every code: (seed, beta, draws, N, C), float32."""
    items = evaluation.items[split]
    inputs = torch.from_numpy(evaluation.data.inputs[items]).to(trainer.strength)
    logits = decoded(trainer.model, inputs, evaluation.noise[:, : len(items)].to(inputs))  # (S, C, draws, N)
    found = logits.softmax(1).movedim(1, -1).cpu().numpy()
    return found.reshape(trainer.config.seeds, -1, *found.shape[1:])


def _scores(probabilities: np.ndarray, labels: np.ndarray) -> list[list[float]]:
    """(codes, score) of one network, from what it says of its codes (draws, N, C)."""
    scores = (
        lambda each: expected_calibration_error(each, labels, BINS),
        lambda each: calibration_floor(each, BINS),
        lambda each: negative_log_likelihood(each, labels),
        lambda each: brier_score(each, labels),
    )
    one = probabilities.astype(np.float64)
    return [[float(score(each).mean()) for score in scores] for each in (one, one.mean(0))]


def _bins(probabilities: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
    """(codes, reading, bin) of one β, from what its networks say of their codes (seed, draws, N, C)."""
    together = (probabilities, probabilities.mean(1, keepdims=True))
    flat = [(each.reshape(-1, each.shape[-1]), each[..., 0].size // len(labels)) for each in together]
    return [np.stack(reliability(each, np.tile(labels, times), BINS)) for each, times in flat]
