#!/usr/bin/env bash
# FFmpeg's W64 muxer (PyAV 18.1.0) counts its padding as sound, and every reader then plays it.
#
# The guess: chunks of W64 are padded to 8 bytes, as those of WAV to 2, and a chunk's stated size leaves the padding
# out. So 4,801 stereo samples of 16 bit come back as 4,801.
#
# What happens: FFmpeg's muxer writes the size with the 4 bytes of padding in it. FFmpeg and libsndfile both read one
# sample of silence more, 4,802. Neither reader is to blame: the same sound written by libsndfile states 19,204 bytes,
# and both read 4,801 samples of it. The two libraries agreeing on a length does not make it the length that went in.
#
# Why it matters here: lengths are checked to the sample, a packet's bytes against what it plays and a file's promise
# against what is decoded. A W64 file gives no promise to hold it to.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check av==18.1.0 soundfile==0.14.0 numpy==2.4.6
cat > padding.py <<'EOF'
import struct
from pathlib import Path

import av
import numpy as np
import soundfile

print("PyAV", av.__version__, "libavformat", av.library_versions["libavformat"], soundfile.__libsndfile_version__)
SAMPLES, HEAD = 4_801, 24
sound = np.random.default_rng(0).integers(-9000, 9000, (SAMPLES, 2)).astype(np.int16)
with av.open("ffmpeg.w64", "w", format="w64") as out:
    stream = out.add_stream("pcm_s16le", rate=48_000, layout="stereo")
    frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="s16", layout="stereo")
    frame.sample_rate = 48_000
    assert frame.samples == SAMPLES
    for packet in [*stream.encode(frame), *stream.encode(None)]:
        out.mux(packet)
soundfile.write("sndfile.w64", sound, 48_000, format="W64", subtype="PCM_16")


def stated_bytes(name):
    content = Path(name).read_bytes()
    at = content.index(b"data\xf3\xac\xd3\x11") + 16  # the chunk's name is 16 bytes, its size counts name and size
    return struct.unpack_from("<Q", content, at)[0] - HEAD


def by_ffmpeg(name):
    with av.open(name) as file:
        parts = [part.to_ndarray().reshape(-1, 2) for part in file.decode(audio=0)]
    return np.concatenate(parts)


seen = {}
for name in ("ffmpeg.w64", "sndfile.w64"):
    one, other = by_ffmpeg(name), soundfile.read(name, dtype="int16")[0]
    assert np.array_equal(one, other) and np.array_equal(one[:SAMPLES], sound) and not one[SAMPLES:].any()
    seen[name] = stated_bytes(name), len(one), len(other)
    print(f"{name}: {sound.nbytes:,} bytes in, {seen[name][0]:,} stated; of {SAMPLES:,} samples FFmpeg reads "
          f"{seen[name][1]:,}, libsndfile {seen[name][2]:,}")
assert seen == {"ffmpeg.w64": (19_208, 4_802, 4_802), "sndfile.w64": (19_204, 4_801, 4_801)}, "the behaviour changed"
EOF
venv/bin/python padding.py
