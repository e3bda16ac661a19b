"""`build kubernetes`: a kustomize base of rules, boards, exporters, a Prometheus pair and Alertmanager."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from exporters.core.errors import ConfigProblem, ProblemList
from exporters.core.field_checks import host_and_port
from exporters.core.settings import decode_section
from exporters.core.strict_yaml import read_document
from pantrywatch.build.bundle import write_files
from pantrywatch.config.application import require_access
from pantrywatch.config.kubernetes import KubernetesSettings
from pantrywatch.config.settings import Settings, read_settings
from pantrywatch.config.targets import read_targets
from pantrywatch.generate.alertmanager.secrets import require_delivery
from pantrywatch.generate.kubernetes.base import Sources, base, needed_secrets
from pantrywatch.generate.kubernetes.secrets import ENVIRONMENT
from pantrywatch.generate.kubernetes.workloads import BEACONS_PORT
from pantrywatch.generate.rules import render_jsonnet, rule_documents


def write_kubernetes(shared: Path, settings_file: Path, into: Path) -> tuple[list[str], list[str]]:
    """Write the base into a folder; return the files' names, and the commands that create the Secrets it needs.

    Raises ConfigError, with nothing written.
    """
    place = _place(settings_file)
    in_pods = {**ENVIRONMENT, **place.environment}
    settings = _checked(read_settings(settings_file, {**os.environ, **in_pods}), settings_file)
    templates = (shared / "provisioning/alertmanager/templates").glob("*.tmpl")
    sources = Sources(
        str(settings_file),
        settings_file.read_text(encoding="utf-8"),
        rule_documents(shared, read_targets(shared / "targets.yaml"), settings, fence=place.fence),
        render_jsonnet(shared / "dashboards/boards.libsonnet", {}),
        {file.name: file.read_text(encoding="utf-8") for file in sorted(templates) if file.name != "links.tmpl"},
    )
    written = write_files(base(place, settings, sources), into)
    here = read_settings(settings_file, {**in_pods, **os.environ})  # where the files of secrets are now
    secrets = needed_secrets(here, str(settings_file))
    return written, [secret.command(place.namespace, settings_file) for secret in secrets]


def _place(settings_file: Path) -> KubernetesSettings:
    """Return the section alone: it has the variables that the others may need."""
    document, problems = read_document(settings_file)
    ProblemList(problems).raise_if_any()
    return decode_section(document, "kubernetes", KubernetesSettings, str(settings_file)) or KubernetesSettings()


def _checked(settings: Settings, settings_file: Path) -> Settings:
    """Return the settings. Raises ConfigError for what pods cannot have, and secrets that are not there."""
    name = str(settings_file)
    ProblemList(list(_problems(settings, name))).raise_if_any()
    require_access(settings.accesses(), name)
    if settings.notifications is not None:
        require_delivery(settings.notifications, settings_file)
    needed_secrets(settings, name)
    return settings


def _problems(settings: Settings, name: str) -> Iterator[ConfigProblem]:
    if settings.web is not None:
        expected = "expected no TLS and no login: in a cluster NetworkPolicies keep others away (docs/kubernetes.md)"
        yield ConfigProblem(name, "web", expected)
    if settings.rum is not None and host_and_port(settings.rum.listen) != ("0.0.0.0", BEACONS_PORT):  # noqa: S104
        expected = f"expected 0.0.0.0:{BEACONS_PORT}, where the Service reaches the pod, got {settings.rum.listen}"
        yield ConfigProblem(name, "rum.listen", expected)
    if settings.scale is not None and settings.scale.evaluate != "prometheus":
        yield ConfigProblem(name, "scale.evaluate", "expected prometheus: the operator's pair evaluates the rules")
    if settings.scale is not None and settings.scale.store is not None and settings.scale.store.access().files():
        expected = "expected no login: Grafana in a cluster has it, not the data source of the base"
        yield ConfigProblem(name, "scale.store", expected)
