"""Two of everything, and one of each pair fails: of all alerts of the layers only those about that one fire."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

_GENERATED = Path(__file__).parents[2] / "alert_rules/generated"
_LAYERS = ("api", "cache", "database", "database_log", "host", "monitoring", "synthetic")
_FIRING = (
    'count by (alertname, job, instance, check, mountpoint) (ALERTS{alertstate="firing",alertname!~"Watchdog|%s"})'
)
# Nothing about one of the pairs: without the series of the rest of a stack these are true.
_OF_THE_REST = "CrmMonitoringNothingStored|CrmMonitoringAlertmanagerUnknown|CrmMonitoringRetentionShort"

_INSTANCES = (
    ("application", "crm-a"), ("application", "crm-b"), ("database", "primary"), ("database", "second"),
    ("cache", "main"), ("cache", "sessions"), ("database_log", "primary"), ("database_log", "second"),
    ("host", "web-a"), ("host", "web-b"), ("synthetic", "local"),
)  # fmt: skip
_CHECK = '{job="synthetic",instance="local",check="%s",kind="http",target=""}'
_DISK = '{job="host",instance="%s",device="/dev/sda1",mountpoint="/",fstype="ext4"}'

# Of each pair both are healthy: series → value, at every scrape.
_HEALTHY: Mapping[str, float] = (
    {f'up{{job="{job}",instance="{instance}"}}': 1 for job, instance in _INSTANCES}
    | {f'pg_up{{job="database",instance="{name}"}}': 1 for name in ("primary", "second")}
    | {f'redis_up{{job="cache",instance="{name}"}}': 1 for name in ("main", "sessions")}
    | {f'pantrywatch_database_log_file_up{{job="database_log",instance="{name}"}}': 1 for name in ("primary", "second")}
    | {f"probe_success{_CHECK % name}": 1 for name in ("log-in", "search")}
    | {f"probe_ssl_earliest_cert_expiry{_CHECK % name}": 90 * 86400 for name in ("log-in", "search")}
    | {f"node_filesystem_avail_bytes{_DISK % name}": 5e11 for name in ("web-a", "web-b")}
    | {f"node_filesystem_size_bytes{_DISK % name}": 1e12 for name in ("web-a", "web-b")}
    | {f"node_filesystem_readonly{_DISK % name}": 0 for name in ("web-a", "web-b")}
)
# What fails → what fires, by the labels that say of which one.
_FAILING = {
    "an instance of the application": (
        {'up{job="application",instance="crm-b"}': 0},
        {'alertname="CrmMonitoringTargetDown",job="application",instance="crm-b"'},
    ),
    "a database": (
        {'pg_up{job="database",instance="second"}': 0},
        {'alertname="CrmDatabaseDown",instance="second"'},
    ),
    "a database exporter": (
        {'up{job="database",instance="second"}': 0, 'pg_up{job="database",instance="second"}': None},
        {'alertname="CrmMonitoringTargetDown",job="database",instance="second"'},
    ),
    "a cache": (
        {'redis_up{job="cache",instance="sessions"}': 0},
        {'alertname="CrmCacheDown",instance="sessions"'},
    ),
    "a log of PostgreSQL": (
        {'pantrywatch_database_log_file_up{job="database_log",instance="second"}': 0},
        {'alertname="CrmDatabaseLogMissing",job="database_log",instance="second"'},
    ),
    "a check": (
        {f"probe_success{_CHECK % 'search'}": 0},
        {'alertname="CrmSyntheticCheckFailing",job="synthetic",instance="local",check="search"'},
    ),
    "a certificate": (
        {f"probe_ssl_earliest_cert_expiry{_CHECK % 'search'}": 5 * 86400},
        {
            'alertname="CrmSyntheticCertificateSoonExpired",job="synthetic",instance="local",check="search"',
            'alertname="CrmSyntheticCertificateExpiring",job="synthetic",instance="local",check="search"',
        },
    ),
    "a disk": (
        {f"node_filesystem_avail_bytes{_DISK % 'web-b'}": 4e10},
        {'alertname="CrmHostDiskNearlyFull",job="host",instance="web-b",mountpoint="/"'},
    ),
}  # fmt: skip


def _values(healthy: float, failing: float | None) -> str:
    """Ten minutes as usual, then twenty of the failure, without a sample where nothing answers."""
    return f"{healthy:.0f}x39 " + ("stale _x79" if failing is None else f"{failing:.0f}x79")


@pytest.mark.long
@pytest.mark.parametrize("what", _FAILING)
def test_only_the_alert_about_that_one_fires(tmp_path: Path, what: str) -> None:
    """Of two that are watched one fails: nothing before it, then exactly the alerts about it."""
    failing, fires = _FAILING[what]
    values = {name: _values(value, failing.get(name, value)) for name, value in _HEALTHY.items()}
    assert failing.keys() <= values.keys()
    expression = _FIRING % _OF_THE_REST
    document = {
        "rule_files": [str(_GENERATED / f"{layer}.yml") for layer in _LAYERS],
        "evaluation_interval": "15s",
        "tests": [
            {
                "interval": "15s",
                "input_series": [{"series": name, "values": text} for name, text in values.items()],
                "promql_expr_test": [
                    {"eval_time": "9m50s", "expr": expression, "exp_samples": []},
                    {
                        "eval_time": "28m50s",
                        "expr": expression,
                        "exp_samples": [{"labels": f"{{{labels}}}", "value": 1} for labels in sorted(fires)],
                    },
                ],
            }
        ],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump(document))
    command = ["promtool", "test", "rules", str(tmp_path / "test.yml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[:6000]
