"""`./run up` from a person's view: everything up, every fault seen, down clean."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from demo.passwords import DEMO_PASSWORD
from pantrywatch.config.targets import read_targets
from pantrywatch.native.lock import holder
from pantrywatch.native.state_dir import State
from tests.boards.exceptions import ALWAYS, SOMETIMES, known_empty, names_of
from tests.boards.live import Live
from tests.e2e import stack as stacks
from tests.e2e.observations import SEEN
from tests.support.exporter import ROOT
from tests.support.servers import wait_until
from tools.board_lint.model import read_boards
from tools.chromium import browser_page
from tools.rule_lint.lost import lost

pytestmark = pytest.mark.xdist_group("stack")

# Of these `./run test` sees one of their kind: the rest is for `./run test long`.
_LATER = (
    "application-stopped",
    "cache-cold",
    "cache-frozen",
    "cache-stopped",
    "certificate-ending",
    "connections-used-up",
    "cpu-burn",
    "database-frozen",
    "database-log-lost",
    "database-stopped",
    "lock-pile-up",
    "login-brute-force",
    "slow-api",
    "slow-database",
    "third-party-down",
)
_FAULTS = [pytest.param(name, marks=pytest.mark.long) if name in _LATER else name for name in SEEN]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[stacks.Stack]:
    """One running stack for the tests of this file, in a directory closed to other users, as temporary ones are."""
    state = tmp_path_factory.mktemp("stack") / "state"
    with stacks.started(state, stacks.free_offset()) as running:
        stacks.wait_until_up(running)
        yield running


def test_every_target_is_up(stack: stacks.Stack) -> None:
    """When `up` says it is up, Prometheus sees each of its targets up, and `status` says so with exit code 0."""
    result = stack.query("up")
    jobs = {sample["metric"]["job"] for sample in result}
    assert jobs == {
        "database", "cache", "host", "synthetic", "browser", "rum", "access_log", "database_log", "application",
        "exporter", "prometheus", "alertmanager", "scheduler",
    }  # fmt: skip
    assert {sample["value"][1] for sample in result} == {"1"}
    status = stack.run("status")
    assert status.returncode == 0, status.stdout
    assert "target database/primary" in status.stdout


def test_up_says_where_the_boards_are_and_serves_them(stack: stacks.Stack) -> None:
    """At the end `up` prints where the boards are and what to do next; they draw from this stack's Prometheus."""
    url = stack.addresses.url("boards")
    assert f"The boards:       {url}" in stack.text()
    assert "./run fault list" in stack.text()
    assert "every target has its first sample by" in stack.text()
    listed = requests.get(f"{url}/api/boards", timeout=10).json()
    assert [board["uid"] for board in sorted(listed, key=lambda board: str(board["uid"]))] == [
        b.uid for b in read_boards()
    ]
    answer = requests.post(f"{url}/prometheus/api/v1/query", data={"query": "up"}, timeout=10).json()
    assert len(answer["data"]["result"]) == len(stack.query("up"))


def test_the_exporters_measure_the_demo(stack: stacks.Stack) -> None:
    """Real numbers of the demo's servers arrive, and no collector fails."""
    page = stack.scrape("database")
    assert page.value("pg_up") == 1
    assert (page.value("pg_stat_database_xact_commit", datname="crm") or 0) > 0
    assert stack.scrape("cache").value("redis_up") == 1
    # The exporters began before the demo had made their role: background queries come round again within 15 s.
    wait_until(lambda: _healthy(stack), 45, "no collector fails")
    assert stack.scrape("host").error_classes() == {}


@pytest.mark.long
def test_what_a_browser_measures_is_a_promise_that_is_measured(stack: stacks.Stack) -> None:
    """Both browser checks pass on the demo's page, and their targets are measured."""

    def passing() -> set[str]:
        return {one["metric"]["check"] for one in stack.query('probe_success{kind="browser"} == 1')}

    wait_until(lambda: passing() == {"log-in-page", "log-in-page-3g"}, 150, "each browser check passes")
    page = stack.scrape("browser")
    for name, labels in (("tti", {"network": "none"}), ("page_load", {"network": "3g"})):
        assert (page.value(f"browser_{name}_seconds_count", source="lab", **labels) or 0) >= 1

    def measured() -> set[str]:
        return {
            one["metric"]["target"] for one in stack.query('slo:measured:bool{layer="frontend",basis!="field"} == 1')
        }

    fed = {"tti", "page-load-3g", "frontend-availability"}
    wait_until(lambda: measured() == fed, 60, "the checks' targets are measured")


