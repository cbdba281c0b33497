"""Ctrl-C, and a polite ``kill``: one line, whatever code is running and whatever library would lose the exception.

::

    imports ──────────> work ───────────────> report is there ───> printing, Python's own end
    ends here and now   KeyboardInterrupt     comes too late

Before the first import of ``azsim.__main__`` stands Python's own start, some 10 ms (20 in a virtual environment) in
which a Ctrl-C is Python's to report.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = "interrupted; no report was written"
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_SAME_PRESS_S = 1.0
Handler = Callable[[int, FrameType | None], None]


def end_all_on_interrupt() -> None:
    """From here on an interrupt ends the process at once: for imports, where an exception can end as an ImportError."""
    _handle(_end)


@contextmanager
def interrupts_end_all() -> Iterator[None]:
    """Within, an interrupt ends the process at once."""
    with _handled(_end):
        yield


@contextmanager
def interrupts_heard() -> Iterator[None]:
    """Within, an interrupt raises ``KeyboardInterrupt`` in the main thread, once per second at most.

    A second press while the first one is tidied up changes nothing. Python drops an exception that is raised in a
    callback or a finaliser; one that is dropped so is raised again a second later instead of being printed.
    """
    last_s = float("-inf")

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal last_s
        now_s = time.monotonic()
        if now_s - last_s >= _SAME_PRESS_S:
            last_s = now_s
            raise KeyboardInterrupt

    def dropped(unraisable: sys.UnraisableHookArgs) -> None:
        if not isinstance(unraisable.exc_value, KeyboardInterrupt):
            hook_before(unraisable)
            return
        again = threading.Timer(_SAME_PRESS_S, _interrupt_main_thread)
        again.daemon = True
        again.start()

    hook_before, sys.unraisablehook = sys.unraisablehook, dropped
    try:
        with _handled(interrupt):
            yield
    finally:
        sys.unraisablehook = hook_before


def ignore_interrupts() -> None:
    """From here on an interrupt comes too late: what was asked for is there (until ``interrupts_heard`` ends)."""
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold interrupts back until the end; processes started within never see one."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _interrupt_main_thread() -> None:
    """A real signal, which ends a wait of the main thread, where that exists; else what Python has."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    else:
        _thread.interrupt_main()


def _end(number: int, frame: FrameType | None) -> None:
    os.write(2, f"azsim: {INTERRUPTED}\n".encode())
    os._exit(1)


def _handle(handler: Handler) -> dict[signal.Signals, object]:
    """Handle what nobody chose to ignore (``nohup`` does), in the main thread; another thread gets no signals.

    Returns: the handlers before.
    """
    if threading.current_thread() is not threading.main_thread():
        return {}
    heard = [number for number in _SIGNALS if signal.getsignal(number) not in (signal.SIG_IGN, None)]
    return {number: signal.signal(number, handler) for number in heard}


@contextmanager
def _handled(handler: Handler) -> Iterator[None]:
    before = _handle(handler)
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
