"""targets.yaml: what is refused, and that both of its readers see the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType

import _jsonnet
import pytest
import rjsonnet
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from demo.api.metrics import DATABASE_EDGES, HTTP_EDGES
from exporters.browser.metrics import HISTOGRAMS
from exporters.core.errors import ConfigError
from exporters.core.exit_codes import run_command
from exporters.core.strict_yaml import read_yaml
from exporters.database.statement_durations import EDGES as ESTIMATE_EDGES
from exporters.database.statement_durations import NAME as ESTIMATE
from exporters.rum.metrics import HISTOGRAMS as FIELD_HISTOGRAMS
from pantrywatch.config.durations import seconds
from pantrywatch.config.selectors import parse_selector
from pantrywatch.config.targets import Target, read_targets
from tests.support.properties import cases

ROOT = Path(__file__).parents[3]
FILE = ROOT / "targets.yaml"
TARGETS = read_targets(FILE, ROOT / "docs/runbooks")


def _faults(tmp_path: Path, *changes: tuple[str, str]) -> list[str]:
    """The faults of targets.yaml after each change, made where its old text stands first."""
    text = FILE.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "targets.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as raised:
        read_targets(path, ROOT / "docs/runbooks")
    assert {fault.file for fault in raised.value.problems} == {str(path)}
    assert all(fault.line or fault.entry == "document" for fault in raised.value.problems)
    return [f"{fault.entry}: {fault.expected}" for fault in raised.value.problems]


@pytest.mark.parametrize("evaluator", [rjsonnet, _jsonnet])
def test_python_and_jsonnet_read_the_same(evaluator: ModuleType) -> None:
    """targets.yaml and settings.yaml are the same object to Python's strict reader and to jsonnet's std.parseYaml."""
    for name in ("targets.yaml", "settings.yaml"):
        parsed = json.loads(evaluator.evaluate_snippet(str(ROOT / "x.jsonnet"), f"std.parseYaml(importstr '{name}')"))
        assert parsed == read_yaml(ROOT / name)


def test_all_documented_targets_are_there() -> None:
    """The 22 targets of the document, or more, each with its words, its place, and what its number cannot tell."""
    assert len(TARGETS.targets) >= 22
    assert all(t.statement and t.section and t.limits and t.impact and t.events for t in TARGETS.targets)
    assert {t.id for t in TARGETS.targets if t.objective is None} == {"api-throughput"}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            ("    team: frontend\n", "    team: frontend\n    color: red\n"),
            "targets[0]: unknown key color: expected one of id, layer, title, sect",
        ),
        (("id: fid\n", "id: lcp\n"), "targets[1].id: expected each only once, got 'lcp' agai"),
        (("objective: 0.75", "objective: 1"), "targets[0].objective: expected a share between 0 and 1"),
        (("objective: 0.75", "objective: 0"), "targets[0].objective: expected a share between 0 and 1"),
        (("    objective: 0.75\n", ""), "targets[0].objective: expected a share between 0 and 1"),
        (("objective: 0.75", 'objective: "0.75"'), "targets[0].objective: expected a number, got '0.75'"),
        (
            ("threshold: 2.5", "threshold: 2.6"),
            "targets[0].threshold: expected a bucket edge of browser_lcp_seconds (0",
        ),
        (("    threshold: 2.5\n", ""), "targets[0]: expected threshold and unit for a latency "),
        (
            ("browser_lcp_seconds{", "browser_lcp{"),
            "targets[0].sli.histogram: expected a histogram whose edges are under `",
        ),
        (
            ('{source="field"}', '{source="field}'),
            'targets[0].sli.histogram: expected a selector such as metric{label="va',
        ),
        (
            ('{source="field"}', '{source=="field"}'),
            'targets[0].sli.histogram: expected a selector such as metric{label="va',
        ),
        (('{source="field"}', '{le="2.5"}'), "targets[0].sli.histogram: expected no matcher on le: t"),
        (
            ('{source="field"}', '{source=~"(field"}'),
            'targets[0].sli.histogram: expected a selector such as metric{label="va',
        ),
        (
            ('{source="field"}', '{source=~"(?!lab).*"}'),
            'targets[0].sli.histogram: expected a selector such as metric{label="va',
        ),
        (
            ("runbook: CrmLcpBurn", "runbook: CrmLcpSlowBurn"),
            "targets[0].runbook: expected a page CrmLcpSlowBurn.md",
        ),
        (
            ("runbook: CrmLcpBurn", "runbook: CrmCacheDown"),
            "targets[0].runbook: expected an alert's name like CrmApiLatencyBurn, got",
        ),
        (
            ("requires: [frontend]", "requires: [fronted]"),
            "targets[0].requires[0]: expected one of application, statements, datab",
        ),
        (("kind: latency", "kind: speed"), "targets[0].kind: expected one of latency, ratio, probe"),
        (("layer: frontend", "layer: front"), "targets[0].layer: expected one of frontend, backend, i"),
        (("factor: 14.4", "factor: 14"), "tiers[0].budget_share: expected factor * long / 30 d = 0.0194444, got "),
        (('long: "6h"', 'long: "6 hours"'), "tiers[1].long: expected a duration such as 5m, got 6 hours"),
        (("[0.5, 1, 1.5,", "[1, 0.5, 1.5,"), "histograms.browser_lcp_seconds: expected edges in rising order"),
        (("minimum_bad_events: 3\n", ""), "minimum_bad_events: expected a value, but the key is missing"),
        (
            ('target="api-availability",', 'target="api",'),
            'targets[17].sli: expected pantrywatch_check_runs_total{target="api-ava',
        ),
    ],
    ids=lambda value: value[1].strip() if isinstance(value, tuple) else None,
)
def test_a_fault_names_file_entry_and_what_was_expected(tmp_path: Path, change: tuple[str, str], fault: str) -> None:
    """Each kind of mistake is refused, once, with the entry and what was expected."""
    found = _faults(tmp_path, change)
    assert len(found) == 1
    assert found[0].startswith(fault)


def test_all_faults_are_said_at_once(tmp_path: Path) -> None:
    """Mistakes in one entry and in several are reported together."""
    found = _faults(
        tmp_path,
        ("    team: frontend\n", "    team: frontend\n    color: red\n"),
        ("objective: 0.75", "objective: 75"),
        ("factor: 14.4", "factor: 14"),
        ("runbook: CrmFidBurn", "runbook: CrmNoneBurn"),
    )
    assert [fault.split(":")[0] for fault in found] == [
        "tiers[0].budget_share", "targets[0].objective", "targets[0]", "targets[1].runbook",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1metric",
        "metric{",
        "metric}",
        "metric{a}",
        'metric{a="b" c="d"}',
        'metric{a="b"}[5m]',
        'm{a="\\d"}',
        "m{,}",
    ],
)
def test_what_is_no_selector_is_refused(text: str) -> None:
    """A selector that PromQL would refuse, or that is more than a selector, is refused here."""
    with pytest.raises(ValueError, match="expected"):
        parse_selector(text)


def test_a_selector_is_read() -> None:
    """Name and matchers of a selector, commas and braces within values and a trailing comma included."""
    found = parse_selector('a:b{c=~"/x/{id},.+", d != "q\\"",}')
    assert found.metric == "a:b"
    assert found.matchers == (("c", "=~", "/x/{id},.+"), ("d", "!=", 'q"'))
    assert parse_selector("up").matchers == ()


def test_the_demo_has_the_edges_that_are_promised() -> None:
    """The histograms of the demo have exactly the edges that targets.yaml checks thresholds against."""
    assert TARGETS.histograms["http_server_request_duration_seconds"] == HTTP_EDGES
    assert TARGETS.histograms["db_client_operation_duration_seconds"] == DATABASE_EDGES
    assert TARGETS.histograms[ESTIMATE] == ESTIMATE_EDGES
    assert set(DATABASE_EDGES) <= set(ESTIMATE_EDGES)


def test_browser_checks_have_the_edges_that_are_promised() -> None:
    """Each histogram of a page load has exactly the edges that targets.yaml checks thresholds against.

    That of the interactions until the next paint, for which no target is documented, has those of users' browsers.
    """
    assert HISTOGRAMS
    expected = {**TARGETS.histograms, "browser_inp_seconds": FIELD_HISTOGRAMS["browser_inp_seconds"][0]}
    for name, (edges, _) in HISTOGRAMS.items():
        assert expected[name] == edges, name


def test_tiers_that_cannot_fire() -> None:
    """A burn rate cannot exceed one over the allowed share: nine in ten leaves three tiers, three in four two."""

    def severities(target: Target) -> list[str]:
        return [tier.severity for tier in TARGETS.tiers if tier.can_fire(target)]

    assert severities(TARGETS.by_id("api-error-rate")) == ["critical", "high", "medium", "low"]
    assert severities(TARGETS.by_id("api-latency")) == ["critical", "high", "medium", "low"]
    assert severities(TARGETS.by_id("cache-hit-ratio")) == ["high", "medium", "low"]
    assert severities(TARGETS.by_id("lcp")) == ["medium", "low"]


def test_durations() -> None:
    """A duration is a whole number and one unit."""
    assert [seconds(text) for text in ("15s", "5m", "6h", "30d")] == [15, 300, 21600, 2592000]
    with pytest.raises(ValueError, match="expected a duration"):
        seconds("1.5h")


def test_an_edge_that_is_no_number_is_one_problem(tmp_path: Path) -> None:
    """A list in the place of an edge is named with its line; thresholds are not compared with what cannot be read."""
    text = FILE.read_text()
    line = next(
        n for n, one in enumerate(text.splitlines(), 1) if one.startswith("  http_server_request_duration_seco")
    )
    lines = text.splitlines()
    lines[line - 1] = f"{lines[line - 1].partition(':')[0]}: [[[]]]"
    path = tmp_path / "targets.yaml"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(ConfigError) as raised:
        read_targets(path)
    assert [(one.line, one.entry) for one in raised.value.problems] == [
        (line, "histograms.http_server_request_duration_seconds[0]")
    ]


def _excerpt() -> list[str]:
    """Return the lines of a file with one target of each kind: the whole one takes ten times as long to read."""
    head, *targets = re.split(r"^(?=  - id: )", FILE.read_text(), flags=re.MULTILINE)
    kinds = {re.findall(r"^    kind: (\w+)", target, re.MULTILINE)[0]: target for target in targets}
    lines = (head + "".join(kinds.values())).splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


_LINES = _excerpt()
_VALUES = st.sampled_from(
    ["[]", "{}", "null", "-1", "1e400", "yes", "'x'", "[[[]]]", "[[]]", "9" * 400, "\u2028", "&a *a", "100%"]
)


@cases(20, suppress=(HealthCheck.function_scoped_fixture,))
@given(st.lists(st.tuples(st.integers(0, len(_LINES) - 1), st.none() | _VALUES), min_size=1, max_size=4))
def test_no_mistake_is_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: list[tuple[int, str | None]]
) -> None:
    """Whatever up to four lines are gone or have another value: exit code 0, or 2 with a line for each problem."""
    lines = list(_LINES)
    for number, value in changes:
        lines[number] = "" if value is None else f"{lines[number].partition(':')[0]}: {value}"
    path = tmp_path / "targets.yaml"
    path.write_text("\n".join(lines) + "\n")
    capsys.readouterr()
    code = run_command(lambda: 0 if read_targets(path, ROOT / "docs/runbooks") else 1)
    said = capsys.readouterr().err
    assert code in {0, 2}
    assert (code == 2) == bool(said)
    assert all(line.startswith(f"error: {path}:") for line in said.splitlines()), said
