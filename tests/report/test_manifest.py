"""What the manifest holds, and what it must not."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from azsim.errors import InputError
from azsim.report.manifest import make_manifest


def test_manifest_names_inputs_and_hides_the_machine(tmp_path: Path) -> None:
    speech = tmp_path / "a.wav"
    speech.write_bytes(b"RIFF")
    found = make_manifest(
        ["azsim", "run", str(speech), f"--out={tmp_path}/out"],
        {"device": {"name": "az1"}, "model": tmp_path / "m.safetensors", "speech": [str(speech)]},
        {"bootstrap": 0},
        {str(speech): speech, "weights": b"1234", "model": "ab12"},
    )
    text = json.dumps(found)
    assert str(tmp_path) not in text
    assert found["command"] == ["azsim", "run", "a.wav", "--out=out"]
    assert found["inputs"]["a.wav"]["sha256"] == hashlib.sha256(b"RIFF").hexdigest()
    assert found["inputs"]["model"]["sha256"] == "ab12"
    assert {"azsim", "configuration", "seeds", "versions"} <= set(found)


def test_missing_input_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.wav: cannot be read"):
        make_manifest([], {}, {}, {"gone": tmp_path / "gone.wav"})
