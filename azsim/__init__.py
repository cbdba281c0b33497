"""azsim: what does this compression configuration do on the device?

::

    import azsim

    device  = azsim.load_device("az1")
    network = azsim.load_network("rnnt-student")
    small   = azsim.compress(network, weight_bits=5, sparsity=0.5, codec="zvsv")
    result  = azsim.run(device, small, "speech.wav", music=True)
    print(result.transcript, result.metrics.latency_p50_ms)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what `__getattr__` does, for readers of types
    from azsim.api import run as run
    from azsim.chip.analytic import estimate as estimate
    from azsim.chip.statistics import measure as measure
    from azsim.compress import codecs as codecs
    from azsim.compress import compress as compress
    from azsim.compress import decode as decode
    from azsim.compress import encode as encode
    from azsim.compress.stored import load_network as load_network
    from azsim.deploy.matvec import matvec as matvec
    from azsim.devices import load_device as load_device
    from azsim.errors import AzsimError as AzsimError
    from azsim.errors import CodecError as CodecError
    from azsim.errors import InputError as InputError
    from azsim.errors import WorkError as WorkError
    from azsim.nn.onnx.importer import from_onnx as from_onnx

__version__ = "0.2.0"
_HOMES = {
    "load_device": "azsim.devices",
    "load_network": "azsim.compress.stored",
    "compress": "azsim.compress",
    "encode": "azsim.compress",
    "decode": "azsim.compress",
    "codecs": "azsim.compress",
    "estimate": "azsim.chip.analytic",
    "matvec": "azsim.deploy.matvec",
    "measure": "azsim.chip.statistics",
    "from_onnx": "azsim.nn.onnx.importer",
    "run": "azsim.api",
    "AzsimError": "azsim.errors",
    "CodecError": "azsim.errors",
    "InputError": "azsim.errors",
    "WorkError": "azsim.errors",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    """Load a public name when it is first used, so that ``import azsim`` and ``azsim --help`` stay quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'azsim' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
