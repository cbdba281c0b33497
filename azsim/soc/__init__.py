"""The device over time: memory, processor cores, music, network. Hands on a `Timeline`."""

from azsim.soc.session import simulate_session
from azsim.soc.timeline import Timeline
from azsim.soc.utterance import simulate

__all__ = ["Timeline", "simulate", "simulate_session"]
