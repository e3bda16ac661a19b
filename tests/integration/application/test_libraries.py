"""Real libraries, set up as docs/your-application.md says, and real Prometheus: what each promise counts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests
import yaml

from pantrywatch.application.report import look_at
from pantrywatch.config.application import Application, ApplicationEndpoint
from pantrywatch.config.settings import Settings
from pantrywatch.config.targets import read_targets
from pantrywatch.containers.layout import container_layout
from pantrywatch.generate.prometheus import prometheus_configuration, scrape_targets
from pantrywatch.generate.rules import rule_documents
from pantrywatch.native.time_scale import Speed
from tests.support.instrumented import Instrumented, install, instrumented, pushing
from tests.support.servers import free_port, process, wait_until
from tests.support.suites import Suite

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[3]
_SPEED = 5
_SECONDS = 200
_BOTH = {"api-latency", "api-error-rate"}
# Application → the convention in its settings, and the promises that its data allow.
_LIBRARIES: Mapping[str, tuple[str | None, set[str]]] = {
    "express-prom-client": (None, _BOTH),
    "express-prom-bundle": (None, _BOTH),
    "express-prom-bundle-default": (None, {"api-error-rate"}),
    "express-opentelemetry": (None, _BOTH),
    "fastapi-instrumentator": ("fastapi-instrumentator", _BOTH),
    "fastapi-instrumentator-default": (None, _BOTH),
    "fastapi-opentelemetry": (None, _BOTH),
    "fastapi-opentelemetry-old": (None, _BOTH),
    "starlette-exporter": (None, _BOTH),
    "asgi": ("opentelemetry", _BOTH),
    "fastapi-otlp": (None, _BOTH),
}


@pytest.fixture(scope="module")
def applications(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[list[Instrumented]]:
    """Every application, running; the one that sends OTLP only where the current suite has a receiver."""
    install()
    folder = tmp_path_factory.mktemp("applications")
    with ExitStack() as stack:
        running = [stack.enter_context(instrumented(name, folder)) for name in _LIBRARIES if name != "fastapi-otlp"]
        suite: Suite | None = request.getfixturevalue("current_suite") if os.geteuid() == 0 else None
        if suite and suite.is_current:
            running.append(stack.enter_context(pushing(suite.programs / "victoria-metrics", folder)))
        yield running


def _settings(one: Instrumented) -> Settings:
    endpoint = ApplicationEndpoint(one.name, one.metrics, one.path, _LIBRARIES[one.name][0])
    return Settings(environment="test", application=Application(endpoints=(endpoint,)))


@contextmanager
def _prometheus(one: Instrumented, binary: str, folder: Path) -> Iterator[str]:
    """Run a Prometheus that scrapes one application and counts what it can feed; yields its URL."""
    folder.mkdir()
    settings, speed = _settings(one), Speed(_SPEED)
    configuration = prometheus_configuration(settings, container_layout())
    (job,) = (job for job in configuration["scrape_configs"] if job["job_name"] == "application")
    groups = scrape_targets(settings, container_layout())["application"]
    job = {name: value for name, value in job.items() if name != "file_sd_configs"} | {"static_configs": groups}
    pace = speed.pace()
    interval = {"scrape_interval": pace.scrape_interval, "scrape_timeout": pace.scrape_interval}
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": _groups(settings)}))
    document = {"global": interval, "rule_files": ["rules.yml"], "scrape_configs": [job]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(document))
    address = f"127.0.0.1:{free_port()}"
    command = [
        binary, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]  # fmt: skip
    with process(command, folder / "log"):
        yield f"http://{address}"


def _groups(settings: Settings) -> list[dict[str, object]]:
    """Return the rules of the targets that an application feeds: their events, and whether they are measured."""
    documents = rule_documents(ROOT, read_targets(ROOT / "targets.yaml"), settings, _SPEED)
    wanted = {"slo.events", "slo.measured", "application.milliseconds"}
    of_application = {"api-latency", "api-error-rate", "db-query-latency", ""}
    return [
        {
            **group,
            "rules": [rule for rule in group["rules"] if rule.get("labels", {}).get("target", "") in of_application],
        }
        for layer in ("targets", "installation")
        for group in documents[layer]["groups"]
        if group["name"] in wanted
    ]


def _values(url: str, query: str) -> dict[str, float]:
    """Return target → value."""
    try:
        answer = requests.get(f"{url}/api/v1/query", params={"query": query}, timeout=20).json()
    except requests.RequestException:
        return {}
    return {one["metric"].get("target", ""): float(one["value"][1]) for one in answer["data"]["result"]}


def _counted(url: str) -> set[str]:
    """Return the targets that have events and are measured."""
    counts = "slo:events_total:increase5m > 0 and on (target) slo:events_bad:increase5m"
    return set(_values(url, f"({counts}) and on (target) slo:measured:bool == 1"))


@pytest.mark.parametrize("release", ["Debian 12", "current"])
def test_each_library_feeds_every_promise_that_its_data_allow(
    applications: list[Instrumented], tmp_path: Path, request: pytest.FixtureRequest, release: str
) -> None:
    """Each promise has events, a quarter of the requests failed, and the other promises have no number."""
    binary = str(shutil.which("prometheus"))
    if release == "current":
        suite: Suite = request.getfixturevalue("current_suite")
        binary = str(suite.programs / "prometheus")
    with ExitStack() as stack:
        urls = {one.name: stack.enter_context(_prometheus(one, binary, tmp_path / one.name)) for one in applications}

        def all_count() -> bool:
            for one in applications:
                one.use()
            return all(_counted(url) >= _LIBRARIES[name][1] for name, url in urls.items())

        wait_until(all_count, _SECONDS, "every library feeds its promises")
        for one in applications:
            fed = _LIBRARIES[one.name][1]
            assert _counted(urls[one.name]) == fed, one.name
            unmeasured = {target for target, value in _values(urls[one.name], "slo:measured:bool").items() if not value}
            assert unmeasured == {"api-latency", "api-error-rate", "db-query-latency"} - fed, one.name
            shares = _values(urls[one.name], "slo:events_bad:increase5m / slo:events_total:increase5m")
            assert shares["api-error-rate"] == pytest.approx(0.25, abs=0.1), one.name
            assert shares.keys() == fed, one.name


def test_the_look_says_what_prometheus_finds(applications: list[Instrumented]) -> None:
    """`validate` says of each running application that it feeds just these promises, and that it is ok."""
    targets = read_targets(ROOT / "targets.yaml")
    for one in applications:
        one.use()
        application = _settings(one).application
        assert application is not None
        seen = look_at(application, targets, ROOT)
        fed = ", ".join(target.id for target in targets.targets if target.id in _LIBRARIES[one.name][1])
        assert f"  feeds     {fed}\n" in seen.text, seen.text
        assert seen.is_ok
