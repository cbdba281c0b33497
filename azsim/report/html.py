"""The page: one self-contained HTML file, figures inline, no script, no link to anywhere."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from html import escape as escape_markup
from typing import TYPE_CHECKING

from azsim.errors import readable
from azsim.report.colours import variables, with_variables
from azsim.report.columns import DEVICE, NOTHING, WORDS, Column, number, used_columns
from azsim.report.fitted import shortened
from azsim.report.glossary import TERMS
from azsim.report.plain import plain
from azsim.report.ranking import verdict
from azsim.report.results import Comparison, ConfigurationResult, UtteranceResult
from azsim.report.table import PRODUCTION_TITLE, TRAINED_TITLE
from azsim.speech.transcript import Word

if TYPE_CHECKING:
    from azsim.report.figures import DrawnFigure

_MOST_TRANSCRIPTS = 200
_NAME_LETTERS = 60
_STYLE = f"""
:root {{ color-scheme: light dark; --ink: #1b1b1b; --paper: #ffffff; --soft: #595959; --line: #d5d5d5; --band: #f5f5f5;
  {variables(dark=False)} }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #e6e6e6; --paper: #16181b; --soft: #a8a8a8; --line: #3a3d42; --band: #1f2226;
    {variables(dark=True)} }}
}}
""" + """
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
.scroll { overflow-x: auto; max-width: 100%; margin-bottom: 1rem; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: 0.4rem; }
th, td { padding: 0.3rem 0.6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child, .words td { text-align: left; }
th:first-child, td:first-child { position: sticky; left: 0; background: var(--paper); }
tbody tr:nth-child(even) td:first-child { background: var(--band); }
td:first-child .soft { display: block; white-space: normal; }
.words td:last-child { white-space: normal; }
thead th { vertical-align: bottom; white-space: normal; }
th small { display: block; font-weight: normal; color: var(--soft); }
tbody tr:nth-child(even) { background: var(--band); }
figure { margin: 1rem 0 2.5rem; break-inside: avoid; }
figure svg { display: block; width: 100%; height: auto; }
figure .narrow { display: none; }
@media (max-width: 719px) { figure .wide { display: none; } figure .narrow { display: block; } }
figcaption, .soft { color: var(--soft); font-size: 0.9rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.1rem 1rem; font-size: 0.9rem; } dd { margin: 0; }
dt, dd, p, figcaption { overflow-wrap: anywhere; }
@media (max-width: 719px) { dl { display: block; } dt { font-weight: 600; } dd { margin: 0 0 0.4rem; } }
.mark { border: 1px solid #d55e00; border-radius: 3px; padding: 0 0.3rem; font-size: 0.8rem; }
.unsure { color: var(--soft); text-decoration: underline dotted; }
pre { overflow-x: auto; background: var(--band); padding: 0.8rem; font-size: 0.8rem; }
@media print { body { margin: 0; max-width: none; font-size: 11px; } .scroll { overflow: visible; }
  table { font-size: 7px; } th, td { padding: 1px 3px; } }
""".strip()


def page(comparison: Comparison, figures: Sequence[DrawnFigure]) -> str:
    """The whole page; the figures are put inline, for wide and for narrow windows, on light and on dark paper."""
    sections = [
        _heading(comparison),
        _transcripts(comparison.utterances),
        _table_section(TRAINED_TITLE, comparison.rows, ""),
        _table_section(
            PRODUCTION_TITLE,
            comparison.production_rows,
            '<p><span class="mark">timing only</span> Weights drawn from distributions fitted to the trained model, '
            "steps and tokens of real utterances; no words come out, so there is no word error rate.</p>",
        ),
        _groups(comparison.rows),
        *(_figure(figure, comparison) for figure in figures),
        _notes(comparison),
        _definitions("The columns", _meanings((*comparison.rows, *comparison.production_rows))),
        _definitions("Terms", TERMS if comparison.rows or comparison.production_rows else {}),
        _configuration(comparison),
    ]
    return plain_page(comparison.title, sections)


def plain_page(title: str, sections: Sequence[str]) -> str:
    """A page of sections that are markup already; empty ones are left out."""
    body = "\n".join(section for section in sections if section)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)} \u2013 azsim</title>\n<style>\n{_STYLE}\n</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def escape(text: str) -> str:
    """``text`` as it is shown, whatever it holds: markup is text, and what cannot be printed is ``?``."""
    return escape_markup("\n".join(map(readable, text.split("\n"))))


def _name(text: str) -> str:
    """A name, shortened where it is so long that nothing else would be seen; the whole of it is its title."""
    short = shortened(text, _NAME_LETTERS)
    return escape(text) if short == text else f'<span title="{escape(text)}">{escape(short)}</span>'


def _heading(comparison: Comparison) -> str:
    summary = f"<p>{escape(comparison.summary)}</p>" if comparison.summary else ""
    items = "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in comparison.settings.items())
    return f"<h1>{escape(comparison.title)}</h1>\n{summary}" + (f"\n<dl>{items}</dl>" if items else "")


def _table_section(title: str, rows: Sequence[ConfigurationResult], preface: str) -> str:
    if not rows:
        return ""
    first, *others = used_columns(rows, console=False)
    parts = [(group, [column for column in others if column.group == group]) for group in (WORDS, DEVICE)]
    tables = "\n".join(_table(group, [first, *columns], rows) for group, columns in parts if columns)
    return f"<h2>{escape(title.capitalize())}</h2>\n{preface}\n{tables}"


def _table(caption: str, columns: Sequence[Column], rows: Sequence[ConfigurationResult]) -> str:
    """One table, in a box of its own that scrolls where the window is narrower."""
    head = "".join(_header_cell(column) for column in columns)
    lines = "\n".join(
        "<tr>" + "".join(f"<td>{_cell(column, row)}</td>" for column in columns) + "</tr>" for row in rows
    )
    return (
        f'<div class="scroll" tabindex="0"><table>\n<caption>{escape(caption)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody>\n</table></div>"
    )


def _header_cell(column: Column) -> str:
    unit = f"<small>{escape(column.unit)}</small>" if column.unit else ""
    return f'<th scope="col" title="{escape(column.meaning)}">{escape(column.title)}{unit}</th>'


def _cell(column: Column, row: ConfigurationResult) -> str:
    if column.title != "configuration":
        return escape(column.cell(row))
    return _name(column.cell(row)) + (f' <span class="soft">{escape(row.note)}</span>' if row.note else "")


def _groups(rows: Sequence[ConfigurationResult]) -> str:
    """WER per group, if there is more than one."""
    groups = list(dict.fromkeys(group for row in rows for group in row.wer_by_group_percent))
    if len(groups) < 2:
        return ""
    head = '<th scope="col">configuration</th>' + "".join(f'<th scope="col">{_name(group)}</th>' for group in groups)
    lines = []
    for row in rows:
        cells = [_name(row.config)]
        for group in groups:
            rate, low, high = row.wer_by_group_percent.get(group, (None, None, None))
            cells.append(number(rate) + (f" [{number(low)}, {number(high)}]" if low is not None else ""))
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return (
        '<h2>Word error rate by group</h2>\n<div class="scroll"><table>\n<caption>Percent, 95 % bootstrap interval'
        f"</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{''.join(lines)}\n</tbody>\n</table></div>"
    )


def _transcripts(results: Sequence[UtteranceResult]) -> str:
    """The words with their times and label posteriors, for utterances that carry them."""
    spoken = [result for result in results if result.words][:_MOST_TRANSCRIPTS]
    if not spoken:
        return ""
    lines = []
    for result in spoken:
        words = " ".join(
            f'<span{_unsure(word.label_posterior)} title="recognised at {_when(word)} ms, label posterior '
            f'{word.label_posterior:.2f}">{escape(word.text)}</span>'
            for word in result.words
        )
        estimated = " (end of speech estimated)" if result.speech_end_estimated else ""
        lines.append(f"<tr><td>{_name(result.utterance)}{estimated}</td><td>{words}</td></tr>")
    return (
        '<h2>Transcripts</h2>\n<p class="soft">Dotted: label posterior below one half, which is no calibrated '
        "confidence. Times and posteriors are in words.csv.</p>\n"
        f'<div class="scroll"><table class="words"><tbody>\n{"".join(lines)}\n</tbody></table></div>'
    )


def _when(word: Word) -> str:
    """One time for a word of one piece, the first and the last piece's otherwise."""
    return f"{word.start_ms}" if word.start_ms == word.end_ms else f"{word.start_ms}\u2013{word.end_ms}"


def _unsure(label_posterior: float) -> str:
    return ' class="unsure"' if label_posterior < 0.5 else ""


def _figure(figure: DrawnFigure, comparison: Comparison) -> str:
    """Heading, picture, what to see in it, and the command that made it."""
    kind = figure.kind
    caption = f"{kind.caption} {kind.about(comparison)}".strip()
    command = comparison.manifest.get("command")
    made = f"<br>Command: <code>{escape(shlex.join(map(str, command)))}</code>" if isinstance(command, list) else ""
    pictures = "\n".join(
        f'<div class="{width}">{inline_svg(svg.decode("utf-8"), f"{kind.name}-{width}", caption)}</div>'
        for width, svg in (("wide", figure.svg), ("narrow", figure.narrow))
    )
    return (
        f'<figure id="{kind.name}">\n<h2>{escape(kind.title)}</h2>\n{pictures}\n'
        f"<figcaption>{escape(caption)}{made}</figcaption>\n</figure>"
    )


def inline_svg(document: str, name: str, title: str) -> str:
    """The ``<svg>`` element alone, its ids made unique by ``name``, without metadata and outside references.

    Only tags are changed: text may hold anything that looks like an attribute.
    """
    element = document[document.index("<svg") :]
    element = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", element, flags=re.DOTALL)
    element = re.sub(r"<[^>]+>", lambda tag: _own_ids(tag[0], name), element)
    return element.replace("<svg ", f'<svg role="img" aria-label="{escape(title)}" ', 1).strip()


def _own_ids(tag: str, name: str) -> str:
    """A tag whose ids and references to them begin with ``name``, and whose colours follow the page's paper."""
    tag = re.sub(r' xmlns(:xlink)?="[^"]*"', "", tag)
    tag = re.sub(r'(\s)id="', rf'\1id="{name}-', tag)
    tag = re.sub(r'(?:xlink:)?href="(#?)', lambda found: f'href="#{name}-' if found[1] else 'href="', tag)
    return with_variables(tag.replace("url(#", f"url(#{name}-"))


def _notes(comparison: Comparison) -> str:
    notes = [note for note in (*comparison.notes, verdict(comparison.sensitivity)) if note]
    if not notes:
        return ""
    return "<h2>Accuracy of these numbers</h2>\n" + "\n".join(f"<p>{escape(note)}</p>" for note in notes)


def _meanings(rows: Sequence[ConfigurationResult]) -> dict[str, str]:
    return {column.heading: column.meaning for column in used_columns(rows, console=False)}


def _definitions(title: str, meanings: Mapping[str, str]) -> str:
    items = "".join(f"<dt>{escape(term)}</dt><dd>{escape(meaning)}</dd>" for term, meaning in meanings.items())
    nothing = f"\n<p class='soft'>{NOTHING}: does not apply.</p>" if title == "The columns" else ""
    return f"<h2>{title}</h2>\n<dl>{items}</dl>{nothing}" if items else ""


def _configuration(comparison: Comparison) -> str:
    if not comparison.manifest:
        return ""
    text = escape(json.dumps(plain(comparison.manifest), indent=2, ensure_ascii=False))
    return f"<h2>Resolved configuration</h2>\n<pre>{text}</pre>"
