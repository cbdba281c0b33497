"""What happens to a policy's table as chunks are granted and end: all policies' hooks, compiled into the memory's loop.

::

    hook 0: nothing    hook 1, 2, ...: the policies that have hooks, in the order of their names
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from azsim.arbitration.policy import Policy, policy_class, policy_names, registered
from azsim.compiled import njit

_ALL = [registered(policy_class(name)) for name in policy_names()]
_HOOKED = [one for one in _ALL if one.moves]


def hook_of(policy: Policy) -> int:
    """Number of a policy's hooks for `on_grant` and `on_finish`; 0 if it has none."""
    one = registered(type(policy))
    return 1 + _HOOKED.index(one) if one in _HOOKED else 0


def holds(policy: Policy) -> bool:
    """Whether a policy holds requests back."""
    return registered(type(policy)).holds


def _grant_chain(hooks: Sequence[tuple[int, Callable[..., None]]]) -> Callable[..., None]:
    """A compiled function that calls the hook of a number: each compares its own and hands on to the rest."""
    if not hooks:

        @njit(cache=False, nogil=True)
        def nothing(hook, table, client, size_bytes, time_ps):
            return

        return nothing
    (number, call), rest = hooks[0], _grant_chain(hooks[1:])

    @njit(cache=False, nogil=True)
    def one_of(hook, table, client, size_bytes, time_ps):
        if hook == number:
            call(table, client, size_bytes, time_ps)
        else:
            rest(hook, table, client, size_bytes, time_ps)

    return one_of


def _finish_chain(hooks: Sequence[tuple[int, Callable[..., None]]]) -> Callable[..., None]:
    """The same for the end of a chunk."""
    if not hooks:

        @njit(cache=False, nogil=True)
        def nothing(hook, table, client, latency_ps):
            return

        return nothing
    (number, call), rest = hooks[0], _finish_chain(hooks[1:])

    @njit(cache=False, nogil=True)
    def one_of(hook, table, client, latency_ps):
        if hook == number:
            call(table, client, latency_ps)
        else:
            rest(hook, table, client, latency_ps)

    return one_of


on_grant = _grant_chain([(number, one.on_grant) for number, one in enumerate(_HOOKED, 1) if one.on_grant])
"""``(hook, table, client, size_bytes, time_ps)``: a chunk of ``client`` was granted at ``time_ps``."""

on_finish = _finish_chain([(number, one.on_finish) for number, one in enumerate(_HOOKED, 1) if one.on_finish])
"""``(hook, table, client, latency_ps)``: a chunk of ``client`` ended, ``latency_ps`` after it was asked for."""
