"""The levels of the program: a module imports only from lower ones, and what the UI process imports is light."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
# Lowest first; within a level, a module may import those before it. A name stands for a file or for a whole folder,
# whose files may import one another.
LEVELS = (
    ("errors", "registry", "places", "config", "layer_config", "wall_config", "shrink_config", "kinds"),
    ("palette", "tables", "datasets", "measures", "exact", "networks", "marginals", "sources", "coding"),
    ("objectives",),
    ("threads", "training", "projection", "reconstruction", "robustness", "probes", "fisher", "carrying",
     "layerwise"),
    ("variables", "items", "evaluation", "claims", "sidefiles", "arrays", "catalogue", "store", "control", "recording",
     "readings", "codec_fitting", "finishing", "attribution", "layer_evaluation", "layer_recording",
     "wall", "shrink"),
    ("ending", "worker", "handle", "direct", "jobs"),
    ("figures",),
    ("exporting", "ui"),
    ("__init__", "bench", "flags", "formats", "sending", "__main__"),
)  # fmt: skip
RANK = {name: rank for rank, name in enumerate(name for level in LEVELS for name in level)}
HEAVY = {"torch", "umap", "sklearn", "numba", "distributed"}
LIGHT = {*RANK} - {
    "networks", "marginals", "variables", "training", "threads", "reconstruction", "robustness", "claims", "items",
    "evaluation", "control", "recording", "probes", "fisher", "readings", "codec_fitting", "finishing", "attribution",
    "carrying", "layerwise", "layer_evaluation", "layer_recording", "wall", "shrink", "bench",
}  # fmt: skip


class Import(NamedTuple):
    """`module` imports `target` (both dotted); at its top level, or inside a function or under TYPE_CHECKING."""

    module: str
    target: str
    top: bool


def modules():
    """Dotted name → file, of all of distill and of the pages."""
    found = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in ROOT.glob("distill/**/*.py")}
    pages = [ROOT / "app.py", *ROOT.glob("pages/*.py")]
    return found | {f"pages.{path.stem}": path for path in pages if path.exists()}


MODULES = modules()


def part(module):
    """The file or folder of distill that a dotted name lies in: distill.ui.stage → ui; a page is above all."""
    words = module.split(".")
    return words[1] if words[0] == "distill" and len(words) > 1 else "__init__" if words[0] == "distill" else "pages"


def imports(module) -> Iterator[Import]:
    tree = ast.parse(MODULES[module].read_text())
    at_top = {id(node) for node in top_level(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(module, each.name, id(node) in at_top) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} has a relative import"
            for each in node.names:
                full = f"{node.module}.{each.name}"
                known = full in MODULES or f"{full}.__init__" in MODULES
                yield Import(module, full if known else node.module, id(node) in at_top)


def top_level(tree):
    """Statements that run when the module is imported."""
    waiting = list(tree.body)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.stmt)]


IMPORTS = [each for module in MODULES for each in imports(module)]


def test_every_module_has_a_level():
    assert {part(module) for module in MODULES if module.startswith("distill")} <= {*RANK}, "add it to LEVELS"


def test_imports_go_down():
    upward = [
        f"{each.module} imports {each.target}"
        for each in IMPORTS
        if each.target.split(".")[0] == "distill"
        and part(each.module) not in ("pages", part(each.target))
        and RANK[part(each.target)] >= RANK[part(each.module)]
    ]
    assert upward == []


def test_only_the_ui_and_the_pages_know_streamlit():
    assert {part(each.module) for each in IMPORTS if each.target.split(".")[0] == "streamlit"} <= {"ui", "pages"}


def test_figures_are_made_of_arrays_and_nothing_else():
    known = {"errors", "registry", "config", "palette", "datasets", "measures", "exact", "sources", "coding", "figures"}
    used = {part(each.target) for each in IMPORTS if part(each.module) == "figures" and each.target[:7] == "distill"}
    assert used <= known


def reached(start):
    """Everything that importing `start` imports, by top-level imports alone."""
    direct = {}
    for each in IMPORTS:
        if each.top:
            direct.setdefault(each.module, set()).add(each.target)
    seen, waiting = set(), [start]
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        words = module.split(".")  # importing a.b.c runs a/__init__ and a.b/__init__ too
        packages = {".".join([*words[:i], "__init__"]) for i in range(1, len(words) + 1)}
        waiting += direct.get(module, set()) | (packages & MODULES.keys())
    return seen


@pytest.mark.parametrize("module", [module for module in MODULES if part(module) in LIGHT | {"pages"}])
def test_light_modules_import_nothing_heavy(module):
    assert {each for each in reached(module) if each.split(".")[0] in HEAVY} == set()


def test_the_check_above_sees_what_is_heavy():
    assert "torch" in reached("distill.training")
    assert "torch" in reached("distill.recording")


def loaded_after(code, *names):
    """Which of `names` are in sys.modules of a fresh Python after `code`."""
    said = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*(set({names!r}) & set(sys.modules)))"],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return set(said.stdout.split())


def test_import_distill_is_light():
    code = "import distill; distill.SweepConfig(); distill.log_betas(); distill.Choice()"
    heavy = "torch", "umap", "sklearn", "plotly", "streamlit", "xarray", "numpy"
    assert loaded_after(code, *heavy) == set()


def test_the_ui_process_gets_by_without_torch():
    code = """
import distill, distill.jobs, distill.store, distill.figures, distill.exporting, distill.flags
from distill import registry
for folder in ("datasets", "objectives", "measures", "figures"):
    [registry.module(folder, name) for name in registry.names(folder)]
registry.public("figures")
distill.submit, distill.train, distill.open_run, distill.datasets.load, distill.measures.ledger
distill.store.list_runs()
"""
    assert loaded_after(code, "torch", "umap", "sklearn", "numba", "streamlit") == set()


def test_the_public_surface_is_there():
    code = """
import distill
for name in distill.__all__: getattr(distill, name)
distill.datasets.load, distill.measures.factors, distill.jobs.queue, distill.store.root
assert not hasattr(distill, "nonsense") and not hasattr(distill, "_nonsense")
"""
    assert loaded_after(code, "torch") == set()
