"""What the section `scale` adds to Prometheus' configuration; without the section nothing.

Order matters to a pair: its alerts are the same alert only without the label `replica`, and so are its samples in a
store, which keeps one of two where it deduplicates.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from exporters.core.field_checks import host_and_port
from pantrywatch.config.application import Access
from pantrywatch.config.scale import Remote, Scale
from pantrywatch.config.settings import Settings
from pantrywatch.generate.layout import Layout

# What is appended to the names of the second of a pair that runs on the machine of the first, and from its files.
SECOND = "-b"
_WITHOUT_REPLICA: dict[str, Any] = {"regex": "replica", "action": "labeldrop"}
# Prometheus 3 writes `le="1.0"` where 2.x keeps an application's `le="1"`: of a pair with both, a store would have that
# bucket twice. Longer numbers get an exponent, which relabelling cannot compute; no rule reads any.
ONE_FORM: tuple[dict[str, Any], ...] = tuple(
    {"source_labels": [label], "regex": "([0-9]{1,6})", "target_label": label, "replacement": "$1.0"}
    for label in ("le", "quantile")
)


def replicas(settings: Settings) -> dict[str, Settings]:
    """Return name of the configuration file → settings, of each Prometheus that may run on this machine."""
    scale = settings.scale
    if scale is None or len(scale.replicas) < 2:
        return {"prometheus": settings}
    second = replace(scale, replica=f"{scale.replica}{SECOND}")
    return {"prometheus": settings, f"prometheus{SECOND}": replace(settings, scale=second)}


def external_labels(scale: Scale | None) -> dict[str, Any]:
    """Return what tells this Prometheus' samples from those of others, for the part `global`."""
    if scale is None:
        return {}
    replica = {} if scale.replica is None else {"replica": scale.replica}
    return {"external_labels": {"cluster": scale.cluster, **replica}}


def alert_relabelling(scale: Scale | None) -> dict[str, Any]:
    """Return what makes an alert of each replica the same alert, for the part `alerting`."""
    if scale is None or scale.replica is None:
        return {}
    return {"alert_relabel_configs": [dict(_WITHOUT_REPLICA)]}


def remote_write(scale: Scale | None, layout: Layout) -> dict[str, Any]:
    """Return the stores to write to."""
    if scale is None or not scale.remote_write:
        return {}
    return {"remote_write": [_written(one, scale, layout) for one in scale.remote_write]}


def own_targets(scale: Scale | None, layout: Layout) -> dict[str, dict[str, str]]:
    """Return job → instance → address of Prometheus and Alertmanager.

    Two under one instance would become one series in a store; where there are several, the instance is the address.
    """
    replicas = scale.replicas if scale else ()
    alertmanagers = scale.alertmanagers if scale else ()
    alone = scale.replica if scale and scale.replica else "prometheus"
    return {
        "prometheus": {one: one for one in replicas} or {alone: layout.prometheus},
        "alertmanager": {one: one for one in alertmanagers} or {"alertmanager": layout.alertmanager},
    }


def mesh(scale: Scale | None, port: int) -> str:
    """Return the options with which an Alertmanager finds the others of its cluster, at this port of their hosts."""
    hosts = [host_and_port(address)[0] for address in scale.alertmanagers] if scale else []
    if len(hosts) < 2:
        return "--cluster.listen-address="
    return " ".join([f"--cluster.listen-address=0.0.0.0:{port}", *(f"--cluster.peer={host}:{port}" for host in hosts)])


def asked(access: Access, layout: Layout) -> dict[str, Any]:
    """Return scheme and login of a system outside, in Prometheus' format."""
    scheme = {} if access.scheme == "http" else {"scheme": access.scheme}
    return scheme | _login(access, layout)


def _written(remote: Remote, scale: Scale, layout: Layout) -> dict[str, Any]:
    dropped = [] if scale.replica is None else [_WITHOUT_REPLICA]
    rules = [dict(rule) for rule in (*dropped, *ONE_FORM)]
    return {"url": remote.url, "write_relabel_configs": rules, **_login(remote.access(), layout)}


def _login(access: Access, layout: Layout) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if access.username is not None:
        password = layout.scrape_file(str(access.password_file))
        found["basic_auth"] = {"username": access.username, "password_file": password}
    if access.token_file is not None:
        found["authorization"] = {"credentials_file": layout.scrape_file(access.token_file)}
    tls = {} if access.ca_file is None else {"ca_file": layout.scrape_file(access.ca_file)}
    if access.server_name is not None:
        tls["server_name"] = access.server_name
    return found | ({"tls_config": tls} if tls else {})
