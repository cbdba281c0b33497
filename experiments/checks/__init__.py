"""The sections of the validation report, one module each; a new one is a file here and a line in `SECTIONS`.

A section is a function without arguments that returns a `Section`.
"""

from __future__ import annotations

from collections.abc import Callable

from experiments.checks import bounds, eie, eie_trained, lanes, pipeline, systolic
from experiments.checks.section import Section

SECTIONS: tuple[Callable[[], Section], ...] = (
    lanes.section,
    pipeline.section,
    systolic.machine_section,
    systolic.scale_sim_section,
    systolic.vela_section,
    systolic.vela_layer_section,
    bounds.section,
    eie.section,
    eie.queue_section,
    eie_trained.section,
)
