"""What every data set, objective, figure and measure promises: a new file is held to it without a new test."""

import ast
import inspect
import json
import math
import re
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
import torch
from conftest import NOT_FOR_EVERY_RUN, figure_of, loaded, options_of

from distill import config, datasets, exporting, objectives, registry
from distill.config import Choice, SweepConfig
from distill.errors import InvalidValue
from distill.figures._animation import chosen
from distill.objectives import Knob, Objective, Terms

ROOT = Path(registry.__file__).parent
every_data_set = pytest.mark.parametrize("name", datasets.names())
every_objective = pytest.mark.parametrize("name", objectives.names())
PUBLIC = [(folder, name) for folder in ("figures", "measures") for name in registry.public(folder)]
every_public_name = pytest.mark.parametrize(("folder", "name"), PUBLIC)


@pytest.fixture
def quick(monkeypatch):
    """Probes of a few steps and trees of a few resamples: what is tested here is that all of it can be had.

    What they find is tested in test_probes and test_merging. It saves a third of the time.
    """
    from distill import probes
    from distill.measures import merging

    for name in ("OF_CODES", "OF_INPUTS"):
        monkeypatch.setattr(probes, name, (12, *getattr(probes, name)[1:]))
    for name in ("RESAMPLES", "RESAMPLES_OF_MANY"):
        monkeypatch.setattr(merging, name, 12)


# --- data sets


@every_data_set
def test_a_data_set_says_its_title_and_its_factors_before_it_is_loaded(name):
    module, data, found = registry.module("datasets", name), loaded(name), datasets.factors(name, options_of(name))
    assert isinstance(module.TITLE, str)
    assert data.title == module.TITLE or hasattr(module, "NEEDS")  # a table is called as its file
    assert tuple(data.factors) == found
    assert found[0] == data.label_name
    assert len(set(found)) == len(found)


@every_data_set
def test_a_data_set_can_be_trained_measured_and_drawn(name, tmp_path, quick):
    """Two βs for two steps: everything that a run needs of a data set, through to its figures."""
    from distill import finishing, recording, store

    data = loaded(name)
    batch = len(data.train) // 2
    small = SweepConfig(
        dataset=name, dataset_options=options_of(name), betas=(0.1, 1.0), hidden=(8,), latent_dim=3, epochs=1,
        batch_size=batch, points=60, snapshots=2, device="cpu", threads=1,
    )  # fmt: skip
    assert recording.record(small, tmp_path / small.id) == "done"
    finishing.finish(tmp_path / small.id)
    run = store.open_run(tmp_path / small.id).load()
    assert run.step.values[-1] == 2
    assert np.prod(run.attrs["input_shape"]) == run.sizes["feature"]
    assert {name: tuple(values) for name, values in json.loads(run.attrs["classes"]).items()} == data.classes
    for figure in figures():
        try:
            assert type(figure(run, Choice(beta=0))) is go.Figure
        except InvalidValue as error:
            assert any(words in str(error) for words in NOT_FOR_EVERY_RUN), error


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
    assert min(knob.grid) <= knob.default <= max(knob.grid)
    assert len({objectives.load(each).title for each in objectives.names()}) == len(objectives.names())


@every_objective
def test_a_knob_has_its_range_in_any_number_of_values(name):
    knob = objectives.load(name).knob
    for count in (3, 9, 65):
        grid = knob.grid_of(count)
        assert SweepConfig(objective=name, betas=grid).betas == grid
        if len(knob.grid) > 1:
            assert (len(grid), grid[0], grid[-1]) == (count, knob.grid[0], knob.grid[-1])
    np.testing.assert_allclose(knob.grid_of(len(knob.grid)), knob.grid, rtol=1e-4)


def drawn_terms(count):
    """Four random terms of `count` models, for which a loss can be asked for its gradients."""
    generator = torch.Generator().manual_seed(0)
    return Terms(*(torch.rand(count, generator=generator, dtype=torch.float64).requires_grad_() for _ in range(4)))


