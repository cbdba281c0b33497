"""The server: connections of devices on the loopback, requests admitted in order, answers made beside them.

::

    connection ──bytes──> ServerEnd ──requests──> Service.admit ──> queue ──> worker thread: Service.answer ──> reply

Nothing that a device sends ends it: a connection that breaks the rules is closed, a request that does is refused, each
in one line. How many connections there are, how long they may be silent and how much waits is bounded.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from azsim.cloud.certificates import Certificates
from azsim.cloud.channel import ConnectionLost, Request, ServerEnd
from azsim.cloud.messages import Refusal, pack
from azsim.cloud.service import ANSWERED, Handled, Service
from azsim.errors import InputError

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 8443
BUSY = 503
_READ_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What the server puts up with.

    Attributes:
        connections: at a time.
        waiting: requests that wait for an answer, of all connections.
        handshake_s: until a connection has to be open.
        idle_s: that a connection may be silent.
        workers: answers that are made at a time.
    """

    connections: int = 512
    waiting: int = 1024
    handshake_s: float = 10.0
    idle_s: float = 60.0
    workers: int = 2


class Server:
    """Listens on the loopback, and nowhere else.

    Args:
        service: what answers.
        certificates: of the server; only devices with theirs are let in.
        say: told one line of every request, refusal and lost connection.
        limits: of everything.

    Attributes:
        answered, refused: requests so far.
    """

    def __init__(
        self,
        service: Service,
        certificates: Certificates,
        say: Callable[[str], None],
        limits: ServerLimits | None = None,
    ) -> None:
        self._service = service
        self._context = certificates.server_context()
        self._say = say
        self._limits = limits or ServerLimits()
        self._waiting = 0
        self._open: set[asyncio.Task[None]] = set()
        self._replied = asyncio.Event()
        self.answered = self.refused = 0

    @contextlib.asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator[int]:
        """Within, the server answers; gives its port, a free one if 0 was asked for. What is open in the end is closed.

        Raises:
            InputError: the port is taken, or not for this user.
        """
        try:
            server = await asyncio.start_server(self._connection, LOOPBACK, port, limit=_READ_BYTES)
        except OSError as error:
            raise InputError(f"--port {port}: cannot listen on {LOOPBACK}: {error.strerror or error}") from None
        with ThreadPoolExecutor(self._limits.workers, thread_name_prefix="azsim-cloud") as pool:
            self._pool = pool
            async with server:
                try:
                    yield server.sockets[0].getsockname()[1]
                finally:
                    server.close()
                    await self._close_all()

    async def until(self, requests: int) -> None:
        """Come back once so many requests are answered or refused."""
        while self.answered + self.refused < requests:
            self._replied.clear()
            await self._replied.wait()

    async def _close_all(self) -> None:
        """End every connection that is open; its line is said when this comes back."""
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its first byte to its end."""
        if len(self._open) >= self._limits.connections:
            self._say(f"refused a connection: {len(self._open)} are open")
            writer.transport.abort()
            return
        own = asyncio.current_task()
        self._open.add(own)
        tasks: set[asyncio.Task[None]] = set()
        try:
            await self._talk(reader, writer, tasks)
        except (ConnectionLost, TimeoutError, ConnectionError, BrokenPipeError) as error:
            self._say(f"closed a connection: {str(error) or type(error).__name__}")
        except asyncio.CancelledError:
            self._say("closed a connection: the server ends")  # who cancels waits for nothing else: it may end in peace
            writer.transport.abort()  # whatever the device has not read
        finally:
            self._open.discard(own)
            for task in tasks:
                task.cancel()
            with contextlib.suppress(OSError):
                writer.close()

    async def _talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tasks: set[asyncio.Task[None]]
    ) -> None:
        end = ServerEnd(self._context, self._service.most_bytes)
        opened_by = asyncio.get_running_loop().time() + self._limits.handshake_s
        while True:
            left_s = self._limits.idle_s if end.is_ready else opened_by - asyncio.get_running_loop().time()
            async with asyncio.timeout(left_s):
                data = await reader.read(_READ_BYTES)
            if not data:
                return
            try:
                requests = end.receive(data)
            finally:
                writer.write(end.take())  # what is refused is told why
            for request in requests:
                self._admit(request, end, writer, tasks)
            async with asyncio.timeout(self._limits.idle_s):
                await writer.drain()

    def _admit(
        self, request: Request, end: ServerEnd, writer: asyncio.StreamWriter, tasks: set[asyncio.Task[None]]
    ) -> None:
        """Refuse a request, or have it answered."""
        admitted: Handled | tuple
        if self._waiting >= self._limits.waiting:
            admitted = Handled(BUSY, pack(Refusal("busy")), f"refused {request.path[:40]!r}: {self._waiting} wait")
        else:
            admitted = self._service.admit(request)
        if isinstance(admitted, Handled):
            self._reply(request, admitted, end, writer)
            return
        self._waiting += 1
        task = asyncio.get_running_loop().create_task(self._answer(admitted, end, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(self._no_longer_waits)

    async def _answer(self, admitted: tuple, end: ServerEnd, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        handled = await loop.run_in_executor(self._pool, self._service.answer, *admitted)
        self._reply(admitted[0], handled, end, writer)

    def _reply(self, request: Request, handled: Handled, end: ServerEnd, writer: asyncio.StreamWriter) -> None:
        self._say(handled.line)
        give = end.reply if request.is_whole else end.refuse
        give(request.stream, handled.status, handled.body)
        writer.write(end.take())
        self.answered += handled.status == ANSWERED
        self.refused += handled.status != ANSWERED
        self._replied.set()

    def _no_longer_waits(self, task: asyncio.Task[None]) -> None:
        self._waiting -= 1
        if not task.cancelled() and task.exception() is not None:
            self._say(f"an answer was lost: {type(task.exception()).__name__}")
