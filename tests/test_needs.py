"""A skip that a run must not have fails it; every reason for a skip names what is missing."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.needs import NEEDS, needed

SKIPS = {
    "train": "could not import 'torch': No module named 'torch'",
    "data": "AZSIM_DATA names no folder of recordings",
    "voices": "not installed: flite, festival",
    "openssl": "openssl is not installed",
    "posix": "needs POSIX signals",
    "rights": "root may write everywhere",
    "versions": "FFmpeg before 8 cuts lengths",
    "packages": "could not import 'kaldifst'",
    "source": "the documents travel with the source, not with the wheel",
}


@pytest.mark.parametrize("name", SKIPS)
def test_a_reason_tells_what_is_needed(name: str) -> None:
    assert needed(SKIPS[name]) == name


def test_what_nobody_knows_is_no_need() -> None:
    assert needed("not today") is None


def test_every_reason_of_these_tests_is_known() -> None:
    """So that a run with ``--must-test`` fails for a skip, and not for its wording."""
    unknown = []
    for path in Path(__file__).parent.rglob("test_*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = ast.unparse(call.func) if isinstance(call, ast.Call) else ""
            if called not in ("pytest.skip", "pytest.mark.skip", "pytest.mark.skipif", "pytest.importorskip"):
                continue
            reasons = [one.value for one in call.keywords if one.arg == "reason"] or call.args[:1]
            text = "".join(part.value for part in ast.walk(reasons[0]) if isinstance(part, ast.Constant))
            said = f"could not import {text!r}" if called == "pytest.importorskip" and not call.keywords else text
            if needed(said) is None:
                unknown.append(f"{path.name}:{call.lineno}: {said}")
    assert unknown == []


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """Three modules: a test that passes, one that is skipped, one module that is skipped as a whole."""
    pytester.makeconftest('pytest_plugins = ("tests.needs",)')
    skipped = "import pytest\n\n@pytest.mark.skipif(True, reason='{}')\ndef test_it(): pass\n"
    module = "import pytest\npytest.importorskip('no_such_module', reason='training needs the extra `train`')\n"
    pytester.makepyfile(
        test_passes="def test_it(): pass",
        test_skips=skipped.format("openssl is not installed"),
        test_whole=module + "def test_it(): pass",
    )
    return pytester


@pytest.fixture
def all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that has everything, so that only the skips themselves can tell."""
    for need in NEEDS:
        monkeypatch.setitem(need.__dict__, "is_there", lambda: True)


def test_a_skip_is_told_with_what_it_needs(suite: pytest.Pytester) -> None:
    ended = suite.runpytest_inprocess()
    ended.assert_outcomes(passed=1, skipped=2)
    ended.stdout.fnmatch_lines(["skipped for want of openssl: 1 *", "skipped for want of train: 1 *"])


def test_several_processes_tell_the_same(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    ended = suite.runpytest_subprocess("-n2")
    ended.assert_outcomes(passed=1, skipped=2)
    ended.stdout.fnmatch_lines(["skipped for want of openssl: 1 *", "skipped for want of train: 1 *"])


@pytest.mark.usefixtures("all_there")
def test_a_skipped_test_fails_where_it_must_be_tested(suite: pytest.Pytester) -> None:
    ended = suite.runpytest_inprocess("--must-test", "openssl,data")
    ended.assert_outcomes(passed=1, errors=1, skipped=1)
    ended.stdout.fnmatch_lines(["*openssl is not installed: must be tested here*"])


@pytest.mark.usefixtures("all_there")
def test_a_skipped_module_fails_where_it_must_be_tested(suite: pytest.Pytester) -> None:
    ended = suite.runpytest_inprocess("--must-test", "train")
    assert ended.ret != 0
    ended.stdout.fnmatch_lines(["*extra `train`: must be tested here*"])


@pytest.mark.usefixtures("all_there")
def test_a_skip_for_no_known_need_fails_wherever_something_must_be_tested(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_odd="import pytest\n\n@pytest.mark.skip(reason='not today')\ndef test_it(): pass\n")
    suite.runpytest_inprocess("test_odd.py").assert_outcomes(skipped=1)
    suite.runpytest_inprocess("test_odd.py", "--must-test", "data").assert_outcomes(errors=1)


@pytest.mark.parametrize(
    ("asked", "says"), [("turnips", "must be of train, data"), ("data", "is not there, so that its tests could only")]
)
def test_what_cannot_be_tested_here_is_refused_at_once(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, asked: str, says: str
) -> None:
    monkeypatch.delenv("AZSIM_DATA", raising=False)
    ended = suite.runpytest_inprocess("--must-test", asked)
    assert ended.ret == pytest.ExitCode.USAGE_ERROR
    ended.stderr.fnmatch_lines([f"*--must-test {asked}: {says}*"])
