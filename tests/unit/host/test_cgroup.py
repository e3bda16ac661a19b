"""Control groups of both versions, in trees of the shape the kernel makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporters.core.exposition import Family
from exporters.host.cgroup import container
from exporters.host.procfs import Roots
from tests.support.trees import tree

V2 = {
    "sys/fs/cgroup/cgroup.controllers": "cpu memory pids\n",
    "proc/self/cgroup": "0::/app.slice/app.service\n",
}
LIMITED = {
    "memory.max": "1073741824\n",
    "memory.current": "600000000\n",
    "memory.stat": "anon 300000000\nfile 250000000\ninactive_file 100000000\n",
    "memory.events": "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\n",
    "cpu.max": "150000 100000\n",
    "cpu.stat": "usage_usec 5000000\nnr_periods 100\nnr_throttled 7\nthrottled_usec 2500000\n",
    "pids.current": "17\n",
    "pids.max": "max\n",
}


def _values(roots: Roots, named: str | None = None) -> dict[str, float]:
    families: list[Family] = list(container(roots, named))
    return {family.name.removeprefix("pantrywatch_container_"): family.samples[0][1] for family in families}


def test_limits_and_use_of_our_own_group_are_read(tmp_path: Path) -> None:
    """Every number of cgroup v2 is in base units; what has no limit has no sample."""
    group = {f"sys/fs/cgroup/app.slice/app.service/{name}": text for name, text in LIMITED.items()}
    assert _values(tree(tmp_path, V2 | group)) == {
        "memory_limit_bytes": 1073741824,
        "memory_usage_bytes": 600000000,
        "memory_working_set_bytes": 500000000,
        "memory_anon_bytes": 300000000,
        "oom_kills_total": 2,
        "cpu_limit_cores": 1.5,
        "cpu_usage_seconds_total": 5,
        "cpu_periods_total": 100,
        "cpu_throttled_periods_total": 7,
        "cpu_throttled_seconds_total": 2.5,
        "processes": 17,
    }


def test_a_container_sees_its_group_as_the_root(tmp_path: Path) -> None:
    """With a namespace of its own, the group's path is / and its files stand at the top."""
    group = {f"sys/fs/cgroup/{name}": text for name, text in LIMITED.items()}
    values = _values(tree(tmp_path, V2 | group | {"proc/self/cgroup": "0::/\n"}))
    assert values["memory_limit_bytes"] == 1073741824


def test_a_group_without_limits_is_left_out_unless_named(tmp_path: Path) -> None:
    """No limit means that the host's numbers say it all; asked for by name, the group is shown."""
    unlimited = LIMITED | {"memory.max": "max\n", "cpu.max": "max 100000\n"}
    roots = tree(
        tmp_path, V2 | {f"sys/fs/cgroup/app.slice/app.service/{name}": text for name, text in unlimited.items()}
    )
    assert _values(roots) == {}
    assert _values(roots, "/app.slice/app.service")["memory_usage_bytes"] == 600000000


def test_the_machine_itself_has_no_container_metrics(tmp_path: Path) -> None:
    """The root group has no limits at all."""
    assert _values(tree(tmp_path, V2 | {"proc/self/cgroup": "0::/\n"})) == {}


def test_version_1_says_the_same(tmp_path: Path) -> None:
    """Version 1 has one hierarchy a controller; this container's path is still the host's."""
    values = _values(tree(tmp_path, {
        "proc/self/cgroup": "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n2:pids:/docker/abc\n",
        "sys/fs/cgroup/memory/cgroup.procs": "1\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "1073741824\n",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": "600000000\n",
        "sys/fs/cgroup/memory/memory.stat": "total_inactive_file 100000000\ntotal_rss 300000000\n",
        "sys/fs/cgroup/memory/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
        "sys/fs/cgroup/cpu/cgroup.procs": "1\n",
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
        "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        "sys/fs/cgroup/cpu/cpu.stat": "nr_periods 0\nnr_throttled 0\nthrottled_time 0\n",
        "sys/fs/cgroup/cpuacct/cpuacct.usage": "5000000000\n",
        "sys/fs/cgroup/pids/cgroup.procs": "1\n",
        "sys/fs/cgroup/pids/pids.current": "17\n",
        "sys/fs/cgroup/pids/pids.max": "100\n",
    }))  # fmt: skip
    assert values["memory_limit_bytes"] == 1073741824
    assert values["memory_working_set_bytes"] == 500000000
    assert values["oom_kills_total"] == 2
    assert "cpu_limit_cores" not in values
    assert values["cpu_usage_seconds_total"] == 5
    assert values["processes_limit"] == 100