def slopes(loss, terms):
    """How each model's loss rises with its own terms: name → (S,); 0 for a term that it does not use."""
    given = {each.name: getattr(terms, each.name) for each in fields(terms)}
    found = torch.autograd.grad(loss.sum(), list(given.values()), allow_unused=True)
    return {name: torch.zeros_like(loss) if each is None else each for name, each in zip(given, found, strict=True)}


def strengths(name):
    """Values of the knob from weak to strong, (S,)."""
    return torch.tensor(objectives.load(name).knob.grid_of(6), dtype=torch.float64)


@every_objective
def test_a_loss_is_one_number_a_model_and_depends_on_its_own_terms_alone(name):
    objective, strength = objectives.load(name), strengths(name)
    count = len(strength)
    terms = drawn_terms(count)
    draw = [getattr(terms, each.name) for each in fields(terms)]
    loss = objective.loss(terms, strength)
    assert loss.shape == (count,)
    assert torch.isfinite(loss).all()
    for model in range(count):
        found = torch.autograd.grad(loss[model], draw, retain_graph=True, allow_unused=True)
        for gradient in found:
            assert gradient is None or not gradient[torch.arange(count) != model].any()
    alone = [objective.loss(Terms(*(each[i : i + 1] for each in draw)), strength[i : i + 1]) for i in range(count)]
    assert torch.allclose(loss, torch.cat(alone), rtol=0, atol=1e-12)


@every_objective
@pytest.mark.parametrize("nats", [0.05, 2.0, 30.0])
def test_more_strength_never_makes_a_code_cheaper(name, nats):
    """Along the knob, weak to strong, a nat more of what is charged never costs less; labels cost what they cost."""
    objective, strength = objectives.load(name), strengths(name)
    terms = Terms(*(torch.full_like(strength, nats).requires_grad_() for _ in range(4)))
    rise = slopes(objective.loss(terms, strength), terms)
    price = rise["rate"] + rise["penalty"]
    assert (torch.diff(price) >= -1e-12).all()
    assert (rise["cross_entropy"] == 1).all()  # paid once, whatever the strength
    if len(strength) > 1:
        assert price[-1] > price[0] or nats > 16 * np.log(2)  # beyond every budget each bit costs the same


@every_objective
def test_an_objective_can_be_trained_measured_and_drawn(name, tmp_path, quick):
    """Two steps at the ends of its grid and at its default: everything that a run needs, through to its figures."""
    from distill import finishing, recording, store

    knob = objectives.load(name).knob
    betas = tuple(sorted({knob.grid[0], knob.default, knob.grid[-1]}, reverse=knob.falls))
    small = SweepConfig(
        objective=name, betas=betas, hidden=(8,), latent_dim=3, epochs=1, batch_size=600, points=60, snapshots=2,
        device="cpu", threads=1,
    )  # fmt: skip
    assert small.id != replace(small, objective="vib" if name != "vib" else "ceb", betas=(0.1,)).id
    assert recording.record(small, tmp_path / small.id) == "done"
    finishing.finish(tmp_path / small.id)
    run = store.open_run(tmp_path / small.id).load()
    assert run.beta.values.tolist() == list(betas)
    finite = ["bound_y", "loss", "error_one", "information_y"] + ["rate"] * (run.attrs["code"] != "noiseless")
    assert all(bool(np.isfinite(run[each]).all()) for each in finite)
    assert chosen(run, Choice()) == (run.sizes["step"] - 1, betas.index(knob.default))
    for figure in figures():
        try:
            assert type(figure(run, Choice())) is go.Figure
        except InvalidValue as error:
            assert any(words in str(error) for words in NOT_FOR_EVERY_RUN), error