@pytest.mark.long
def test_what_beacons_tell_is_a_promise_that_is_measured(stack: stacks.Stack) -> None:
    """Each target of users' browsers counts events, and the receiver drops none of the demo's beacons."""
    field = {target.id for target in read_targets(ROOT / "targets.yaml").targets if target.basis == "field"}
    assert len(field) == 9
    counted = "slo:measured:bool == 1 and on (target) slo:events_total:increase5m > 0"
    wait_until(
        lambda: {one["metric"]["target"] for one in stack.query(counted)} >= field, 150, "each target counts events"
    )
    assert stack.query("sum by (reason) (pantrywatch_rum_dropped_total) > 0") == []


@pytest.mark.long
def test_a_real_browser_on_the_demos_page_reports(stack: stacks.Stack) -> None:
    """What somebody does in the page arrives through the page's own origin, and its policy objects to nothing."""
    before = stack.scrape("rum").value("pantrywatch_rum_accepted_total", visitor="bot") or 0
    complaints: list[str] = []
    with browser_page() as page:
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(stack.addresses.url("crm"))
        page.fill("#login-form input[name=password]", DEMO_PASSWORD)
        page.click("#login-form button")
        page.click("nav a:has-text('Organizations')")
        page.fill("#search", "oak")
        page.click("#organizations a >> nth=0")
        page.wait_for_selector("#organization-name:visible")
        page.goto("about:blank")
        # A program drives it: the receiver knows, and counts it apart from users.
        wait_until(
            lambda: (stack.scrape("rum").value("pantrywatch_rum_accepted_total", visitor="bot") or 0) >= before + 2,
            60,
            "beacons of the page load and of a change of route",
        )
    assert complaints == []


@pytest.mark.long
def test_every_recorded_metric_is_still_exported(stack: stacks.Stack) -> None:
    """Each metric that the rules are checked against is on the pages of a running stack, with its type and labels."""
    # Background queries and process groups have intervals of up to a minute.
    deadline = time.monotonic() + 75
    while (missing := lost(_pages(stack))) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert missing == []


@pytest.mark.long
def test_a_marked_deployment_reaches_the_boards(stack: stacks.Stack) -> None:
    """After `./run mark`, the query behind the deployments on the boards gives the version and the time of the mark."""
    marked = stack.run("mark", "v1.4.2", "--at", "2026-01-02T03:04:05+00:00")
    assert marked.returncode == 0, marked.stderr
    board = json.loads(next((ROOT / "dashboards/generated").glob("*/crm-api.json")).read_text())
    query = next(a["expr"] for a in board["annotations"]["list"] if a["name"] == "Deployments")
    wait_until(lambda: bool(stack.query(query)), 60, "Prometheus has the mark")
    shown = [(sample["metric"], float(sample["value"][1])) for sample in stack.query(query)]
    assert shown == [({"version": "v1.4.2"}, 1767323045000.0)]


def _pages(stack: stacks.Stack) -> dict[str, str]:
    ours = {job: stack.scrape(job).text for job in ("database", "cache", "host", "synthetic", "browser", "rum")}
    return ours | {"application": stack.crm().text}


def test_a_second_up_is_refused(stack: stacks.Stack) -> None:
    """A second `up` on the same state directory ends with 2 and names the process that has it."""
    second = stack.run("up")
    assert second.returncode == 2
    assert "expected no stack running here" in second.stderr
    assert str(stack.process.pid) in second.stderr


def test_a_taken_port_is_named_with_its_holder(stack: stacks.Stack, tmp_path: Path) -> None:
    """Another state directory on the same ports is told who holds each of them; nothing is started."""
    answer = stacks.run(
        ["up", "--port-offset", str(stack.addresses.offset)], {"PANTRYWATCH_STATE": str(tmp_path / "other")}
    )
    assert answer.returncode == 2
    assert f"expected port {stack.addresses.port('prometheus')} to be free, prometheus (process" in answer.stderr
    assert stacks.processes_of(tmp_path / "other") == []


def test_a_component_that_dies_comes_back(stack: stacks.Stack) -> None:
    """The exporters' process, killed, is running again with another process id."""
    before = _listener(stack.addresses.port("exporters"))
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: _listener(stack.addresses.port("exporters")) not in {0, before}, 30, "the exporters are back")
    wait_until(lambda: _answers(stack), 30, "the exporters answer")


def _listener(port: int) -> int:
    return next(
        (
            one.pid or 0
            for one in psutil.net_connections("tcp")
            if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port
        ),
        0,
    )


def _answers(stack: stacks.Stack) -> bool:
    try:
        return stack.scrape("database").value("pg_up") == 1
    except OSError:
        return False


def test_every_fault_has_its_observation(stack: stacks.Stack) -> None:
    """`fault list` names exactly the faults that this file observes."""
    listed = stack.run("fault", "list").stdout
    assert {name for name in SEEN if name in listed} == set(SEEN)
    assert sum(line.split()[0] in SEEN for line in listed.splitlines() if line.split()) == len(SEEN)


