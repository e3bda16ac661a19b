"""The start of a stack: blanks in paths, nothing started, what is waited for, and what is said."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

import pytest

from exporters.core.access import WebSettings
from exporters.core.deadline import Deadline
from exporters.core.errors import ConfigError
from pantrywatch.config.application import ApplicationEndpoint
from pantrywatch.native.addresses import Addresses, require_free, require_valid_offset
from pantrywatch.native.configuration import Options
from pantrywatch.native.console import Progress, next_steps
from pantrywatch.native.first_answers import FirstAnswers, is_success, pages_of
from pantrywatch.native.startup import Order
from pantrywatch.native.state_dir import State
from pantrywatch.native.supervisor import Supervisor, start_supervisor
from tests.e2e.stack import free_offset
from tests.support.servers import wait_until

_PROGRAM = """
[program:sleeper]
command="{python}" -c "import time; time.sleep(60)" "{folder}"
stdout_logfile=%(ENV_PW_STATE)s/log/sleeper.log
"""


def test_a_path_with_blanks_starts_its_programs(tmp_path: Path) -> None:
    """Supervisord finds the program files of a checkout and a state directory in folders with blanks."""
    state = State(tmp_path / "sp ace/the state")
    state.prepare()
    program = tmp_path / "sp ace/a program.conf"
    program.write_text(_PROGRAM.format(python=sys.executable, folder=tmp_path / "sp ace"))
    daemon = start_supervisor(state, Addresses(free_offset()), [program], {"PW_STATE": str(state.path)})
    supervisor = Supervisor(state)
    try:
        wait_until(lambda: [one.name for one in supervisor.components() if one.running] == ["sleeper"], 30, "it runs")
    finally:
        daemon.stop()


def test_a_supervisor_without_programs_is_told_from_one_that_does_not_respond(tmp_path: Path) -> None:
    """It responds and has no component: that is an error at once, nothing to wait for."""
    state = State(tmp_path / "state")
    state.prepare()
    supervisor = Supervisor(state)
    assert not supervisor.responds()
    daemon = start_supervisor(state, Addresses(free_offset()), [tmp_path / "none.conf"], {})
    try:
        wait_until(supervisor.responds, 30, "supervisord responds")
        assert supervisor.components() == []
    finally:
        daemon.stop()


@pytest.mark.parametrize("name", ["50%", "a;b", "a[1]", "a*"])
def test_a_path_that_cannot_be_used_is_named(tmp_path: Path, name: str) -> None:
    """Supervisord and Prometheus would take it for a variable or a pattern."""
    with pytest.raises(ConfigError, match="expected a path without"):
        State(tmp_path / name).prepare()


class _Started(Supervisor):
    def __init__(self) -> None:
        self.names: list[str] = []

    def start(self, component: str) -> None:
        self.names.append(component)


_PROGRAMS = ("redis", "exporters", "prometheus", "inbox", "boards")


def _with_targets(folder: Path) -> State:
    """A state directory whose Prometheus has one target that it may not know yet."""
    state = State(folder)
    targets = state.file("prometheus/targets")
    targets.mkdir(parents=True)
    (targets / "cache.json").write_text("[]")
    state.hold_targets()
    return state


def test_the_checks_of_the_demo_begin_when_it_responds(tmp_path: Path) -> None:
    """Its own start is no outage; after the deadline everything starts all the same, so that a real one is seen."""
    nobody = [ApplicationEndpoint("crm", "127.0.0.1:9")]
    state, started = _with_targets(tmp_path), _Started()
    order = Order(Options(state, Addresses(40000)), nobody)
    order.advance(started, _PROGRAMS)
    assert started.names == []
    assert order.explained(["redis", "exporters", "prometheus", "boards"])[:-1] == ["redis"]
    assert not state.file("prometheus/targets/cache.json").exists()
    late = Order(Options(state, Addresses(40000)), nobody, _deadline=Deadline.after(0))
    for _ in range(2):
        late.advance(started, _PROGRAMS)
        assert started.names == ["exporters", "prometheus", "inbox", "boards"]
    assert state.file("prometheus/targets/cache.json").exists()


def test_what_a_killed_start_held_back_replaces_nothing(tmp_path: Path) -> None:
    """The addresses written by this start are those that Prometheus gets, and nothing is left behind."""
    state = _with_targets(tmp_path)
    targets = state.file("prometheus/targets")
    (targets / "cache.json").write_text('["of this start"]')
    state.release_targets()
    assert [(file.name, file.read_text()) for file in targets.iterdir()] == [("cache.json", '["of this start"]')]


def test_prometheus_gets_its_targets_when_the_exporters_are_ready(tmp_path: Path) -> None:
    """It starts at the same time as they do, but a scrape that is too early would count as an outage."""
    state, started = _with_targets(tmp_path), _Started()
    order = Order(Options(state, Addresses(40000)), [])
    order.advance(started, _PROGRAMS)
    assert started.names == ["exporters", "prometheus"]
    assert not order.answering
    assert state.targets_file("cache").suffix == ".held"


def test_a_users_own_servers_are_watched_at_once(tmp_path: Path) -> None:
    """Monitoring that waited for them would miss the outage during which it was started."""
    started = _Started()
    order = Order(
        Options(State(tmp_path), Addresses(40000), tmp_path / "my.yaml"), [ApplicationEndpoint("crm", "127.0.0.1:9")]
    )
    order.advance(started, _PROGRAMS)
    assert started.names == ["exporters", "prometheus", "inbox", "boards"]


@pytest.mark.parametrize(
    "page",
    [
        "up 1\n",
        'pg_up 1\npantrywatch_collector_success{collector="x"} 1\n',
        'pantrywatch_access_log_file_up{file="crm"} 1.0\n',
        'probe_success{check="x"} 0\n',
    ],
)
def test_a_page_answers_with_success(page: str) -> None:
    """Success is that the server answered and no collector failed; the result of a check is another matter."""
    assert is_success(page)


@pytest.mark.parametrize("page", ["", "pg_up 0\n", 'redis_up 1\npantrywatch_collector_success{collector="x"} 0\n'])
def test_a_page_answers_without_success(page: str) -> None:
    """An empty page, a server that is down or a failed collector is not the first answer yet."""
    assert not is_success(page)


def test_each_target_is_asked_as_prometheus_asks_it(tmp_path: Path) -> None:
    """Pages come from the files for Prometheus, held back or not, and those of the application from the settings."""
    state = _with_targets(tmp_path)
    labels = {"instance": "main", "__metrics_path__": "/metrics/cache", "__param_target": "main"}
    state.targets_file("cache").write_text(json.dumps([{"targets": ["127.0.0.1:1"], "labels": labels}]))
    pages = pages_of(state, Addresses(), WebSettings(), [ApplicationEndpoint("crm", "127.0.0.1:9")])
    assert {name: url for name, (url, _) in pages.items()} == {
        "application/crm": "http://127.0.0.1:9/metrics",
        "cache/main": "http://127.0.0.1:19100/metrics/cache?target=main",
    }
    assert FirstAnswers(pages).missing() == list(pages)


def test_progress_is_said_once_for_each_change(capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is no terminal each state is a line of its own, and the same state is said once."""
    progress = Progress()
    for waiting in (["a", "b"], ["a", "b"], ["a"]):
        progress.show(waiting)
    progress.end()
    assert capsys.readouterr().out == "waiting for a, b\nwaiting for a\n"


