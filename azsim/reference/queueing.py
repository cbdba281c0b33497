"""Mean waits of single-server queues in closed form, to set the memory and the cores beside.

::

    Poisson arrivals of class k ──> [ lowest rank first ] ──> server: E[S_k], E[S_k^2]        s_k = sum of loads up to k

**Source:** Pollaczek-Khinchine (M/G/1); Cobham 1954 (priorities without preemption); Kleinrock 1965 (conservation law);
`chunked_response` is derived here from the same argument: what a class finds is the work of its rank and above, and
what is left of one chunk of those below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arrivals:
    """A class of Poisson arrivals: arrivals per unit of time, first and second moment of the service time."""

    rate: float
    service: float
    service_squared: float

    @property
    def load(self) -> float:
        """Share of the server's time that the class takes."""
        return self.rate * self.service

    @property
    def residual(self) -> float:
        """What is left, on average over time, of the service under way."""
        return self.rate * self.service_squared / 2


def fifo_wait(classes: Sequence[Arrivals]) -> float:
    """Mean wait when served in order of arrival (M/G/1; M/D/1 where the service time is fixed)."""
    return sum(one.residual for one in classes) / (1 - sum(one.load for one in classes))


def priority_waits(classes: Sequence[Arrivals]) -> list[float]:
    """Mean wait of each class, the first first, without preemption."""
    residual = sum(one.residual for one in classes)
    waits, above = [], 0.0
    for one in classes:
        waits.append(residual / ((1 - above) * (1 - above - one.load)))
        above += one.load
    return waits


def preemptive_responses(classes: Sequence[Arrivals]) -> list[float]:
    """Mean time in system of each class, the first first, a service interrupted resuming where it was."""
    responses, above, residual = [], 0.0, 0.0
    for one in classes:
        residual += one.residual
        responses.append(one.service / (1 - above) + residual / ((1 - above) * (1 - above - one.load)))
        above += one.load
    return responses


def chunked_responses(classes: Sequence[Arrivals], chunk: float) -> list[float]:
    """The same where a service can be interrupted only after every ``chunk``, of which each service is a multiple.

    A chunk as long as the service is priority without preemption; a chunk of no length is preemption.
    """
    responses, above = [], 0.0
    for number, one in enumerate(classes):
        residual = sum(each.residual for each in classes[: number + 1])
        residual += sum(each.load for each in classes[number + 1 :]) * chunk / 2
        begun = residual / (1 - above - one.load) + one.service - chunk
        responses.append(begun / (1 - above) + chunk)
        above += one.load
    return responses


def conserved_work(classes: Sequence[Arrivals]) -> float:
    """Sum of load x wait over the classes: the same for every order of service that never idles nor looks at sizes."""
    return sum(one.load for one in classes) * fifo_wait(classes)
