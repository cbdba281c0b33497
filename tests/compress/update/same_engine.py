"""Whether two integer engines hold the same numbers and hear the same."""

from __future__ import annotations

import numpy as np

from azsim.nn.rnnt.integer_rnnt import Encoder, IntegerModel


def assert_same_engine(one: IntegerModel, two: IntegerModel) -> None:
    """Every number that is laid out is the same, and so is what the encoders make of random steps."""
    for field, own, other in zip(one.networks._fields, one.networks, two.networks, strict=True):
        parts = own if isinstance(own, tuple) else (own,)
        others = other if isinstance(other, tuple) else (other,)
        assert all(map(np.array_equal, parts, others)), field
    assert (one.feature_scale, one.logit_scale) == (two.feature_scale, two.logit_scale)
    columns = one.encoder.graph.inputs["steps"].shape[0]
    steps = np.random.default_rng(5).integers(-128, 128, (12, columns)).astype(np.int8)
    assert np.array_equal(Encoder(one).push(steps), Encoder(two).push(steps))