def test_the_objectives_as_they_are_written():
    """The loss of hand-made terms, two models: CE and R in nats; what charges a curve charges it in bits."""
    bit, two = math.log(2), torch.tensor([0.5, 0.5], dtype=torch.float64)
    values = [[3 * bit, 4 * bit], [0.2, -0.4], [7.0, 8.0]]
    terms = Terms(two, *(torch.tensor(each, dtype=torch.float64) for each in values))
    strength = torch.tensor([0.1, 2.0], dtype=torch.float64)
    wanted = {
        "vib": [0.5 + 0.3 * bit, 0.5 + 8 * bit],
        "deterministic": [0.5, 0.5],
        "squared": [0.5 + 0.9 * bit, 0.5 + 32 * bit],
        "exponential": [0.5 + 0.1 * math.expm1(3) * bit, 0.5 + bit * (2 * 4 + 10 * (4 - math.log(5)))],
        "ceb": [0.5 + 0.02, 0.5 - 0.8],
        "beta_vae": [7 + 0.5 + 0.3 * bit, 8 + 0.5 + 8 * bit],
        "confidence_penalty": [0.5 + 0.02, 0.5 - 0.8],
        "nib": [0.5 + 0.3 * bit, 0.5 + 8 * bit],
        "categorical": [0.5 + 0.3 * bit + 0.2, 0.5 + 8 * bit - 0.4],
        "budget": [0.5 + 2 * (2.9 * bit - 0.05 * bit), 0.5 + 2 * (2 * bit - 0.05 * bit)],
    }
    assert set(wanted) == set(objectives.names())
    for name, losses in wanted.items():
        found = objectives.load(name).loss(terms, strength).tolist()
        assert found == pytest.approx(losses, rel=1e-9), name
    squared = objectives.load("nib", squared=True).loss(terms, strength).tolist()
    assert squared == pytest.approx(wanted["squared"])
    codes = {name: objectives.load(name).code for name in objectives.names()}
    assert {name for name, code in codes.items() if code == "noiseless"} == {"deterministic", "confidence_penalty"}
    assert {name for name, code in codes.items() if code == "categorical"} == {"categorical"}


WRONG_OPTIONS = [
    ("exponential", "eta", 0, "eta must be a number from 0.1 to 10; got 0"),
    ("exponential", "eta", True, "eta must be a number from 0.1 to 10; got True"),
    ("exponential", "eta", float("nan"), "eta must be a number from 0.1 to 10; got nan"),
    ("budget", "gamma", 0.5, "gamma must be a number from 1.01 to 100; got 0.5"),
    ("budget", "gamma", "2", "gamma must be a number from 1.01 to 100; got '2'"),
    ("nib", "squared", 1, "squared must be true or false; got 1"),
    ("beta_vae", "width", 1.5, "width must be a whole number from 1 to 4096; got 1.5"),
    ("vib", "components", 0, "components must be a whole number from 1 to 512; got 0"),
    ("vib", "marginal", "cauchy", "marginal must be one of normal, mixture; got 'cauchy'"),
]


@pytest.mark.parametrize(("name", "option", "value", "said"), WRONG_OPTIONS)
def test_an_option_that_is_not_allowed_is_named_with_what_is(name, option, value, said):
    with pytest.raises(InvalidValue, match=f"^{re.escape(said)}$"):
        objectives.load(name, **{option: value})


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


OF_THE_WALL = exporting.figures("wall")


@pytest.mark.parametrize("name", OF_THE_WALL)
def test_a_figure_of_the_wall_can_be_drawn_and_taken_away(name, walled):
    for place in (None, 0):
        found = figure_of(OF_THE_WALL[name], walled, Choice(beta=place))
        assert type(found) is go.Figure
        assert exporting.to_csv(found, exporting.facts(walled, Choice())).count("\n") > 3


OF_COMPRESSED = exporting.figures("shrink")


@pytest.mark.parametrize("name", OF_COMPRESSED)
def test_a_figure_of_compressed_models_can_be_drawn_and_taken_away(name, shrunk):
    for place in (None, 0):
        found = figure_of(OF_COMPRESSED[name], shrunk, Choice(beta=place))
        assert type(found) is go.Figure
        assert exporting.to_csv(found, exporting.facts(shrunk, Choice())).count("\n") > 3


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
        betas = {"betas": objectives.load(name).knob.grid} if folder == "objectives" else {}
        assert getattr(config.SweepConfig(**{field: name}, **betas), field) == name
