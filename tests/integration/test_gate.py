"""`pantrywatch gate` and a real Prometheus: marks, events and buckets of this week and of the last."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import pytest

from pantrywatch.cli import main
from tests.support.filled_prometheus import filled_prometheus, filled_store
from tests.support.servers import free_port
from tests.support.suites import Suite

_STEP = 60
_WEEK = 7 * 86400
_EDGES = (0.05, 0.1, 0.25, 0.5, 1, 2.5)
_PER_STEP = 400
_HOURS = 9
# Seconds before now: nothing changes with v1, everything with v2.
_V1, _V2 = 5 * 3600, 1300  # 20 minutes and what the gate waits for, with some minutes for a slow machine
_HISTOGRAM = "http_server_request_duration_seconds"
_LABELS = 'job="application",instance="crm",route_group="critical",http_request_method="GET"'


@dataclass(frozen=True, slots=True)
class _Share:
    """Events a minute of a target, and the shares of bad ones before v2 and since."""

    events: float
    before: float
    after: float


_SHARES = {
    "api-error-rate": _Share(300, 0.02, 0.06),
    "cache-hit-ratio": _Share(700, 0.06, 0.06),
    "frontend-error-rate": _Share(300, 0.02, 0.002),
    "db-error-rate": _Share(300, 0.0005, 0.0005),
    "api-availability": _Share(4, 0, 0),
}


def _moments(end: int) -> Iterator[tuple[int, bool]]:
    """Yield the times of all samples and whether v2 is there; last week everything was as before."""
    for week in (_WEEK, 0):
        for at in range(end - week - _HOURS * 3600, end - week + 1, _STEP):
            yield at, not week and at > end - _V2


def _samples(end: int) -> str:
    """Return what the rules and an application of 400 requests a minute would have left in Prometheus."""
    lines = [f"# TYPE {_HISTOGRAM} histogram"]
    for edge in (*_EDGES, math.inf):
        count, name = 0.0, "+Inf" if edge == math.inf else repr(float(edge))
        for at, is_v2 in _moments(end):
            median = 0.12 * (1.5 if is_v2 else 1.0)
            count += _PER_STEP * (NormalDist(math.log(median), 0.7).cdf(math.log(edge)) if edge < math.inf else 1.0)
            lines.append(f'{_HISTOGRAM}_bucket{{{_LABELS},le="{name}"}} {count:.3f} {at}')
    for kind in ("total", "bad"):
        for target, share in _SHARES.items():
            for at, is_v2 in _moments(end):
                value = 5 * share.events * (1 if kind == "total" else share.after if is_v2 else share.before)
                lines.append(f'slo:events_{kind}:increase5m{{target="{target}"}} {value} {at}')
    for version, ago in (("v1", _V1), ("v2", _V2)):
        for at in range(end - 1800, end + 1, _STEP):
            labels = f'job="monitoring",instance="local",version="{version}"'
            lines.append(f"pantrywatch_deployment_timestamp_seconds{{{labels}}} {end - ago} {at}")
    return "\n".join([*lines, "# EOF", ""])


@pytest.fixture(scope="module")
def samples() -> str:
    """Everything, until now."""
    return _samples(int(time.time()) - 5)


@pytest.fixture(scope="module")
def prometheus(samples: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Prometheus that has it all."""
    with filled_prometheus(tmp_path_factory.mktemp("gate"), samples) as url:
        yield url


