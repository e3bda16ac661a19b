"""The section `kubernetes` of settings.yaml: where the objects of `build kubernetes` belong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from exporters.core.field_checks import each_name, each_value, matching, some_entries

# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ and …/labels/
_expect_name = matching(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", "at most 63 small letters, digits and -")
_expect_value = matching(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", "at most 63 letters, digits and . _ -")
_expect_key = matching(
    r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?",
    "the name of a label, such as app.kubernetes.io/name",
)


@dataclass(frozen=True, slots=True)
class ApplicationPods:
    """The pods of the watched application, scraped one by one: `application.endpoints` are then not asked."""

    namespace: Annotated[str, "Their namespace.", _expect_name]
    labels: Annotated[
        dict[str, str], "Labels that they have and no other pod.",
        some_entries("label"), each_name(_expect_key), each_value(_expect_value),
    ]  # fmt: skip
    port: Annotated[str, "The name of the container's port with its metrics.", _expect_name] = "http"
    path: Annotated[str, "The path of the metrics.", matching(r"/[^\s?#]*", "a path such as /metrics")] = "/metrics"
    deployment: Annotated[str, "Their Deployment, for the autoscaler.", _expect_name] = "crm-api"


@dataclass(frozen=True, slots=True)
class KubernetesSettings:
    """The objects of `./run build kubernetes`."""

    namespace: Annotated[str, "The namespace of all objects.", _expect_name] = "monitoring"
    release: Annotated[
        str, "The value of the label `release` of all objects, by which a Prometheus selects rules and monitors.",
        _expect_value,
    ] = "pantrywatch"  # fmt: skip
    registry: Annotated[
        str, "Where the images are, such as `registry.example/team`; without it the engine's default.",
        matching(r"[A-Za-z0-9][A-Za-z0-9._:/-]*[A-Za-z0-9]|", "an address without a scheme"),
    ] = ""  # fmt: skip
    fence: Annotated[
        str, "A matcher for a Prometheus that scrapes other applications, too: rules see scraped series with it alone.",
        matching(r'([a-zA-Z_][a-zA-Z0-9_]*(=|!=|=~|!~)"[^"\\\n]*")?', 'a matcher such as namespace="crm"'),
    ] = ""  # fmt: skip
    storage: Annotated[
        str, "The size of the volume of each Prometheus.", matching(r"[1-9][0-9]*[GT]i", "a size such as 20Gi")
    ] = "20Gi"
    application: Annotated[ApplicationPods | None, "The pods of the watched application."] = None
    environment: Annotated[
        dict[str, str],
        "Variables of the settings file and their values in the pods; one with a password belongs into the Secret "
        "`pantrywatch-environment` instead.",
        each_name(matching(r"[A-Za-z_][A-Za-z0-9_]*", "the name of a variable")),
    ] = field(default_factory=dict)  # fmt: skip
