"""The documents are easy to read: no line of prose is longer than the code's, and every page is found."""

from __future__ import annotations

from pathlib import Path

import pytest

import azsim

ROOT = Path(azsim.__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
PROSE = [*PAGES, ROOT / "README.md", ROOT / "CHANGELOG.md"]
COLUMNS = 120


@pytest.mark.skipif(not PAGES, reason="the documents travel with the source, not with the wheel")
def test_lines_of_prose_are_not_too_long() -> None:
    too_long = []
    for page in PROSE:
        for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
            if len(line) > COLUMNS and not line.startswith("|"):
                too_long.append(f"{page.name}:{number}: {len(line)}")
    assert too_long == []


@pytest.mark.skipif(not PAGES, reason="the documents travel with the source, not with the wheel")
def test_the_house_leads_to_every_page() -> None:
    house = (DOCS / "house.md").read_text(encoding="utf-8")
    assert [page.name for page in PAGES if page.name != "house.md" and f"]({page.name})" not in house] == []
