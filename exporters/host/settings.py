"""The `host` section of settings.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from exporters.core.cardinality import OTHER
from exporters.core.field_checks import at_least, at_most_entries, expect_regex, matching, not_empty, unique_names

_MOST_GROUPS = 20


def _expect_group_name(name: str) -> None:
    not_empty(name)
    if name == OTHER:
        raise ValueError("expected another name, got 'other', which is the group of all remaining processes")


@dataclass(frozen=True, slots=True)
class ProcessGroup:
    """Processes counted together."""

    name: Annotated[str, "The value of the label `group`.", _expect_group_name]
    command: Annotated[
        str, "A regular expression, searched in the name of a process, then in its command line.", expect_regex
    ]


# The first match wins. The names are the programs of a typical web application.
DEFAULT_GROUPS = (
    ProcessGroup("postgres", r"^postgres(:|$)"),
    ProcessGroup("pgbouncer", r"^pgbouncer$"),
    ProcessGroup("redis", r"^(redis|valkey)-server$"),
    ProcessGroup("web-server", r"^(nginx|apache2|httpd|caddy|haproxy|traefik)$"),
    ProcessGroup("monitoring", r"^(prometheus|alertmanager|grafana)|pantrywatch|-m exporters\b"),
    ProcessGroup("node", r"^(node|bun|deno)$"),
    ProcessGroup("python", r"^(python[0-9.]*|gunicorn|uvicorn)"),
)


_absolute = matching(r"/.*", "an absolute path")


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What to measure on this machine."""

    name: Annotated[str, "The value of the label `instance`."] = "local"
    procfs: Annotated[str, "The mount point of the host's `/proc`.", _absolute] = "/proc"
    sysfs: Annotated[str, "The mount point of the host's `/sys`.", _absolute] = "/sys"
    rootfs: Annotated[str, "The mount point of the host's `/`.", _absolute] = "/"
    cgroup: Annotated[
        str | None,
        "An additional control group to report, such as `/system.slice/app.service`; default: the exporter's "
        "own, if limited.",
    ] = None
    process_groups: Annotated[
        tuple[ProcessGroup, ...], f"At most {_MOST_GROUPS} groups; a process is counted in the first that matches.",
        at_most_entries(_MOST_GROUPS, "process_groups"), unique_names,
    ] = DEFAULT_GROUPS  # fmt: skip
    process_interval_seconds: Annotated[float, "Seconds between two samples of the processes.", at_least(1)] = 15.0


Section = HostSettings


def from_environment(_environment: Mapping[str, str]) -> Section:
    """Return this machine with the default settings."""
    return HostSettings()
