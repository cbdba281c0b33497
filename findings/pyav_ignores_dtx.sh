#!/usr/bin/env bash
# PyAV 18.1.0 (libavcodec 62.28): the Opus encoder takes `dtx` among its options and does nothing with it.
#
# The guess: options={"dtx": "1"} turns silence suppression on, as `application` and `vbr` beside it do what they say; an
# option that the encoder does not have is refused.
#
# What happens: FFmpeg's wrapper of libopus has no such option. It stays in `options` after the encoder is open, like
# any word that nobody knows, and no error is raised: three seconds of digital silence are 151 packets, none of them of
# two bytes or fewer. The same library, called by its own names, sends 16 of 150.
#
# Why it matters here: a comparison of uplinks that believed the option would charge silence as speech, or claim that
# suppression saves nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check av==18.1.0 numpy==2.4.6
cat > dtx.py <<'EOF'
import ctypes
from pathlib import Path

import av
import numpy as np

print("PyAV", av.__version__)
silence = np.zeros((1, 48_000), np.int16)


def by_pyav(options):
    context = av.CodecContext.create("libopus", "w")
    context.sample_rate, context.layout, context.format, context.bit_rate = 16_000, "mono", "s16", 32_000
    context.options = options
    frame = av.AudioFrame.from_ndarray(silence, format="s16", layout="mono")
    frame.sample_rate = 16_000
    return [packet.size for packet in (*context.encode(frame), *context.encode(None))], context.options


def by_libopus(dtx):
    library = ctypes.CDLL(str(next((Path(av.__file__).parent.parent / "av.libs").glob("libopus*"))))
    library.opus_encoder_create.restype = ctypes.c_void_p
    library.opus_encoder_ctl.argtypes = [ctypes.c_void_p, ctypes.c_int]
    error = ctypes.c_int()
    state = library.opus_encoder_create(16_000, 1, 2048, ctypes.byref(error))
    library.opus_encoder_ctl(state, 4016, ctypes.c_int(dtx))  # OPUS_SET_DTX
    out = (ctypes.c_ubyte * 1275)()
    pointer = silence.ctypes.data_as(ctypes.c_void_p)
    return [library.opus_encode(ctypes.c_void_p(state), pointer, 320, out, 1275) for _ in range(150)]


plain, _ = by_pyav({})
asked, left = by_pyav({"dtx": "1"})
nonsense, kept = by_pyav({"nonsense": "1"})
print("PyAV: packets", len(plain), "with dtx", len(asked), "of at most 2 bytes:", sum(size <= 2 for size in asked))
print("left over in options:", left, kept)
without, with_dtx = by_libopus(0), by_libopus(1)
sent = sum(size > 2 for size in with_dtx)
print("libopus: packets of more than 2 bytes", sum(size > 2 for size in without), "with dtx", sent)
assert plain == asked == nonsense and left == {"dtx": "1"} and kept == {"nonsense": "1"}, "the behaviour changed"
assert all(size > 2 for size in without) and sent < 20, "libopus's behaviour changed"
EOF
venv/bin/python dtx.py
