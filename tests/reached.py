"""Which modules are imported with a module, told from the sources: what stands at its top, and at the tops of those."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
OWN = ("azsim", "experiments", "tests")


def reached_from(path: Path) -> set[str]:
    """Names of other projects' packages that importing the file imports."""
    found: set[str] = set()
    waiting = {path}
    seen: set[Path] = set()
    while waiting:
        one = waiting.pop()
        seen.add(one)
        others, files = _direct(one)
        found |= others
        waiting |= files - seen
    return found


def skips_without(path: Path, module: str) -> bool:
    """The file begins with ``pytest.importorskip`` of that module."""
    calls = [node for node in ast.walk(_tree(path)) if isinstance(node, ast.Call)]
    skips = [call for call in calls if ast.unparse(call.func) == "pytest.importorskip" and call.col_offset <= 16]
    return any(isinstance(call.args[0], ast.Constant) and call.args[0].value == module for call in skips)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _direct(path: Path) -> tuple[set[str], set[Path]]:
    """Other projects' packages, and files of our own."""
    names = _imported(path)
    own = [name for name in names if name.split(".")[0] in OWN]
    return {name.split(".")[0] for name in names} - set(OWN), {file for name in own for file in _files(name)}


@cache
def _imported(path: Path) -> tuple[str, ...]:
    names: list[str] = []
    for node in _tree(path).body:  # neither within functions nor under TYPE_CHECKING
        if isinstance(node, ast.Import):
            names += [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
    return tuple(names)


@cache
def _files(name: str) -> list[Path]:
    """The module's own, and those of the packages that it stands in."""
    parts = name.split(".")
    places = [ROOT.joinpath(*parts[: end + 1]) for end in range(len(parts))]
    found = [place / "__init__.py" for place in places] + [places[-1].with_suffix(".py")]
    return [path for path in found if path.is_file()]
