"""No public name goes without a release of warning, and none comes by accident."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest

import azsim
from tests.compatibility.public_names import public_names

HERE = Path(__file__).parent
FROZEN = sorted(HERE.glob("*/public_names.json"))
GONE = {
    ("UtteranceTiming", "first_partial_ms"): "measured from elsewhere than first_word_ms, which a person would call so",
    ("Row", "first_partial_p50_ms"): "measured from elsewhere than first_word_p50_ms, which a person would call so",
}
"""Names without a new one that means the same: the changelog says what to read instead."""
PUBLIC = (
    "AzsimError CodecError InputError WorkError codecs compress decode encode estimate from_onnx load_device "
    "load_network matvec measure run"
)


def test_what_azsim_exports_is_meant() -> None:
    """A new name is added here, and its signature is kept from then on."""
    assert " ".join(azsim.__all__) == PUBLIC
    assert set(dir(azsim)) >= {*azsim.__all__, "__version__"}


@pytest.mark.parametrize("frozen", FROZEN, ids=lambda path: path.parent.name)
def test_every_name_of_before_is_there(frozen: Path) -> None:
    now = public_names()
    missing = [
        (owner, name)
        for owner, names in json.loads(frozen.read_text()).items()
        for name in ([] if owner in now else ["(all of it)"]) + [one for one in names if one not in now.get(owner, [])]
    ]
    assert [one for one in missing if one not in GONE] == []


def test_names_of_today_warn_nobody() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in azsim.__all__:
            getattr(azsim, name)
