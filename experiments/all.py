"""Make every committed report again, by the command that each of them names, and say how long that took.

    python -m experiments.all [--list] [--only NAME ...]

A report is a folder of ``reports/``. Its command is the line of its README.md that writes to it (``python ... --out
reports/NAME`` or ``azsim ...``; several are joined by ``&&``), or else the ``command`` of its manifest.json; so a new
report needs no entry here. A command that needs data from elsewhere (``AZSIM_DATA=...``) is skipped where that is not
set. A report that fails does not stop the others, and the exit status says so. At last the tables of the project's
README are filled in, and ``reports/README.md`` lists reports, commands and seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "reports"
LAST = ("bench",)
"""Made after all others: best on a machine that does nothing else."""
NEEDED = re.compile(r"^([A-Z_]+)=\S+\s+")
TABLES = "python -m experiments.readme"


@dataclass(frozen=True)
class Report:
    """A folder of ``reports/``: what it is called, and the command that makes it."""

    name: str
    title: str
    command: str

    @property
    def lacks(self) -> str | None:
        """The environment variable that its command needs and that is not set."""
        found = NEEDED.match(self.command)
        return found[1] if found and not os.environ.get(found[1]) else None


def find(folder: Path) -> Report:
    """The report in a folder; raises `SystemExit` if it does not say how it is made."""
    page, manifest = folder / "README.md", folder / "manifest.json"
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    heading = re.search(r"^# (.+)$", text, re.MULTILINE)
    title = heading[1] if heading else folder.name
    line = re.search(rf"(?:[A-Z_]+=\S+ )?(?:python|azsim) [^`\n]*reports/{re.escape(folder.name)}\b[^`\n]*", text)
    if line:
        return Report(folder.name, title, line[0].strip())
    if manifest.exists():
        return Report(folder.name, title, shlex.join(json.loads(manifest.read_text(encoding="utf-8"))["command"]))
    wanted = f"the command that writes to reports/{folder.name}"
    raise SystemExit(f"{folder}: neither README.md nor manifest.json names {wanted}")


def find_all(reports: Path = REPORTS) -> list[Report]:
    """All reports, by name, those of `LAST` behind."""
    found = [find(folder) for folder in sorted(reports.iterdir()) if folder.is_dir()]
    return sorted(found, key=lambda report: report.name in LAST)


def perform(command: str) -> bool:
    """Run a command, and those joined to it; whether all went well."""
    paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": paths}
    for part in NEEDED.sub("", command).split("&&"):
        words = shlex.split(part)
        start = [sys.executable] if words[0] == "python" else [sys.executable, "-m", words[0]]
        if subprocess.run([*start, *words[1:]], cwd=ROOT, env=environment, check=False).returncode:
            return False
    return True


def index(reports: list[Report], said: Mapping[str, str]) -> str:
    """``reports/README.md``; ``said``: report -> seconds, or why there are none."""
    lines = ["# Reports", "", "`python -m experiments.all` makes all of them again.", "",
             "| report | about | made by | seconds |", "|---|---|---|---:|"]  # fmt: skip
    for each in sorted(reports, key=lambda report: report.name):
        page = "README.md" if (REPORTS / each.name / "README.md").exists() else "index.html"
        lines.append(f"| [{each.name}]({each.name}/{page}) | {each.title} | `{each.command}` | {said[each.name]} |")
    return "\n".join(lines) + "\n"


def known_seconds(page: Path) -> dict[str, str]:
    """What the last run said of each report."""
    if not page.exists():
        return {}
    rows = re.findall(r"^\| \[([^\]]+)\].*\| ([^|]*) \|$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return dict(rows)


def main() -> None:
    """Run what was asked for."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--list", action="store_true", help="say what would be run")
    options.add_argument("--only", nargs="+", metavar="NAME", help="these reports alone")
    chosen = options.parse_args()
    reports = find_all()
    unknown = set(chosen.only or ()) - {report.name for report in reports}
    if unknown:
        options.error(f"--only {' '.join(sorted(unknown))}: one of {', '.join(report.name for report in reports)}")
    said = dict.fromkeys((report.name for report in reports), "") | known_seconds(REPORTS / "README.md")
    failed = []
    for report in reports:
        if chosen.only and report.name not in chosen.only:
            continue
        if chosen.list or report.lacks:
            why = f" (skipped: {report.lacks} is not set)" if report.lacks else ""
            print(f"{report.name}: {report.command}{why}")
            continue
        print(f"{report.name}: {report.command}", flush=True)
        begin = time.perf_counter()
        if perform(report.command):
            said[report.name] = f"{time.perf_counter() - begin:.0f}"
        else:
            failed.append(report.name)
    if chosen.list:
        return
    if not perform(TABLES):
        failed.append(TABLES)
    (REPORTS / "README.md").write_text(index(reports, said), encoding="utf-8")
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