def test_version_1_without_limits_is_left_out(tmp_path: Path) -> None:
    """The number near 2^63 that v1 writes for no limit is no limit."""
    roots = tree(tmp_path, {
        "proc/self/cgroup": "4:memory:/\n",
        "sys/fs/cgroup/memory/cgroup.procs": "1\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": "600000000\n",
    })  # fmt: skip
    assert _values(roots) == {}


SLICE = "sys/fs/cgroup/app.slice"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"memory.max": "134217728\n", "cpu.max": "50000 100000\n", "pids.max": "50\n"}, (134217728, 0.5, 50)),
        ({"memory.max": "max\n", "cpu.max": "max 100000\n", "pids.max": "max\n"}, (1073741824, 1.5, 100)),
        ({"memory.max": "9999999999\n", "cpu.max": "800000 100000\n", "pids.max": "5000\n"}, (1073741824, 1.5, 100)),
        ({"memory.max": "nonsense\n", "cpu.max": "50000 0\n", "pids.max": "\n"}, (1073741824, 1.5, 100)),
        ({}, (1073741824, 1.5, 100)),
    ],
    ids=["less around us", "no limit around us", "more around us", "nonsense around us", "no files around us"],
)
def test_the_least_limit_on_the_way_up_counts(
    tmp_path: Path, files: dict[str, str], expected: tuple[float, float, float]
) -> None:
    """A slice, a pod or a parent container may allow less than the group itself."""
    own = {f"{SLICE}/app.service/{name}": text for name, text in (LIMITED | {"pids.max": "100\n"}).items()}
    around = {f"{SLICE}/{name}": text for name, text in files.items()}
    values = _values(tree(tmp_path, V2 | own | around))
    limits = tuple(values[name] for name in ("memory_limit_bytes", "cpu_limit_cores", "processes_limit"))
    assert limits == expected
    assert values["memory_usage_bytes"] == 600000000


def test_a_limit_far_up_is_enough(tmp_path: Path) -> None:
    """Three levels up, or at the root of our namespace, and none of our own."""
    own = {f"sys/fs/cgroup/a/b/c/{name}": text for name, text in LIMITED.items()}
    own |= {"sys/fs/cgroup/a/b/c/memory.max": "max\n", "sys/fs/cgroup/a/b/c/cpu.max": "max 100000\n"}
    base = V2 | own | {"proc/self/cgroup": "0::/a/b/c\n"}
    assert _values(tree(tmp_path / "a", base | {"sys/fs/cgroup/a/memory.max": "5000\n"}))["memory_limit_bytes"] == 5000
    assert (
        _values(tree(tmp_path / "root", base | {"sys/fs/cgroup/cpu.max": "1000 100000\n"}))["cpu_limit_cores"] == 0.01
    )


@pytest.mark.parametrize("path", ["/host/path/of/ours", "/../../elsewhere", "/app.slice/gone (deleted)"])
def test_a_path_that_is_not_here_is_the_root_that_is(tmp_path: Path, path: str) -> None:
    """In a container our group is what is mounted, whatever its path is called on the host."""
    group = {f"sys/fs/cgroup/{name}": text for name, text in LIMITED.items()}
    values = _values(tree(tmp_path, V2 | group | {"proc/self/cgroup": f"0::{path}\n"}))
    assert values["memory_limit_bytes"] == 1073741824


def test_a_named_group_that_is_not_there_has_no_numbers_of_others(tmp_path: Path) -> None:
    """A service that is stopped has no group: the root's use is not its use."""
    group = {f"sys/fs/cgroup/{name}": text for name, text in LIMITED.items() if name.endswith(("current", "stat"))}
    assert _values(tree(tmp_path, V2 | group), "/app.slice/stopped.service") == {}


V1 = {
    "proc/self/cgroup": "4:memory:/outer/child\n3:cpu,cpuacct:/outer/child\n2:pids:/outer/child\n0::/\n",
    "sys/fs/cgroup/memory/outer/memory.limit_in_bytes": "268435456\n",
    "sys/fs/cgroup/memory/outer/child/memory.limit_in_bytes": "9223372036854771712\n",
    "sys/fs/cgroup/memory/outer/child/memory.usage_in_bytes": "1000\n",
    "sys/fs/cgroup/cpu/outer/cpu.cfs_quota_us": "50000\n",
    "sys/fs/cgroup/cpu/outer/cpu.cfs_period_us": "100000\n",
    "sys/fs/cgroup/cpu/outer/child/cpu.cfs_quota_us": "-1\n",
    "sys/fs/cgroup/cpu/outer/child/cpu.cfs_period_us": "100000\n",
    "sys/fs/cgroup/pids/outer/pids.max": "20\n",
    "sys/fs/cgroup/pids/outer/child/pids.max": "max\n",
}


