"""Calibration: what a network says of itself against how often it is right, on cases whose answer is known."""

import numpy as np
import pytest

from distill.measures.calibration import (
    brier_score,
    calibration_floor,
    expected_calibration_error,
    negative_log_likelihood,
    reliability,
)


def saying(confidence, classes=4):
    """Predictions of class 0 with these confidences, what is left shared among the others: (…, N, C)."""
    confidence = np.asarray(confidence, float)[..., None]
    return np.concatenate([confidence, np.repeat((1 - confidence) / (classes - 1), classes - 1, axis=-1)], axis=-1)


def truthful(rng, items, low=0.4):
    """Confidences, and labels that are 0 just as often as they say."""
    confidence = rng.uniform(low, 1, items)
    return saying(confidence), np.where(rng.random(items) < confidence, 0, rng.integers(1, 4, items))


def test_a_network_that_is_right_in_six_of_ten_and_says_nine_is_off_by_three():
    labels = np.array([0, 0, 0, 0, 0, 0, 1, 2, 3, 1])
    assert expected_calibration_error(saying([0.9] * 10), labels) == pytest.approx(0.3)
    assert expected_calibration_error(saying([0.6] * 10), labels) == pytest.approx(0)
    assert expected_calibration_error(saying([0.4] * 10), labels) == pytest.approx(0.2)  # too modest counts alike


def test_the_error_of_a_constant_predictor_is_how_far_its_one_confidence_is_off():
    """Every item says class 0 with the same q; the share of class 0 among the labels is p."""
    labels = np.repeat([0, 1, 2, 3], [50, 20, 20, 10])
    for q in (0.3, 0.5, 0.77, 1.0):
        assert expected_calibration_error(saying([q] * 100), labels) == pytest.approx(abs(q - 0.5))


def test_two_wrongs_in_one_bin_cancel_and_in_two_bins_do_not():
    """Over- and underconfident items of the same confidence are calibrated together; of different ones they are not."""
    labels = np.array([0] * 10 + [1] * 10)
    assert expected_calibration_error(saying([0.5] * 20), labels) == pytest.approx(0)
    apart = saying([0.45] * 10 + [0.55] * 10)
    assert expected_calibration_error(apart, labels) == pytest.approx(0.55)
    assert expected_calibration_error(apart, labels, bins=1) == pytest.approx(0)


def test_bins_are_open_below_and_closed_above():
    found = reliability(saying([0.6, 0.6000001, 0.8, 1.0]), np.array([0, 1, 0, 0]), bins=5)
    assert found.share.tolist() == [0, 0, 0.25, 0.5, 0.25]
    assert found.accuracy[2:].tolist() == [1, 0.5, 1]
    assert found.confidence[2:] == pytest.approx([0.6, 0.70000005, 1.0])
    assert np.isnan(found.confidence[:2]).all()
    edges = np.arange(5, 16) / 15  # none of them falls by rounding into the bin above
    assert reliability(saying(edges), np.zeros(11, int)).share[4:] == pytest.approx(np.full(11, 1 / 11))


def test_a_network_that_tells_the_truth_lies_on_the_diagonal():
    probabilities, labels = truthful(np.random.default_rng(0), 200_000)
    found = reliability(probabilities, labels)
    assert found.share.sum() == pytest.approx(1)
    assert np.nanmax(np.abs(found.accuracy - found.confidence)) < 4 * 0.5 / np.sqrt(200_000 / 15)
    assert expected_calibration_error(probabilities, labels) < 0.005


def test_what_chance_alone_gives_is_what_truthful_networks_are_found_to_have():
    rng = np.random.default_rng(1)
    for items, low in ((100, 0.4), (450, 0.4), (450, 0.97)):
        drawn = [truthful(rng, items, low) for _ in range(400)]
        found = np.mean([expected_calibration_error(*each) for each in drawn])
        floor = np.mean([calibration_floor(probabilities) for probabilities, _ in drawn])
        assert floor == pytest.approx(found, rel=0.08), (items, low)


def test_chance_of_one_doubtful_item_and_of_none():
    """E|[right] − c| = 2 c (1 − c) for one item; where nothing is doubtful there is nothing to err in."""
    assert calibration_floor(saying([0.95])) == pytest.approx(2 * 0.95 * 0.05)
    assert calibration_floor(saying([1.0] * 50)) == 0


def test_surprise_and_brier_score_of_known_predictions():
    labels = np.array([0, 1, 2, 3])
    uniform = np.full((4, 4), 0.25)
    assert negative_log_likelihood(uniform, labels) == pytest.approx(2)  # bits
    assert brier_score(uniform, labels) == pytest.approx(3 / 4)
    assert brier_score(np.eye(4), labels) == 0
    assert brier_score(np.eye(4), (labels + 1) % 4) == pytest.approx(2)
    assert negative_log_likelihood(np.eye(4), labels) == 0
    assert np.isposinf(negative_log_likelihood(np.eye(4), (labels + 1) % 4))
    assert negative_log_likelihood(saying([0.5]), np.array([0])) == pytest.approx(1)
    assert brier_score(saying([0.7]), np.array([0])) == pytest.approx(0.3**2 + 3 * 0.1**2)


def test_many_networks_at_once_are_each_alone():
    rng = np.random.default_rng(2)
    probabilities, labels = rng.dirichlet(np.ones(4), (3, 2, 60)), rng.integers(0, 4, 60)
    for measure in (expected_calibration_error, negative_log_likelihood, brier_score):
        together = measure(probabilities, labels)
        assert together.shape == (3, 2)
        assert together[2, 1] == pytest.approx(measure(probabilities[2, 1], labels), rel=1e-12)
    assert calibration_floor(probabilities)[1, 0] == pytest.approx(calibration_floor(probabilities[1, 0]), rel=1e-12)
    binned = reliability(probabilities, labels)
    for together, alone in zip(binned, reliability(probabilities[2, 0], labels), strict=True):
        assert together.shape == (3, 2, 15)
        assert np.array_equal(together[2, 0], alone, equal_nan=True)
