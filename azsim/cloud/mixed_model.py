"""Two language models as one: whole sentences are of a known domain with some probability, and else of the neural one.

::

    P(words) = share x P(domains) + (1 - share) x P(neural)        each word: the same of all words up to it

So a domain that the words have left has no say in what follows, and one that they are in has nearly all of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from azsim.cloud.domain_model import DomainModel, DomainState
from azsim.cloud.language_model import LanguageModel, LanguageState
from azsim.errors import InputError


@dataclass(frozen=True, slots=True)
class MixedState:
    """After some words.

    Attributes:
        neural, domain: what each model is in.
        spoken: log-probability of the words by the neural model; the domain's stands in its state.
    """

    neural: LanguageState
    domain: DomainState
    spoken: float


class MixedModel:
    """Asked word by word as either of them.

    Args:
        neural: for whatever people say.
        domain: the grammars' own probabilities.
        share: of the sentences that are the domains', above 0 and below 1.

    Raises:
        InputError: a share out of range.
    """

    def __init__(self, neural: LanguageModel, domain: DomainModel, share: float) -> None:
        if not 0 < share < 1:
            raise InputError(f"domain_share = {share}: must be above 0 and below 1")
        self._neural, self._domain = neural, domain
        self._log_share, self._log_other = math.log(share), math.log1p(-share)
        self.start = MixedState(neural.start, domain.start, 0.0)
        """The state before the first word."""

    def word(self, state: MixedState, word: str) -> tuple[float, MixedState]:
        """Log-probability of a word after the state's, and the state after it."""
        score, neural = self._neural.word(state.neural, word)
        _, domain = self._domain.word(state.domain, word)
        after = MixedState(neural, domain, state.spoken + score)
        return self._total(after) - self._total(state), after

    def end(self, state: MixedState) -> float:
        """Log-probability that nothing follows."""
        ended = state.domain.total + self._domain.end(state.domain) if state.domain.reached else -math.inf
        spoken = state.spoken + self._neural.end(state.neural)
        return float(np.logaddexp(self._log_share + ended, self._log_other + spoken)) - self._total(state)

    def _total(self, state: MixedState) -> float:
        """Log-probability of the words so far."""
        return float(np.logaddexp(self._log_share + state.domain.total, self._log_other + state.spoken))
