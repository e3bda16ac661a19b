"""Counters of the kernel that step back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from exporters.host import cpu, disk
from tests.support.trees import tree

TICKS = os.sysconf("SC_CLK_TCK")
USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, GUEST, GUEST_NICE = range(10)
MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")


def _shown(folder: Path, looks: list[dict[int, float]]) -> list[dict[str, float]]:
    """Return the times by mode, guests' too, of one processor that has these seconds at one look after the other."""
    times, found = cpu.ProcessorTimes(), []
    for look in looks:
        row = " ".join(str(round(look.get(mode, 1000) * TICKS)) for mode in range(10))
        families = {f.name: f for f in cpu.stat(tree(folder, {"proc/stat": f"cpu  1 2\ncpu0 {row}\n"}), times)}
        values = {labels[1]: value for labels, value in families["node_cpu_seconds_total"].samples}
        guests = families["node_cpu_guest_seconds_total"].samples
        found.append(values | {f"guest {labels[1]}": value for labels, value in guests})
    return found


@pytest.mark.parametrize("mode", range(10))
def test_a_small_step_back_is_not_shown(tmp_path: Path, mode: int) -> None:
    """In whichever mode: the greater value is held until the kernel is past it."""
    name = [*MODES, "guest user", "guest nice"][mode]
    shown = _shown(tmp_path, [{mode: 50.0}, {mode: 49.99}, {mode: 50.0}, {mode: 50.01}])
    assert [look[name] for look in shown] == [50.0, 50.0, 50.0, 50.01]


def test_idle_and_iowait_may_swap_many_seconds(tmp_path: Path) -> None:
    """The kernel moves what a processor waited from one to the other; neither falls, however much it is."""
    shown = _shown(tmp_path, [{IDLE: 500, IOWAIT: 90}, {IDLE: 560, IOWAIT: 40}, {IDLE: 570, IOWAIT: 91}])
    assert [(look["idle"], look["iowait"]) for look in shown] == [(500, 90), (560, 90), (570, 91)]


def test_a_processor_that_was_taken_out_begins_anew(tmp_path: Path) -> None:
    """All its times are the new ones, also those that have not fallen."""
    shown = _shown(tmp_path, [{IDLE: 500, USER: 70}, {IDLE: 2, USER: 71}, {IDLE: 3, USER: 71}])
    assert [(look["idle"], look["user"]) for look in shown] == [(500, 70), (2, 71), (3, 71)]


def test_processors_are_told_apart(tmp_path: Path) -> None:
    """One that steps back, or is new, does not move the others."""
    times = cpu.ProcessorTimes()

    def look(text: str) -> list[tuple[tuple[str, ...], float]]:
        family, *_ = cpu.stat(tree(tmp_path, {"proc/stat": text}), times)
        return [sample for sample in family.samples if sample[0][1] == "user"]

    look(f"cpu0 {5 * TICKS} 0 0 0\n")
    assert look(f"cpu0 {5 * TICKS - 1} 0 0 0\ncpu1 {TICKS} 0 0 0\n") == [(("0", "user"), 5), (("1", "user"), 1)]


def test_times_of_a_disk_are_held_in_small_steps_and_wrap(tmp_path: Path) -> None:
    """They are 32-bit milliseconds: from the end they begin anew, as does another disk of the same name."""
    times, found = disk.DeviceTimes(), []
    for milliseconds in (4_294_967_000, 4_294_966_500, 4_294_967_290, 200, 150, 300):
        text = f"8 0 sda 1 2 3 {milliseconds} 5 6 7 8 0 10 11\n"
        families = {f.name: f for f in disk.diskstats(tree(tmp_path, {"proc/diskstats": text}), times)}
        found.append(families["node_disk_read_time_seconds_total"].samples[0][1])
    assert found == [4_294_967.0, 4_294_967.0, 4_294_967.29, 0.2, 0.2, 0.3]


def test_what_may_fall_is_not_held(tmp_path: Path) -> None:
    """Requests in progress are no counter."""
    times, found = disk.DeviceTimes(), []
    for now in (5, 2):
        text = f"8 0 sda 1 2 3 4 5 6 7 8 {now} 10 11\n"
        families = {f.name: f for f in disk.diskstats(tree(tmp_path, {"proc/diskstats": text}), times)}
        found.append(families["node_disk_io_now"].samples[0][1])
    assert found == [5, 2]
