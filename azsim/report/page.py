"""A page of Markdown: prose filled to the width of the project, all else as it is."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import fill

COLUMNS = 120
ITEM = re.compile(r" *(?:[-*+]|\d+[.)]) +(?=\S)")
AS_IT_IS = re.compile(r"\||#|!\[|<|>")
CODE = " " * 4
NO_START = re.compile(r" (?=(?:[-*+>]|#+|\d+[.)]|\|) )")
GLUE = "\0"


def write_page(folder: Path, text: str) -> None:
    """Write a folder's ``README.md``, its prose filled."""
    (folder / "README.md").write_text(wrapped(text), encoding="utf-8")


def wrapped(page: str) -> str:
    """Paragraphs and list items filled; tables, headings, pictures and code as they are."""
    lines: list[str] = []
    prose: list[str] = []
    is_fenced = False
    for line in page.strip("\n").split("\n"):
        is_item = ITEM.match(line) is not None
        is_fence = line.startswith("```")
        is_code = is_fenced or is_fence or (line.startswith(CODE) and not prose)
        is_prose = bool(line.strip()) and not is_code and not AS_IT_IS.match(line)
        if (is_item and is_prose) or not is_prose:
            lines += _filled(prose)
            prose = []
        if is_prose:
            prose.append(line)
        else:
            lines.append(line)
        is_fenced ^= is_fence
    return "\n".join([*lines, *_filled(prose)]) + "\n"


def _filled(prose: list[str]) -> list[str]:
    """A paragraph or an item; no line of it begins with what Markdown takes for an item, a heading or a table."""
    if not prose:
        return []
    marker = ITEM.match(prose[0])
    first = marker[0] if marker else ""
    text = NO_START.sub(GLUE, " ".join(" ".join(prose)[len(first) :].split()))
    return fill(
        text,
        COLUMNS,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    ).replace(GLUE, " ").split("\n")  # fmt: skip
