"""A report folder: every file whole or not at all, an older report replaced file by file, nothing else touched.

::

    comparison ──> all files in memory ──> temporary files in the folder ──> renamed, the manifest first
                   (drawn, rendered)       (whole, synced)                   files of the older report removed

The folder may be a mount point, so it is never renamed.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from azsim.errors import InputError, WorkError
from azsim.interrupts import interrupts_held
from azsim.output_file import replacing
from azsim.report.csv_tables import csv_text, results_lines, utterance_lines, word_lines
from azsim.report.html import page
from azsim.report.owned import MANIFEST, Digests, check_unchanged, owned_files, remove_stale, sealed
from azsim.report.plain import plain, rows_to_json
from azsim.report.results import Comparison
from azsim.report.trace import trace_json

if TYPE_CHECKING:
    from azsim.report.figures import DrawnFigure

FIGURE_NAMES = ("wer_size", "latency", "traffic", "utterance", "energy", "roofline", "sensitivity")
"""Of `azsim.report.figures.FIGURES`, which takes half a second to import."""
_TABLES = (
    "index.html", "results.csv", "utterances.csv", "words.csv", "stages.csv", "layers.csv", "results.json",
    "trace.json",
    "outputs.npz", "layers.svg", "layers.png",
)  # fmt: skip


def write_report(comparison: Comparison, out_dir: Path) -> Path:
    """Write the page, the figures, the tables, the manifest and the trace to ``out_dir``, and give it back.

    If anything fails before all files are written, also by Ctrl-C, an older report stays as it was and nothing
    half-written is left.

    Raises:
        InputError: see ``check_out_dir``.
        WorkError: the disk is full, or the folder became unwritable meanwhile.
    """
    return write_files(lambda: _files(comparison), comparison.manifest, out_dir)


def write_files(made: Callable[[], Mapping[str, bytes]], manifest: Mapping[str, object], out_dir: Path) -> Path:
    """Write the files of a report and its manifest, all or none; the folder.

    Args:
        made: gives name -> content, once it is known that a report may be written there.
        manifest: what it was made from.
        out_dir: the folder.

    Raises:
        InputError, WorkError: as `write_report`.
    """
    target = check_out_dir(out_dir)
    try:
        files = made()
        with _folder(target):
            _place(target, files, manifest)
    except OSError as error:
        raise WorkError(f"{out_dir}: writing the report failed: {error.strerror or error}") from None
    return target


def check_out_dir(out_dir: Path) -> Path:
    """The folder, its parents resolved, if a report may be written there: call it before the work, so none is lost.

    A file is made there and removed again, in folders that are made and removed again if need be.

    Raises:
        InputError: it is no folder, is a symbolic link, holds something else than a report, or a report of which a file
            was changed; or nothing can be written there: no permission, a name that is too long, a full disk.
    """
    target = _resolved(Path(out_dir))
    try:
        with _trial(target):
            descriptor, name = tempfile.mkstemp(prefix=".azsim-", dir=target)
            os.close(descriptor)
            os.unlink(name)
            check_unchanged(target, owned_files(target), _names())
    except (FileExistsError, NotADirectoryError):
        blocking = next((one.name for one in (target, *target.parents) if one.exists() and not one.is_dir()), target)
        raise InputError(f"{out_dir}: {blocking} is a file; --out must name a folder") from None
    except OSError as error:
        raise InputError(
            f"{out_dir}: a report cannot be written here: {error.strerror or error}; give another --out"
        ) from None
    return target


def _resolved(out_dir: Path) -> Path:
    """The path with its parents' links followed; the folder itself must be none."""
    try:
        parent = out_dir.parent.resolve()
        target = parent / out_dir.name if out_dir.name not in ("", "..") else out_dir.resolve()
        kind = os.lstat(target).st_mode
    except FileNotFoundError:
        return target
    except (RuntimeError, OSError, ValueError) as error:
        if isinstance(error, NotADirectoryError):
            return target
        if isinstance(error, RuntimeError) or getattr(error, "errno", None) == errno.ELOOP:
            raise InputError(f"{out_dir}: is below a link that leads to itself; give another --out") from None
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{out_dir}: a report cannot be written here: {why}; give another --out") from None
    if stat.S_ISLNK(kind):
        raise InputError(f"{out_dir}: is a symbolic link; give the folder that it leads to as --out")
    if not stat.S_ISDIR(kind):
        what = "a file" if stat.S_ISREG(kind) else "a pipe or a device"
        raise InputError(f"{out_dir}: is {what}; --out must name a folder")
    return target