def test_version_1_has_limits_of_groups_around_too(tmp_path: Path) -> None:
    """Of memory, processors and processes."""
    values = _values(tree(tmp_path, V1))
    assert values["memory_limit_bytes"] == 268435456
    assert values["cpu_limit_cores"] == 0.5
    assert values["processes_limit"] == 20


@pytest.mark.parametrize(("said", "limit"), [("268000000", 268000000), ("9223372036854771712", None)])
def test_version_1_says_itself_whether_groups_around_count(tmp_path: Path, said: str, limit: int | None) -> None:
    """`hierarchical_memory_limit` is the kernel's answer: without use_hierarchy the groups around have no say."""
    stat = {"sys/fs/cgroup/memory/outer/child/memory.stat": f"hierarchical_memory_limit {said}\n"}
    assert _values(tree(tmp_path, V1 | stat)).get("memory_limit_bytes") == limit


def test_a_hybrid_machine_has_each_controller_where_it_is(tmp_path: Path) -> None:
    """Memory in version 1, processes and processors in version 2 under `unified`."""
    memory = {name: text for name, text in V1.items() if "/memory/" in name}
    unified = {f"sys/fs/cgroup/unified/app/{name}": text for name, text in LIMITED.items()}
    own = {
        "proc/self/cgroup": "4:memory:/outer/child\n0::/app\n",
        "sys/fs/cgroup/unified/cgroup.controllers": "cpu pids\n",
    }
    values = _values(tree(tmp_path, memory | unified | own))
    assert (values["memory_limit_bytes"], values["memory_usage_bytes"]) == (268435456, 1000)
    assert (values["cpu_limit_cores"], values["processes"]) == (1.5, 17)


_OWN = "sys/fs/cgroup/app.slice/app.service"


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({f"{_OWN}/cpuset.cpus.effective": "0-1\n"}, 2.0),
        ({f"{_OWN}/cpuset.cpus.effective": "1,4-6\n", f"{_OWN}/cpu.max": "max 100000\n"}, 4.0),
        ({f"{_OWN}/cpuset.cpus.effective": "3\n", f"{_OWN}/cpu.max": "150000 100000\n"}, 1.0),
        ({f"{_OWN}/cpuset.cpus.effective": "0-3\n", f"{_OWN}/cpu.max": "150000 100000\n"}, 1.5),
        ({f"{SLICE}/cpuset.cpus.effective": "0-2\n"}, 3.0),
        ({f"{_OWN}/cpuset.cpus.effective": "0-7\n"}, None),
        ({f"{_OWN}/cpuset.cpus.effective": "\n"}, None),
        ({f"{_OWN}/cpuset.cpus.effective": "7-0,x\n"}, None),
        ({f"{_OWN}/cpuset.cpus.effective": "0-1\n", "sys/devices/system/cpu/online": "\n"}, None),
    ],
    ids=[
        "a range", "a list", "less than the quota", "more than the quota", "of the group around", "all of the machine",
        "empty", "nonsense", "nobody knows how many there are",
    ],
)  # fmt: skip
def test_a_set_of_processors_is_a_limit(tmp_path: Path, files: dict[str, str], cores: float | None) -> None:
    """`docker run --cpuset-cpus` and AllowedCPUs= leave so many processors; all of the machine's are no limit."""
    there = {"sys/devices/system/cpu/online": "0-7\n", f"{_OWN}/cgroup.procs": "1\n"}
    roots = tree(tmp_path, V2 | there | files)
    assert _values(roots).get("cpu_limit_cores") == cores


@pytest.mark.parametrize("name", ["cpuset.effective_cpus", "cpuset.cpus"])
def test_version_1_has_sets_of_processors_too(tmp_path: Path, name: str) -> None:
    """In a hierarchy of their own, next to the quota; the first file is missing on old kernels."""
    roots = tree(tmp_path, {
        "proc/self/cgroup": "5:cpuset:/box\n3:cpu,cpuacct:/box\n",
        "sys/devices/system/cpu/online": "0-7\n",
        f"sys/fs/cgroup/cpuset/box/{name}": "2-3\n",
        "sys/fs/cgroup/cpuset/cpuset.cpus": "0-7\n",
        "sys/fs/cgroup/cpu/box/cpu.cfs_quota_us": "400000\n",
        "sys/fs/cgroup/cpu/box/cpu.cfs_period_us": "100000\n",
    })  # fmt: skip
    assert _values(roots)["cpu_limit_cores"] == 2
