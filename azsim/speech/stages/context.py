"""Context: the attention over a user's names, whose keys and values lie beside the recogniser's weights.

::

    encoder.1 ──> context.audio ──> joint ──> search ──cpu: automaton──> prediction ──> context.said ──> joint ...

The recogniser asks for its runs, since its joint waits for them; this stage brings the network.
"""

from __future__ import annotations

from azsim.compress.network import CompressedNetwork
from azsim.errors import InputError
from azsim.speech.context.attention import compressed_attention
from azsim.speech.context.choice import CONTEXT, ContextChoice
from azsim.speech.stage import Configured, Stage
from azsim.speech.stage_registry import stage


@stage(CONTEXT)
class ContextStage(Stage, frozen=True):
    """It is there where the experiment has a ``[context]`` table, which it is given.

    Attributes:
        chosen: the table.
    """

    chosen: ContextChoice | None = None
    for_words = True

    def network(self, configured: Configured) -> CompressedNetwork | None:
        """Queries, keys and values, in plain int8."""
        if self.chosen is None:
            raise InputError("needs the experiment's [context] table; give one, or leave the stage out")
        attention = self.chosen.attended(configured.recogniser)
        return None if attention is None else compressed_attention(attention, configured.layout)
