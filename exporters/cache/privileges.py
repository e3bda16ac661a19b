"""What a login may do: the self-check on every scrape, and the findings of `validate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from exporters.cache import families
from exporters.cache import replies as shapes
from exporters.cache.info import Info, parse_info
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.exposition import Family
from exporters.core.redis_client import Reply
from exporters.core.redis_errors import ServerError
from exporters.core.scrape import Finding, Level

# The minimum that every collector needs; provisioning/cache/pantrywatch.acl grants the same.
RULES: Final = (
    "resetchannels -@all +ping +info +client|setname +config|get +slowlog|len +slowlog|get +latency|latest"
    " +latency|histogram"
)
# What `samples` needs beyond that: names of keys and what the server keeps about them, no value.
SAMPLE_RULES: Final = "~* +scan +select +memory|usage +object|encoding +object|freq"

_PRIVILEGES = {
    "info": ("info",),
    "config": ("config",),
    "slowlog": ("slowlog",),
    "latency": ("latency", "latency_histogram"),
    "scan": ("scan",),
    "memory": ("memory",),
    "object": ("object",),
}
_COSTS = {
    "info": "no metrics but the slow log and latencies",
    "config": "no number of threads, and no 0 for databases that are empty",
    "slowlog": "no length and newest entry of the slow log",
    "latency": "no latency spikes, and no latency histogram of each command",
    "scan": "no samples of keys",
    "memory": "no memory by prefix and encoding, and no largest key",
    "object": "no memory by encoding, and no frequency of access",
}
_LIMITS = {"redis_config_maxclients": "maxclients", "redis_config_maxmemory": "maxmemory"}
_REMOVED = (
    "nothing to grant: this server does not have the command. It is an older release, or the provider has "
    "renamed or removed it, as managed services do"
)
_UNREACHABLE = {
    ErrorClass.REFUSED: "nothing listens there: check host, port, firewall and protected mode",
    ErrorClass.TIMEOUT: "no answer in time: check that the server is not frozen and no firewall drops the packets",
    ErrorClass.AUTH: "the login is not accepted: check user and password in the URL",
    ErrorClass.TLS: "TLS cannot be established: check rediss:// against redis://, and ca_file",
    ErrorClass.DNS: "the host name does not resolve",
    ErrorClass.PROTOCOL: "what listens there is neither Redis nor Valkey",
    ErrorClass.EXHAUSTED: "the server accepts no more clients: raise maxclients",
    ErrorClass.STARTING: "the server is loading its data: wait until it has",
}


def granted(replies: Mapping[str, Sequence[Reply]]) -> Family:
    """Return 1 or 0 for each privilege; a missing command is not evidence about privileges."""
    family = Family(
        "pantrywatch_privilege_granted",
        "gauge",
        "Whether the login has a privilege that the exporter uses (1) or not (0).",
        ("exporter", "privilege"),
    )
    for privilege, has in _held(replies).items():
        family.add(int(has), "cache", privilege)
    return family


def _held(replies: Mapping[str, Sequence[Reply]]) -> dict[str, bool]:
    held = {}
    for privilege in _PRIVILEGES:
        classes = _classes(replies, privilege)
        if ErrorClass.PERMISSION in classes:
            held[privilege] = False
        elif None in classes:
            held[privilege] = True
    return held


def _classes(replies: Mapping[str, Sequence[Reply]], privilege: str) -> set[ErrorClass | None]:
    """Return the classes of the errors among the replies that need a privilege, None for any other reply."""
    parts = [reply for collector in _PRIVILEGES[privilege] for reply in replies.get(collector, ())]
    return {part.error_class if isinstance(part, ServerError) else None for part in parts}


def findings(replies: Mapping[str, Sequence[Reply]], username: str) -> list[Finding]:
    """Return the findings of `validate` for a server that accepted the login."""
    info = _info(replies)
    found = [Finding(ok=True, what="the server accepts the login")]
    if info.is_sentinel:
        return [*found, Finding(ok=True, what="a Sentinel: only INFO is available and used")]
    held = _held(replies)
    rules = f"{RULES} {SAMPLE_RULES}" if "scan" in replies else RULES
    for privilege in (one for one, collectors in _PRIVILEGES.items() if collectors[0] in replies):
        what = f"command {privilege.upper()}"
        if held.get(privilege):
            found.append(Finding(ok=True, what=what))
        else:
            cost = ", ".join([_COSTS[privilege], *_lost_limits(privilege, info)])
            remedy = f"ACL SETUSER {username or 'default'} {rules}" if privilege in held else _REMOVED
            found.append(Finding(ok=False, what=f"{what}: without it, {cost}", remedy=remedy))
    return [*found, *_percentiles(replies), *_memory_limit(replies, info)]


def _info(replies: Mapping[str, Sequence[Reply]]) -> Info:
    try:
        return parse_info(shapes.data(replies["info"][0]))
    except CollectError:
        return Info()


def _lost_limits(privilege: str, info: Info) -> list[str]:
    """Return the limits that INFO does not contain either."""
    if privilege != "config":
        return []
    known = {family.name for family in families.configuration((), info.fields)[0]}
    return [f"no {setting}" for name, setting in _LIMITS.items() if name not in known]


def unreachable(error_class: ErrorClass) -> Finding:
    """Return the findings of `validate` for a server that cannot be queried."""
    remedy = _UNREACHABLE.get(error_class, "")
    return Finding(False, f"the server ({error_class.value})", remedy, Level.FAULT)


def _percentiles(replies: Mapping[str, Sequence[Reply]]) -> list[Finding]:
    """Return advice where LATENCY is granted but has no histograms: Redis before 7.0."""
    lacks = ErrorClass.VERSION in _classes({"latency_histogram": replies.get("latency_histogram", ())}, "latency")
    if not lacks or ErrorClass.VERSION in _classes({"latency": replies.get("latency", ())}, "latency"):
        return []
    return [
        Finding(False, "latency percentiles", "Redis 7.0 and later have them; means by command remain", Level.ADVICE)
    ]


def _memory_limit(replies: Mapping[str, Sequence[Reply]], info: Info) -> list[Finding]:
    answers = [reply for reply in replies["config"] if not isinstance(reply, ServerError)]
    for family in families.configuration(answers, info.fields)[0]:
        if family.name == "redis_config_maxmemory":
            limited = family.samples[0][1] != 0
            remedy = "" if limited else "CONFIG SET maxmemory SIZE, and maxmemory-policy allkeys-lru for a cache"
            return [Finding(limited, "a memory limit (maxmemory)", remedy, Level.ADVICE)]
    return []
