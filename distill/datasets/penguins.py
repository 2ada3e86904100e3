"""Penguins of the Palmer Archipelago: four measurements of 333 birds, a table in which one question hides another."""

import csv
from pathlib import Path

import numpy as np

from distill.datasets import DataSet
from distill.datasets._columns import by_column, coded, split_of_all

TITLE = "Penguins"
FACTORS = ("species", "sex", "island", "year")  # the label first
DEFAULTS = {"hidden": (64,), "latent_dim": 8, "epochs": 200, "batch_size": 100, "learning_rate": 3e-3}
MEASURED = {
    "bill_length_mm": "bill length, mm",
    "bill_depth_mm": "bill depth, mm",
    "flipper_length_mm": "flipper length, mm",
    "body_mass_g": "body mass, g",
}
ROWS = Path(__file__).parents[2] / "assets" / "data" / "penguins.csv"  # made by assets/make_penguins.py


def make() -> DataSet:
    """Bill, flipper and mass of every bird of which nothing is missing (Gorman, Williams & Fraser 2014, PLoS ONE).

    Species and sex owe each other nothing (I = 0.000 bits), though both are written in the same four numbers; the
    island goes with the species (0.742 bits), and the year with next to nothing.
    """
    with ROWS.open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = {name: coded([row[name] for row in rows]) for name in FACTORS}
    raw = np.array([[float(row[name]) for name in MEASURED] for row in rows])
    train, test = split_of_all(found["species"][0])
    return DataSet(
        label=found["species"][0], factors={name: codes for name, (codes, _) in found.items()},
        classes={name: classes for name, (_, classes) in found.items()}, label_name="species",
        input_shape=(len(MEASURED),), train=train, test=test, title=TITLE, features=tuple(MEASURED.values()),
        **by_column(raw, train),
    )  # fmt: skip
