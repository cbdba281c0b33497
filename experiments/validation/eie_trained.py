"""What masks of trained weights cost EIE beyond masks at random places: where NT-LSTM's residual comes from."""

from __future__ import annotations

import numpy as np

import azsim
from experiments.validation.section import Section

MODEL = "rnnt-student"
DENSITY = 0.10
"""That of NT-LSTM."""


def section() -> Section:
    """The LSTM matrices of the shipped dense recogniser, pruned by magnitude to 10 %, and as many ones drawn."""
    network, eie = azsim.load_network(MODEL), azsim.load_device("eie")
    rng = np.random.default_rng(1)
    rows = []
    for name in network.weight_matrices:
        if not name.endswith((".input", ".recurrent")):
            continue
        magnitude = np.abs(network.parameters[name])
        trained = (magnitude >= np.quantile(magnitude, 1 - DENSITY)).astype(np.int8)
        drawn = rng.permutation(trained.ravel()).reshape(trained.shape)
        ratios = []
        for mask in (drawn, trained):
            cost = azsim.matvec(eie, mask, np.ones(mask.shape[1], np.int8))
            ratios.append(64 * cost.cycles / cost.effectual_products)
        shape = f"{trained.shape[0]} x {trained.shape[1]}"
        rows.append([name, shape, *(f"{ratio:.3f}" for ratio in ratios), f"{ratios[1] / ratios[0] - 1:+.1%}"])
    return Section(
        title="EIE: drawn and trained masks",
        says=f"Actual over theoretical time on `eie` of the LSTM matrices of `{MODEL}`, pruned by magnitude to "
        f"{DENSITY:.0%}, and of masks with as many ones at random places. The paper's NT-LSTM is {DENSITY:.0%} dense "
        "too; its ratio is 1.154 (Table IV). Here trained masks, whose non-zeros gather "
        "in some rows and columns, must take longer than drawn ones, as the sign of that residual says.",
        columns=["matrix", "rows x columns", "drawn", "trained", "longer by"],
        rows=rows,
        holds=all(float(row[3]) > float(row[2]) for row in rows),
    )
