"""Two of everything, and one of each pair fails: of all alerts of the layers only those about that one fire."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

_GENERATED = Path(__file__).parents[2] / "alert_rules/generated"
_LAYERS = ("api", "cache", "database", "database_log", "host", "monitoring", "synthetic")
# Nothing about one of the pairs: without the series of the rest of a stack these are true.
_OF_THE_REST = "Watchdog|CrmMonitoringNothingStored|CrmMonitoringAlertmanagerUnknown|CrmMonitoringRetentionShort"
_FIRING = (
    "count by (alertname, job, instance, check, mountpoint) "
    f'(ALERTS{{alertstate="firing",alertname!~"{_OF_THE_REST}"}})'
)
_BEFORE, _AFTER = 40, 80  # scrapes

_INSTANCES = (
    ("application", "crm-a"), ("application", "crm-b"), ("database", "primary"), ("database", "second"),
    ("database", "third"), ("cache", "main"), ("cache", "sessions"), ("database_log", "primary"),
    ("database_log", "second"), ("host", "web-a"), ("host", "web-b"), ("synthetic", "local"),
)  # fmt: skip
_CHECK = '{job="synthetic",instance="local",check="%s",kind="http",target=""}'
_DISK = '{job="host",instance="%s",device="/dev/sda1",mountpoint="/",fstype="ext4"}'

# Series → its value at every scrape.
_HEALTHY: Mapping[str, float] = (
    {f'up{{job="{job}",instance="{instance}"}}': 1 for job, instance in _INSTANCES}
    | {f'pg_up{{job="database",instance="{name}"}}': 1 for name in ("primary", "second", "third")}
    | {f'redis_up{{job="cache",instance="{name}"}}': 1 for name in ("main", "sessions")}
    | {f'pantrywatch_database_log_file_up{{job="database_log",instance="{name}"}}': 1 for name in ("primary", "second")}
    | {f"probe_success{_CHECK % name}": 1 for name in ("log-in", "page", "search")}
    | {f"probe_ssl_earliest_cert_expiry{_CHECK % name}": 90 * 86400 for name in ("log-in", "page", "search")}
    | {f"node_filesystem_avail_bytes{_DISK % name}": 5e11 for name in ("web-a", "web-b")}
    | {f"node_filesystem_size_bytes{_DISK % name}": 1e12 for name in ("web-a", "web-b")}
    | {f"node_filesystem_readonly{_DISK % name}": 0 for name in ("web-a", "web-b")}
)
# Of each pair one: its values then, None where nothing answers, and the labels that say of which one the alert is.
_FAILING: Mapping[str, tuple[Mapping[str, float | None], tuple[str, ...]]] = {
    "an instance of the application": (
        {'up{job="application",instance="crm-b"}': 0},
        ('alertname="CrmMonitoringTargetDown",job="application",instance="crm-b"',),
    ),
    "a database": (
        {'pg_up{job="database",instance="second"}': 0},
        ('alertname="CrmDatabaseDown",instance="second"',),
    ),
    "a database exporter": (
        {'up{job="database",instance="third"}': 0, 'pg_up{job="database",instance="third"}': None},
        ('alertname="CrmMonitoringTargetDown",job="database",instance="third"',),
    ),
    "a cache": ({'redis_up{job="cache",instance="sessions"}': 0}, ('alertname="CrmCacheDown",instance="sessions"',)),
    "a log of PostgreSQL": (
        {'pantrywatch_database_log_file_up{job="database_log",instance="second"}': 0},
        ('alertname="CrmDatabaseLogMissing",job="database_log",instance="second"',),
    ),
    "a check": (
        {f"probe_success{_CHECK % 'search'}": 0},
        ('alertname="CrmSyntheticCheckFailing",job="synthetic",instance="local",check="search"',),
    ),
    "a certificate": (
        {f"probe_ssl_earliest_cert_expiry{_CHECK % 'page'}": 5 * 86400},
        (
            'alertname="CrmSyntheticCertificateSoonExpired",job="synthetic",instance="local",check="page"',
            'alertname="CrmSyntheticCertificateExpiring",job="synthetic",instance="local",check="page"',
        ),
    ),
    "a disk": (
        {f"node_filesystem_avail_bytes{_DISK % 'web-b'}": 4e10},
        ('alertname="CrmHostDiskNearlyFull",job="host",instance="web-b",mountpoint="/"',),
    ),
}


def _values(healthy: float, failing: float | None) -> str:
    then = f"stale _x{_AFTER - 2}" if failing is None else f"{failing:.0f}x{_AFTER - 1}"
    return f"{healthy:.0f}x{_BEFORE - 1} {then}"


@pytest.mark.long
def test_only_the_alerts_about_those_that_fail_fire(tmp_path: Path) -> None:
    """While all are healthy nothing fires; when one of each pair fails, the alerts about it and nothing else."""
    failing = {name: value for series, _ in _FAILING.values() for name, value in series.items()}
    fires = [labels for _, alerts in _FAILING.values() for labels in alerts]
    assert failing.keys() <= _HEALTHY.keys()
    test = {
        "interval": "15s",
        "input_series": [
            {"series": name, "values": _values(value, failing.get(name, value))} for name, value in _HEALTHY.items()
        ],
        "promql_expr_test": [
            {"eval_time": "9m50s", "expr": _FIRING, "exp_samples": []},
            {
                "eval_time": "28m50s",
                "expr": _FIRING,
                "exp_samples": [{"labels": f"{{{labels}}}", "value": 1} for labels in fires],
            },
        ],
    }
    rules = [str(_GENERATED / f"{layer}.yml") for layer in _LAYERS]
    document = {"rule_files": rules, "evaluation_interval": "15s", "tests": [test]}
    (tmp_path / "test.yml").write_text(yaml.safe_dump(document))
    command = ["promtool", "test", "rules", str(tmp_path / "test.yml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[:6000]
