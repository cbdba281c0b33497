"""The networks of the end-pointer: the shipped ones, or those of a run."""

from __future__ import annotations

from pathlib import Path

from azsim.speech.endpointing.choice import laid_out, shipped_networks
from azsim.speech.endpointing.listening import EndPointNetworks


def networks_of(runs: Path | None = None, variant: str = "all") -> EndPointNetworks:
    """Both networks: those that are shipped, or those that ``azsim train`` left in a folder.

    Raises:
        InputError: they are not there.
    """
    if runs is None:
        return shipped_networks()
    voice, sentence = (runs / name / "final.safetensors" for name in (f"voice_activity/{variant}", "sentence_end"))
    return EndPointNetworks(laid_out(str(voice)), laid_out(str(sentence)))
