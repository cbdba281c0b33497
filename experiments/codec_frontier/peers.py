"""Sizes and times of other codecs, run by codec_frontier.py in an environment of its own: ``codec_peers.py IN OUT``."""

import json
import sys
import time
import zlib

import numpy as np
import zstandard
from ethosu import mlw_codec


def seconds(action: object) -> tuple[float, object]:
    """CPU seconds of a call, and what it gave."""
    begin = time.process_time()
    result = action()
    return time.process_time() - begin, result


def main() -> None:
    """Measure every matrix of an .npz file."""
    answer = {}
    with np.load(sys.argv[1]) as matrices:
        for name in matrices.files:
            matrix = matrices[name]
            flat, data = matrix.ravel(), matrix.tobytes()
            encode_s, mlw = seconds(lambda flat=flat: mlw_codec.encode(flat.tolist()))
            decode_s, back = seconds(lambda mlw=mlw: mlw_codec.decode(bytearray(mlw)))
            if back[: flat.size] != flat.tolist():
                raise SystemExit(f"{name}: mlw_codec did not return the weights")
            sizes = {
                "mlw": len(mlw), "zlib": len(zlib.compress(data, 6)), "zstd": len(zstandard.compress(data, 3))
            }  # fmt: skip
            answer[name] = {
                "bits_per_weight": {peer: 8 * size / flat.size for peer, size in sizes.items()},
                "mlw_encode_s": encode_s,
                "mlw_decode_s": decode_s,
            }
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump(answer, file)


if __name__ == "__main__":
    main()
