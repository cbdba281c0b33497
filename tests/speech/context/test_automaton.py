"""The automaton: a state is the longest end of what was read that begins an entry; all that ends there is pending."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.speech.context.automaton import ROOT, EntryAutomaton

ENTRY = st.lists(st.integers(1, 3), min_size=1, max_size=4).map(tuple)
SEQUENCES = st.lists(ENTRY, min_size=1, max_size=6, unique=True)


@settings(max_examples=80)
@given(sequences=SEQUENCES, read=st.lists(st.integers(1, 4), max_size=12))
def test_a_state_is_the_longest_end_that_begins_an_entry(sequences, read):
    automaton = EntryAutomaton(sequences, [float(len(one)) for one in sequences], 1.0)
    node, depth = ROOT, {ROOT: 0}
    for before, arcs in enumerate(automaton.arcs):
        depth |= {after: depth[before] + 1 for after in arcs.values()}
    for count, label in enumerate(read, 1):
        node = automaton.step(node, label)
        ends = [tuple(read[count - size : count]) for size in range(count + 1)]
        longest = max(len(end) for end in ends if any(one[: len(end)] == end for one in sequences))
        assert depth[node] == longest
        assert automaton.pending[node] == sum(len(one) for one in sequences if one in ends)


def test_a_node_that_nothing_follows_is_worth_what_is_complete_alone():
    automaton = EntryAutomaton([(1, 2), (2,)], [2.0, 1.0], 1.0)
    first = automaton.step(ROOT, 1)
    last = automaton.step(first, 2)
    assert (automaton.partial[first], automaton.partial[last]) == (1.0, 0.0)
    assert (automaton.pending[first], automaton.pending[last]) == (0.0, 3.0)
    assert automaton.failure[last] == automaton.step(ROOT, 2)
    assert len(automaton) == 4
