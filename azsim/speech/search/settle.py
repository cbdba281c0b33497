"""The second half of a beam's turn: merge what is the same, keep the most probable, write down how it came about.

::

    candidates ──same context, same kind──> groups ──the most probable──> entries, nodes and arcs, traces
                                                                    └──> histories whose state is not there yet

Groups are ranked by their probability; of equal ones the one listed first goes first. A group goes on from its best
member: its trace, its state of the prediction network. All members become arcs of the label graph.
"""

from __future__ import annotations

import numpy as np

from azsim.compiled import njit
from azsim.speech.search.expand import BeamLimits
from azsim.speech.search.label_graph import add_flow, context_after, is_context, move_arcs, new_node
from azsim.speech.search.log_probability import NOTHING, add_probabilities
from azsim.speech.search.tables import (
    BEST,
    BOOST,
    EMIT,
    ENDED,
    ENTRY_FIELDS,
    FUSION,
    KIND,
    LABEL,
    NEXT_FUSION,
    NO_NODE,
    NODE,
    NODES,
    PARENT,
    PLACE,
    POSTERIOR,
    REACHED,
    REACHED_BEST,
    SCORE,
    STAY,
    TRACE,
    TRACES,
    Nodes,
    Traces,
)


@njit(cache=True, nogil=True)
def settle(
    exps: np.ndarray,
    limits: BeamLimits,
    output: int,
    last_level: bool,
    candidates: np.ndarray,
    count: int,
    through: np.ndarray,
    still: np.ndarray,
    nodes: Nodes,
    traces: Traces,
    counters: np.ndarray,
    live: np.ndarray,
    live_count: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Entries after a turn.

    Args:
        exps: the table of exp.
        limits: of the beam.
        output: index of the encoder output.
        last_level: no more labels at this output: those of this turn go on with the next one.
        candidates: of `expand`, ``count`` of them.
        through, still: the entries that they come from.
        nodes, traces, counters: what is written down.
        live: nodes that stand for something possible at this output, ``live_count`` of them; new ones are added.

    Returns:
        Entries that are through with the output, those still open, for each open or newly through one the parent's
        state and label it needs (``(n, 3)``: parent's place, label, row; through rows counted from -1 down), and how
        many nodes live.
    """
    width = nodes.context.shape[1]
    contexts = np.empty((count, width), np.int32)
    is_open, group = np.empty(count, np.bool_), np.empty(count, np.int64)
    scores, firsts, bests = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.int64)
    groups = 0
    for c in range(count):
        row = candidates[c]
        source = through[row[PARENT]] if row[KIND] == STAY else still[row[PARENT]]
        if row[KIND] == EMIT:
            context_after(nodes, source[NODE], row[LABEL], limits.merges, contexts[c])
        else:
            contexts[c] = nodes.context[source[NODE]]
        is_open[c] = row[KIND] == EMIT and not last_level and row[LABEL] != limits.sentence_end
        group[c] = groups
        for g in range(groups):
            first = firsts[g]
            if is_open[first] == is_open[c] and is_context(contexts[first], contexts[c]):
                group[c] = g
                break
        g = group[c]
        if g == groups:
            scores[g], firsts[g], bests[g] = row[REACHED], c, c
            groups += 1
        else:
            scores[g] = add_probabilities(exps, scores[g], row[REACHED])
            if row[REACHED_BEST] > candidates[bests[g], REACHED_BEST]:
                bests[g] = c
    new_through = np.empty((limits.beam, ENTRY_FIELDS), np.int64)
    new_still = np.empty((limits.beam, ENTRY_FIELDS), np.int64)
    asked = np.empty((limits.beam, 3), np.int64)
    through_count, still_count, asked_count = 0, 0, 0
    top = NOTHING
    for _ in range(min(limits.beam, groups)):
        chosen = 0
        for g in range(1, groups):
            if scores[g] > scores[chosen]:
                chosen = g
        score = scores[chosen]
        top = max(top, score)
        if score == NOTHING or score < top - limits.width:
            break
        scores[chosen] = NOTHING
        node, live_count = _node_of(
            exps, chosen, output, candidates, count, group, contexts, through, still, nodes, counters, live, live_count
        )
        row = candidates[bests[chosen]]
        source = through[row[PARENT]] if row[KIND] == STAY else still[row[PARENT]]
        opened = is_open[firsts[chosen]]
        entry = new_still[still_count] if opened else new_through[through_count]
        entry[NODE], entry[SCORE], entry[BEST] = node, score, row[REACHED_BEST]
        entry[TRACE], entry[PLACE] = source[TRACE], source[PLACE]
        entry[FUSION], entry[ENDED] = row[NEXT_FUSION], source[ENDED]
        if row[KIND] == EMIT:
            trace = counters[TRACES]
            counters[TRACES] += 1
            traces.before[trace], traces.label[trace] = source[TRACE], row[LABEL]
            traces.output[trace], traces.posterior[trace] = output, row[POSTERIOR]
            entry[TRACE] = trace
            if row[LABEL] == limits.sentence_end:
                entry[ENDED] = 1
            else:
                asked[asked_count, 0], asked[asked_count, 1] = source[PLACE], row[LABEL]
                asked[asked_count, 2] = still_count if opened else -1 - through_count
                asked_count += 1
        if opened:
            still_count += 1
        else:
            through_count += 1
    return new_through[:through_count], new_still[:still_count], asked[:asked_count], live_count


@njit(cache=True, nogil=True)
def _node_of(
    exps: np.ndarray,
    chosen: int,
    output: int,
    candidates: np.ndarray,
    count: int,
    group: np.ndarray,
    contexts: np.ndarray,
    through: np.ndarray,
    still: np.ndarray,
    nodes: Nodes,
    counters: np.ndarray,
    live: np.ndarray,
    live_count: int,
) -> tuple[int, int]:
    """The node of a group, old or new, with an arc for each of its members, and how many nodes live.

    An arc leads from a lower number to a higher one, so that the graph has no cycle: where a member comes from a
    later node than the one that is there, a new node takes the place of that one, and its arcs.
    """
    latest, node, emitted = NO_NODE, NO_NODE, -1
    for c in range(count):
        if group[c] != chosen:
            continue
        row = candidates[c]
        if row[KIND] == EMIT:
            emitted = c
            latest = max(latest, still[row[PARENT], NODE])
        else:
            node = max(node, (through if row[KIND] == STAY else still)[row[PARENT], NODE])
    if node <= latest:
        node = NO_NODE
        for k in range(live_count):
            if live[k] > latest and live[k] > node and is_context(nodes.context[live[k]], contexts[emitted]):
                node = live[k]
        if node == NO_NODE:
            node = counters[NODES]
            counters[NODES] += 1
            new_node(nodes, node, candidates[emitted, LABEL], contexts[emitted])
            live[live_count] = node
            live_count += 1
    for c in range(count):
        if group[c] != chosen:
            continue
        row = candidates[c]
        if row[KIND] == EMIT:
            add_flow(
                exps, nodes, node, still[row[PARENT], NODE], row[REACHED], row[REACHED_BEST], row[POSTERIOR],
                row[BOOST], output,
            )  # fmt: skip
            nodes.inflow[node] = add_probabilities(exps, nodes.inflow[node], row[REACHED])
        else:
            old = (through if row[KIND] == STAY else still)[row[PARENT], NODE]
            if old != node:
                move_arcs(exps, nodes, old, node, row[REACHED])
    return node, live_count
