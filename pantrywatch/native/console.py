"""Console output of the operator's command, and its queries to the running stack."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress

import requests

from exporters.core.access import WebSettings
from pantrywatch.config.application import ApplicationEndpoint
from pantrywatch.native.addresses import Addresses
from pantrywatch.native.supervisor import Component
from pantrywatch.web.client import session

_PROGRAM_ADDRESS = {"demo-api": "crm", "demo-third-party": "third-party"}


def say(text: str) -> None:
    """Print progress. Write errors (closed pipe, full disk) are ignored."""
    with suppress(OSError):
        print(text, flush=True)


def complain(lines: Sequence[str]) -> None:
    """Print an error: the first line is the message, the others are details."""
    with suppress(OSError):
        print(f"error: {lines[0]}", *(f"  | {line}" for line in lines[1:]), sep="\n", file=sys.stderr, flush=True)


def ready(addresses: Addresses, web: WebSettings, endpoints: Sequence[ApplicationEndpoint]) -> bool:
    """Return whether the exporters reach their targets, and the application's own metrics are present."""
    try:
        with session(web) as ours:
            reached = ours.get(f"{addresses.url('exporters')}/readyz", timeout=2).ok
        return reached and all(requests.get(f"http://{e.address}{e.path}", timeout=2).ok for e in endpoints)
    except OSError:  # includes requests' own errors
        return False


def scrape_states(addresses: Addresses, web: WebSettings) -> dict[str, str]:
    """Return job/instance → up, down or unknown, from Prometheus; empty while it does not respond."""
    try:
        with session(web) as ours:
            answer = ours.get(f"{addresses.url('prometheus')}/api/v1/targets?state=active", timeout=5)
        targets = answer.json()["data"]["activeTargets"]
    except (OSError, KeyError):
        return {}
    return {f"{t['labels']['job']}/{t['labels']['instance']}": str(t["health"]) for t in targets}


def table(components: Sequence[Component], addresses: Addresses, targets: Mapping[str, str]) -> str:
    """Return the components with address and state, and below them the state of each target in Prometheus."""
    rows = [("what", "address", "state")]
    rows += [(component.name, _address(component.name, addresses), component.state.lower()) for component in components]
    rows += [(f"target {name}", "", health) for name, health in sorted(targets.items())]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(f"  {line.rstrip()}" for line in lines)


def _address(program: str, addresses: Addresses) -> str:
    name = _PROGRAM_ADDRESS.get(program, program)
    if not addresses.has(name):
        return ""
    return addresses.address(name) if name in {"postgres", "redis"} else addresses.url(name)
