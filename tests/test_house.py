"""The folders know only those before them, as docs/house.md draws them, and the page leaves none out."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

import azsim
from tests.reached import reached_from, skips_without

ROOT = Path(azsim.__file__).parent
STATIONS = (
    "nn",
    "compress",
    "arbitration",
    "devices",
    "chip",
    "speech",
    "soc",
    "deploy",
    "cloud",
    "reference",
    "report",
    "compare",
    "train",
    "inspect",
    "commands",
)
"""In the order in which data flows; modules that stand outside of a folder are tools or the command line."""
PAGE = ROOT.parent / "docs" / "house.md"
MOST_LINES = 350
page_there = pytest.mark.skipif(not PAGE.exists(), reason="the documents travel with the source, not with the wheel")
FOLDERS = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))


@cache
def tree_of(module: Path) -> ast.Module:
    """A module, parsed once."""
    return ast.parse(module.read_text(encoding="utf-8"))


@cache
def imported_by(module: Path) -> frozenset[str]:
    """Dotted names that a module imports, and the packages around them, imports within functions included."""
    found: set[str] = set()
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{one.name}" for one in node.names]
        elif isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        else:
            continue
        found |= {name.rsplit(".", cut)[0] for name in names for cut in range(name.count(".") + 1)}
    return frozenset(found)


def modules() -> list[Path]:
    """All of azsim and of its experiments."""
    return sorted([*ROOT.rglob("*.py"), *(ROOT.parent / "experiments").rglob("*.py")])


def known_by(module: Path) -> set[str]:
    """Folders of azsim that a module imports from."""
    return {folder for folder in FOLDERS if f"azsim.{folder}" in imported_by(module)}


def test_every_folder_is_a_station() -> None:
    assert sorted(STATIONS) == FOLDERS


@pytest.mark.parametrize("folder", STATIONS)
def test_a_folder_knows_only_those_before_it(folder: str) -> None:
    before = set(STATIONS[: STATIONS.index(folder) + 1])
    modules = sorted((ROOT / folder).rglob("*.py"))
    assert modules
    assert {str(one.relative_to(ROOT)): later for one in modules if (later := known_by(one) - before)} == {}


@pytest.mark.parametrize("folder", ["nn", "arbitration", "devices", "chip", "soc"])
def test_no_processor_knows_the_recogniser(folder: str) -> None:
    """It runs programs of whatever network: what only the recogniser has stands in ``nn/rnnt/``."""
    recogniser = ROOT / "nn" / "rnnt"
    modules = [one for one in (ROOT / folder).rglob("*.py") if recogniser not in one.parents]
    assert modules
    assert [str(one.relative_to(ROOT)) for one in modules if "azsim.nn.rnnt" in imported_by(one)] == []


@page_there
def test_the_page_names_every_folder() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [folder for folder in FOLDERS if f"`azsim/{folder}/`" not in page] == []


@page_there
def test_the_page_names_every_module_beside_the_folders() -> None:
    page = PAGE.read_text(encoding="utf-8")
    alone = [path.name for path in ROOT.glob("*.py") if path.name != "__init__.py"]
    assert [name for name in alone if f"`azsim/{name}`" not in page] == []


@page_there
def test_no_experiment_knows_the_tests() -> None:
    found = set()
    for module in (ROOT.parent / "experiments").rglob("*.py"):
        for node in ast.walk(tree_of(module)):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
            found |= {module.name for name in names if name.split(".")[0] == "tests"}
    assert found == set()


@page_there
def test_no_module_is_longer_than_a_reader_can_hold() -> None:
    """One concept each, of at most 350 lines: a longer one holds two."""
    lines = {str(one.relative_to(ROOT.parent)): one.read_text(encoding="utf-8").count("\n") for one in modules()}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


@page_there
def test_a_name_is_one_class() -> None:
    """What a reader finds under a name does not depend on the folder; a name with ``_`` is its module's own affair."""
    places: dict[str, list[str]] = {}
    for module in modules():
        for node in ast.walk(tree_of(module)):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(str(module.relative_to(ROOT.parent)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_percentiles_of_results_have_one_definition() -> None:
    """NumPy's own function is called where figures are made from sound and weights, and nowhere where results are."""
    folders = [ROOT / name for name in ("soc", "cloud", "report", "compare")] + [ROOT.parent / "experiments"]
    found = [
        str(path.relative_to(ROOT.parent))
        for folder in folders
        for path in sorted(folder.rglob("*.py"))
        if "np.percentile" in path.read_text(encoding="utf-8")
    ]
    allowed = ["azsim/report/percentiles.py", "experiments/mwer/pauses.py", "experiments/training_cost/__main__.py"]
    assert [path for path in found if path not in allowed] == []


def test_every_kernel_is_compiled_by_one_module() -> None:
    """``from azsim.compiled import njit``: numba's own cache breaks where it cannot be written or is damaged."""
    asking = []
    for module in ROOT.rglob("*.py"):
        for node in ast.walk(tree_of(module)):
            imported = [node.module] if isinstance(node, ast.ImportFrom) else []
            imported += [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if any(name and name.split(".")[0] == "numba" for name in imported):
                asking.append(str(module.relative_to(ROOT)))
    assert set(asking) == {"compiled.py", "nn/vnni.py"}  # which writes instructions for kernels


def test_what_needs_pytorch_is_skipped_without_it() -> None:
    """Every file of tests that imports it, through whatever module, begins with ``pytest.importorskip``."""
    unguarded = []
    for path in sorted(Path(__file__).parent.rglob("test_*.py")):
        needed = reached_from(path) & {"torch", "sentencepiece"}
        if needed and not any(skips_without(path, module) for module in ("torch", "sentencepiece")):
            unguarded.append(str(path.relative_to(Path(__file__).parent)))
    assert unguarded == []
