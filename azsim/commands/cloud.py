"""``azsim cloud``: the other end of the line: a server on the loopback, and a device that asks it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from azsim.commands.shared.options import count, path
from azsim.errors import InputError, readable
from azsim.interrupts import interrupts_end_all

if TYPE_CHECKING:
    from azsim.cloud.client import CloudAnswer, CloudClient
    from azsim.devices.spec import Device

HELP = "the other end of the line: serve lattices and sound on the loopback, or ask such a server"
DEFAULT_PORT = 8443
LATTICES = {".slf": "HTK SLF", ".azl": "the uplink's own form"}


def declare(command: argparse.ArgumentParser) -> None:
    """Serve, or ask."""
    actions = command.add_subparsers(dest="action", required=True, metavar="ACTION")
    serve = actions.add_parser("serve", help="answer devices on the loopback until interrupted")
    serve.add_argument("--teacher", default="rnnt-teacher", metavar="MODEL", help="hears sound (default: rnnt-teacher)")
    serve.add_argument(
        "--language-model", default="language-model", metavar="MODEL", help="reranks lattices (default: language-model)"
    )
    serve.add_argument("--no-reranking", action="store_true", help="answer a lattice with its own best words")
    serve.add_argument("--no-audio", action="store_true", help="take lattices alone")
    serve.add_argument("--requests", type=count, metavar="N", help="end after so many requests")
    ask = actions.add_parser("ask", help="send a lattice, or a recording as Opus, and print the words")
    ask.add_argument("things", type=path, nargs="+", metavar="FILE", help="lattices (.slf, .azl) and recordings")
    ask.add_argument("--device", default="az1", help="whose encoder and setting count (default: az1)")
    ask.add_argument("--limit-ms", type=count, default=2000, metavar="MS", help="wait for an answer (default: 2000)")
    for each in (serve, ask):
        each.add_argument("--port", type=_port, default=DEFAULT_PORT, help="0 for any free one (default: %(default)s)")
        each.add_argument(
            "--certificates", type=path, metavar="FOLDER", help="made if not there (default: ~/.cache/azsim/cloud)"
        )


def perform(options: argparse.Namespace) -> dict[str, object]:
    """Serve until interrupted, or ask and print each answer; returns what ``--json`` prints.

    Raises:
        InputError: a port that is taken, certificates that are damaged, a file that is no lattice and no recording.
        PrivacyError: a recording, and the device's local-processing setting is on.
    """
    return _serve(options) if options.action == "serve" else _ask(options)


def _serve(options: argparse.Namespace) -> dict[str, object]:
    with interrupts_end_all():
        import asyncio

        from azsim.cloud.certificates import certificates
        from azsim.cloud.reranker import load_reranker
        from azsim.cloud.server import Server
        from azsim.cloud.service import Service
        from azsim.cloud.teacher import Teacher

    def say(line: str) -> None:
        if not options.quiet:
            print(f"azsim cloud: {readable(line)}", file=sys.stderr, flush=True)

    teacher = None if options.no_audio else Teacher(options.teacher)
    if teacher is not None:
        teacher.network  # noqa: B018 (a network that is not there is refused before anybody asks)
    reranker = None if options.no_reranking else load_reranker(options.language_model)
    server = Server(Service(reranker, teacher), certificates(options.certificates), say)

    async def serve() -> None:
        async with server.listening(options.port) as port:
            print(f"azsim cloud: listening on 127.0.0.1:{port}", file=sys.stderr, flush=True)
            await (server.until(options.requests) if options.requests else asyncio.Event().wait())

    try:
        asyncio.run(serve())
    except KeyboardInterrupt:
        say("ended")  # the way to end it: nothing failed
    return {"answered_requests": server.answered, "refused_requests": server.refused}


def _ask(options: argparse.Namespace) -> dict[str, object]:
    with interrupts_end_all():
        from azsim.cloud.certificates import certificates
        from azsim.cloud.client import CloudClient
        from azsim.devices import load_device
    device = load_device(options.device)
    answers = []
    with CloudClient(
        certificates(options.certificates),
        options.port,
        local_processing=device.local_processing,
        limit_ms=options.limit_ms,
    ) as client:
        for thing in options.things:
            answer = _asked(client, device, thing)
            answers.append(_keys(thing, answer))
            if not options.json:
                print(_in_words(thing, answer))
    return {"answers": answers}


def _asked(client: CloudClient, device: Device, thing: Path) -> CloudAnswer:
    from azsim.cloud.opus import encode_speech
    from azsim.cloud.traffic import opus_choice
    from azsim.input_file import read_input_file
    from azsim.speech.audio import read_audio
    from azsim.speech.lattice.slf import from_slf
    from azsim.speech.lattice.uplink import decode_lattice

    if thing.suffix not in LATTICES:
        network = device.network
        sound = read_audio(thing).samples
        packets = [] if device.local_processing else list(encode_speech(sound, opus_choice(network)))
        return client.recognise(packets, network.upload_packet_ms, network.packets_per_write)
    data = read_input_file(thing, f"a lattice in {LATTICES[thing.suffix]}")
    if thing.suffix == ".azl":
        return client.rerank(decode_lattice(data))
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise InputError(f"{thing}: not text in UTF-8; a lattice in HTK SLF is needed") from None
    return client.rerank(from_slf(text, str(thing)))


def _keys(thing: Path, answer: CloudAnswer) -> dict[str, object]:
    return {
        "file": str(thing),
        "words": list(answer.words),
        "by": answer.by,
        "why": answer.why,
        "uplink_bytes": answer.uplink_bytes,
        "downlink_bytes": answer.downlink_bytes,
        "elapsed_ms": round(answer.elapsed_ms, 3),
    }


def _in_words(thing: Path, answer: CloudAnswer) -> str:
    who = "the cloud's words" if answer.by == "cloud" else f"the device's own words ({answer.why})"
    moved = f"{answer.uplink_bytes:,} bytes up, {answer.downlink_bytes:,} down, {answer.elapsed_ms:.0f} ms"
    return readable(f"{thing}: {' '.join(answer.words) or '(no words)'}: {who}, {moved}")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) < 65_536):
        raise argparse.ArgumentTypeError(f"{text}: must be a port, 0 to 65535")
    return int(text)
