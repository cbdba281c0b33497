"""# What goes up: a lattice, or the sound itself

    python -m experiments.uplink --out reports/uplink

Bytes counted on connections of TLS 1.3 and HTTP/2 whose two ends run in one process, by libopus's own packets, and by
the messages of lattices from the student's beam search (int8, beam 8). Below TLS nothing is counted: a TCP segment adds
40 to 60 bytes of headers of its own, and Wi-Fi more.
"""

from __future__ import annotations

import argparse
import ssl
import sys
import tempfile
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np

from azsim.cloud.certificates import certificates
from azsim.cloud.opus import opus_version
from azsim.cloud.traffic import FIRST_HEADERS_BYTES, audio_head_bytes, encoded_traffic, lattice_traffic
from azsim.compare.speech_set import read_manifest
from azsim.devices import load_device
from azsim.devices.board_spec import NetworkSpec
from azsim.report.page import write_page
from azsim.resources import speech_file
from azsim.soc.network import Radio
from azsim.soc.trace import Recorder
from azsim.speech.audio import read_audio
from azsim.speech.features import log_mel
from azsim.speech.search.choice import SearchChoice
from azsim.train.command import exit_status
from experiments.options import options_of
from experiments.studies.cells import write_csv
from experiments.studies.lattices import LatticeOutcome, heard_by_beam
from experiments.uplink.connections import Handshake, Write, handshakes, writes
from experiments.uplink.privacy import Scan, scans
from experiments.uplink.sound import Encoding, encodings

DEVICE, MODEL, BEAM = "az1", "rnnt-student", 8
SIZES = (40, 80, 120, 160, 400, 800, 4000, 16_375)
KBPS = (16.0, 32.0)
SCANNED = 4
"""Recordings."""
WAYS = {
    "32 kb/s, constant, a write a packet": {},
    "the same, 5 packets a write": {"packets_per_write": 5},
    "the same, 25 packets a write": {"packets_per_write": 25},
    "32 kb/s, variable": {"upload_variable_rate": True},
    "32 kb/s, variable, silence suppressed": {"upload_variable_rate": True, "upload_silence_suppression": True},
    "16 kb/s, constant": {"upload_kbps": 16.0},
}


@dataclass(frozen=True)
class Upload:
    """Bytes of one way of asking, the mean over the recordings.

    Attributes:
        way: how the sound goes up; or the lattice.
        payload_bytes: without any framing.
        wire_bytes: on a connection that was kept open, the request's own fields included.
        over_lattice: times the lattice's.
    """

    way: str
    payload_bytes: float
    wire_bytes: float
    over_lattice: float


