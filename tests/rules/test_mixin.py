"""The bundle as a mixin: the same rules, and a user's changes without an edit of ours."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import rjsonnet
import yaml

ROOT = Path(__file__).parents[2]


def _mixin(config: str = "{}") -> dict[str, Any]:
    """The alerts by name and severity, the recorded names, and the dashboards."""
    code = (
        f"local m = (import 'mixin.libsonnet') + {{ _config+:: {config} }};"
        "{ alerts: m.prometheusAlerts, rules: m.prometheusRules, dashboards: m.grafanaDashboards }"
    )
    rendered: dict[str, Any] = json.loads(rjsonnet.evaluate_snippet("user.jsonnet", code, [str(ROOT)]))
    return rendered


def _rules(part: dict[str, Any]) -> list[dict[str, Any]]:
    return [rule for group in part["groups"] for rule in group["rules"]]


def _severities(mixin: dict[str, Any], name: str) -> list[str]:
    return [rule["labels"]["severity"] for rule in _rules(mixin["alerts"]) if rule["alert"] == name]


@pytest.fixture(scope="module")
def mixin() -> dict[str, Any]:
    """The mixin as it comes."""
    return _mixin()


_OF_AN_INSTALLATION = ("slo:measured:bool", "slo:not_measured:bool", "crm:holiday:bool")


def test_the_mixin_holds_every_generated_rule(mixin: dict[str, Any]) -> None:
    """What is committed as rule files and what the mixin gives are the same rules."""
    generated = [
        rule
        for file in (ROOT / "alert_rules/generated").glob("*.yml")
        for rule in _rules(yaml.load(file.read_text(), Loader=yaml.CSafeLoader))
        if rule.get("record") not in _OF_AN_INSTALLATION
    ]
    given = [
        rule
        for part in ("alerts", "rules")
        for rule in _rules(mixin[part])
        if rule.get("record") not in _OF_AN_INSTALLATION
    ]

    def order(rule: dict[str, Any]) -> str:
        return json.dumps(rule, sort_keys=True)

    assert sorted(given, key=order) == sorted(generated, key=order)


@pytest.mark.long
def test_debians_jsonnet_gives_the_same_of_a_vendored_copy(mixin: dict[str, Any], tmp_path: Path) -> None:
    """Whoever vendors the repository with jsonnet-bundler and uses Debian's jsonnet gets the same rules.

    All that is recorded, and the alerts of some layers: Debian's jsonnet takes a minute for all of them.
    """
    assert json.loads((ROOT / "jsonnetfile.json").read_text())["version"] == 1
    vendor = tmp_path / "vendor"
    vendor.mkdir()
    (vendor / "pantrywatch").symlink_to(ROOT)
    layers = ("api", "cache", "network")
    code = (
        "local m = import 'pantrywatch/mixin.libsonnet';"
        "local defaults = (import 'pantrywatch/alert_rules/config.libsonnet').defaults;"
        "{ rules: m.prometheusRules, layers: ["
        + ", ".join(f"(import 'pantrywatch/alert_rules/{layer}.jsonnet')(defaults)" for layer in layers)
        + "] }"
    )
    user = tmp_path / "main.jsonnet"
    user.write_text(code)
    done = subprocess.run(["jsonnet", "-J", vendor, user], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = json.loads(rjsonnet.evaluate_snippet("main.jsonnet", code, [str(vendor)]))
    assert expected["rules"] == mixin["rules"]
    assert json.loads(done.stdout) == expected


def test_a_user_changes_alerts_and_targets_without_an_edit(mixin: dict[str, Any]) -> None:
    """An alert is switched off, another gets other words, time and severity, a target another number."""
    changed = _mixin("""{
      runbookPrefix: 'https://example.org/',
      notMeasured: ['lcp'],
      alerts: {
        CrmTargetNoTraffic: { enabled: false },
        CrmApiLatencyBurn: { 'for': '10m', severity: { critical: 'high' } },
        CrmMonitoringTargetDown: { expr: 'up{job="crm"} == 0', labels: { team: 'web' } },
      },
      targets: { 'integration-error-rate': { objective: 0.99 } },
    }""")
    assert _severities(mixin, "CrmTargetNoTraffic") == ["low"]
    assert _severities(changed, "CrmTargetNoTraffic") == []
    assert _severities(changed, "CrmApiLatencyBurn") == ["high", "high", "medium", "low"]
    alerts = {rule["alert"]: rule for rule in _rules(changed["alerts"])}
    assert '_rate30m{target="api-latency"}[10m59s]' in "".join(rule["expr"] for rule in _rules(changed["alerts"]))
    assert alerts["CrmMonitoringTargetDown"]["expr"] == 'up{job="crm"} == 0'
    assert alerts["CrmMonitoringTargetDown"]["labels"]["team"] == "web"
    assert alerts["Watchdog"]["annotations"]["runbook_url"] == "https://example.org/docs/runbooks/Watchdog.md"
    assert "> 14.4 * 0.01 " in next(
        rule["expr"] for rule in _rules(changed["alerts"]) if rule["alert"] == "CrmIntegrationErrorRateBurn"
    )
    measured = {
        r["labels"]["target"]: r["expr"] for r in _rules(changed["rules"]) if r["record"] == "slo:measured:bool"
    }
    assert measured["lcp"] == "vector(0)"
    assert measured["ttfb"] != "vector(0)"
    assert measured["api-latency"].endswith("or vector(0)")  # as far as the application's metrics can count it


def test_the_mixin_holds_every_board(mixin: dict[str, Any]) -> None:
    """`grafanaDashboards` has the committed boards under the names of their files."""
    committed = {
        file.name: json.loads(file.read_text()) for file in (ROOT / "dashboards/generated").rglob("crm-*.json")
    }
    assert committed
    assert mixin["dashboards"] == committed


@pytest.mark.long
def test_a_user_changes_boards_without_an_edit() -> None:
    """A board is left out, another gets another refresh, and all lead to the user's own runbooks."""
    boards = _mixin("""{
      runbookPrefix: 'https://example.org/',
      dashboards: { 'crm-business': { enabled: false }, 'crm-overview': { refresh: '1m' } },
    }""")["dashboards"]
    assert "crm-business.json" not in boards
    assert (boards["crm-overview.json"]["refresh"], boards["crm-cache.json"]["refresh"]) == ("1m", "30s")
    runbooks = {v["query"] for board in boards.values() for v in board["templating"]["list"] if v["name"] == "runbooks"}
    assert runbooks == {"https://example.org/"}


