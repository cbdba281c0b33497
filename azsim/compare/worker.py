"""A worker process: takes tasks from the process that started it, answers them, and ends when that one ends.

::

    pool ──(work, setup), task, task...──> worker        over one socket; the end of it ends the worker at once,
    pool <─ notices, answer or exception ─ worker        whatever it is doing
"""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread

from azsim.errors import CacheWarning
from azsim.notices import heard_by


def serve(channel: Connection) -> None:
    """Answer ``work(setup, task)`` for every task that arrives; never returns."""
    received: SimpleQueue[object] = SimpleQueue()
    Thread(target=_receive, args=(channel, received), daemon=True).start()
    work, setup = received.get()
    warnings.simplefilter("ignore", CacheWarning)  # the pool's process has said so
    with heard_by(channel.send):
        while True:
            task = received.get()
            try:
                answer: object = work(setup, task)
            except Exception as error:  # whatever it is, it is the pool's to raise
                error.add_note(traceback.format_exc())
                answer = error
            channel.send(answer)


def _receive(channel: Connection, received: SimpleQueue[object]) -> None:
    """Queue what arrives; end the process when the other side has gone."""
    try:
        while True:
            received.put(channel.recv())
    except (EOFError, OSError):
        os._exit(1)
    except Exception:  # what cannot be unpickled here: without an end the pool would wait for ever
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