def uploads(spec: NetworkSpec, sounds: list[np.ndarray], heard: list[LatticeOutcome]) -> list[Upload]:
    """The lattice and every way of sending the sound, until the device's end-point."""
    messages = [lattice_traffic(each.recognition.lattice, each.reference.split()).message_bytes for each in heard]
    lattice = _wire(spec, [FIRST_HEADERS_BYTES]) + float(np.mean([_wire(spec, [size]) for size in messages]))
    found = [Upload("lattice", float(np.mean(messages)), lattice, 1.0)]
    for way, changes in WAYS.items():
        own = _changed(spec, changes)
        payloads, wires = [], []
        for index, (sound, each) in enumerate(zip(sounds, heard, strict=True)):
            traffic = encoded_traffic(own, sound, np.random.default_rng([3, index]))
            count = -(-each.recognition.work.endpoint_ms // traffic.write_ms)
            sizes = [size for size in islice(traffic.writes(), count) if size]
            payloads.append(sum(sizes))
            wires.append(_wire(own, [FIRST_HEADERS_BYTES, audio_head_bytes(own.upload_packet_ms), *sizes]))
        found.append(Upload(way, float(np.mean(payloads)), float(np.mean(wires)), float(np.mean(wires)) / lattice))
    return found


def _wire(spec: NetworkSpec, sizes: list[int]) -> int:
    radio = Radio(spec, Recorder(False))
    return sum(radio.framed(size) for size in sizes)


def _changed(spec: NetworkSpec, changes: dict[str, object]) -> NetworkSpec:
    return msgspec.structs.replace(spec, **changes)


def page(
    opened: list[Handshake],
    written: list[Write],
    encoded: list[Encoding],
    sent: list[Upload],
    scanned: list[Scan],
    recordings: int,
) -> str:
    """The report."""
    by_setting = "\n".join(
        f"| {'on' if each.local_processing else 'off'} | {each.recordings} | {each.refused} | {each.plain_bytes:,} "
        f"| {each.wire_bytes:,} | {each.found_in_plain}{f' ({each.forms})' if each.forms else ''} "
        f"| {each.found_on_wire} |"
        for each in scanned
    )
    by_size = "\n".join(
        f"| {each.payload_bytes:,} | {each.wire_bytes:,} | {each.framing_percent:.1f} % |" for each in written
    )
    by_way = "\n".join(
        f"| {each.way} | {each.payload_bytes:,.0f} | {each.wire_bytes:,.0f} | {each.over_lattice:.1f} |"
        for each in sent
    )
    by_library = "\n".join(
        f"| {each.library}{', HTTP/2 settings' if each.with_http else ''} "
        f"| {'yes' if each.device_certificate else 'no'} | {'resumed' if each.resumed else 'new'} "
        f"| {each.up_bytes:,} | {each.down_bytes:,} |"
        for each in opened
    )
    by_choice = "\n".join(
        f"| {each.hiss_dbfs:g} | {each.kbps:g} | {'variable' if each.variable_rate else 'constant'} "
        f"| {'yes' if each.silence_suppression else 'no'} | {each.speech_kbps:.1f} | {each.hiss_kbps:.1f} "
        f"| {'' if np.isnan(each.until_suppressed_s) else f'{each.until_suppressed_s:.2f}'} "
        f"| {each.sent_in_hiss_percent:.0f} % |"
        for each in encoded
    )
    return f"""{__doc__}
## An utterance

Mean over {recordings} shipped recordings, up to the device's end-point, on a connection that is open; what else opening
it takes stands below.

| what goes up | payload, bytes | on the wire, bytes | times the lattice |
|:--|--:|--:|--:|
{by_way}

## A write

| payload, bytes | on the wire, bytes | framing |
|--:|--:|--:|
{by_size}

## Opening a connection

The certificates are of elliptic curves (P-256), one for each side; a server with RSA and a chain sends more. Resuming
saves down, since no certificate comes; up a ticket goes, which is more than nothing and less than a certificate of the
device's. OpenSSL 3.5 and later offer a key of ML-KEM-768 besides, 1,184 bytes up.

| library | device certificate | connection | up, bytes | down, bytes |
|:--|:--|:--|--:|--:|
{by_library}

## Speech, then hiss

Payload by {opus_version()} of the recordings with noise of a level in them and for four seconds after them. *Until
suppressed*: from the end of the speech to the first packet that is left out, median; empty where none ever is.

| hiss, dBFS | kb/s | rate | silence suppressed | speech, kb/s | hiss, kb/s | until suppressed, s | sent in hiss |
|--:|--:|:--|:--|--:|--:|--:|--:|
{by_choice}

Python's own TLS here is {ssl.OPENSSL_VERSION}.

## The local-processing setting

The lattice of each recording goes through a real socket to a server, and then its sound is to. Every byte is scanned
for any 20 ms of the recording: as samples and as log-mel features, by correlation with numbers of every size and
order, which neither a factor nor coarse steps hide, and as packets of Opus at 16 and 32 kb/s, byte by byte. *Found*:
recordings of which some 20 ms are among the bytes before encryption, and among those on the socket.

| setting | recordings | sound refused | bytes before encryption | bytes on the socket | found before | on the socket |
|:--|--:|--:|--:|--:|--:|--:|
{by_setting}
"""


def run(options: argparse.Namespace) -> None:
    """Count and write."""
    manifest = speech_file("speech")
    rows = list(read_manifest(manifest).values())[:: max(1, options.every)]
    sounds = [read_audio(manifest.parent / row["file"]).samples for row in rows]
    named = [
        (row["file"], "shipped", "", row["transcript"], log_mel(sound)) for row, sound in zip(rows, sounds, strict=True)
    ]
    heard = heard_by_beam(MODEL, named, SearchChoice(kind="beam", beam=BEAM))
    sent = uploads(load_device(DEVICE).network, sounds, heard)
    with tempfile.TemporaryDirectory() as folder:
        keys = certificates(Path(folder) / "keys")
        opened, written = handshakes(keys), writes(keys, SIZES)
        some = slice(None, None, max(1, len(sounds) // SCANNED))
        scanned = scans(keys, sounds[some], [each.recognition.lattice for each in heard[some]])
    fewer = slice(None, None, max(1, len(sounds) // 16))
    encoded = encodings(sounds[fewer], [int(row["speech_end_ms"]) for row in rows[fewer]], KBPS)
    options.out.mkdir(parents=True, exist_ok=True)
    tables = {"uploads": sent, "handshakes": opened, "writes": written, "encodings": encoded, "privacy": scanned}
    for name, table in tables.items():
        write_csv(table, options.out / f"{name}.csv")
    write_page(options.out, page(opened, written, encoded, sent, scanned, len(rows)))


def main() -> int:
    """The command; its exit status."""
    parser = options_of(__package__, __doc__)
    parser.add_argument("--every", type=int, default=4, help="which of the shipped recordings: every n-th (default: 4)")
    parser.add_argument("--out", type=Path, default=Path("runs/uplink"))
    options = parser.parse_args()
    return exit_status(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
