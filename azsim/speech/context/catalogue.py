"""A user's names as a file: people, devices, rooms, and phrases in which they are said.

::

    # my.txt                         entry,class            my.csv
    @contact                         anna baker,contact
    anna baker                       bedside lamp,device
    josé                             call @contact,
    @device
    bedside lamp
    call @contact                    a line with other words beside a class is a phrase

A line that is a class alone begins the entries of that class; ``#`` begins a comment. Accents are left out, hyphens and
full stops part words. A word that no recogniser of English letters can spell is refused, never cut.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import warnings
from dataclasses import dataclass
from pathlib import Path

from azsim.errors import AzsimWarning, InputError, located
from azsim.explain import shown
from azsim.input_file import read_input_file

MOST_ENTRIES, MOST_PHRASES, MOST_LETTERS, MOST_CLASSES = 100_000, 1_000, 100, 64
CLASS = re.compile(r"@[a-z][a-z_]*\Z")
WORD = re.compile(r"[a-z']*[a-z][a-z']*\Z")
COLUMNS = ["entry", "class"]
PARTING = str.maketrans({"-": " ", ".": " ", ",": " ", "\u2019": "'", "_": " "})


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One name.

    Attributes:
        text: its words in lower case, single spaces between them.
        kind: its class without the ``@``, empty for none.
    """

    text: str
    kind: str = ""


@dataclass(frozen=True)
class Catalogue:
    """What a user has names for.

    Attributes:
        entries: in the order of the file, each once.
        phrases: words and classes (``@contact``) of phrases in which entries are said.
        source: for messages.

    Raises:
        InputError: it is empty or too long, or a phrase has a class without entries.
    """

    entries: tuple[Entry, ...]
    phrases: tuple[tuple[str, ...], ...] = ()
    source: str = "catalogue"

    def __post_init__(self) -> None:
        sizes = (("entries", len(self.entries), MOST_ENTRIES), ("phrases", len(self.phrases), MOST_PHRASES))
        for name, count, most in sizes:
            if count > most:
                raise InputError(f"{self.source}: {count:,} {name}: must be at most {most:,}")
        if not self.entries:
            raise InputError(f"{self.source}: no entries; give a name a line, or a CSV with the columns entry,class")
        kinds = {entry.kind for entry in self.entries}
        if len(kinds) > MOST_CLASSES:
            raise InputError(f"{self.source}: {len(kinds)} classes: must be at most {MOST_CLASSES}")
        for phrase in self.phrases:
            for word in phrase:
                if word.startswith("@") and word[1:] not in kinds:
                    has = ", ".join(f"@{kind}" for kind in sorted(kinds) if kind) or "no entry with a class"
                    raise InputError(f"{self.source}: phrase {' '.join(phrase)!r}: {word}: no entry; there is {has}")

    @property
    def texts(self) -> tuple[str, ...]:
        """The entries' words, each text once whatever its classes."""
        return tuple(dict.fromkeys(entry.text for entry in self.entries))


def read_catalogue(path: Path) -> Catalogue:
    """A catalogue from a text or, where its name ends in ``.csv``, a CSV.

    An entry that stands there twice counts once, and a warning says so.

    Raises:
        InputError: the file cannot be read, or a line of it is wrong; the message names the line.
    """
    data = read_input_file(path, "a catalogue of names")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is no UTF-8: save the names as UTF-8 text") from None
    if "\0" in text:
        raise InputError(f"{path}: no text: a catalogue of names is needed")
    rows = _csv_rows(text, path) if path.suffix.lower() == ".csv" else _text_rows(text)
    entries: dict[Entry, int] = {}
    phrases: dict[tuple[str, ...], int] = {}
    again = []
    for number, written, kind in rows:
        with located(f"{path}: line {number}"):
            words = words_of(written)
            if any(word.startswith("@") for word in words):
                known, made = phrases, _phrase(words, kind)
            else:
                known, made = entries, Entry(" ".join(words), _kind(kind))
            if made in known:
                again.append((number, written))
            known.setdefault(made, number)
    if again:
        number, written = again[0]
        more = f", and {len(again) - 1} more" if len(again) > 1 else ""
        said = f"{path}: line {number}: {shown(written)}: given more than once{more}; each counts once"
        warnings.warn(said, AzsimWarning, stacklevel=2)
    return Catalogue(tuple(entries), tuple(phrases), str(path))


def words_of(written: str) -> tuple[str, ...]:
    """The words of an entry or phrase as a recogniser spells them: lower case, ``a`` to ``z`` and the apostrophe.

    Raises:
        InputError: there are none, too many letters, or one that is not among these.
    """
    if len(written) > 4 * MOST_LETTERS:
        raise InputError(f"{len(written)} letters: must be at most {MOST_LETTERS}")
    apart = unicodedata.normalize("NFKD", written.lower())
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    words = tuple(
        word if word.startswith("@") else part
        for word in plain.split()
        for part in ([word] if word.startswith("@") else word.translate(PARTING).split())
    )
    if not words:
        raise InputError(f"entry {shown(written)}: must have a word of letters")
    for word in words:
        if word.startswith("@") and not CLASS.match(word):
            raise InputError(f"{shown(written)}: class {shown(word)}: must be @ and letters, such as @contact")
        if not word.startswith("@") and not WORD.match(word):
            raise InputError(
                f"entry {shown(written)}: {shown(word)}: must be letters a to z, numbers written as words"
            )
    letters = len(" ".join(words))
    if letters > MOST_LETTERS:
        raise InputError(f"entry {shown(written)}: {letters} letters: must be at most {MOST_LETTERS}")
    return words


def _kind(written: str) -> str:
    name = written.strip().lower().removeprefix("@")
    if name and not CLASS.match(f"@{name}"):
        raise InputError(f"class {shown(written)}: must be letters, such as contact")
    return name


def _phrase(words: tuple[str, ...], kind: str) -> tuple[str, ...]:
    if kind:
        raise InputError(f"phrase {' '.join(words)!r}: class {shown(kind)}: a phrase has none")
    if all(word.startswith("@") for word in words):
        raise InputError(f"phrase {' '.join(words)!r}: must have a word beside its classes")
    return words


def _text_rows(text: str) -> list[tuple[int, str, str]]:
    """Number, entry and class of each line."""
    rows, kind = [], ""
    for number, line in enumerate(text.splitlines(), 1):
        written = line.partition("#")[0].strip()
        if CLASS.match(written.lower()):
            kind = written
        elif written:
            rows.append((number, written, "" if "@" in written else kind))
    return rows


def _csv_rows(text: str, path: Path) -> list[tuple[int, str, str]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = []
    try:
        for cells in reader:
            if not rows and [cell.strip().lower() for cell in cells] == COLUMNS:
                continue
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(COLUMNS):
                raise InputError(f"{path}: line {reader.line_num}: {len(cells)} columns: must be entry,class")
            rows.append((reader.line_num, cells[0], cells[1] if len(cells) > 1 else ""))
    except csv.Error as error:
        raise InputError(f"{path}: line {reader.line_num}: no CSV: {error}") from None
    return rows
