"""What a network learns lies under the exact curve, and near it: the program's two halves held against each other."""

import numpy as np
import pytest
from conftest import trained

from distill import exact
from distill.config import SweepConfig
from distill.exact import hull

pytestmark = pytest.mark.slow
BETAS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.95)
LINEAR = SweepConfig(
    dataset="gaussian", betas=BETAS, hidden=(), latent_dim=2, epochs=30, batch_size=256, snapshots=3, device="cpu",
    threads=1,
)  # fmt: skip
SMALL_JOINT = SweepConfig(
    dataset="joint", betas=(0.03, 0.06, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.6), hidden=(32,), latent_dim=2,
    epochs=60, batch_size=256, snapshots=3, device="cpu", threads=1,
)  # fmt: skip


@pytest.fixture(scope="module")
def linear(own_store):
    return trained(LINEAR, own_store).isel(step=-1).sel(split="test")


@pytest.fixture(scope="module")
def on_a_joint(own_store):
    return trained(SMALL_JOINT, own_store).isel(step=-1).sel(split="test")


def test_a_linear_code_lies_under_the_gaussian_curve_and_within_a_twentieth_of_a_bit(linear):
    """Both coordinates are closed forms of the learned weights, so nothing is left to chance but the training set."""
    covariances = [linear[name].values for name in ("covariance_x", "covariance_xy", "covariance_y")]
    best = exact.gaussian_curve(*covariances, linear.information_x.values)
    below = best - linear.information_y.values
    assert (below > -1e-9).all()
    active = linear.beta.values < exact.gaussian_critical_betas(*covariances)[0]
    assert active.sum() == 7
    assert below[active].max() < 0.05
    lagrangian = exact.gaussian_information_bottleneck(*covariances, BETAS).lagrangian
    learned = linear.beta * linear.information_x - linear.information_y
    assert (learned.values - lagrangian)[active].max() < 0.05
    assert abs(float(linear.information_x[~active].max())) < 0.01, "above its critical β the code is gone"


def test_its_rate_and_bound_hold_the_closed_form_between_them(linear):
    """The rate is an upper bound of I(X;Z); H(Y) − CE is a lower bound of I(Z;Y), but for the 1000 test items it is
    taken on."""
    assert (linear.rate - linear.information_x > -0.02).all()
    assert (linear.bound_y - linear.information_y < 0.05).all()


def test_a_code_of_a_small_joint_lies_under_its_curve_and_within_a_tenth_of_a_bit(on_a_joint):
    answer = exact.information_bottleneck(on_a_joint.joint.values, np.geomspace(0.005, 0.6, 60))
    x, y = hull(answer.information_x, answer.information_y)
    best = np.interp(on_a_joint.information_x.values, x, y)
    below = best - on_a_joint.information_y.values
    chance = 4 * np.hypot(on_a_joint.information_x_error, on_a_joint.information_y_error).values
    assert (below > -chance - 0.002).all()
    assert below.max() < 0.1


def test_the_rate_of_a_code_of_the_joint_is_above_what_it_keeps(on_a_joint):
    assert (on_a_joint.rate - on_a_joint.information_x > -4 * on_a_joint.information_x_error - 1e-3).all()
    assert (on_a_joint.information_y - on_a_joint.bound_y > -4 * on_a_joint.information_y_error - 1e-3).all()
