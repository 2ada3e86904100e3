"""Facts of the penguins that were known beforehand, and what the task decides about them."""

import numpy as np
import pytest
from conftest import loaded, trained

from distill import datasets, measures
from distill.config import SweepConfig
from distill.measures.probing import held_out_gain

BETAS = (0.0, 0.001, 0.0056, 0.032, 0.65)


def information(a, b):
    """I(A;B) of two columns of class numbers, in bits."""
    joint = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(joint, (a, b), 1 / len(a))
    apart = joint.sum(1, keepdims=True) * joint.sum(0)
    return float((joint[joint > 0] * np.log2(joint[joint > 0] / apart[joint > 0])).sum())


def test_the_birds_are_the_333_of_which_nothing_is_missing():
    data = loaded("penguins")
    assert data.inputs.shape == (333, 4) and data.input_shape == (4,)
    assert data.features == ("bill length, mm", "bill depth, mm", "flipper length, mm", "body mass, g")
    counts = {name: np.bincount(codes).tolist() for name, codes in data.factors.items()}
    assert counts == {"species": [146, 68, 119], "sex": [165, 168], "island": [163, 123, 47], "year": [103, 113, 117]}
    assert data.classes["species"] == ("Adelie", "Chinstrap", "Gentoo") and data.classes["sex"] == ("female", "male")
    original = data.inputs * data.feature_scale + data.feature_offset
    np.testing.assert_allclose(original[0], [39.1, 18.7, 181, 3750], rtol=1e-5)  # the first bird of the table
    np.testing.assert_allclose(original.mean(0), [43.99, 17.16, 200.97, 4207.06], rtol=1e-3)


def test_each_measurement_is_standardised_by_itself():
    data = loaded("penguins")
    train = data.inputs[data.train].astype(float)
    np.testing.assert_allclose(train.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(train.std(0), 1, atol=1e-6)


def test_sex_owes_the_species_nothing_and_the_island_goes_with_it():
    factors = loaded("penguins").factors
    assert round(information(factors["sex"], factors["species"]), 3) == 0.0
    assert information(factors["island"], factors["species"]) == pytest.approx(0.742, abs=5e-4)
    assert information(factors["year"], factors["species"]) < 0.01  # the near-null control


def test_a_linear_probe_reads_species_and_sex_from_the_measurements_and_the_year_hardly():
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import KFold, cross_val_score

    data, folds = loaded("penguins"), KFold(5, shuffle=True, random_state=0)
    found = {
        name: cross_val_score(LogisticRegression(max_iter=500), data.inputs, codes, cv=folds).mean()
        for name, codes in data.factors.items()
    }
    known = {"species": 0.991, "sex": 0.853, "island": 0.662, "year": 0.409}
    assert found == pytest.approx(known, abs=0.05)
    assert held_out_gain(data.inputs, data.factors["sex"]).mean() == pytest.approx(0.63, abs=0.03)  # of one bit


def shares(label, folder):
    """factor → share of its bits that is kept at each β; and the share that a probe of the inputs gets."""
    config = SweepConfig(
        dataset="penguins", label=label, betas=BETAS, snapshots=2, device="cpu", threads=1,
        **datasets.defaults("penguins"),
    )  # fmt: skip
    found = measures.factors(trained(config, folder))
    kept = {str(name): found.share.sel(factor=name).values for name in found.factor.values}
    return kept, {name: float((found.ceiling / found.entropy).sel(factor=name)) for name in kept}


@pytest.mark.slow
def test_the_task_decides_what_is_kept_of_a_penguin(tmp_path):
    """Five seeds gave, at these βs: Y = species: species .96 .95 .93 .88 .15, sex .14 .06 .02 .01 0, island .43 .39 .34
    .27 0; Y = sex: species .54 .25 0 0 0, sex .60 .60 .57 .52 0, island .23 .08 0 0 0; the year 0 throughout.
    """
    kept, _ = shares(None, tmp_path)
    assert (kept["species"][:3] > 0.9).all() and kept["species"][3] > 0.8 and kept["species"][4] < 0.3
    assert kept["sex"][1] <= 0.15 and (kept["sex"][2:] <= 0.06).all()
    assert 0.3 < kept["island"][0] < 0.5  # as much as the species says of it
    assert (kept["year"] < 0.02).all()
    kept, ceiling = shares("sex", tmp_path)
    assert kept["species"][0] > 0.3 > kept["species"][1] - 0.1 and (kept["species"][2:] < 0.03).all()
    assert (kept["sex"][:3] > ceiling["sex"] - 0.1).all()  # all that the raw inputs give, which is 0.59
    assert ceiling["sex"] == pytest.approx(0.59, abs=0.05)
    assert (kept["island"][2:] < 0.03).all() and (kept["year"] < 0.02).all()