@contextmanager
def _trial(target: Path) -> Iterator[None]:
    """The folder is there; afterwards it is gone again where it was not."""
    with interrupts_held():
        made = _make(target)
        try:
            yield
        finally:
            _unmake(made)


@contextmanager
def _folder(target: Path) -> Iterator[None]:
    """The folder is there; if the block fails it is gone again where it was not."""
    made = _make(target)
    try:
        yield
    except BaseException:
        _unmake(made)
        raise


def _make(target: Path) -> list[Path]:
    """Make the folder; the folders that were made for it, innermost first."""
    missing = [folder for folder in (target, *target.parents) if not folder.exists()]
    try:
        target.mkdir(parents=True, exist_ok=True)
    except BaseException:
        _unmake(missing)
        raise
    return missing


def _unmake(made: list[Path]) -> None:
    for folder in made:
        with suppress(OSError):  # another process has put something there
            folder.rmdir()


def _place(target: Path, files: Mapping[str, bytes], manifest: Mapping[str, object]) -> None:
    """Write all files beside their places, then rename them, the manifest first: who owns what is always known."""
    before: Digests = owned_files(target)
    manifest = {"azsim": "unknown"} | dict(manifest)
    with ExitStack() as stack:
        whole = {**files, MANIFEST: sealed(manifest, files, before or None)}
        opened = {name: stack.enter_context(replacing(target / name)) for name in whole}
        for name, stream in opened.items():
            stream.write(whole[name])
            stream.flush()
            os.fsync(stream.fileno())
        with interrupts_held():
            check_unchanged(target, before, files)
            stack.close()  # the last one opened, the manifest, takes its place first
            if before:
                remove_stale(target, before, files)
                with replacing(target / MANIFEST) as stream:
                    stream.write(sealed(manifest, files))


def _names() -> list[str]:
    """Every name that a report may have."""
    return [*_TABLES, *(f"{name}.{form}" for name in FIGURE_NAMES for form in ("svg", "png"))]


def _files(comparison: Comparison) -> dict[str, bytes]:
    """Name -> content of every file but the manifest."""
    from azsim.report.figures import draw_all  # only here: who draws nothing does not wait for matplotlib

    drawn = draw_all(comparison)
    files = {}
    for figure in drawn:
        files |= {f"{figure.kind.name}.svg": figure.svg, f"{figure.kind.name}.png": figure.png}
    files["results.csv"] = csv_text(results_lines(comparison)).encode()
    files["utterances.csv"] = csv_text(utterance_lines(comparison.utterances)).encode()
    words = word_lines(comparison.utterances)
    if words:
        files["words.csv"] = csv_text(words).encode()
    if comparison.stages:
        files["stages.csv"] = csv_text([asdict(stage) for stage in comparison.stages]).encode()
    traced = comparison.traced
    if traced is not None:
        files["trace.json"] = trace_json(traced.timeline, traced.options, text=traced.text).encode()
    files["results.json"] = _json(_results(comparison))
    files["index.html"] = _page(comparison, drawn).encode()
    return files


def _page(comparison: Comparison, drawn: list[DrawnFigure]) -> str:
    return page(comparison, drawn)


def _results(comparison: Comparison) -> dict[str, object]:
    rows, production = rows_to_json(comparison.rows), rows_to_json(comparison.production_rows)
    return {
        "name": comparison.name,
        "device": comparison.device,
        "rows": rows,
        "production_rows": production,
        "shown": _shown(comparison),
    }


def _shown(comparison: Comparison) -> dict[str, object] | None:
    """Which utterance the timeline figure and the trace show, and by which rule."""
    traced = comparison.traced
    if traced is None:
        return None
    return {
        "config": traced.config,
        "utterance": traced.timeline.utterance,
        "why": traced.why,
        "reference": traced.reference,
        "delivered": traced.text,
        "timing_only": traced.timing_only,
    }


def _json(content: object) -> bytes:
    return (json.dumps(plain(content), indent=2, ensure_ascii=False) + "\n").encode()
