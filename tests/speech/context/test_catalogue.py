"""Catalogues: two forms of one list, what is made of accents and marks, and what is refused in a line."""

from __future__ import annotations

import pytest

from azsim.errors import AzsimWarning, InputError
from azsim.speech.context.catalogue import MOST_ENTRIES, Catalogue, Entry, read_catalogue, words_of

TEXT = """# people
@contact
anna baker
José
Marie-Claire O'Neil

@device
bedside lamp   # beside the bed
call @contact
turn on the @device
"""
TABLE = """entry,class
anna baker,contact
José,@contact
"Marie-Claire O'Neil",contact
bedside lamp,device
call @contact,
turn on the @device,
"""


def written(tmp_path, text, name="names.txt"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(("name", "text"), [("names.txt", TEXT), ("names.csv", TABLE)])
def test_both_forms_say_the_same(tmp_path, name, text):
    found = read_catalogue(written(tmp_path, text, name))
    texts = ("anna baker", "jose", "marie claire o'neil")
    assert found.entries == (*(Entry(each, "contact") for each in texts), Entry("bedside lamp", "device"))
    assert found.phrases == (("call", "@contact"), ("turn", "on", "the", "@device"))


def test_entries_before_any_class_have_none(tmp_path):
    assert read_catalogue(written(tmp_path, "\ufeffoslo\r\nlima\r\n")).entries == (Entry("oslo"), Entry("lima"))


def test_what_stands_there_twice_counts_once_and_is_said(tmp_path):
    path = written(tmp_path, "@contact\nanna\nbob\nAnna\nbob\n")
    with pytest.warns(AzsimWarning, match=r"line 4: 'Anna': given more than once, and 1 more; each counts once"):
        assert len(read_catalogue(path).entries) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no entries"),
        ("# nothing\n@contact\n", "no entries"),
        ("anna\nСергей\n", "line 2: entry .*: must be letters a to z"),
        ("room 12\n", "line 1: entry 'room 12': '12': must be letters a to z, numbers written as words"),
        ("---\n", "line 1: entry '---': must have a word of letters"),
        ("a" * 101 + "\n", "line 1: entry .* 101 letters: must be at most 100"),
        ("a" * 1_000_000 + "\n", "line 1: 1000000 letters: must be at most 100"),
        ("anna\ncall @friend\n", "@friend: no entry; there is no entry with a class"),
        ("@contact\nanna\ncall @friend\n", "@friend: no entry; there is @contact"),
        ("@contact\nanna\n@contact @contact\n", "must have a word beside its classes"),
        ("@contact\nanna\ncall @2\n", "class '@2': must be @ and letters"),
        (b"anna\n\xff\xfe\n", "byte 5 is no UTF-8"),
        (b"anna\0\n", "no text"),
    ],
)
def test_wrong_lists_are_refused_by_the_line(tmp_path, text, said):
    with pytest.raises(InputError, match=said) as refused:
        read_catalogue(written(tmp_path, text))
    assert str(refused.value).startswith(str(tmp_path))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("anna,contact,7\n", "line 1: 3 columns: must be entry,class"),
        (",contact\n", "line 1: entry '': must have a word"),
        ("anna,con tact\n", "line 1: class 'con tact': must be letters"),
        ('anna,"contact\n', "no CSV"),
        ("anna,contact\ncall @contact,contact\n", "a phrase has none"),
    ],
)
def test_wrong_tables_are_refused_by_the_line(tmp_path, text, said):
    with pytest.raises(InputError, match=said):
        read_catalogue(written(tmp_path, text, "names.csv"))


def test_no_file_and_too_many_entries_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file; a catalogue of names is needed"):
        read_catalogue(tmp_path / "missing.txt")
    with pytest.raises(InputError, match=f"{MOST_ENTRIES + 1:,} entries: must be at most {MOST_ENTRIES:,}"):
        Catalogue(tuple(Entry("a", "x") for _ in range(MOST_ENTRIES + 1)))


def test_words_of_keeps_classes_and_parts_words_at_marks():
    assert words_of("Back-up D\u2019Angelo") == ("back", "up", "d'angelo")
