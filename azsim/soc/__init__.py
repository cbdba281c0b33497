"""The device over time: memory, processor cores, music, network. Hands on a `Timeline`."""
