"""The programs lowered from the graphs are those that the recogniser's own rules give."""

from __future__ import annotations

import pytest

from azsim.nn.rnnt.graphs import rnnt_graphs
from azsim.nn.rnnt.programs import programs_of
from azsim.nn.rnnt_programs import rnnt_programs

SHAPES = [
    pytest.param({}, id="time-reduction"),
    pytest.param({"hidden": (6, 5), "time_reduction_after": -1, "predictor": (5, 4)}, id="two-layers"),
    pytest.param({"hidden": (6, 5), "time_reduction_after": 1}, id="reduction-after-the-last-layer"),
    pytest.param({"branch_rank": 4}, id="branches"),
    pytest.param({"branch_rank": 4, "arbiter": 5}, id="arbiter"),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_graphs_lower_to_the_same_programs(make_network, shape):
    network = make_network(8, **shape)
    shapes = {name: network.parameters[name].shape for name in network.weight_matrices}
    wanted = rnnt_programs(shapes, network.time_reduction_after, network.time_reduction)
    assert programs_of(rnnt_graphs(network)) == wanted
    assert list(programs_of(rnnt_graphs(network))) == list(wanted)
