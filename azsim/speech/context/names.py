"""Names of the tensors of the attention network: what its task lays out, and what the recogniser's side reads.

::

    prefix, next ──(once a catalogue)──> audio.key, said.key, value      one row for each piece of each entry
    audio (J,) ──tanh, dense──> audio.query (D,)       encoder outputs as the joint sees them
    said  (J,) ──tanh, dense──> said.query (D,)        label histories, likewise
"""

from __future__ import annotations

PREFIX, NEXT = "prefix", "next"
"""The joint's view of an entry's pieces so far, from the recogniser's own prediction network, and the piece that comes;
zeros and `no_entry` for speech that is none of the entries."""
AUDIO, SAID = "audio", "said"
"""The two sides that ask: encoder outputs and label histories."""
SIDES = (AUDIO, SAID)
VALUE = "value"
AUDIO_PROGRAM, SAID_PROGRAM = "context.audio", "context.said"
"""Of the processor, one for each side."""
BOOSTS_TASK = "context"
"""Of a core: the labels that follow a hypothesis, through the automaton."""


def key_of(side: str) -> str:
    """Output that the side's queries are multiplied with."""
    return f"{side}.key"


def query_of(side: str) -> str:
    """Output that asks."""
    return f"{side}.query"


def no_entry(pieces: int) -> int:
    """The label that stands for speech without an entry, of a network with so many pieces."""
    return pieces
