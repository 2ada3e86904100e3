"""What every data set, objective, figure and measure promises: a new file is held to it without a new test."""

import ast
import inspect
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
import torch

from distill import config, datasets, objectives, registry
from distill.config import Choice, SweepConfig
from distill.errors import InvalidValue
from distill.objectives import Knob, Objective, Terms

ROOT = Path(registry.__file__).parent
every_data_set = pytest.mark.parametrize("name", datasets.names())
every_objective = pytest.mark.parametrize("name", objectives.names())
PUBLIC = [(folder, name) for folder in ("figures", "measures") for name in registry.public(folder)]
every_public_name = pytest.mark.parametrize(("folder", "name"), PUBLIC)


# --- data sets


@every_data_set
def test_a_data_set_says_its_title_and_its_factors_before_it_is_loaded(name):
    module, data = registry.module("datasets", name), datasets.load(name)
    assert isinstance(module.TITLE, str)
    assert data.title == module.TITLE
    assert tuple(data.factors) == module.FACTORS
    assert module.FACTORS[0] == data.label_name
    assert len(set(module.FACTORS)) == len(module.FACTORS)


@every_data_set
def test_a_data_set_can_be_trained_measured_and_drawn(name, tmp_path):
    """Two βs for two steps: everything that a run needs of a data set, through to its figures."""
    from distill import recording, store

    data = datasets.load(name)
    batch = len(data.train) // 2
    small = SweepConfig(
        dataset=name, betas=(0.1, 1.0), hidden=(8,), latent_dim=3, epochs=1, batch_size=batch, points=60, snapshots=2,
        device="cpu", threads=1,
    )  # fmt: skip
    assert recording.record(small, tmp_path / small.id) == "done"
    recording.finish(tmp_path / small.id)
    run = store.open_run(tmp_path / small.id).load()
    assert run.step.values[-1] == 2
    assert np.prod(run.attrs["input_shape"]) == run.sizes["feature"]
    assert {name: tuple(values) for name, values in json.loads(run.attrs["classes"]).items()} == data.classes
    for figure in figures():
        try:
            assert type(figure(run, Choice(beta=0))) is go.Figure
        except InvalidValue as error:
            assert "are no pictures" in str(error)


# --- objectives


@every_objective
def test_an_objective_says_its_title_its_formula_and_its_knob(name):
    objective = objectives.load(name)
    assert isinstance(objective, Objective)
    assert objective.title and objective.formula
    assert type(objective).__doc__ and type(objective).__doc__ != Objective.__doc__
    knob = objective.knob
    assert isinstance(knob, Knob)
    assert knob.label and knob.symbol
    assert len(knob.grid) >= 1
    assert SweepConfig(objective=name, betas=knob.grid).betas == tuple(knob.grid)  # can be trained as it stands
    assert len({objectives.load(each).title for each in objectives.names()}) == len(objectives.names())


@every_objective
def test_a_loss_is_one_number_a_model_and_depends_on_its_own_terms_alone(name):
    objective, generator = objectives.load(name), torch.Generator().manual_seed(0)
    draw = [torch.rand(6, generator=generator, dtype=torch.float64).requires_grad_() for _ in range(2)]
    strength = torch.linspace(0, 1, 6, dtype=torch.float64)
    loss = objective.loss(Terms(*draw), strength)
    assert loss.shape == (6,)
    assert torch.isfinite(loss).all()
    for model in range(6):
        found = torch.autograd.grad(loss[model], draw, retain_graph=True, allow_unused=True)
        for gradient in found:
            assert gradient is None or not gradient[torch.arange(6) != model].any()
    alone = [objective.loss(Terms(*(each[i : i + 1] for each in draw)), strength[i : i + 1]) for i in range(6)]
    assert torch.allclose(loss, torch.cat(alone), rtol=0, atol=1e-12)


@every_objective
def test_more_strength_never_makes_a_code_cheaper(name):
    objective = objectives.load(name)
    terms = Terms(torch.full((5,), 0.7), torch.full((5,), 2.0))
    price = objective.loss(terms, torch.linspace(0, 1, 5))
    assert (torch.diff(price) >= 0).all()
    assert price[0] >= 0.7 - 1e-6  # the cross-entropy is always paid


def test_the_two_objectives_as_they_are_written():
    terms, strength = Terms(torch.tensor([0.5, 0.5]), torch.tensor([3.0, 4.0])), torch.tensor([0.1, 2.0])
    assert objectives.load("vib").loss(terms, strength).tolist() == pytest.approx([0.8, 8.5])
    assert objectives.load("deterministic").loss(terms, strength).tolist() == [0.5, 0.5]
    assert objectives.load("vib").code == "gaussian"
    assert objectives.load("deterministic").code == "noiseless"


# --- figures and measures


def figures():
    found = registry.public("figures").values()
    return [each for each in found if inspect.isfunction(each) and returns(each) is go.Figure]


def returns(function):
    return inspect.signature(function).return_annotation


@pytest.mark.parametrize("figure", figures(), ids=lambda each: each.__name__)
def test_a_figure_takes_a_run_and_a_choice(figure):
    parameters = inspect.signature(figure).parameters
    assert list(parameters) == ["run", "choice"]
    assert parameters["choice"].default == Choice()


@pytest.mark.parametrize("folder", ["figures", "measures"])
def test_every_file_lists_what_it_publishes_and_nothing_is_called_as_its_file(folder):
    for name in registry.names(folder):
        module = registry.module(folder, name)
        assert list(module.__all__) == sorted(module.__all__)
        assert name not in module.__all__
        assert not hasattr(module, name)
        assert all(
            inspect.getmodule(each) is module for each in map(vars(module).get, module.__all__) if callable(each)
        )


@every_public_name
def test_what_is_public_is_typed_and_says_what_it_is(folder, name):
    found = registry.public(folder)[name]
    assert getattr(sys.modules[f"distill.{folder}"], name) is found
    if inspect.isfunction(found):
        assert found.__doc__ and len(found.__doc__.split()) > 5
        signature = inspect.signature(found)
        assert signature.return_annotation is not inspect.Signature.empty
        assert all(each.annotation is not inspect.Parameter.empty for each in signature.parameters.values())


# --- all of them


def test_finding_and_describing_variants_imports_nothing_heavy():
    code = """
import sys
from distill import datasets, objectives, registry
for name in datasets.names():
    module = registry.module("datasets", name)
    module.TITLE, module.FACTORS
for name in objectives.names():
    objective = objectives.load(name)
    objective.title, objective.formula, objective.knob.grid
for folder in ("measures", "figures"):
    registry.public(folder)
print(*{"torch", "sklearn", "umap", "numba", "streamlit"} & set(sys.modules))
"""
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT.parent, capture_output=True, text=True, timeout=120)
    assert said.returncode == 0, said.stderr
    assert said.stdout.split() == []


@pytest.mark.parametrize("folder", ["datasets", "objectives", "figures", "measures"])
def test_a_variant_file_says_what_it_is(folder):
    for name in registry.names(folder):
        tree = ast.parse((ROOT / folder / f"{name}.py").read_text())
        assert ast.get_docstring(tree), name


@pytest.mark.parametrize("folder", ["datasets", "objectives"])
def test_every_variant_is_a_value_that_a_configuration_takes(folder):
    field = folder.removesuffix("s")
    for name in registry.names(folder):
        assert getattr(config.SweepConfig(**{field: name}), field) == name
