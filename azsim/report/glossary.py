"""The terms that the page uses, each in one sentence; figures are not here but with the settings of the run."""

from __future__ import annotations

TERMS = {
    "true end of speech": "the time at which the speaker stops; recorded when test speech is made, estimated otherwise",
    "end-point": "the time at which the device decides that the speaker has stopped; its rule is among the settings",
    "premature end-point": "an end-point after which more words were recognised; they are not delivered",
    "WER": "word error rate: words substituted, deleted or inserted, per word of the reference",
    "WER whole": "the WER of the whole recording, as if no end-point cut it",
    "WER delivered": "the WER of the words up to the end-point, which is what the device delivers",
    "post-training WER": "the WER of the same compression applied to the network that was not fine-tuned for it",
    "latency": "the time from the true end of speech to the final words",
    "first word": "the time from the start of speech to the first word shown",
    "step": "one run of the encoder; its deadline is the release of the next step",
    "deadline miss": "a step that ended after the release of the next one",
    "underrun": "a period of music for which the DAC found no sample in the buffer",
    "energy above idle": "energy less that of the same stretch of time with the same music and without speech",
    "uplink": "bytes that the device sends over the air",
    "label posterior": "the product of the posterior probabilities of a word's labels; it is not calibrated, so it is "
    "not the probability that the word is right",
    "timing only": "a network of production size with drawn weights: bytes and times are computed, words are not",
    "zvsv": "the two-stage codec: a bitmap refills the zeros, a palette of shared values gives the other weights",
    "resident": "kept in the chip's memory and therefore not fetched from DRAM at every step",
    "window": "the weights that a lane sees per cycle, which bounds the gain from skipping zeros",
    "music ring": "the buffer from which the music is played",
    "95 % interval": "by bootstrap: resampled over speakers where they are known, over utterances otherwise",
}
