"""Sentences of a grammar with what they mean: which rule said which words, and what the sentence asks for.

::

    "play {title} by {artist}" ──draw──> play paper moon by nora winter      title: words 1, 2    artist: words 4, 5
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from azsim.speech.understanding.interpretation import tags_of
from azsim.train.corpus.coffee import AN_SHARE, VOWEL_AFTER_A
from azsim.train.corpus.grammar import REFERENCE, Grammar

Span = tuple[str, int, int]
COFFEE_SLOTS = {
    "size": "size", "roast": "roast", "shots": "numberOfShots", "drink": "coffeeDrink", "milk": "milkAmount",
    "sugar": "sugarAmount",
}  # fmt: skip
COFFEE_INTENT = "orderDrink"
SPEAKER_SLOTS = {
    rule: rule
    for rule in (
        "room", "place", "switch", "color", "shade", "shade_verb", "percent", "start_stop", "appliance", "lock", "door",
        "lock_state", "open_close", "cover", "degrees", "small_number", "warm", "feeling", "direction", "duration",
        "duration_short", "food", "clock", "day", "every", "task", "title", "artist", "genre", "playlist", "station",
        "level", "next", "louder", "contact", "phone", "message", "item", "store", "city", "fall", "sun", "number",
    )
}  # fmt: skip
"""Rules of the smart speaker that are slots, each by its own name; within a slot the rules below it are not."""
SPEAKER_INTENTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "lights": ((r"^are ", "ask_lights"), (r"dim|set|make|change|shade_verb", "adjust_lights"), (r"", "switch_lights")),
    "appliances": ((r"^is ", "ask_appliance"), (r"", "control_appliance")),
    "climate": ((r"^what", "ask_temperature"), (r"", "set_temperature")),
    "timers": (
        (r"^what alarms", "ask_alarms"), (r"remind", "set_reminder"), (r"^how much", "ask_timer"),
        (r"^cancel .*alarm|^turn off", "cancel_alarm"), (r"^snooze", "snooze_alarm"), (r"alarm|wake", "set_alarm"),
        (r"^cancel", "cancel_timer"), (r"^pause", "pause_timer"), (r"^add", "extend_timer"), (r"", "set_timer"),
    ),
    "music": ((r"^who", "ask_music"), (r"^add", "add_to_playlist"), (r"", "play_music")),
    "playback": (
        (r"volume|louder|^mute|quiet|^turn it", "volume"), (r"^what", "ask_music"),
        (r"^(stop|pause|never)", "stop_playback"), (r"^(resume|start)", "resume_playback"), (r"^i like", "like_song"),
        (r"", "skip_song"),
    ),
    "contact_requests": (
        (r"^(read|did)", "read_messages"), (r"message|text|tell", "send_message"), (r"", "call"),
    ),
    "lists": (
        (r"^what|^do i", "ask_list"), (r"^remove|^clear", "remove_from_list"), (r"", "add_to_list"),
    ),
    "weather": ((r"", "weather"),),
    "questions": (
        (r"joke", "joke"), (r"news", "news"), (r"what's \{level\}|times", "calculate"),
        (r"calendar|meeting", "calendar"),
        (r"time is|what day|date", "ask_time"), (r"how far|how long|traffic", "travel"), (r"", "greeting"),
    ),
}  # fmt: skip
"""Rule below ``start`` -> patterns of its alternatives, the first that fits, and what they ask for."""


@dataclass(frozen=True, slots=True)
class TaggedSentence:
    """A sentence and what it means.

    Attributes:
        words: lower-case.
        intent: what is asked for.
        tags: of the words.
    """

    words: tuple[str, ...]
    intent: str
    tags: tuple[str, ...]


def spelled(
    grammar: Grammar, alternative: str, rng: np.random.Generator, slots: Mapping[str, str]
) -> tuple[list[str], list[Span]]:
    """The words of an alternative, its references drawn, and the spans of ``slots`` among them."""
    words: list[str] = []
    spans: list[Span] = []
    place = 0
    for match in REFERENCE.finditer(alternative):
        rule = match.group(1)
        words += alternative[place : match.start()].split()
        own, below = spelled(grammar, grammar.draw_alternative(rng, rule), rng, {} if rule in slots else slots)
        if rule in slots and own:
            spans.append((slots[rule], len(words), len(words) + len(own)))
        spans += [(name, first + len(words), end + len(words)) for name, first, end in below]
        words += own
        place = match.end()
    return words + alternative[place:].split(), spans


def coffee_request(grammar: Grammar, rng: np.random.Generator) -> TaggedSentence:
    """A coffee order with its slots."""
    words, spans = spelled(grammar, grammar.draw_alternative(rng), rng, COFFEE_SLOTS)
    if rng.random() < AN_SHARE:
        words = VOWEL_AFTER_A.sub("an ", " ".join(words)).split()
    return TaggedSentence(tuple(words), COFFEE_INTENT, tags_of(words, spans))


def speaker_request(grammar: Grammar, rng: np.random.Generator) -> TaggedSentence:
    """A request to the smart speaker with its slots."""
    rule = REFERENCE.findall(grammar.draw_alternative(rng))[0]
    alternative = grammar.draw_alternative(rng, rule)
    words, spans = spelled(grammar, alternative, rng, SPEAKER_SLOTS)
    intent = next(name for pattern, name in SPEAKER_INTENTS[rule] if re.search(pattern, alternative))
    return TaggedSentence(tuple(words), intent, tags_of(words, spans))
