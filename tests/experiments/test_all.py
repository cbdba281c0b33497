"""Every committed report names the command that makes it, and `experiments/all.py` finds that command."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments import all as script

ROOT = Path(__file__).resolve().parents[2]


def test_every_report_has_a_command_whose_script_exists() -> None:
    found = script.find_all()
    assert {report.name for report in found} == {each.name for each in (ROOT / "reports").iterdir() if each.is_dir()}
    for report in found:
        words = script.NEEDED.sub("", report.command).split()
        assert words[0] == "azsim" or words[:2] == ["python", "-m"], report.command
        if words[0] == "python":
            place = ROOT.joinpath(*words[2].split("."))
            assert (place / "__main__.py").is_file() or place.with_suffix(".py").is_file(), report.command
        assert f"reports/{report.name}" in report.command


def test_a_report_that_says_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "silent").mkdir()
    (tmp_path / "silent" / "README.md").write_text("# Silent\n\nMade by hand.\n")
    with pytest.raises(SystemExit, match="reports/silent"):
        script.find_all(tmp_path)


def test_commands_are_read_from_code_lines_and_from_manifests(tmp_path: Path) -> None:
    for name, page in {
        "a": "# A title\n\nMade by `python -m experiments.a --out reports/a`. It shows much.\n",
        "b": "# B\n\n    AZSIM_DATA=... python -m experiments.b --out reports/b && python -m experiments.c\n",
        "bench": "# Z\n\n    python -m experiments.bench --out reports/bench\n",
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "README.md").write_text(page)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "manifest.json").write_text('{"command": ["azsim", "compare", "--out", "reports/d"]}')
    found = {report.name: report for report in script.find_all(tmp_path)}
    assert list(found) == ["a", "b", "d", "bench"], "the benchmark comes last"
    assert found["a"].title == "A title"
    assert found["a"].command == "python -m experiments.a --out reports/a"
    assert found["b"].command.endswith("reports/b && python -m experiments.c")
    assert found["d"].command == "azsim compare --out reports/d"


def test_what_needs_data_from_elsewhere_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    report = script.Report("b", "B", "AZSIM_DATA=... python -m experiments.b --out reports/b")
    monkeypatch.delenv("AZSIM_DATA", raising=False)
    assert report.lacks == "AZSIM_DATA"
    monkeypatch.setenv("AZSIM_DATA", "/somewhere")
    assert report.lacks is None
