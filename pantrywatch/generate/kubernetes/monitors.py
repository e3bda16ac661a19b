"""What Prometheus scrapes in a cluster: the jobs, paths, labels and relabelling of prometheus.yml.

`instance` is the name in the settings, so no budget starts again with a new pod. The labels that the operator adds for
pod, endpoint and Service are dropped for the same reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pantrywatch.config.application import Application
from pantrywatch.config.components import Component, components
from pantrywatch.config.kubernetes import ApplicationPods, KubernetesSettings
from pantrywatch.config.settings import Settings
from pantrywatch.generate.kubernetes.access import access_needed, by_reference
from pantrywatch.generate.kubernetes.objects import (
    ALERTMANAGER,
    METRICS_PORT,
    NAME,
    PROMETHEUS,
    WEB_PORT,
    Object,
    metadata,
    selected,
)
from pantrywatch.generate.kubernetes.secrets import Needed
from pantrywatch.generate.kubernetes.servers import pods_of
from pantrywatch.generate.kubernetes.workloads import OF_LOGS, exporters
from pantrywatch.generate.layout import Pace
from pantrywatch.generate.prometheus import watched
from pantrywatch.generate.relabelling import of_job, of_operator

ACCESS = f"{NAME}-application"
_API = "monitoring.coreos.com"
_ADDED = "namespace|pod|service|endpoint|container"
_POD, _NODE = "__meta_kubernetes_pod_name", "__meta_kubernetes_pod_node_name"
# The label by which pods with an exporter as a sidecar are found; its value is the job.
SIDECAR = f"{NAME}/sidecar"


def monitors(place: KubernetesSettings, settings: Settings) -> Iterator[Object]:
    """Yield a monitor for each job."""
    for component in exporters(settings):
        yield _service_monitor(place, str(component.container), list(_endpoints(component, settings)))
    yield _service_monitor(place, "scheduler", [_endpoint("scheduler", "scheduler")])
    for component in components().exporters():
        if component.job in OF_LOGS and getattr(settings, component.job):
            yield _sidecars(place, component, settings)
    if settings.application is not None and place.application is not None:
        yield _of_pods(place, place.application, settings)
    elif settings.application is not None and settings.application.endpoints:
        yield _of_addresses(place, settings.application, settings)


def server_monitors(place: KubernetesSettings) -> Iterator[Object]:
    """Yield the monitors of Prometheus and Alertmanager; their pods have names that last."""
    for server, name in (("prometheus", PROMETHEUS), ("alertmanager", ALERTMANAGER)):
        yield {
            "apiVersion": f"{_API}/v1",
            "kind": "PodMonitor",
            "metadata": metadata(place, name),
            "spec": {
                "selector": {"matchLabels": pods_of(server)},
                "podMetricsEndpoints": [_endpoint(server, instance_from=_POD) | {"port": WEB_PORT}],
            },
        }


def access_secret(settings: Settings) -> Needed:
    """Return the Secret with what the application's pages are asked with."""
    return access_needed(ACCESS, [settings.application.access] if settings.application else [])


def _service_monitor(place: KubernetesSettings, component: str, endpoints: list[Object]) -> Object:
    return {
        "apiVersion": f"{_API}/v1",
        "kind": "ServiceMonitor",
        "metadata": metadata(place, f"{NAME}-{component}", component),
        "spec": {"selector": {"matchLabels": selected(component)}, "endpoints": endpoints},
    }


def _endpoints(component: Component, settings: Settings) -> Iterator[Object]:
    """Yield the pages of an exporter: one for each thing it watches, and its own."""
    job, own = component.job, str(component.container)
    on_each_machine = job == "host"
    for name in watched(component, settings):
        instance_from = _NODE if on_each_machine else ""
        yield _endpoint(job, name, f"/metrics/{job}", instance_from, target=name, rules=of_job(job, settings))
    yield _endpoint("exporter", own, "/metrics/self", _NODE if on_each_machine else "", prefix=f"{own}-")


def _endpoint(  # noqa: PLR0913 - the last three are for some alone
    job: str,
    instance: str = "",
    path: str = "/metrics",
    instance_from: str = "",
    *,
    target: str = "",
    prefix: str = "",
    rules: Sequence[dict[str, Any]] = (),
) -> Object:
    """Return an endpoint. `instance_from`: the label of the pod that `instance` is taken from, behind a prefix."""
    named: Object = {"targetLabel": "instance", "replacement": instance}
    if instance_from:
        named = {"sourceLabels": [instance_from], "targetLabel": "instance", "replacement": f"{prefix}$1"}
    pace = Pace()
    return {
        "port": METRICS_PORT,
        "path": path,
        **({"params": {"target": [target]}} if target else {}),
        "interval": pace.scrape_interval,
        "scrapeTimeout": pace.scrape_timeout,
        "relabelings": [
            {"targetLabel": "job", "replacement": job},
            named,
            {"action": "labeldrop", "regex": _ADDED},
        ],
        **({"metricRelabelings": of_operator(rules)} if rules else {}),
    }


def _sidecars(place: KubernetesSettings, component: Component, settings: Settings) -> Object:
    """Return the monitor of exporters next to the program whose log they read.

    Each pod of the API has an access log of its own; the log of a server has the server's name.
    """
    job, instance_from = component.job, _POD if component.job == "access_log" else ""
    rules = of_job(job, settings)
    ends = [
        _endpoint(job, name, f"/metrics/{job}", instance_from, target=name, rules=rules)
        for name in watched(component, settings)
    ]
    return _pod_monitor(place, f"{NAME}-{job.replace('_', '-')}", {SIDECAR: job}, ends)


def _of_pods(place: KubernetesSettings, pods: ApplicationPods, settings: Settings) -> Object:
    application = settings.application
    assert application is not None
    end = _endpoint("application", path=pods.path, instance_from=_POD, rules=of_job("application", settings))
    end |= {"port": pods.port} | by_reference(application.access, ACCESS)
    monitor = _pod_monitor(place, ACCESS, pods.labels, [end])
    monitor["spec"] |= _bounds(application)
    return monitor


def _pod_monitor(place: KubernetesSettings, name: str, labels: dict[str, str], ends: list[Object]) -> Object:
    """Return a monitor of the application's pods; Secrets that it names are in the same namespace as it."""
    namespace = place.application.namespace if place.application else place.namespace
    return {
        "apiVersion": f"{_API}/v1",
        "kind": "PodMonitor",
        "metadata": metadata(place, name),
        "spec": {
            "namespaceSelector": {"matchNames": [namespace]},
            "selector": {"matchLabels": dict(labels)},
            "podMetricsEndpoints": ends,
        },
    }


def _of_addresses(place: KubernetesSettings, application: Application, settings: Settings) -> Object:
    """Return what scrapes an application at its addresses: each has to be one process, not a Service of several."""
    configs = [
        {"targets": [one.address], "labels": {**one.scraped(), "instance": one.name}} for one in application.endpoints
    ]
    pace = Pace()
    return {
        "apiVersion": f"{_API}/v1alpha1",
        "kind": "ScrapeConfig",
        "metadata": metadata(place, ACCESS),
        "spec": {
            "staticConfigs": configs,
            "scrapeInterval": pace.scrape_interval,
            "scrapeTimeout": pace.scrape_timeout,
            "relabelings": [{"targetLabel": "job", "replacement": "application"}],
            "metricRelabelings": of_operator(of_job("application", settings)),
            **by_reference(application.access, ACCESS),
            **_bounds(application),
        },
    }


def _bounds(application: Application) -> Object:
    found: Object = {"sampleLimit": application.sample_limit}
    if application.fallback_scrape_protocol:
        found["fallbackScrapeProtocol"] = application.fallback_scrape_protocol
    return found
