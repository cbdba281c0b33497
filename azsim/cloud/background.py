"""A server in a thread of its own, for who measures or tests on one machine."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

from azsim.cloud.certificates import Certificates
from azsim.cloud.server import Server, ServerLimits
from azsim.cloud.service import Service
from azsim.errors import WorkError

_PATIENCE_S = 20


@contextlib.contextmanager
def serving(
    certificates: Certificates, service: Service | None = None, limits: ServerLimits | None = None
) -> Iterator[tuple[int, list[str]]]:
    """Within, a server answers on a free port of the loopback; gives the port, and the lines that it says.

    Raises:
        WorkError: it does not begin or end in time.
    """
    lines: list[str] = []
    there, over = threading.Event(), asyncio.Event()
    found: dict[str, object] = {}

    async def serve() -> None:
        server = Server(service or Service(), certificates, lines.append, limits)
        async with server.listening(0) as port:
            found.update(port=port, loop=asyncio.get_running_loop())
            there.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    if not there.wait(_PATIENCE_S):
        raise WorkError("the server does not begin")
    try:
        yield found["port"], lines
    finally:
        found["loop"].call_soon_threadsafe(over.set)
        thread.join(_PATIENCE_S)
        if thread.is_alive():
            raise WorkError("the server does not end")
