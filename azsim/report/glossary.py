"""The words that the page uses, each in one sentence."""

from __future__ import annotations

TERMS = {
    "true end of speech": "when the speaker stops: recorded when test speech is made, estimated from energy otherwise",
    "end-point": "when the device decides that the speaker has stopped: 480 ms without a new label",
    "cut early": "the end-point fired before the true end of speech, so words may be missing and there is no latency",
    "final words": "the result is complete; latency counts from the true end of speech to here",
    "first partial": "the first word is on the device",
    "step": "one invocation of the encoder, every 30 ms; its deadline is the next step's release",
    "timing only": "a network of production size with drawn weights: bytes and time are real, it has no words",
    "zvsv": "the two-stage codec: a bitmap refills the zeros, a palette of shared values gives the others",
    "resident": "kept in the chip's memory, so not fetched from DRAM at every step",
    "window": "how many weights a lane sees per cycle, and so the most that skipping zeros can gain",
    "music ring": "the buffer from which the music is played; an underrun is heard when it runs empty",
    "due to speech": "energy (margin) over the same stretch of time with the same music but without speech",
    "95 % interval": "by bootstrap: resampled over speakers where they are known, over utterances otherwise",
}