def test_a_user_changes_limits_and_both_rule_and_board_follow() -> None:
    """A limit of an alert is changed by its name; its text and the line on the board say the new one."""
    changed = _mixin("""{ alerts+: {
      CrmHostMemoryLow: { available: 0.1, 'for': '1h' },
      CrmDatabaseConnectionsNearLimit: { share: { high: 0.7 } },
    } }""")
    alerts = {(rule["alert"], rule["labels"]["severity"]): rule for rule in _rules(changed["alerts"])}
    memory = alerts["CrmHostMemoryLow", "medium"]
    assert memory["expr"].endswith(" < 0.1")
    assert memory["for"] == "1h"
    assert "(limit 10%)" in memory["annotations"]["summary"]
    assert "For 1 hour less than 10%" in memory["annotations"]["description"]
    connections = {severity: alerts["CrmDatabaseConnectionsNearLimit", severity] for severity in ("high", "critical")}
    assert connections["high"]["expr"].endswith(" > 0.7\n")
    assert connections["critical"]["expr"].endswith(" > 0.95\n")
    assert connections["critical"]["for"] == "1m"
    panels = {panel["title"]: panel for panel in changed["dashboards"]["crm-database.json"]["panels"]}
    steps = panels["Connections in use"]["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [step["value"] for step in steps] == [None, 0.7, 0.95]


@pytest.mark.long
def test_a_user_names_other_jobs() -> None:
    """A selector is changed once, for rules and boards."""
    changed = json.dumps(_mixin("""{ selectors+: { application: 'job="crm"' } }"""))
    assert 'job=\\"crm\\"' in changed
    assert 'job=\\"application\\"' not in changed


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("{ alert: {} }", "_config: unknown name alert (nearest: alerts"),
        (
            "{ alerts+: { CrmHostMemoryLo: {} } }",
            "_config.alerts: unknown name CrmHostMemoryLo (nearest: CrmHostMemoryLow",
        ),
        ("{ alerts+: { CrmHostMemoryLow: { limit: 1 } } }", "_config.alerts.CrmHostMemoryLow: unknown name limit"),
        ("{ selectors+: { aplication: '' } }", "_config.selectors: unknown name aplication (nearest: application"),
        ("{ targets+: { lcq: {} } }", "_config.targets: unknown name lcq (nearest: lcp"),
        ("{ targets+: { lcp: { treshold: 1 } } }", "_config.targets.lcp: unknown name treshold (nearest: threshold"),
        ("{ notMeasured: ['lcq'] }", "_config.targets: unknown name lcq"),
        (
            "{ dashboards+: { 'crm-databse': {} } }",
            "_config.dashboards: unknown name crm-databse (nearest: crm-database",
        ),
    ],
)
def test_a_misspelt_name_is_an_error_that_names_the_nearest(config: str, message: str) -> None:
    """What does not exist would change nothing, silently: it stops the build instead."""
    with pytest.raises(RuntimeError, match=re.escape(message)):
        _mixin(config)


