"""A report folder, all or nothing: written beside its place under a temporary name, then renamed."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from azsim.errors import InputError, WorkError
from azsim.report.html import page
from azsim.report.results import Comparison, plain, rows_to_json
from azsim.report.tidy import csv_text, results_lines, utterance_lines, word_lines
from azsim.report.trace import trace_json

if TYPE_CHECKING:
    from azsim.report.figures import DrawnFigure

MANIFEST = "manifest.json"
_FOLDER_MODE = 0o755


def write_report(comparison: Comparison, out_dir: Path) -> Path:
    """Write the page, the figures, the tables, the manifest and the trace to ``out_dir``, and give it back resolved.

    An older report in its place is replaced in one step; if anything fails, also by Ctrl-C, it stays as it was
    and nothing half-written is left.

    Raises:
        InputError: see ``check_out_dir``.
        WorkError: the disk is full, or the folder became unwritable meanwhile.
    """
    target = check_out_dir(out_dir)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise InputError(
            f"{out_dir}: a report cannot be written here: {error.strerror or error}; give another --out"
        ) from None
    try:
        scratch.chmod(_FOLDER_MODE)
        _fill(scratch, comparison)
        _swap(scratch, target)
    except OSError as error:
        raise WorkError(f"{out_dir}: writing the report failed: {error.strerror or error}") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return target


def check_out_dir(out_dir: Path) -> Path:
    """The resolved folder, if a report may be written there: call it before the work, so that no work is lost.

    Raises:
        InputError: it is a file, holds something that is not a report of azsim, or its parent cannot be written.
    """
    try:
        target = Path(out_dir).resolve()
    except (RuntimeError, OSError):
        raise InputError(f"{out_dir}: is a link that leads to itself; give another --out") from None
    if target.exists() and not target.is_dir():
        raise InputError(f"{out_dir}: is a file; --out must name a folder")
    try:
        foreign = target.is_dir() and any(target.iterdir()) and not _is_report(target)
    except OSError as error:
        raise InputError(f"{out_dir}: cannot be read: {error.strerror}; give another --out") from None
    if foreign:
        raise InputError(f"{out_dir}: holds files that are not a report of azsim; give a new or empty folder as --out")
    existing = next(folder for folder in target.parents if folder.exists())
    if not existing.is_dir():
        raise InputError(f"{out_dir}: {existing.name} is a file; --out must name a folder inside folders")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise InputError(f"{out_dir}: the folder {existing.name or existing} cannot be written; give another --out")
    return target


def _is_report(folder: Path) -> bool:
    """Whether ``folder`` has a manifest that says azsim made it."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and "azsim" in content


def _fill(folder: Path, comparison: Comparison) -> None:
    from azsim.report.figures import draw_all  # only here: who draws nothing does not wait for matplotlib

    drawn = draw_all(comparison)
    for figure in drawn:
        (folder / f"{figure.kind.name}.svg").write_bytes(figure.svg)
        (folder / f"{figure.kind.name}.png").write_bytes(figure.png)
    (folder / "results.csv").write_text(csv_text(results_lines(comparison)), encoding="utf-8")
    (folder / "utterances.csv").write_text(csv_text(utterance_lines(comparison.utterances)), encoding="utf-8")
    words = word_lines(comparison.utterances)
    if words:
        (folder / "words.csv").write_text(csv_text(words), encoding="utf-8")
    traced = comparison.traced
    if traced is not None:
        content = trace_json(traced.timeline, traced.options, text=traced.text)
        (folder / "trace.json").write_text(content, encoding="utf-8")
    _write_json(folder / "results.json", _results(comparison))
    (folder / "index.html").write_text(_page(comparison, drawn), encoding="utf-8")
    _write_json(folder / MANIFEST, {"azsim": "unknown"} | dict(comparison.manifest))


def _page(comparison: Comparison, drawn: list[DrawnFigure]) -> str:
    return page(comparison, [(figure.kind, figure.svg.decode("utf-8")) for figure in drawn])


def _results(comparison: Comparison) -> dict[str, object]:
    rows, production = rows_to_json(comparison.rows), rows_to_json(comparison.production_rows)
    return {"name": comparison.name, "device": comparison.device, "rows": rows, "production_rows": production}


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(plain(content), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _swap(scratch: Path, target: Path) -> None:
    """Rename ``scratch`` to ``target``; an older report steps aside first and comes back if that fails."""
    if not target.exists():
        scratch.rename(target)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
    try:
        target.rename(aside)
        scratch.rename(target)
    finally:
        if not target.exists():
            aside.rename(target)
        else:
            shutil.rmtree(aside, ignore_errors=True)
