"""What fills up in the made-up past leads to the values of now, within its limits."""

from __future__ import annotations

from itertools import pairwise

import pytest

from demo.history.business import Business
from demo.history.fills_up import FillsUp
from demo.history.machine import Gauge, Machine, gauges

NOW = 1_796_000_400
DAY = 86400
_DISK = 'job="host",instance="local",mountpoint="/"'
_GAUGES = [
    Gauge("node_filesystem_avail_bytes", _DISK, 40e9, 100e9),
    Gauge("node_filesystem_files_free", _DISK, 9e6, 10e6),
    Gauge("node_filesystem_size_bytes", _DISK, 100e9, 0),
    Gauge("node_memory_MemAvailable_bytes", 'job="host",instance="local"', 8e9, 16e9),
]


def test_disks_fill_up_to_what_they_are_now_and_memory_comes_and_goes() -> None:
    """A disk had more room before, a limit is always the same, and nothing jumps at the end or leaves its limits."""
    found = {one.name: list(one.values) for one in Machine(1, _GAUGES, NOW).series(NOW - 10 * DAY, NOW)}
    for gauge in _GAUGES:
        values = [value for value in found[gauge.name] if value is not None]
        assert values[-1] == pytest.approx(gauge.now, rel=0.02)
        assert all(0 < value <= (gauge.size or gauge.now) for value in values)
    disk = [value or 0 for value in found["node_filesystem_avail_bytes"]]
    assert disk == sorted(disk, reverse=True)
    assert disk[0] > disk[-1] + 1e9
    assert len(set(found["node_filesystem_size_bytes"])) == 1
    memory = [value or 0 for value in found["node_memory_MemAvailable_bytes"]]
    assert max(memory) - min(memory) > 0.5e9


def test_pieces_of_time_follow_one_another() -> None:
    """Asked for in two pieces, the past is what it is in one."""
    whole = {(one.name, one.labels): list(one.values) for one in Business(1, NOW).series(NOW - 2 * DAY, NOW)}
    business = Business(1, NOW)
    pieces = [list(business.series(NOW - 2 * DAY, NOW - DAY)), list(business.series(NOW - DAY, NOW))]
    assert {(a.name, a.labels): [*a.values, *b.values] for a, b in zip(*pieces, strict=True)} == whole


def test_numbers_of_the_business_grow_and_those_of_a_day_follow_the_week() -> None:
    """The pipeline is larger at the end; on a Sunday evening next to nobody was active in the last day."""
    found = {(one.name, one.labels): list(one.values) for one in Business(1, NOW).series(NOW - 14 * DAY, NOW)}
    pipeline = found["crm_opportunities", 'job="database",instance="primary",stage="proposal"']
    assert pipeline[-1] == 636
    assert 580 < (pipeline[0] or 0) < 610
    active = found["crm_users_active", 'job="database",instance="primary",role="sales_rep",window="1d"']
    daily = [max(value or 0 for value in active[at : at + 360]) for at in range(0, len(active), 360)]
    assert min(daily) < 0.5 * max(daily)


@pytest.mark.long
def test_each_part_of_this_machine_is_known_with_its_own_limit() -> None:
    """Free bytes are part of bytes and free inodes of inodes; every disk has all its series."""
    found = gauges()
    assert all(gauge.now <= gauge.size for gauge in found if gauge.size)
    disks = [gauge.labels for gauge in found if gauge.name.startswith("node_filesystem")]
    assert disks
    assert {disks.count(labels) for labels in disks} == {5}


def test_what_is_in_use_has_its_typical_and_its_highest_day() -> None:
    """In two pieces as in one: median and maximum of the last day of each resource, and what is in use lately."""
    gauges = [*_GAUGES[2:], *_GAUGES[:1], _GAUGES[0]._replace(name="node_filesystem_free_bytes", now=45e9)]
    gauges.append(_GAUGES[3]._replace(name="node_memory_MemTotal_bytes", now=16e9, size=0))

    def recorded(*borders: int) -> dict[tuple[str, str], list[float | None]]:
        machine, fills_up = Machine(1, gauges, NOW), FillsUp(NOW)
        found: dict[tuple[str, str], list[float | None]] = {}
        for start, end in pairwise(borders):
            for one in fills_up.series(machine.series(start, end), start, end):
                found.setdefault((one.name, one.labels), []).extend(one.values)
        return found

    found = recorded(NOW - 3 * DAY, NOW - DAY, NOW)
    disk = 'component="host",instance="local",name="/",resource="disk"'
    typical, highest = found["crm:resource_typical:ratio1d", disk], found["crm:resource_highest:ratio1d", disk]
    assert typical[-1] == pytest.approx(1 - 40.1 / 95.1, rel=0.01)
    assert highest[-1] == pytest.approx(1 - 40 / 95, rel=0.01)
    assert len(found["crm:resource_used:ratio", disk]) == 1500
    memory = 'component="host",instance="local",resource="memory"'
    assert 0.3 < (found["crm:resource_typical:ratio1d", memory][-1] or 0) < 0.7
    assert recorded(NOW - 3 * DAY, NOW)["crm:resource_typical:ratio1d", disk] == pytest.approx(typical, rel=1e-6)