def test_the_inbox_is_named_only_where_it_gets_messages(tmp_path: Path) -> None:
    """Own settings notify their own contacts; the demo's faults are not offered there, and what is down is named."""
    settings = tmp_path / "my.yaml"
    settings.write_text("environment: x\n")
    own = next_steps(Addresses(), settings, tmp_path, {"application/shop": "down", "database/a": "up"})
    assert "19094" not in own
    assert "fault" not in own
    assert "Not responding:   application/shop" in own
    demo = next_steps(Addresses(), None, tmp_path, {})
    assert "http://127.0.0.1:19094" in demo
    assert "./run fault list" in demo


def test_the_demo_says_whose_its_field_data_are(tmp_path: Path) -> None:
    """Recorded beacons in any case; those of a real browser where one visits it; nothing about it for a real CRM."""
    assert "Chromium's, once a minute" in next_steps(Addresses(), None, tmp_path, {}, visited=True)
    assert "recorded beacons, replayed\n" in next_steps(Addresses(), None, tmp_path, {})
    settings = tmp_path / "my.yaml"
    settings.write_text("environment: x\n")
    assert "recorded" not in next_steps(Addresses(), settings, tmp_path, {})


def test_another_offset_that_is_free_is_offered(tmp_path: Path) -> None:
    """A taken port is named with its holder, and the advice is an option that works."""
    offset = free_offset()
    addresses = Addresses(offset)
    with socket.create_server(("127.0.0.1", addresses.port("boards"))):
        with pytest.raises(ConfigError, match=r"`--port-offset \d+` moves every port") as refused:
            require_free(addresses, ["boards", "inbox"])
        advised = int(str(refused.value).rpartition("--port-offset ")[2].split("`")[0])
        require_free(Addresses(advised), ["boards", "inbox"])


@pytest.mark.parametrize("offset", [-20000, 99999])
def test_an_offset_beyond_the_ports_is_refused_by_name(offset: int) -> None:
    """The message is about the option, not about entries of settings.yaml."""
    with pytest.raises(ConfigError, match=f"--port-offset: expected a number from -19000 to 46103, got {offset}"):
        require_valid_offset(offset)


def test_every_job_with_an_address_is_waited_for(tmp_path: Path) -> None:
    """Also while its file is held back, and not one without an address: `up` is not up while Prometheus knows a few."""
    state = State(tmp_path)
    state.file("prometheus/targets").mkdir(parents=True)
    state.write_json("prometheus/targets/host.json", [{"targets": ["127.0.0.1:1"]}])
    state.write_json("prometheus/targets/rum.json", [])
    assert state.jobs_with_targets() == ["host"]
    state.hold_targets()
    assert state.jobs_with_targets() == ["host"]
