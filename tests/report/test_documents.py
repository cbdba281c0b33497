"""The documents keep up with what is written: every key, every short title, every link."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from azsim.report.columns import COLUMNS
from azsim.report.results import Row

ROOT = Path(__file__).resolve().parent.parent.parent
OUTPUT = ROOT / "docs" / "output.md"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

pytestmark = pytest.mark.skipif(not OUTPUT.exists(), reason="the documents travel with the source, not with the wheel")


def test_every_key_of_a_row_is_explained() -> None:
    text = OUTPUT.read_text(encoding="utf-8")
    assert [field.name for field in dataclasses.fields(Row) if f"`{field.name}`" not in text] == []


def test_every_short_title_is_explained() -> None:
    short = OUTPUT.read_text(encoding="utf-8").split("## The console's short titles")[1]
    assert [c.title for c in COLUMNS if c.legend and c.title != "WER" and f"| {c.title}" not in short] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []
