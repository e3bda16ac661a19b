"""Prometheus' configuration, and the addresses it scrapes: file_sd files, one per job.

Valid for Prometheus 2.42 and 3.x. Retention, above the 30 days of the budgets, is a flag of the server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from exporters.core.access import WebSettings
from pantrywatch.config.application import Application
from pantrywatch.config.components import Component, components
from pantrywatch.config.settings import Settings
from pantrywatch.generate.layout import Layout
from pantrywatch.generate.relabelling import of_job
from pantrywatch.generate.scale import alert_relabelling, asked, external_labels, own_targets, remote_write
from pantrywatch.web.config_files import client, scheme

# The job for the exporters' own metrics.
_SELF = "exporter"


def prometheus_configuration(settings: Settings, layout: Layout) -> dict[str, Any]:
    """Return prometheus.yml as a document."""
    access = _access(settings, layout)
    pace = layout.pace
    scale = settings.scale
    # Evaluated twice, each series that a rule records would be in the store twice.
    rules = {} if scale and scale.evaluate == "vmalert" else {"rule_files": ["rules/*.yml"]}
    return {
        "global": {
            "scrape_interval": pace.scrape_interval,
            "scrape_timeout": pace.scrape_timeout,
            "evaluation_interval": pace.evaluation_interval,
            **external_labels(scale),
        },
        **rules,
        "alerting": {**alert_relabelling(scale), "alertmanagers": [{**_file_sd("alertmanager"), **access}]},
        "scrape_configs": [
            _scrape_config(component, settings, layout, access) for component in components().components
        ],
        **remote_write(scale, layout),
    }


def scrape_targets(settings: Settings, layout: Layout) -> dict[str, list[dict[str, Any]]]:
    """Return job → target groups in the form of file_sd.

    The label `instance` is the name from settings.yaml, so it stays the same when an exporter moves; replacing it with
    a Go exporter only changes the address.
    """
    names_of = {component.job: watched(component, settings) for component in components().exporters()}
    groups = {
        job: [_target(layout.exporters[job], job, name) for name in names if job in layout.exporters]
        for job, names in names_of.items()
    }
    endpoints = settings.application.endpoints if settings.application else ()
    groups["application"] = [
        {"targets": [endpoint.address], "labels": {**endpoint.scraped(), "instance": endpoint.name}}
        for endpoint in endpoints
    ]
    is_shared = len(layout.processes) == 1
    groups[_SELF] = [
        _group(layout.exporters[exporter], instance, "/metrics/self")
        for instance, exporter in layout.processes.items()
        if is_shared or names_of[exporter]
    ]
    for job, addresses in own_targets(settings.scale, layout).items():
        groups[job] = [_group(address, instance) for instance, address in addresses.items()]
    groups["scheduler"] = [] if layout.scheduler is None else [_group(layout.scheduler, "scheduler")]
    return groups


def _access(settings: Settings, layout: Layout) -> dict[str, Any]:
    web = settings.web or WebSettings()
    if web == WebSettings():
        return {}
    return {"scheme": scheme(web)} | client(web, layout.web_files.prometheus)


def _scrape_config(
    component: Component, settings: Settings, layout: Layout, access: Mapping[str, Any]
) -> dict[str, Any]:
    found: dict[str, Any] = {"job_name": component.job} | _file_sd(component.job)
    lookups = list(_lookups(component.job, settings, layout))
    if lookups:
        found |= _by_name(lookups)
    if component.job == "application" and settings.application is not None:
        found |= _of_application(settings.application) | asked(settings.application.access, layout)
    if rules := of_job(component.job, settings):
        found["metric_relabel_configs"] = rules
    return found | (dict(access) if component.own else {})


def _of_application(application: Application) -> dict[str, Any]:
    """Return what is special about scraping metrics that somebody else names."""
    found: dict[str, Any] = {"sample_limit": application.sample_limit}
    if application.fallback_scrape_protocol:
        found["fallback_scrape_protocol"] = application.fallback_scrape_protocol
    return found


def _lookups(job: str, settings: Settings, layout: Layout) -> Iterator[tuple[str, str, str]]:
    """Yield address, instance and path of targets found by DNS: an optional exporter, and its own metrics."""
    for component in components().exporters():
        address = layout.optional.get(component.job)
        if address is None or not watched(component, settings):
            continue
        if job == component.job:
            yield address, watched(component, settings)[0], f"/metrics/{job}"
        elif job == _SELF:
            yield address, str(component.container), "/metrics/self"


def _by_name(lookups: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
    """Return what looks up each of (address, instance, path), and gives what it finds its labels."""
    found: dict[str, Any] = {"dns_sd_configs": [], "relabel_configs": []}
    for address, instance, path in lookups:
        host, _, port = address.rpartition(":")
        labels = {"__address__": address, "__metrics_path__": path, "instance": instance}  # the name in the certificate
        found["dns_sd_configs"].append({"names": [host], "type": "A", "port": int(port)})
        found["relabel_configs"] += [
            {"source_labels": ["__meta_dns_name"], "regex": host, "target_label": label, "replacement": value}
            for label, value in labels.items()
        ]
    return found


def watched(component: Component, settings: Settings) -> list[str]:
    """Return the names of an exporter's targets; if its section is a single record, its name or `local`."""
    section = getattr(settings, component.job)
    if not section:
        return []
    return [target.name for target in section] if isinstance(section, tuple) else [getattr(section, "name", "local")]


def _target(address: str, exporter: str, name: str) -> dict[str, Any]:
    group = _group(address, name, f"/metrics/{exporter}")
    return {**group, "labels": {**group["labels"], "__param_target": name}}


def _group(address: str, instance: str, path: str | None = None) -> dict[str, Any]:
    labels = {"__metrics_path__": path} if path else {}
    return {"targets": [address], "labels": {**labels, "instance": instance}}


def _file_sd(job: str) -> dict[str, Any]:
    return {"file_sd_configs": [{"files": [f"targets/{job}.json"]}]}
