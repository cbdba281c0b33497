"""Device descriptions: one TOML file each, every value with its unit in the name and its source beside it."""

from azsim.devices.loader import load_device
from azsim.devices.spec import Device

__all__ = ["Device", "load_device"]
