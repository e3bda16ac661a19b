"""`up --ha`: two Prometheus, two Alertmanagers, and a store for what both measure, on this machine.

The second of each runs from the files of the first; only the name of the replica differs.
"""

from __future__ import annotations

import shutil
from dataclasses import replace

from exporters.core.errors import ConfigError, ConfigProblem
from pantrywatch.config.scale import Remote, Scale, Store
from pantrywatch.config.settings import Settings
from pantrywatch.generate.scale import SECOND
from pantrywatch.native.addresses import Addresses

PROMETHEUS, ALERTMANAGER, STORE = f"prometheus{SECOND}", f"alertmanager{SECOND}", "store"
PAIR = (PROMETHEUS, ALERTMANAGER, "mesh", f"mesh{SECOND}", STORE)  # those with a port


def with_pair(settings: Settings, addresses: Addresses) -> Settings:
    """Return the settings of the first of the pair, which writes to the stores of the settings, too."""
    given, url = settings.scale, addresses.url(STORE)
    scale = Scale(
        given.cluster if given else settings.environment,
        "prometheus",
        tuple(map(addresses.address, ("prometheus", PROMETHEUS))),
        tuple(map(addresses.address, ("alertmanager", ALERTMANAGER))),
        (*(given.remote_write if given else ()), Remote(f"{url}/api/v1/write")),
        Store(url),
    )
    return replace(settings, scale=scale)


def require_pair_possible(settings: Settings, settings_file: str) -> None:
    """Raise ConfigError for settings with which no pair can run here."""
    if settings.web is not None:
        expected = "expected no section web with `--ha`, whose store would answer without a login: see docs/scale.md"
        raise ConfigError([ConfigProblem(settings_file, "web", expected)])


def require_rules_evaluated(settings: Settings, settings_file: str) -> None:
    """Raise ConfigError for settings that leave the rules to a program that `up` does not run."""
    if settings.scale is not None and settings.scale.evaluate != "prometheus":
        expected = f"expected prometheus: `up` does not run {settings.scale.evaluate}, and no alert would fire"
        raise ConfigError([ConfigProblem(settings_file, "scale.evaluate", expected)])


def pair_environment(addresses: Addresses, scrape_interval: str, *, pair: bool) -> dict[str, str]:
    """Return the variables of the program files; without a pair, Alertmanager has no mesh and nothing a store."""
    if not pair:
        return {"PW_MESH": "--cluster.listen-address=", "PW_QUERIED": addresses.address("prometheus")}
    here, there = addresses.address("mesh"), addresses.address(f"mesh{SECOND}")
    return {
        "PW_MESH": _mesh(here, there),
        "PW_MESH_B": _mesh(there, here),
        "PW_QUERIED": addresses.address(STORE),
        "PW_STORE": shutil.which("victoria-metrics") or "victoria-metrics",
        "PW_SCRAPE_INTERVAL": scrape_interval,
        **{f"PW_PORT_{name.upper().replace('-', '_')}": str(addresses.port(name)) for name in PAIR},
    }


def _mesh(listen: str, peer: str) -> str:
    return f"--cluster.listen-address={listen} --cluster.peer={peer}"