_FIELDS = "component: 'cache', expr: 'x', summary: 's', description: 'd', impact: 'i'"


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("CrmCacheDown", "component: 'cache', expr: 'x'", "CrmCacheDown: missing field summary, description, impact"),
        ("CrmCacheDown", _FIELDS + ", sumary: 's'", "CrmCacheDown: unknown field sumary"),
        ("CrmCacheDown", _FIELDS + ", narrow_by: ['datname']", "CrmCacheDown: no variable of crm-cache is filled by"),
        ("CrmCacheGone", _FIELDS, "CrmCacheGone has no entry in alert_rules/config/"),
    ],
)
def test_an_alert_with_wrong_fields_is_an_error_that_names_it(name: str, fields: str, message: str) -> None:
    """A forgotten or misspelt field of an alert stops the build."""
    config = "(import 'alert_rules/config.libsonnet').defaults"
    code = f"(import 'alert_rules/lib/alert.libsonnet')({config})('{name}', 'high', function(limits) {{ {fields} }})"
    with pytest.raises(RuntimeError, match=re.escape(message)):
        rjsonnet.evaluate_snippet("user.jsonnet", code, [str(ROOT)])


def _other(limit: Any) -> Any:
    """Return another limit of the same form; no number of it is one that a text has anyhow."""
    if isinstance(limit, dict):
        return {key: _other(value) for key, value in limit.items()}
    if isinstance(limit, str):
        return re.sub(r"\d+", lambda digits: str(7 * int(digits[0])), limit)
    return round(limit * 0.7, 4) if limit < 1 else 3 * limit + 4


def _says(text: str, number: float) -> bool:
    """Return whether the text has the number, or the share in per cent."""
    forms = "|".join(re.escape(form) for form in (f"{number:g}", f"{100 * number:g}%"))
    return re.search(rf"(?<![\w.])({forms})(?![\w.%]|\.\d)", text) is not None


def _numbers(limits: Any) -> set[float]:
    """Return the numbers in limits or thresholds, at any depth."""
    if isinstance(limits, dict | list):
        return set().union(*(_numbers(one) for one in (limits.values() if isinstance(limits, dict) else limits)))
    return {limits} if isinstance(limits, int | float) and not isinstance(limits, bool) else set()


def _panels(node: Any) -> list[dict[str, Any]]:
    own = node.get("panels", [])
    return [*own, *(inner for panel in own for inner in _panels(panel))]


