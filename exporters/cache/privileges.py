"""What a login may do: the self-check on every scrape, and the findings of `validate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from exporters.cache.connection import Reply, ServerError
from exporters.core.errors import ErrorClass
from exporters.core.exposition import Family
from exporters.core.scrape import Finding

# The least that serves every collector; provisioning/cache/pantrywatch.acl says the same.
RULES: Final = (
    "resetchannels -@all +ping +info +client|setname +config|get +slowlog|len +slowlog|get +latency|latest"
    " +latency|histogram"
)

_PRIVILEGES = {
    "info": ("info",),
    "config": ("config",),
    "slowlog": ("slowlog",),
    "latency": ("latency", "latency_histogram"),
}
_COSTS = {
    "info": "all metrics but the slow log and latencies",
    "config": "limits (maxclients, maxmemory) and empty databases",
    "slowlog": "the slow log's length and newest entry",
    "latency": "latency spikes and the latency histogram of each command",
}
_UNREACHABLE = {
    ErrorClass.REFUSED: "nobody listens there: check host, port, firewall and protected mode",
    ErrorClass.TIMEOUT: "no answer in time: check that the server is not frozen and no firewall drops the packets",
    ErrorClass.AUTH: "the login is not accepted: check user and password in the URL",
    ErrorClass.TLS: "TLS does not come about: check rediss:// against redis://, and ca_file",
    ErrorClass.DNS: "the host name does not resolve",
    ErrorClass.PROTOCOL: "what listens there is neither Redis nor Valkey",
    ErrorClass.EXHAUSTED: "the server accepts no more clients: raise maxclients",
}


def granted(replies: Mapping[str, Sequence[Reply]]) -> Family:
    """Return 1 or 0 for each privilege; a command the server does not have says nothing of privileges."""
    family = Family(
        "pantrywatch_privilege_granted",
        "gauge",
        "Whether the login has a privilege the exporter uses (1) or not (0).",
        ("exporter", "privilege"),
    )
    for privilege, has in _held(replies).items():
        family.add(int(has), "cache", privilege)
    return family


def _held(replies: Mapping[str, Sequence[Reply]]) -> dict[str, bool]:
    held = {}
    for privilege, collectors in _PRIVILEGES.items():
        parts = [reply for collector in collectors for reply in replies.get(collector, ())]
        errors = [part.error_class for part in parts if isinstance(part, ServerError)]
        if ErrorClass.PERMISSION in errors:
            held[privilege] = False
        elif len(errors) < len(parts):
            held[privilege] = True
    return held


def findings(replies: Mapping[str, Sequence[Reply]], username: str) -> list[Finding]:
    """Return what `validate` says of a server that let us in."""
    remedy = f"ACL SETUSER {username or 'default'} {RULES}"
    found = [Finding(ok=True, what="the server lets us in")]
    for privilege, has in _held(replies).items():
        what = f"command {privilege.upper()}" + ("" if has else f": without it, no {_COSTS[privilege]}")
        found.append(Finding(has, what, "" if has else remedy))
    return [*found, *_memory_limit(replies)]


def unreachable(error_class: ErrorClass) -> Finding:
    """Return what `validate` says of a server that cannot be asked."""
    return Finding(ok=False, what=f"the server ({error_class.value})", remedy=_UNREACHABLE.get(error_class, ""))


def _memory_limit(replies: Mapping[str, Sequence[Reply]]) -> list[Finding]:
    for reply in replies["config"]:
        if isinstance(reply, list) and reply[:1] == [b"maxmemory"]:
            limited = reply[1] != b"0"
            remedy = "" if limited else "CONFIG SET maxmemory SIZE, and maxmemory-policy allkeys-lru for a cache"
            return [Finding(limited, "a memory limit (maxmemory)", remedy)]
    return []
