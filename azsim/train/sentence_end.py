"""A network with one more label, that ends the sentence.

::

    blank │ ▁turn │ … │ ing │ </s>     the row of the blank again, less likely by e^-4:
      └───────────────────────┘        nothing is heard otherwise until training tells them apart

The end is said where the blank was said before, so that is what it begins as. What follows it is silence; its vector
begins at zero, which no other label's is.

**Source:** the label, as end-pointing takes it, e.g. Guo et al. 2020 (arXiv:2007.13802); how it begins is `assumed`.
"""

from __future__ import annotations

from dataclasses import replace

import torch

from azsim.train.model import Transducer
from azsim.train.tokens import BLANK

NATS_BELOW_BLANK = 4.0
OUTPUTS = ("joint_output", "ctc_head")


def with_sentence_end(model: Transducer) -> Transducer:
    """The network with a last label that is never the best one before training."""
    larger = Transducer(replace(model.shape, vocabulary=model.shape.vocabulary + 1))
    own = dict(larger.named_parameters())
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            if name.split(".")[0] in OUTPUTS:
                added = tensor[BLANK : BLANK + 1] - (NATS_BELOW_BLANK if name.endswith("bias") else 0.0)
                tensor = torch.cat([tensor, added])
            elif name.startswith("embedding"):
                tensor = torch.cat([tensor, torch.zeros_like(tensor[:1])])
            own[name].copy_(tensor)
    return larger