def _steps(node: Any) -> set[float]:
    if isinstance(node, list):
        return set().union(*map(_steps, node))
    if not isinstance(node, dict):
        return set()
    here = _numbers(node["steps"]) if "steps" in node else set()
    return here | set().union(*map(_steps, node.values()))


@pytest.fixture(scope="module")
def moved() -> tuple[dict[str, Any], dict[str, Any]]:
    """All limits as they come, and the mixin with every one of them changed."""
    code = "(import 'alert_rules/config.libsonnet').defaults.alerts"
    limits: dict[str, Any] = json.loads(rjsonnet.evaluate_snippet("user.jsonnet", code, [str(ROOT)]))
    return limits, _mixin(json.dumps({"alerts": _other(limits)}))


def test_no_alert_text_keeps_a_limit_that_was_changed(
    mixin: dict[str, Any], moved: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """A number in a summary, description or impact that is a limit changes with it."""
    limits, changed = moved
    told = 0
    for before, after in zip(_rules(mixin["alerts"]), _rules(changed["alerts"]), strict=True):
        for key in ("summary", "description", "impact"):
            for number in _numbers(limits.get(before["alert"], {})):
                if _says(before["annotations"][key], number):
                    told += 1
                    assert not _says(after["annotations"][key], number), (before["alert"], key, number)
    assert told > 30


def test_no_panel_text_keeps_a_line_that_moved(
    mixin: dict[str, Any], moved: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """Where the line on a panel follows a limit, the number in its description does too."""
    told = 0
    for name, board in mixin["dashboards"].items():
        for before, after in zip(_panels(board), _panels(moved[1]["dashboards"][name]), strict=True):
            for number in _steps(before) - _steps(after):
                if _says(before.get("description", ""), number):
                    told += 1
                    assert not _says(after["description"], number), (name, before["title"], number)
    assert told > 3


def test_selectors_of_targets_are_read_however_they_are_written() -> None:
    """With commas, braces and escaped quotes in values, and blanks between matchers: each rule is valid and whole."""
    name, runs = "http_server_request_duration_seconds_count", "pantrywatch_check_runs_total"
    of_crm = 'app="crm, \\"web\\"", http_route!~"/a{1,2}"'
    sli = {
        "api-error-rate": ([f"{name}{{{of_crm}}}"], [f'{name}{{{of_crm}, http_response_status_code=~"5.{{2,2}}"}}']),
        "db-availability": tuple(
            [f'{runs}{{target="db-availability", result{matcher}}}'] for matcher in ('!=""', '="failure"')
        ),
    }
    changes = {target: {"sli": {"total": total, "bad": bad}} for target, (total, bad) in sli.items()}
    mixin = _mixin(json.dumps({"targets": changes}))
    rules = [rule for part in ("alerts", "rules") for rule in _rules(mixin[part])]
    for rule in rules:
        promql_parser.parse(rule["expr"])  # or it raises
    bad = {
        rule["labels"]["target"]: rule["expr"] for rule in rules if rule.get("record") == "slo:events_bad:increase5m"
    }
    assert "check:fails:bool" in bad["db-availability"], "checks at several places"
    reasons = " ".join(rule["expr"] for rule in rules if rule.get("record") == "slo:not_measured:bool")
    assert f"absent({name}{{{of_crm.replace(', http', ',http')}}})" in reasons


def test_the_title_of_a_target_may_have_quotes() -> None:
    """The queries that find a target by its title are valid, and have the title as it is."""
    ids = ("api-latency", "integration-error-rate", "cache-hit-ratio")
    changes = {target: {"title": f'A "{target}" \\ title'} for target in ids}
    queries = [
        query["expr"]
        for panel in _mixin(json.dumps({"targets": changes}))["dashboards"]["crm-slo.json"]["panels"]
        for query in panel.get("targets", [])
        if "title=" in query["expr"]
    ]
    assert queries
    for query in queries:
        promql_parser.parse(query.replace("$__range", "1h"))  # or it raises
    for target in ids:
        assert any(f'title="A \\"{target}\\" \\\\ title"' in query for query in queries), target
