#!/usr/bin/env bash
# PyAV 18.1.0 (FFmpeg): a Vorbis packet's duration in Ogg is not always what the packet plays.
#
# The guess: a packet's `duration` times its time base is how many samples it decodes to. A demultiplexer can tell: the
# packet says whether its block is long or short, and it plays a quarter of the last block and of this one together.
#
# What happens: the first short block after a long one is said to last as long as any other short block, 128 samples
# where 576 are decoded, unless it is the first packet of an Ogg page, where the duration is right. The file's first
# packet, which only readies the decoder, has a duration although it plays nothing. All durations of this file together
# are 165 ms less than the 10 s that went in. Decoding is exact to the sample.
#
# Why it matters here: when a packet of music must be decoded follows from what the packets before it play. With 9 ms
# lost at every drum beat, music would run ahead of its time and starve in the simulator where no device lets it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check av==18.1.0 soundfile==0.14.0 numpy==2.4.6
cat > durations.py <<'EOF'
from collections import Counter

import av
import numpy as np
import soundfile

print("PyAV", av.__version__, "libavcodec", av.library_versions["libavcodec"], soundfile.__libsndfile_version__)
RATE, SAMPLES = 48_000, 480_000
LONG = 2  # bit of a packet's first byte, where a stream has two modes, as those of libvorbis have
sound = 0.05 * np.random.default_rng(0).standard_normal((SAMPLES, 2))
for beat in range(0, SAMPLES, RATE // 2):  # sudden and loud: the encoder changes to short blocks
    sound[beat : beat + 500] *= 8
soundfile.write("beats.ogg", sound, RATE, format="OGG", subtype="VORBIS")


def first_on_pages(content):
    """Numbers of the packets of sound that begin a page, from the lacing of the pages (RFC 3533)."""
    first, at, packets = set(), 0, -3  # three packets of headers
    while at < len(content):
        lacing = content[at + 27 : at + 27 + content[at + 26]]
        if not content[at + 5] & 1:  # the page does not begin within a packet
            first.add(packets)
        packets += sum(length < 255 for length in lacing)
        at += 27 + len(lacing) + sum(lacing)
    return first


stated, played, long = [], [], []
with av.open("beats.ogg") as file:
    stream = file.streams.audio[0]
    for packet in file.demux(stream):
        if packet.size:
            stated.append(round(packet.duration * stream.time_base * RATE))
            long.append(bool(bytes(packet)[0] & LONG))
            played.append(sum(frame.samples for frame in packet.decode()))
wrong = [number for number in range(len(stated)) if stated[number] != played[number]]
turns = [number for number in range(1, len(long)) if long[number - 1] and not long[number]]
print(f"{len(stated)} packets, {len(stated) - sum(long)} short; {len(wrong)} state what they do not play:",
      Counter((stated[number], played[number]) for number in wrong))
print("those packets:            ", wrong)
print("first short after a long: ", turns)
with open("beats.ogg", "rb") as file:
    first = first_on_pages(file.read())
print("of these, first on a page:", [number for number in turns if number in first])
print(f"samples: {SAMPLES:,} in, {sum(played):,} decoded, {sum(stated):,} by the durations")
assert sum(played) == SAMPLES == soundfile.info("beats.ogg").frames, "decoding is not exact any more"
assert len(turns) >= 10 and wrong == [0, *sorted({*turns} - first)], "other packets are wrong now"
assert {(stated[number], played[number]) for number in wrong[1:]} == {(128, 576)}, "the durations changed"
assert (stated[0], played[0]) == (128, 0) and sum(stated) != SAMPLES, "the durations changed"
EOF
venv/bin/python durations.py