@pytest.mark.parametrize("name", _FAULTS)
def test_a_fault_is_seen_in_the_metrics_and_goes(stack: stacks.Stack, name: str) -> None:
    """A fault switched on shows in the metrics; switched off, every server is up again and no collector fails."""
    seen = SEEN[name](stack)
    switched = stack.run("fault", "on", name)
    assert switched.returncode == 0, switched.stderr
    try:
        wait_until(seen, 45, f"{name} is seen")
    finally:
        off = stack.run("fault", "off", name)
    assert off.returncode == 0, off.stderr
    wait_until(lambda: _healthy(stack), 45, f"all is well after {name}")


def _healthy(stack: stacks.Stack) -> bool:
    database, cache = stack.scrape("database"), stack.scrape("cache")
    failing = {**database.error_classes(), **cache.error_classes()}
    return database.value("pg_up") == 1 and cache.value("redis_up") == 1 and not failing


def test_after_all_faults_every_check_passes_again(stack: stacks.Stack) -> None:
    """Nothing of the faults is left: each check's next run succeeds."""

    def passing() -> bool:
        results = [value for _, value in stack.scrape("synthetic").samples("probe_success")]
        return len(results) > 0 and all(results)

    wait_until(passing, 150, "every check passes")


@pytest.mark.long
@pytest.mark.timeout(1000)
def test_no_panel_of_the_boards_stays_empty(stack: stacks.Stack) -> None:
    """Every query of every panel runs and returns data on a healthy demo, or is an exception with its reason.

    The sums over long windows are there a quarter of an hour after the start.
    """
    live, deadline = Live(stack.addresses.url("prometheus"), range_seconds=600), time.monotonic() + 900
    empty = _empty(live, None)
    while empty and time.monotonic() < deadline:
        time.sleep(3)
        empty = _empty(live, empty)
    assert empty == []


def _empty(live: Live, among: list[str] | None) -> list[str]:
    """Return which queries are without data now; variables have the values of the moment."""
    questions = [question for board in read_boards() for question in live.questions(board)]
    expected = [
        question
        for question in questions
        if (question.name in among if among is not None else not known_empty(question))
    ]
    return [question.name for question in expected if not live.has_data(question)]


def test_every_exception_is_one(stack: stacks.Stack) -> None:
    """A query that is always empty on the demo is empty, what it stands for exists, and its panel says why."""
    live = Live(stack.addresses.url("prometheus"), range_seconds=600)
    questions = [question for board in read_boards() for question in live.questions(board)]
    names = {name for question in questions for name in names_of(question)}
    assert sorted({*ALWAYS, *SOMETIMES} - names) == []
    assert [q.name for q in questions if set(names_of(q)) & ALWAYS.keys() and live.has_data(q)] == []
    assert [q.name for q in questions if known_empty(q) and not q.panel.defaults.get("noValue")] == []


def test_reset_knows_all_that_a_stack_writes(stack: stacks.Stack) -> None:
    """What `reset` would leave behind is taken for somebody else's, and the next `up` is refused."""
    assert sorted(stack.state.iterdir()) == State(stack.state).entries()


def test_no_secret_is_printed_anywhere(stack: stacks.Stack) -> None:
    """After all faults, no password of this stack stands in any log, page or output."""
    secrets = [file.read_text() for file in (stack.state / "secrets").glob("*_password")]
    assert len(secrets) >= 4
    texts = {file: file.read_text(errors="replace") for file in (stack.state / "log").iterdir()}
    texts[stack.output] = stack.text()
    for exporter in ("database", "cache", "host", "synthetic"):
        texts[Path(exporter)] = stack.scrape(exporter).text
    shown = [str(file) for file, text in texts.items() if any(secret in text for secret in secrets)]
    assert shown == []
    assert {stat.S_IMODE(file.stat().st_mode) for file in (stack.state / "secrets").iterdir()} == {0o600}


@pytest.mark.long
def test_down_leaves_nothing_and_a_second_up_keeps_history(stack: stacks.Stack) -> None:
    """`down` ends every process and frees every port and the lock; the next `up` has the samples from before."""
    started = time.time()
    down = stack.run("down")
    assert down.returncode == 0, down.stderr
    assert stack.process.wait(10) == 0
    assert stacks.processes_of(stack.state) == []
    assert holder(stack.state / "run/lock") is None
    with socket.create_server(("127.0.0.1", stack.addresses.port("prometheus"))):
        pass
    with stacks.started(stack.state, stack.addresses.offset) as again:
        stacks.wait_until_up(again)
        oldest = again.query('min_over_time(timestamp(up{job="database"})[1h:15s])')
        assert float(oldest[0]["value"][1]) < started
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(stacks.STOP_SECONDS) == 0
    assert stacks.processes_of(stack.state) == []
