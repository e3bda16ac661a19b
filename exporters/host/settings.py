"""The `host` section of settings.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_MOST_GROUPS = 20


@dataclass(frozen=True, slots=True)
class ProcessGroup:
    """Processes counted together: `command` is a regular expression, searched in the name, then the command line."""

    name: str
    command: str

    def __post_init__(self) -> None:
        """Raise ValueError saying what was expected."""
        if not self.name or self.name == "other":
            raise ValueError("expected a name, and not 'other'")
        try:
            re.compile(self.command)
        except re.error as error:
            raise ValueError(f"expected a regular expression in command: {error.msg}") from None


# The first that fits wins. Names are those of the programs of a web application's usual stack.
DEFAULT_GROUPS = (
    ProcessGroup("postgres", r"^postgres(:|$)"),
    ProcessGroup("pgbouncer", r"^pgbouncer$"),
    ProcessGroup("redis", r"^(redis|valkey)-server$"),
    ProcessGroup("web-server", r"^(nginx|apache2|httpd|caddy|haproxy|traefik)$"),
    ProcessGroup("monitoring", r"^(prometheus|alertmanager|grafana)|pantrywatch|-m exporters\b"),
    ProcessGroup("node", r"^(node|bun|deno)$"),
    ProcessGroup("python", r"^(python[0-9.]*|gunicorn|uvicorn)"),
)


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What to measure of this machine.

    `procfs`, `sysfs` and `rootfs` say where the host's own are mounted in a container; `cgroup` names the control group
    to report beside the host (a path such as `/system.slice/app.service`; default: the exporter's own, if limited).
    """

    name: str = "local"
    procfs: str = "/proc"
    sysfs: str = "/sys"
    rootfs: str = "/"
    cgroup: str | None = None
    process_groups: tuple[ProcessGroup, ...] = DEFAULT_GROUPS
    process_interval_seconds: float = 15.0

    def __post_init__(self) -> None:
        """Raise ValueError saying what was expected."""
        if not all(path.startswith("/") for path in (self.procfs, self.sysfs, self.rootfs)):
            raise ValueError("expected absolute paths in procfs, sysfs and rootfs")
        names = [group.name for group in self.process_groups]
        if len(names) > _MOST_GROUPS or len(set(names)) < len(names):
            raise ValueError(f"expected at most {_MOST_GROUPS} process_groups, with unique names")
        if self.process_interval_seconds < 1:
            raise ValueError("expected process_interval_seconds of 1 or more")


Section = HostSettings


def from_environment(_environment: Mapping[str, str]) -> Section:
    """Return this machine: there is nothing to set."""
    return HostSettings()
