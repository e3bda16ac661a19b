"""The schedule of checks, with probes passed in: what hangs, what is counted, what is on the page and what is not."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import pytest

from exporters.browser.check import prepare
from exporters.browser.metrics import GAUGES as BROWSER_GAUGES
from exporters.browser.metrics import HISTOGRAM_LABELS, HISTOGRAMS
from exporters.browser.settings import BrowserCheck
from exporters.core.checks import counters
from exporters.core.checks.check import Entry, Observation, PreparedCheck, Probe
from exporters.core.checks.probe_run import Result, classify
from exporters.core.checks.scheduled_check import ScheduledCheck
from exporters.core.checks.source import CheckMetrics, CheckSource
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.exposition import render
from exporters.core.scrape import Run
from exporters.synthetic.kinds.tcp import TcpCheck
from exporters.synthetic.metrics import GAUGES
from tests.support import exporter
from tests.support.servers import wait_until

METRICS = CheckMetrics(GAUGES)


def settings(name: str, **more: Any) -> TcpCheck:
    """Return settings with the shortest interval."""
    values = {"interval_seconds": 1.0, "timeout_seconds": 0.2, "target": "api-availability", **more}
    return TcpCheck(name=name, kind="tcp", address="127.0.0.1:1", **values)


def passes(observation: Observation, _deadline: Deadline) -> None:
    """See something and pass."""
    observation.set("probe_http_status_code", 200)


def fails(_observation: Observation, _deadline: Deadline) -> None:
    """Fail as refused."""
    raise CollectError(ErrorClass.REFUSED)


def is_broken(_observation: Observation, _deadline: Deadline) -> None:
    """Have a defect."""
    raise ZeroDivisionError("with a s3cr3t")


@contextmanager
def hanging() -> Iterator[Probe]:
    """Give a probe that comes back only when the block ends."""
    release = threading.Event()

    def probe(observation: Observation, _deadline: Deadline) -> None:
        with observation.phase("resolve"):
            release.wait(60)

    try:
        yield probe
    finally:
        release.set()


@contextmanager
def running(source: CheckSource) -> Iterator[Callable[[], exporter.Page]]:
    """Run the schedule until the block ends; gives a function that scrapes."""

    def scrape() -> exporter.Page:
        run = Run(source, Deadline.after(5))
        source.collect(run)
        return exporter.page(render(run.families()).decode())

    source.start()
    try:
        yield scrape
    finally:
        source.close()


def counted(*checks: ScheduledCheck) -> exporter.Page:
    """Return the counters of the checks, as on the page."""
    return exporter.page(render(counters.families(check.counters for check in checks)).decode())


def test_counters_add_up() -> None:
    """Every run is counted once, by result, class and duration; every series is there from the start at 0."""
    good, bad = (
        ScheduledCheck(PreparedCheck(settings("good"), passes), {}),
        ScheduledCheck(PreparedCheck(settings("bad"), fails), {}),
    )

    def value(name: str, **labels: str) -> float | None:
        return counted(good, bad).value(name, kind="tcp", target="api-availability", **labels)

    assert value("pantrywatch_check_runs_total", check="good", result="success") == 0
    assert value("pantrywatch_check_runs_total", check="good", result="failure") == 0
    assert value("pantrywatch_check_failures_total", check="bad", **{"class": "refused"}) == 0
    for _ in range(3):
        good.run(Deadline.after(5))
    for _ in range(2):
        bad.run(Deadline.after(5))
    assert value("pantrywatch_check_runs_total", check="good", result="success") == 3
    assert value("pantrywatch_check_runs_total", check="good", result="failure") == 0
    assert value("pantrywatch_check_runs_total", check="bad", result="failure") == 2
    assert value("pantrywatch_check_failures_total", check="bad", **{"class": "refused"}) == 2
    assert value("pantrywatch_check_failures_total", check="bad", **{"class": "timeout"}) == 0
    assert value("pantrywatch_check_duration_seconds_count", check="good") == 3
    assert value("pantrywatch_check_duration_seconds_bucket", check="good", le="+Inf") == 3
    assert value("pantrywatch_check_duration_seconds_count", check="bad") == 0
    assert value("pantrywatch_check_skipped_total", check="good", reason="overrun") == 0


def test_duration_at_an_edge_is_within_it() -> None:
    """A run that takes exactly as long as a documented target allows is within it; one that takes longer is not."""
    check = ScheduledCheck(PreparedCheck(settings("one"), passes), {})
    for seconds in (0.1, 0.5, 0.50001, 60.0):
        check.counters.count(Result(seconds, 0.0, 0.0, None, "", {}, {}))
    page = counted(check)
    buckets = {labels["le"]: value for labels, value in page.samples("pantrywatch_check_duration_seconds_bucket")}
    assert {le: buckets[le] for le in ("0.05", "0.1", "0.2", "0.5", "1.0", "30.0", "+Inf")} == {
        "0.05": 0, "0.1": 1, "0.2": 1, "0.5": 2, "1.0": 3, "30.0": 3, "+Inf": 4,
    }  # fmt: skip
    assert page.value("pantrywatch_check_duration_seconds_count") == 4
    assert page.value("pantrywatch_check_duration_seconds_sum") == pytest.approx(61.10001)


def test_stuck_check_times_out_and_does_not_pile_up() -> None:
    """A check that hangs is a timeout at its deadline; its next turns are skipped and counted, with one thread only."""
    stuck = settings("stuck", interval_seconds=0.3)
    with ExitStack() as stack:
        with hanging() as probe:
            scrape = stack.enter_context(running(CheckSource("synthetic", [PreparedCheck(stuck, probe)], METRICS)))

            def skipped() -> float:
                return scrape().value("pantrywatch_check_skipped_total", reason="overrun") or 0

            wait_until(lambda: skipped() >= 3, 10, "three turns")
            assert [thread.name for thread in threading.enumerate()].count("check-stuck") == 1
            page = scrape()
        assert (page.value("pantrywatch_check_phase_seconds", phase="resolve") or 0) > 0.1, "what hangs is shown"
        assert page.value("pantrywatch_check_error", **{"class": "timeout"}) == 1
        assert page.value("pantrywatch_check_runs_total", result="failure") == 1
        assert page.value("pantrywatch_check_skipped_total", reason="late") == 0
        done = {"result": "success"}
        wait_until(lambda: scrape().value("pantrywatch_check_runs_total", **done) == 1, 10, "it runs when it is free")


def test_others_go_on_and_the_page_comes() -> None:
    """While one check hangs and one fails, another goes on; the page says which, of what class, and since when."""
    with hanging() as probe:
        source = CheckSource(
            "synthetic",
            [
                PreparedCheck(settings("stuck"), probe),
                PreparedCheck(settings("good"), passes),
                PreparedCheck(settings("bad"), fails),
            ],
            METRICS,
        )
        with running(source) as scrape:
            assert scrape().value("probe_success", check="good") is None, "no run yet, no sample"
            assert scrape().value("pantrywatch_check_interval_seconds", check="good") == 1
            done = {"check": "good", "result": "success"}
            wait_until(lambda: scrape().value("pantrywatch_check_runs_total", **done) == 2, 10, "two runs")
            page = scrape()
    assert page.value("probe_success", check="good", kind="tcp", target="api-availability") == 1
    assert page.value("probe_http_status_code", check="good") == 200
    assert page.value("probe_success", check="stuck") == 0
    assert page.value("pantrywatch_check_error", check="stuck", **{"class": "timeout"}) == 1
    assert page.value("probe_success", check="bad") == 0
    assert page.value("pantrywatch_check_error", check="bad", **{"class": "refused"}) == 1
    assert page.value("pantrywatch_check_error", check="good") is None
    assert page.value("probe_http_status_code", check="bad") is None
    assert page.value("pantrywatch_check_last_run_timestamp_seconds", check="bad")


def test_old_result_is_no_sample() -> None:
    """When a check has not run for three intervals, nothing is said of its target; counters and last run stay."""
    with hanging() as probe:
        calls: list[None] = []

        def once(observation: Observation, deadline: Deadline) -> None:
            calls.append(None)
            (passes if len(calls) == 1 else probe)(observation, deadline)

        with running(CheckSource("synthetic", [PreparedCheck(settings("once"), once)], METRICS)) as scrape:
            wait_until(lambda: scrape().value("probe_success") == 1, 5, "it passes once")
            wait_until(lambda: scrape().value("probe_success") == 0, 5, "it times out once")
            wait_until(lambda: scrape().value("probe_success") is None, 10, "the result is too old")
            page = scrape()
    assert not [family for family in page.families if family.startswith("probe_")]
    assert page.value("pantrywatch_check_last_run_timestamp_seconds")
    assert page.value("pantrywatch_check_runs_total", result="success") == 1
    assert (page.value("pantrywatch_check_skipped_total", reason="overrun") or 0) >= 1


def test_one_check_on_command() -> None:
    """The command `check` runs the one check it names, now, and tells of its failure with the phases."""
    source = CheckSource(
        "synthetic", [PreparedCheck(settings("good"), passes), PreparedCheck(settings("broken"), is_broken)], METRICS
    )
    run = Run(source, Deadline.after(5), only="broken")
    source.collect(run)
    (outcome,) = run.outcomes()
    assert (outcome.collector, outcome.error_class) == ("broken", ErrorClass.INTERNAL)
    page = exporter.page(render(run.families()).decode())
    assert page.value("pantrywatch_check_error", check="broken", **{"class": "internal"}) == 1


def test_defect_of_ours_is_not_the_targets() -> None:
    """A check that fails by a defect of ours counts as not run, says nothing of its target and shows no error text."""
    source = CheckSource("synthetic", [PreparedCheck(settings("broken"), is_broken)], METRICS)
    with running(source) as scrape:
        wait_until(lambda: scrape().value("pantrywatch_check_skipped_total", reason="internal") == 1, 5, "a turn")
        page = scrape()
    assert page.value("probe_success") is None
    assert page.value("pantrywatch_check_last_run_timestamp_seconds") is None
    assert page.value("pantrywatch_check_error", **{"class": "internal"}) == 1
    assert page.value("pantrywatch_check_runs_total", result="failure") == 0
    assert "s3cr3t" not in page.text


def page_load(observation: Observation, deadline: Deadline) -> None:
    """Load at once, and never be interactive."""
    observation.observe("browser_page_load_seconds", 3.0, 9.0, "lab", "3g")
    observation.observe("browser_tti_seconds", None, 9.0, "lab", "3g")


def test_what_did_not_come_counts_above_every_edge() -> None:
    """Histograms are there from the start; a value at an edge is within it; one that did not come is in +Inf alone."""
    page_check = prepare(BrowserCheck(name="page", url="http://a/", network="3g"), Entry("settings.yaml", "x"))
    check = ScheduledCheck(replace(page_check, probe=page_load), HISTOGRAMS)
    before = exporter.page(render(counters.measured([check.counters], HISTOGRAMS, HISTOGRAM_LABELS)).decode())
    assert before.value("browser_tti_seconds_count", source="lab", network="3g") == 0
    assert before.value("browser_ttfb_seconds_count") is None, "the emulated network is not in it"
    check.run(Deadline.after(5))
    page = exporter.page(render(counters.measured([check.counters], HISTOGRAMS, HISTOGRAM_LABELS)).decode())
    assert page.value("browser_page_load_seconds_bucket", le="3.0", check="page") == 1
    assert page.value("browser_page_load_seconds_bucket", le="2.0") == 0
    assert page.value("browser_tti_seconds_bucket", le="15.0") == 0
    assert page.value("browser_tti_seconds_bucket", le="+Inf") == page.value("browser_tti_seconds_count") == 1
    assert page.value("browser_tti_seconds_sum") == 9


def test_a_check_waits_for_its_turn_and_loses_no_time() -> None:
    """One at a time: two that are due together never overlap, and the one that waited has all of its own time."""
    at_once, most, runs = 0, 0, 0

    def probe(_observation: Observation, deadline: Deadline) -> None:
        nonlocal at_once, most, runs
        at_once += 1
        most, runs = max(most, at_once), runs + 1
        assert deadline.remaining() > 0.7
        threading.Event().wait(0.3)
        at_once -= 1

    pages = [settings(name, timeout_seconds=0.9) for name in ("one", "two", "three")]
    source = CheckSource("browser", [PreparedCheck(page, probe) for page in pages], METRICS, one_at_a_time=True)
    source.start()
    wait_until(lambda: runs >= 6, 10, "each has run")
    source.close()
    assert most == 1
    run = Run(source, Deadline.after(1), None)
    source.collect(run)
    page = exporter.page(render(run.families()).decode())
    assert page.value("pantrywatch_check_runs_total", check="two", result="failure") == 0
    assert page.value("pantrywatch_check_skipped_total", check="two", reason="overrun") == 0


@pytest.mark.parametrize(
    ("number", "error_class"),
    [
        (errno.ECONNREFUSED, ErrorClass.REFUSED),
        (errno.EHOSTUNREACH, ErrorClass.REFUSED),
        (errno.ENETUNREACH, ErrorClass.REFUSED),
        (errno.EPERM, ErrorClass.REFUSED),  # a firewall of this machine
        (errno.ETIMEDOUT, ErrorClass.TIMEOUT),
        (errno.ECONNRESET, ErrorClass.PROTOCOL),
        (errno.EPIPE, ErrorClass.PROTOCOL),
        (errno.EMFILE, ErrorClass.INTERNAL),
        (errno.ENOMEM, ErrorClass.INTERNAL),
    ],
)
def test_class_of_an_error_of_a_socket(number: int, error_class: ErrorClass) -> None:
    """What the network says has the class of its cause; what this process lacks says nothing of the target."""
    assert classify(OSError(number, "as the kernel says")) is error_class


def test_a_vantage_is_a_label_of_every_sample() -> None:
    """With it each series says where the checks look from, histograms too; without it none has the label."""
    check = prepare(BrowserCheck(name="page", url="http://a/", network="3g"), Entry("settings.yaml", "x"))
    for vantage in ("berlin", ""):
        metrics = CheckMetrics(BROWSER_GAUGES, HISTOGRAMS, HISTOGRAM_LABELS, vantage)
        run = Run(source := CheckSource("browser", [replace(check, probe=page_load)], metrics), Deadline.after(5))
        source.collect(run)
        with running(source) as scrape:
            wait_until(lambda: scrape().value("pantrywatch_check_runs_total", result="success") == 2, 10, "two runs")
            lines = [line for line in scrape().text.splitlines() if not line.startswith("#")]
        lines += [line for line in render(run.families()).decode().splitlines() if not line.startswith("#")]
        assert len(lines) > 50
        assert [line for line in lines if ('vantage="berlin"' in line) != bool(vantage)] == []
