"""Which end-pointer an experiment has: the two decisions with their limits, or the fixed rule; the shipped networks."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal

from msgspec import Meta

from azsim.compress import compress
from azsim.compress.stored import load_compressed, load_network
from azsim.speech.endpoint import MOST_SILENCE_MS, SILENCE_MS
from azsim.speech.endpointing.decision import EndPointing
from azsim.speech.endpointing.listening import (
    SENTENCE_END,
    VOICE_ACTIVITY,
    EndPointer,
    EndPointNetworks,
    Laid,
    integers_of,
)
from azsim.speech.features import STEP_MS


class EndPointChoice(EndPointing, frozen=True, forbid_unknown_fields=True):
    """The table ``[endpoint]`` of an experiment.

    Attributes:
        kind: ``two-stage``: a speculative and a final decision by the limits; ``fixed``: so long without a new label.
        silence_ms: of the fixed rule.
    """

    kind: Literal["two-stage", "fixed"] = "two-stage"
    silence_ms: Annotated[int, Meta(ge=STEP_MS, le=MOST_SILENCE_MS)] = SILENCE_MS

    @property
    def limits(self) -> EndPointing | None:
        """Of both decisions; None under the fixed rule."""
        if self.kind == "fixed":
            return None
        return EndPointing(**{name: getattr(self, name) for name in EndPointing.__struct_fields__})

    @property
    def said(self) -> str:
        """In a few words, for notes."""
        if self.kind == "fixed":
            return f"{self.silence_ms} ms without a new label"
        return f"two-stage, final after {self.final.pause_ms} ms without a label and {self.final.quiet_ms} ms of quiet"

    def shipped(self) -> EndPointer | None:
        """The end-pointer with the networks that travel with azsim; None under the fixed rule."""
        limits = self.limits
        return None if limits is None else EndPointer(shipped_networks(), limits)


@cache
def shipped_networks() -> EndPointNetworks:
    """Voice activity and end of a sentence, laid out once per process.

    Raises:
        InputError: they are not there.
    """
    return EndPointNetworks(laid_out(VOICE_ACTIVITY), laid_out(SENTENCE_END))


def laid_out(model: str) -> Laid:
    """A network by its name or file, as its bitstreams decode, in int8 where it holds floats.

    Raises:
        InputError: there is no such network, or it is damaged.
    """
    return integers_of(load_compressed(model) or compress(load_network(model), codec="raw"))
