#!/usr/bin/env bash
# kaldi-native-fbank 1.23.0: `OnlineFbank.get_frame` returns a view of memory that `pop` gives back.
#
# The guess: get_frame returns a frame, an array of one's own, as bindings do that hand out 64 numbers at a time; `pop`
# ("Discard the first n frames") then only makes the object smaller.
#
# What happens: the array is a view of the object's memory: writing into it changes what get_frame says next. After
# pop, the memory is used again for later frames, and arrays kept from before silently hold other frames' numbers. This
# script looks only at kept arrays whose memory belongs to a frame that is there now.
#
# Why it matters here: features of a stream are collected frame by frame with pop after each piece of sound. A list of
# kept frames passes every test with one piece, and is wrong from the second one on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check kaldi-native-fbank==1.23.0 numpy==2.4.6
cat > frames.py <<'EOF'
from importlib.metadata import version

import kaldi_native_fbank as knf
import numpy as np

print("kaldi-native-fbank", version("kaldi-native-fbank"))
options = knf.FbankOptions()
options.frame_opts.dither = 0.0
options.mel_opts.num_bins = 64
sound = np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
bank = knf.OnlineFbank(options)
bank.accept_waveform(16_000, sound)
first = bank.num_frames_ready
kept = [bank.get_frame(number) for number in range(first)]
copies = [frame.copy() for frame in kept]
owns = any(frame.flags.owndata for frame in kept)
kept[0][0] = 123.0
changed = bank.get_frame(0)[0] == 123.0
kept[0][0] = copies[0][0]
print(f"{first} frames; arrays own their data: {owns}; writing into one changes the bank: {changed}")
bank.pop(first)
bank.accept_waveform(16_000, sound)
now = {bank.get_frame(number).ctypes.data: number for number in range(first, bank.num_frames_ready)}
again = [number for number in range(first) if kept[number].ctypes.data in now]  # memory that is a later frame's
other = [number for number in again if not np.array_equal(kept[number], copies[number])]
print(f"after pop and another second of sound: memory of {len(again)} kept frames is that of later frames, "
      f"{len(other)} hold other numbers")
one = other[0] if other else 0
if other:
    print(f"frame {one} was", copies[one][:3], "and reads", kept[one][:3], "which is frame", now[kept[one].ctypes.data])
assert not owns and changed and other, "the behaviour changed"
EOF
venv/bin/python frames.py
