"""A timeline as Chrome-trace JSON: opens in Perfetto (ui.perfetto.dev) and chrome://tracing.

::

    Speech   utterance    [speaking            ][end-pointing ][to words]
    NPU      npu          [encoder.0   ][encoder.1][joint] ...              a job, with the causes of its time
             npu fetch    [tile 0 ][tile 1 ][tile 2 ]                       its tiles at every stage,
             npu lanes         [t 0][waits for dram][t 1]                   and what the lanes wait for
    CPU      cpu0         [frontend]        [search]
    DRAM     dram         [npu read][playback read][npu read]               who is served
    Audio    microphone   [capture][capture] ...                            flows lead from here to the words

**Source:** Trace Event Format: one ``pid`` per subsystem, one ``tid`` per engine, times in microseconds; slices on
one track must not overlap; a flow binds to the slice that encloses it.
"""

from azsim.report.trace.options import TraceOptions
from azsim.report.trace.write import trace_events, trace_json

__all__ = ["TraceOptions", "trace_events", "trace_json"]
