"""Configurations of Grafana Alloy and the OpenTelemetry collector: they scrape what Prometheus would, and send it on.

https://grafana.com/docs/alloy/latest/reference/components/prometheus/ and
https://github.com/open-telemetry/opentelemetry-collector-contrib, prometheusreceiver and prometheusremotewriteexporter
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pantrywatch.config.settings import Settings
from pantrywatch.config.yaml_output import HEADER, dump
from pantrywatch.generate.layout import Layout
from pantrywatch.generate.prometheus import prometheus_configuration, scrape_targets

_HEADER = HEADER.replace("./run build", "pantrywatch build collectors").format(source="the settings")
_URL = "PANTRYWATCH_REMOTE_WRITE"
_BLOCKS = ("basic_auth", "authorization", "tls_config")
_ATTRIBUTES = ("scheme", "sample_limit", "scrape_fallback_protocol")
# Prometheus' name of a field → Alloy's.
_OF_ALLOY = {"fallback_scrape_protocol": "scrape_fallback_protocol"}


def collector_files(settings: Settings, layout: Layout) -> dict[str, str]:
    """Return name → text. The store's address is in an environment variable: it may have a token."""
    document = prometheus_configuration(settings, layout)
    targets = scrape_targets(settings, layout)
    jobs = [job for job in document["scrape_configs"] if targets[job["job_name"]]]
    pace = document["global"]
    cluster = {} if settings.scale is None else {"cluster": settings.scale.cluster}
    return {
        "otel-collector.yaml": _HEADER + dump(_otel(pace, cluster, jobs, targets)),
        "config.alloy": _HEADER.replace("#", "//", 1) + "\n".join(_alloy(pace, cluster, jobs, targets)),
    }


def _otel(
    pace: Mapping[str, str],
    cluster: Mapping[str, str],
    jobs: Sequence[Mapping[str, Any]],
    targets: Mapping[str, Any],
) -> dict[str, Any]:
    scraped = [{**_without_files(job), "static_configs": targets[job["job_name"]]} for job in jobs]
    every = {name: value for name, value in pace.items() if name.startswith("scrape_")}
    return {
        "receivers": {"prometheus": {"config": {"global": every, "scrape_configs": _escaped(scraped)}}},
        "exporters": {
            "prometheusremotewrite": {
                "endpoint": f"${{env:{_URL}}}",
                "add_metric_suffixes": False,  # names are Prometheus' already
                "target_info": {"enabled": False},
                **({"external_labels": dict(cluster)} if cluster else {}),
            }
        },
        "service": {"pipelines": {"metrics": {"receivers": ["prometheus"], "exporters": ["prometheusremotewrite"]}}},
    }


def _without_files(job: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in job.items() if name != "file_sd_configs"}


def _escaped(node: Any) -> Any:
    """Return a document in which a dollar is one: the collector takes `$1` for a variable."""
    if isinstance(node, dict):
        return {key: _escaped(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_escaped(value) for value in node]
    return node.replace("$", "$$") if isinstance(node, str) else node


def _alloy(
    pace: Mapping[str, str],
    cluster: Mapping[str, str],
    jobs: Sequence[Mapping[str, Any]],
    targets: Mapping[str, Any],
) -> Iterator[str]:
    store = "prometheus.remote_write.store.receiver"
    named = [f"external_labels = {_target(cluster).strip(' ,')}"] if cluster else []
    yield _block('prometheus.remote_write "store"', [*named, "endpoint {", f'  url = sys.env("{_URL}")', "}"])
    for job in jobs:
        name, rules = job["job_name"], job.get("metric_relabel_configs", [])
        onward = f"prometheus.relabel.{name}.receiver" if rules else store
        lines = [f"job_name = {_text(name)}", "targets = [", *map(_target, _flat(targets[name])), "]"]
        lines += [f"{key} = {_text(pace[key])}" for key in ("scrape_interval", "scrape_timeout")]
        lines += _access({_OF_ALLOY.get(key, key): value for key, value in job.items()})
        yield _block(f'prometheus.scrape "{name}"', [*lines, f"forward_to = [{onward}]"])
        if rules:
            inner = [line for rule in rules for line in _block("rule", list(_fields(rule))).splitlines()]
            yield _block(f'prometheus.relabel "{name}"', [*inner, f"forward_to = [{store}]"])


def _flat(groups: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    for group in groups:
        for address in group["targets"]:
            yield {"__address__": address, **group["labels"]}


def _target(labels: Mapping[str, str]) -> str:
    return "  {" + ", ".join(f"{_text(name)} = {_text(value)}" for name, value in labels.items()) + "},"


def _access(job: Mapping[str, Any]) -> Iterator[str]:
    yield from _fields({name: job[name] for name in _ATTRIBUTES if name in job})
    for name in _BLOCKS:
        if name in job:
            yield from _block(name, list(_fields(job[name]))).splitlines()


def _fields(fields: Mapping[str, Any]) -> Iterator[str]:
    for name, value in fields.items():
        yield f"{name} = {_text(value)}"


def _block(head: str, lines: Sequence[str]) -> str:
    return f"{head} {{\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


def _text(value: Any) -> str:
    """Return a literal of Alloy, whose texts, numbers and lists are written as in JSON."""
    return json.dumps(value, ensure_ascii=False)
