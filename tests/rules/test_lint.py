"""The lint of the rules: it passes over ours, finds each seeded mistake, and each of its checks does what it says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporters.core.errors import ConfigError
from pantrywatch.analysis.advise import metrics
from pantrywatch.analysis.explain.evidence import table
from pantrywatch.analysis.explain.forecasts import questions
from pantrywatch.analysis.gate.questions import question, question_of_buckets
from pantrywatch.config.targets import read_targets
from tools import record_metrics
from tools.rule_lint.catalogue import FOLDER, ROOT, Catalogue, jobs, read_catalogue, read_recorded
from tools.rule_lint.check import LINTS, Finding, check, without_excluded
from tools.rule_lint.exclusions import EXCLUSIONS
from tools.rule_lint.inhibition import compared_but_missing
from tools.rule_lint.lost import lost
from tools.rule_lint.pages import families
from tools.rule_lint.rulebook import Rulebook, read_rules

RULES = sorted((ROOT / "alert_rules/generated").glob("*.yml"))
SEEDED = Path(__file__).parent / "lint/seeded_mistakes.yml"
_TEXTS = {
    "summary": "It is broken.",
    "description": "It has been broken for some time.",
    "impact": "Nobody can work.",
    "first_step": "Is it there? `redis-cli ping`",
    "deployment": '{{ with query "vector(1)" }}v1{{ end }}',
    "runbook_url": "docs/runbooks/CrmMonitoringTargetDown.md",
    "dashboard_url": "/d/crm-cache",
}
_LABELS = {"severity": "high", "layer": "backend", "team": "backend", "component": "prometheus", "type": "error"}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """Everything a rule may refer to."""
    return read_catalogue()


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    """Give the alerts what they do not say themselves; an empty text or label is left out."""
    for group in document["groups"]:
        for rule in group["rules"]:
            if "alert" in rule:
                rule["for"] = rule.get("for", "5m")
                rule["labels"] = {k: v for k, v in (_LABELS | rule.get("labels", {})).items() if v}
                rule["annotations"] = {k: v for k, v in (_TEXTS | rule.get("annotations", {})).items() if v}
    return document


def _lints(tmp_path: Path, catalogue: Catalogue, expression: str, **more: str) -> set[str]:
    """Return the lints that find something in an alert with this expression; `more` are rules recorded beside it."""
    rules = [{"alert": "Tried", "expr": expression}, *({"record": k, "expr": v} for k, v in more.items())]
    path = tmp_path / "tried.yml"
    path.write_text(yaml.safe_dump(_completed({"groups": [{"name": "tried", "rules": rules}]})))
    return {finding.lint for finding in check([path], catalogue)}


def _asked_by_explain() -> list[str]:
    return [*(one.expr for one in table()), *questions(["database", "host"]).values()]


def _asked_by_gate() -> list[str]:
    targets = read_targets(ROOT / "targets.yaml").targets
    histograms = [target.sli.histogram for target in targets if target.sli.histogram]
    histograms += [one.histogram for target in targets for _, one in target.substitutes]
    return [*map(question, ("events", "bad", "marks")), *map(question_of_buckets, histograms)]


def _asked_by_advise() -> list[str]:
    return [expr for one in metrics.table() for expr in (one.expr, one.of)]


_COMMANDS = {"explain": _asked_by_explain, "gate": _asked_by_gate, "advise": _asked_by_advise}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> list[Finding]:
    """What the lints find in all rules, and in the questions of commands as if they were recorded beside them."""
    folder = tmp_path_factory.mktemp("asked")
    for command, asked in _COMMANDS.items():
        rules = [{"record": f"asked:{command}:number{number}", "expr": expr} for number, expr in enumerate(asked())]
        (folder / f"{command}.yml").write_text(yaml.safe_dump({"groups": [{"name": command, "rules": rules}]}))
    return check([*RULES, *folder.iterdir()], catalogue)


def test_the_rules_have_no_faults(found: list[Finding]) -> None:
    """Every generated rule passes every lint; what is excluded has a reason, and is still needed."""
    of_rules = [finding for finding in found if not finding.rule.startswith("asked:")]
    assert [str(finding) for finding in without_excluded(of_rules)] == []
    assert EXCLUSIONS.keys() - {(finding.rule, finding.lint) for finding in of_rules} == set()
    assert all(reason for reason in EXCLUSIONS.values())


@pytest.mark.parametrize("command", _COMMANDS)
def test_the_questions_of_a_command_have_no_faults(found: list[Finding], command: str) -> None:
    """Metrics exist, labels are theirs, nothing is divided by zero or counted twice: as for rules that record them."""
    assert [str(finding) for finding in found if finding.rule.startswith(f"asked:{command}:")] == []


def test_every_seeded_mistake_is_found_and_nothing_else(tmp_path: Path, catalogue: Catalogue) -> None:
    """In the file of mistakes each rule has the one finding that its label names, and every lint finds one."""
    document = yaml.safe_load(SEEDED.read_text())
    expected = {
        (rule.get("alert", rule.get("record")), rule["labels"].pop("mistake"))
        for group in document["groups"]
        for rule in group["rules"]
    }
    assert {lint for _, lint in expected} == LINTS.keys()
    assert {lint for _, lint in EXCLUSIONS} <= LINTS.keys()
    path = tmp_path / "seeded.yml"
    path.write_text(yaml.safe_dump(_completed(document)))
    assert {(finding.rule, finding.lint) for finding in check([path], catalogue)} == expected


def test_promtool_sees_none_of_it(tmp_path: Path) -> None:
    """All seeded mistakes but the function of later versions are correct to promtool: hence the lint."""
    document = _completed(yaml.safe_load(SEEDED.read_text()))
    for group in document["groups"]:
        group["rules"] = [rule for rule in group["rules"] if rule["labels"]["mistake"] != "new-function"]
    path = tmp_path / "seeded.yml"
    path.write_text(yaml.safe_dump(document))
    command = ["promtool", "check", "rules", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "expression",
    [
        # Counters looked at for their presence, or for when they changed.
        "absent(redis_commands_processed_total)",
        "count by (job) (redis_commands_processed_total) < 2",
        "redis_up == 1 unless redis_commands_processed_total",
        "changes(redis_commands_processed_total[5m]) == 0",
        # Untyped metrics may be either.
        "rate(node_vmstat_oom_kill[5m]) > 0",
        "resets(redis_commands_processed_total[1h]) > 3",
        # Edges in both spellings.
        'sum(rate(http_server_request_duration_seconds_bucket{le=~"1([.]0)?"}[5m])) > 1',
        'sum(rate(http_server_request_duration_seconds_bucket{le="+Inf"}[5m])) > 1',
        'sum(rate(browser_lcp_seconds_bucket{le="2.5"}[5m])) > 1',
        # Joins that work.
        "sum without (datname, state) (pg_stat_activity_count) / pg_settings_max_connections > 0.9",
        "pg_stat_database_numbackends > on (instance) group_left () pg_settings_max_connections * 0.9",
        "max by (instance) (sum by (job, instance) (rate(pg_stat_database_deadlocks[5m]))) > 2",
        "sum(max without (job) (redis_connected_clients)) > 2",
        'sum by (instance) (redis_connected_clients{job="cache"}) > 2',
        "sum without (state) (pg_stat_activity_count) > 2",
        "sum by (job) (redis_connected_clients) > 2",
        "max by (instance) (pg_stat_activity_count) > on (instance) pg_settings_max_connections",
        "rate(node_cpu_seconds_total{mode='idle'}[5m]) < ignoring (mode) rate(node_cpu_seconds_total{mode='user'}[5m])",
        "redis_memory_used_bytes > 1 and on (instance) redis_instance_info{role='master'}",
        "pg_up == 0 or redis_up == 0",
        "redis_memory_used_bytes * on (instance) group_left (role) redis_instance_info > 1",
        "max by (server) (label_replace(redis_up, 'server', '$1', 'instance', '(.*)')) == 0",
        # Divisions that cannot go wrong.
        "redis_memory_used_bytes / (redis_memory_max_bytes > 0) > 0.9",
        "redis_memory_used_bytes / redis_memory_max_bytes > 0.9 and redis_memory_max_bytes > 0",
        "max(redis_memory_used_bytes) / max(redis_memory_max_bytes != 0) > 0.9",
        "redis_memory_used_bytes / clamp_min(redis_memory_max_bytes, 1) > 0.9",
        "redis_memory_used_bytes / redis_memory_max_bytes < 0.9",
        "node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes < 0.1",
        "pg_settings_max_connections / 100 > 2",
        "pg_settings_max_connections / (2 ^ 3 - 1) > 2",
        # Both names of what PostgreSQL 17 renamed.
        "(rate(pg_stat_bgwriter_checkpoints_req_total[5m]) or rate(pg_stat_checkpointer_num_requested_total[5m])) > 9",
        "max(rate(redis_evicted_keys_total[1m])) > 1",
        "time() - timestamp(redis_up) > 60",
    ],
)
def test_what_is_right_passes(tmp_path: Path, catalogue: Catalogue, expression: str) -> None:
    """A correct expression has no finding."""
    assert _lints(tmp_path, catalogue, expression) == set()


@pytest.mark.parametrize(
    ("expression", "lint"),
    [
        ("redis_memory_used_bytes / redis_memory_max_bytes > 0.9 and redis_up > 0", "unguarded-division"),
        ("redis_memory_used_bytes / (redis_memory_max_bytes >= 0) > 0.9", "unguarded-division"),
        ("redis_memory_used_bytes / (redis_memory_max_bytes > bool 0) > 0.9", "unguarded-division"),
        ("pg_settings_max_connections / (2 - 2) > 2", "unguarded-division"),
        # 1 - Inf is less than anything.
        ("1 - redis_memory_used_bytes / redis_memory_max_bytes < 0.1", "unguarded-division"),
        ("max(redis_memory_used_bytes / redis_memory_max_bytes) < 0.9", "unguarded-division"),
        ("count(redis_connected_clients) > 2", "counted-twice"),
        ("sum without (job) (redis_connected_clients) > 2", "counted-twice"),
        ("sum(sum by (job, instance) (rate(pg_stat_database_deadlocks[5m]))) > 2", "counted-twice"),
        ("sum(max by (job) (redis_connected_clients)) > 2", "counted-twice"),
        ('sum(redis_connected_clients{job=~"cache|other"}) > 2', "counted-twice"),
        # A number below 0, divided by 0, is less than anything too.
        ("(redis_memory_used_bytes - 5) / redis_memory_max_bytes < 0.9", "unguarded-division"),
        ("up{instance=''} == 0", "nothing-selected"),
        ("redis_db_keys > ignoring (db) redis_memory_used_bytes", "ambiguous-join"),
        ("redis_up == 1 and on (server) pg_up == 0", "unknown-label"),
        ("redis_memory_used_bytes * on (instance) group_left (color) redis_instance_info > 0", "unknown-label"),
        ("label_replace(redis_up, 'x', '$1', 'y', '(.*)') == 0", "unknown-label"),
        ("rate(redis_connected_clients[5m]) > 0", "rated-gauge"),
        ("delta(redis_commands_processed_total[5m]) > 0", "bare-counter"),
        ("predict_linear(redis_commands_processed_total[1h], 3600) > 0", "bare-counter"),
        ("avg_over_time(some:ratio[5m]) > 0.1", "unknown-metric"),
        ("sum_over_time(redis_up[2m:1m]) > 1", "short-range"),
        ("redis_up == 0 or redis_connected_clients", "no-condition"),
    ],
)
def test_what_is_wrong_is_found(tmp_path: Path, catalogue: Catalogue, expression: str, lint: str) -> None:
    """A faulty expression has the finding it should have."""
    assert lint in _lints(tmp_path, catalogue, expression)


def test_recorded_series_are_known_by_what_records_them(tmp_path: Path, catalogue: Catalogue) -> None:
    """Labels, type, interval and possible zeros of a recorded series follow from its rules."""
    rate = {"x:hits:rate5m": "max by (instance) (rate(redis_keyspace_hits_total[5m]))"}
    assert _lints(tmp_path, catalogue, "x:hits:rate5m > 1", **rate) == set()
    assert _lints(tmp_path, catalogue, 'x:hits:rate5m{role="master"} > 1', **rate) == {"unknown-label"}
    assert _lints(tmp_path, catalogue, "x:hits:rate5m / x:hits:rate5m > 1", **rate) == {"unguarded-division"}
    assert _lints(tmp_path, catalogue, "rate(x:hits:rate5m[5m]) > 1", **rate) == {"rated-gauge"}
    renamed = {"x:hits:total": "label_replace(redis_keyspace_hits_total, 'cache', '$1', 'instance', '(.*)')"}
    assert _lints(tmp_path, catalogue, 'rate(x:hits:total{cache="main"}[5m]) > 1', **renamed) == {"bare-counter"}
    guarded = {"x:hits:rate5m": rate["x:hits:rate5m"] + " > 0"}
    assert _lints(tmp_path, catalogue, "x:hits:rate5m / x:hits:rate5m > 1", **guarded) == set()
    ratio = {"x:hits:ratio": "rate(redis_keyspace_hits_total[5m]) / (rate(redis_commands_processed_total[5m]) > 0)"}
    assert _lints(tmp_path, catalogue, "avg(x:hits:ratio) < 0.9", **ratio) == {"averaged-ratio"}


@pytest.mark.long
def test_a_renamed_metric_is_noticed(catalogue: Catalogue) -> None:
    """Each exported metric that a rule uses is known from the catalogue alone: without it, the lint finds that rule."""
    for name, rule in {"pg_up": "CrmDatabaseDown", "redis_up": "CrmCacheDown", "up": "CrmMonitoringTargetDown"}.items():
        without = {known: series for known, series in catalogue.items() if known != name}
        missing = {
            f.rule for f in check(RULES, without) if f.lint == "unknown-metric" and f.message.startswith(f"{name}:")
        }
        assert rule in missing


@pytest.mark.parametrize(
    ("sides", "equal", "missing"),
    [
        # Every series of redis_up has an instance; none has a database.
        (['severity="high"', 'severity="low"'], ["instance", "datname"], ["datname"]),
        # On either side.
        (['severity="low"', 'severity="high"'], ["datname"], ["datname"]),
        # What the matchers demand is there; what they cannot select is not compared.
        (['severity="high",datname!=""', 'severity="low"'], ["datname"], []),
        (['alertname="Another"', 'severity=~"medium|low"'], ["datname"], []),
        (['alertname=~"Tri.+"', 'severity="low"'], ["datname", "layer"], ["datname"]),
    ],
)
def test_every_label_that_inhibition_compares_is_asked_of_the_alerts_concerned(
    tmp_path: Path, catalogue: Catalogue, sides: list[str], equal: list[str], missing: list[str]
) -> None:
    """A label missing on both sides counts as equal to Alertmanager: an alert that a rule can select must have it."""
    path, rules = tmp_path / "alertmanager.yml", tmp_path / "rules.yml"
    source, muted = (side.split(",") for side in sides)
    inhibition = {"source_matchers": source, "target_matchers": muted, "equal": equal}
    path.write_text(yaml.safe_dump({"inhibit_rules": [inhibition]}))
    group = {"name": "tried", "rules": [{"alert": "Tried", "expr": "redis_up == 0"}]}
    rules.write_text(yaml.safe_dump(_completed({"groups": [group]})))
    book = Rulebook(catalogue, read_rules([rules]))
    assert list(compared_but_missing(book.rules[0], book.shape_of(book.rules[0]), path)) == missing


def test_metrics_by_hand_stand_in_the_exporters() -> None:
    """Each name of ours that no recorded page shows is written where it is exported, at least its distinct part."""
    document = yaml.safe_load((FOLDER / "by_hand.yaml").read_text())
    files = [*(ROOT / "exporters").rglob("*.py"), *(ROOT / "pantrywatch/scheduler").rglob("*.py")]
    files.append(ROOT / "pantrywatch/generate/relabelling.py")  # which renames one
    sources = "\n".join(file.read_text() for file in sorted(files))
    ours = {"database", "cache", "host", "synthetic", "browser", "access_log", "database_log", "scheduler"}
    assert document.keys() - ours == {"application", "prometheus", "exporter"}
    assert ours <= set(jobs())
    names = {name for job in ours & document.keys() for entries in document[job].values() for name in entries}
    prefix = re.compile("^(pantrywatch_container_|pgbouncer_(pools_|stats_|databases_)?)")
    assert [n for n in sorted(names) if f'"{n}"' not in sources and f'"{prefix.sub("", n)}"' not in sources] == []


def test_a_metric_that_changes_is_lost() -> None:
    """A family that goes, or has another name, type or too few labels, is named; further labels are no loss."""
    known = [family for family in read_recorded() if family.job == "database" and family.type in ("gauge", "counter")]
    lines = {
        family.name: f"# TYPE {family.name} {family.type}\n"
        + family.name + "{" + ",".join(f'{label}="x"' for label in (*family.labels, "more")) + "} 1"
        for family in known
    }  # fmt: skip
    others = {family.name for family in read_recorded() if family.job == "database"} - lines.keys()

    def names(text: str) -> set[str]:
        return {re.findall(r"name='(\w+)'", line)[0] for line in lost({"database": text})} - others

    text = "\n".join(lines.values())
    assert names(text) == set()
    deadlocks, connections = "pg_stat_database_deadlocks", "pg_stat_activity_count"
    assert names(text.replace(deadlocks, "pg_stat_database_deadlock_count")) == {deadlocks}
    assert names(text.replace(f"{deadlocks} counter", f"{deadlocks} gauge")) == {deadlocks}
    assert names(text.replace(lines[connections], lines[connections].replace("state=", "status="))) == {connections}


def test_the_page_of_metrics_is_current() -> None:
    """docs/metrics.md is what follows from the recorded catalogue, and lists every metric of ours."""
    text = record_metrics.PAGE.read_text()
    assert text == record_metrics.page()
    assert all(f"`{family.name}`" in text for family in read_recorded() if family.job in record_metrics.OURS)


def test_pages_are_found_from_prometheus_and_none_may_be_missing() -> None:
    """All pages of a job count as one; a job without a target that is up is named, for it would be forgotten."""
    targets = [
        {"health": "up", "labels": {"job": job}, "scrapeUrl": f"{job} {number}\n"}
        for job in jobs()
        for number in (1, 2)
    ]
    found = record_metrics.pages(targets, lambda url: url)
    assert found["database"] == "database 1\ndatabase 2\n"
    targets[0]["health"] = targets[1]["health"] = "down"
    with pytest.raises(ConfigError) as raised:
        record_metrics.pages(targets, lambda url: url)
    assert [problem.entry for problem in raised.value.problems] == [jobs()[0]]


def test_what_has_just_started_is_not_recorded() -> None:
    """The age is that of the process behind Prometheus' page; without one it counts as new."""
    assert record_metrics.uptime_seconds("# TYPE x gauge\nprocess_start_time_seconds 1.5e+03\n", 1620.0) == 120.0
    assert record_metrics.uptime_seconds("up 1\n", 1620.0) == 0.0


def test_a_page_is_reduced_to_names_types_and_labels() -> None:
    """Labels that some series lack, or have empty, are optional; a bucket's edge is none of the family's own."""
    text = (
        "# HELP a_seconds A.\n# TYPE a_seconds histogram\n"
        'a_seconds_bucket{le="1",x="1"} 1\na_seconds_sum{x="1"} 1\na_seconds_count{x="1"} 1\n'
        '# HELP b B.\n# TYPE b gauge\nb{x="1",y="",w=""} 1\nb{x="a,b=\\"c\\"",z="2",w=""} 1\n# TYPE unused gauge\n'
    )
    histogram, gauge = families(text, "job")
    assert (histogram.name, histogram.type, histogram.labels, histogram.optional) == (
        "a_seconds",
        "histogram",
        ("x",),
        (),
    )
    assert [name for name, _, _ in histogram.series()] == ["a_seconds_count", "a_seconds_sum", "a_seconds_bucket"]
    assert (gauge.name, gauge.help, gauge.labels, gauge.optional) == ("b", "B.", ("x",), ("w", "y", "z"))
