"""Several networks under one policy: what the policies must do whatever the numbers are."""

from __future__ import annotations

from types import SimpleNamespace

from azsim.soc.companions import Companion
from experiments.contention.play import PlayableConfiguration
from experiments.sharing.responses import ORDERS, RECOGNISER, play, sharing
from tests.soc.cases import device, schedule, schedules, track, work

SETUP = SimpleNamespace(device=device(), music=track(), experiment=SimpleNamespace(seed=1))
"""What `play` asks of a comparison's set-up."""
COMPANIONS = (
    Companion("often", schedule("often", 10), 10**10, 60),
    Companion("seldom", schedule("seldom", 40), 10**11, 20),
)
MATERIAL = PlayableConfiguration("small", ((work(), schedules(200)), (work(), schedules(200))), 0, COMPANIONS)


def test_the_orders_set_priorities_and_nothing_else() -> None:
    for order in ORDERS:
        shared, companions = sharing(SETUP.device, COMPANIONS, "tile", order)
        before = [companion.priority > shared.npu_sharing.recogniser_priority for companion in companions]
        assert before == [order == "as in the file", False]
        assert [one.schedule for one in companions] == [one.schedule for one in COMPANIONS]
        assert shared.npu_sharing.preemption == "tile"


def test_interruption_serves_who_goes_first_and_equals_never_interrupt() -> None:
    rows = {
        (kind, order): {row.network: row for row in play(SETUP, MATERIAL, kind, order)}
        for kind in ("never", "tile")
        for order in ORDERS
    }
    assert rows["tile", "all equal"]["often"].p99_ms == rows["never", "all equal"]["often"].p99_ms
    assert rows["tile", "as in the file"]["often"].p99_ms < rows["never", "as in the file"]["often"].p99_ms
    first = rows["tile", "recogniser first"][RECOGNISER]
    assert first.p99_ms <= min(found[RECOGNISER].p99_ms for found in rows.values())
    for found in rows.values():
        assert list(found) == [RECOGNISER, "often", "seldom"]
        for row in found.values():
            assert 0 < row.p50_ms <= row.p99_ms <= row.worst_ms
            assert (row.late_percent > 0) == (row.worst_ms > row.period_ms)
    assert rows["never", "all equal"][RECOGNISER].runs == 2 * work().steps
