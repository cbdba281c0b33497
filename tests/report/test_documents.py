"""The documents keep up with what is written: every key, every short title, every link."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from azsim.report.columns import COLUMNS
from azsim.report.glossary import TERMS
from azsim.report.results import ConfigurationResult

ROOT = Path(__file__).resolve().parent.parent.parent
OUTPUT = ROOT / "docs" / "output.md"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

pytestmark = pytest.mark.skipif(not OUTPUT.exists(), reason="the documents travel with the source, not with the wheel")


def test_every_key_of_a_row_is_explained() -> None:
    text = OUTPUT.read_text(encoding="utf-8")
    assert [field.name for field in dataclasses.fields(ConfigurationResult) if f"`{field.name}`" not in text] == []


def test_the_order_in_which_columns_leave_is_the_documented_one() -> None:
    said = OUTPUT.read_text(encoding="utf-8").split("## Columns of the console")[1].split("## Terms")[0]
    order = dict(re.findall(r"^\| ([^|]+) \| (never|\d+) \|", said, flags=re.MULTILINE))
    assert order == {c.title: str(c.drops or "never") for c in COLUMNS if c.drops is not None}
    left = [c.drops for c in COLUMNS if c.drops]
    assert sorted(left) == list(range(1, len(left) + 1))


def test_every_term_of_the_page_is_in_the_document() -> None:
    said = OUTPUT.read_text(encoding="utf-8").split("## Terms")[1]
    assert [term for term, meaning in TERMS.items() if f"| {term} | {meaning} |" not in said] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []
