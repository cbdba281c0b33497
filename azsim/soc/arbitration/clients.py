"""Everyone who asks for memory: rows and columns of the compiled loop's arrays are in this order."""

CLIENTS = ("playback", "microphone", "npu", "cpu", "network")
"""The names, which are also the keys of ``[priority]`` in a device file."""

PLAYBACK, MICROPHONE, NPU, CPU, NETWORK = range(len(CLIENTS))
