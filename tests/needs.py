"""What a test may need that not every machine has, and ``--must-test``: a run that fails where it would skip.

::

    pytest                              what cannot be tested here is skipped, with its reason
    pytest --must-test train,data       a skip for want of PyTorch or of recordings is a failure, and so is any skip
                                        whose reason names nothing that `NEEDS` knows

A stage of continuous integration names what it is there to test, so that it cannot be green by testing nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import azsim


@dataclass(frozen=True)
class Need:
    """Something that not every machine has.

    Attributes:
        name: as ``--must-test`` takes it.
        said: a pattern that is found in the reason of every skip for want of it.
        is_there: whether this machine has it.
    """

    name: str
    said: str
    is_there: Callable[[], bool]


def _programs(*names: str) -> Callable[[], bool]:
    return lambda: all(shutil.which(name) for name in names)


def _modules(*names: str) -> Callable[[], bool]:
    return lambda: all(find_spec(name) for name in names)


NEEDS = (
    Need("train", r"extra `train`|\[train\]|'torch'|'sentencepiece'|'azsim\.train", _modules("torch", "sentencepiece")),
    Need("data", r"AZSIM_DATA", lambda: Path(os.environ.get("AZSIM_DATA") or "/nonexistent").is_dir()),
    Need("onnx", r"extra `onnx`|'onnx'|'onnxruntime'", _modules("onnx", "onnxruntime")),
    Need("voices", r"espeak-ng|flite|festival", _programs("espeak-ng", "flite", "festival")),
    Need("ffmpeg", r"ffmpeg", _programs("ffmpeg")),
    Need("world", r"pyworld", _modules("pyworld", "pkg_resources")),
    Need("openssl", r"openssl", _programs("openssl")),
    Need("posix", r"POSIX|fork|process groups|pipes with names|links", lambda: hasattr(signal, "pthread_sigmask")),
    Need("rights", r"\broot\b|\bmount", lambda: False),  # some need them, some need to be without
    Need("versions", r"\bbefore \d", lambda: False),  # of libraries, newer than the oldest that azsim runs with
    Need("packages", r"not installed|could not import", lambda: False),  # others than those above
    Need("source", r"with the source", lambda: (Path(azsim.__file__).parents[1] / "docs").is_dir()),
)
_MUST = pytest.StashKey[tuple[Need, ...]]()
_TESTS = pytest.StashKey[Counter[str]]()  # skipped, by what they need
_MODULES = pytest.StashKey[Counter[str]]()  # skipped as a whole: every process of `pytest -n` meets all of them


def needed(reason: str) -> str | None:
    """Name of the need that the reason of a skip speaks of; None where no need is known by it."""
    return next((need.name for need in NEEDS if re.search(need.said, reason)), None)


def pytest_addoption(parser: pytest.Parser) -> None:
    known = ", ".join(need.name for need in NEEDS)
    parser.addoption(
        "--must-test", default="", metavar="NEEDS", help=f"fail where a test would skip for want of these: {known}"
    )


def pytest_configure(config: pytest.Config) -> None:
    known = {need.name: need for need in NEEDS}
    asked = [name for name in config.getoption("--must-test").split(",") if name]
    for name in asked:
        if name not in known:
            raise pytest.UsageError(f"--must-test {name}: must be of {', '.join(known)}")
        if not known[name].is_there():
            raise pytest.UsageError(f"--must-test {name}: is not there, so that its tests could only be skipped")
    config.stash[_MUST] = tuple(known[name] for name in asked)
    config.stash[_TESTS] = Counter()
    config.stash[_MODULES] = Counter()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _judge(report, item.config, _TESTS)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _judge(report, collector.config, _MODULES)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    told = getattr(session.config, "workeroutput", None)  # of a process of `pytest -n`
    if told is not None:
        told["skipped"] = [dict(session.config.stash[key]) for key in (_TESTS, _MODULES)]


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take over what a process has skipped."""
    told = getattr(node, "workeroutput", {}).get("skipped")
    if told is not None:
        tests, modules = map(Counter, told)
        node.config.stash[_TESTS] += tests
        node.config.stash[_MODULES] |= modules


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for name, count in sorted((config.stash[_TESTS] + config.stash[_MODULES]).items()):
        terminalreporter.write_line(f"skipped for want of {name}: {count} tests or modules")


def _judge(
    report: pytest.TestReport | pytest.CollectReport, config: pytest.Config, kind: pytest.StashKey[Counter[str]]
) -> None:
    """Count a skip by what it needs; make it a failure where that must be tested, or nobody knows why it is skipped."""
    if not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    need = needed(reason)
    config.stash[kind][need or "something unknown"] += 1
    must = [one.name for one in config.stash[_MUST]]
    if must and (need is None or need in must):
        must_be = f"must be tested here: --must-test {','.join(must)}"
        why = must_be if need else "names nothing that tests/needs.py knows"
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: {reason}: {why}"