@pytest.mark.long
def test_a_worse_deployment_is_found_in_what_prometheus_has(
    prometheus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Durations times 1.5 and three times the errors: exit code 1, each promise has its verdict, in every format."""
    junit = tmp_path / "gate.xml"
    command = ["gate", "--since", "v2", "--prometheus", prometheus, "--json", "--github", "--junit", str(junit)]
    assert main(command) == 1
    *annotations, document = capsys.readouterr().out.splitlines()
    found = json.loads(document)
    assert (found["version"], found["minutes"], found["last_week"]) == ("v2", 20, True)
    assert {one["id"]: one["verdict"] for one in found["promises"]} == {
        "api-latency": "worse",
        "api-error-rate": "worse",
        "cache-hit-ratio": "same",
        "frontend-error-rate": "better",
        "db-error-rate": "too little data",
        "api-availability": "too little data",
    }
    latency = next(one for one in found["promises"] if one["id"] == "api-latency")["findings"]
    assert [one["measure"] for one in latency] == ["p50", "p75", "p95"]
    assert [one["interval"]["ratio"] for one in latency] == [pytest.approx(1.5, rel=0.03)] * 3
    assert [one["before"] for one in latency] == [pytest.approx(value, rel=0.03) for value in (0.12, 0.192, 0.379)]
    assert "lcp" in found["unmeasured"]
    assert [line.split("::")[1] for line in annotations] == [
        "error title=API response time", "error title=API error rate",
    ]  # fmt: skip
    report = junit.read_text()
    assert f'failures="2" skipped="{2 + len(found["unmeasured"])}"' in report
    assert re.findall(r'name="([^"]+)">\s+<failure', report) == ["api-latency", "api-error-rate"]


@pytest.mark.long
def test_a_deployment_that_changed_nothing_passes(prometheus: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, or 3 if what is required cannot be judged; the table has a row a promise and the verdict last."""
    assert main(["gate", "--since", "v1", "--prometheus", prometheus]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].endswith("60 minutes, compared with those before and with the same hours last week")
    assert {line.split()[0]: " ".join(line.split()[1:4]) for line in table[3:9] if "too little" in line} == {
        "db-error-rate": "too little data",
        "api-availability": "too little data",
    }
    assert table[-1] == "Nothing is worse"
    assert main(["gate", "--since", "v1", "--prometheus", prometheus, "--require", "api-availability"]) == 3
    assert capsys.readouterr().out.endswith("Too little data on what is required: api-availability\n")


@pytest.fixture
def require_the_same(prometheus: str, capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Assert that another server with the samples has the exit codes and verdicts of this Prometheus."""

    def verdicts(url: str) -> Iterator[tuple[object, ...]]:
        for version in ("v1", "v2"):
            code = main(["gate", "--since", version, "--prometheus", url, "--json"])
            found = json.loads(capsys.readouterr().out.splitlines()[-1])
            of_promises = {one["id"]: one["verdict"] for one in found["promises"]}
            yield version, code, found["minutes"], found["last_week"], of_promises, found["unmeasured"]

    def require(url: str) -> None:
        assert list(verdicts(url)) == list(verdicts(prometheus))

    return require


@pytest.mark.long
def test_a_store_has_the_same_verdicts(require_the_same: Callable[[str], None], samples: str, tmp_path: Path) -> None:
    """VictoriaMetrics of Debian 12 with the same samples: both deployments and every promise are judged alike."""
    with filled_store(tmp_path, samples) as url:
        require_the_same(url)


@pytest.mark.long
@pytest.mark.timeout(900)  # the first test that asks for current releases installs them
@pytest.mark.parametrize("program", ["prometheus", "victoria-metrics"])
def test_current_releases_have_the_same_verdicts(
    require_the_same: Callable[[str], None], samples: str, program: str, current_suite: Suite, tmp_path: Path
) -> None:
    """As above, with those of Debian's testing: Prometheus 3, and VictoriaMetrics."""
    if not current_suite.is_current:
        pytest.skip(f"only Debian 12's releases are to be had: {current_suite.describe()}")
    path = str(current_suite.programs / program)
    is_store = program == "victoria-metrics"
    running = filled_store(tmp_path, samples, path) if is_store else filled_prometheus(tmp_path, samples, program=path)
    with running as url:
        require_the_same(url)


@pytest.mark.long
def test_a_time_without_data_is_too_little(prometheus: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither an error nor a pass: exit code 3."""
    assert main(["gate", "--since", "2026-01-01T00:00:00Z", "--prometheus", prometheus]) == 3
    assert capsys.readouterr().out.endswith("Too little data: no promise can be judged yet\n")


@pytest.mark.long
def test_an_unknown_mark_lists_those_that_are_known(prometheus: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, with the newest first."""
    assert main(["gate", "--since", "v3", "--prometheus", prometheus]) == 2
    assert "or a mark, one of v2, v1" in capsys.readouterr().err


def test_a_server_without_an_answer_is_named_without_its_login(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, never 1: a pipeline must not take it for a bad deployment."""
    assert main(["gate", "--since", "v1", "--prometheus", f"http://me:s3cret@127.0.0.1:{free_port()}"]) == 2
    said = capsys.readouterr().err
    assert "does not answer at http://127.0.0.1:" in said
    assert "s3cret" not in said
