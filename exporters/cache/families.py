"""From the replies of a Redis or Valkey server to metric families with redis_exporter's names, types and labels."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from exporters.cache import replies
from exporters.cache.fields import FIELDS
from exporters.cache.info import Info, Lines, number, pairs
from exporters.core.cardinality import DROPPED, DROPPED_LABELS, DROPPED_TEXT, LabelLimit
from exporters.core.exposition import Family
from exporters.core.redis_client import Reply

_FIELDS = [(field, f"redis_{name}", kind, f"{text} From INFO, {field}.") for field, name, kind, text in FIELDS]
_MOST_PADDED_DATABASES = 64
_INSTANCE_LABELS = (
    "role", "redis_version", "redis_build_id", "redis_mode", "os", "maxmemory_policy", "tcp_port", "run_id",
    "process_id",
)  # fmt: skip
# Setting → metric, its meaning, and the field of INFO with the same value, used if CONFIG is not available.
_CONFIGURATION = {
    "io-threads": ("redis_config_io_threads", "I/O threads, from CONFIG GET.", ""),
    "maxclients": (
        "redis_config_maxclients",
        "Maximum number of client connections, from CONFIG GET or INFO.",
        "maxclients",
    ),
    "maxmemory": (
        "redis_config_maxmemory",
        "Memory limit in bytes, from CONFIG GET or INFO; 0 means no limit.",
        "maxmemory",
    ),
}


def server(info: Info) -> list[Family]:
    """Return one family for each known field of INFO, and the server's identity."""
    families = []
    get = info.fields.get
    for field, name, kind, text in _FIELDS:
        value = number(get(field))
        if value is not None:
            families.append(Family(name, kind, text, (), [((), value)]))
    return [*families, *_derived(info.fields), _instance(info.fields)]


def _derived(fields: Mapping[str, str]) -> Iterable[Family]:
    uptime, fork = number(fields.get("uptime_in_seconds")), number(fields.get("latest_fork_usec"))
    if uptime is not None:
        yield _single(
            "redis_start_time_seconds", "When the server started: current time less its uptime.", _now() - uptime
        )
    if fork is not None:
        text = "Duration of the last fork, from INFO, latest_fork_usec."
        yield _single("redis_latest_fork_seconds", text, fork / 1e6)


def _now() -> int:
    return int(time.time())  # whole seconds, like the uptime


def _instance(fields: Mapping[str, str]) -> Family:
    names = (*_INSTANCE_LABELS, "valkey_version") if "valkey_version" in fields else _INSTANCE_LABELS
    family = Family("redis_instance_info", "gauge", "1, with the server's version and mode from INFO.", names)
    values = {"redis_mode": fields.get("server_mode", ""), **fields}
    family.add(1, *(values.get(name, "") for name in names))
    return family


def keyspace(databases: Lines, configured: int, label: LabelLimit) -> list[Family]:
    """Return the keys of each database; INFO omits empty ones, which get 0 if the number of databases is known."""
    keys = Family("redis_db_keys", "gauge", "Keys in the database, from INFO.", ("db",))
    expiring = Family("redis_db_keys_expiring", "gauge", "Keys with a time to live, from INFO.", ("db",))
    ttl = Family("redis_db_avg_ttl_seconds", "gauge", "Average time to live, from INFO.", ("db",))
    totals: dict[str, list[float]] = {}
    ttls: dict[str, float] = {}
    for number_of in range(min(configured, _MOST_PADDED_DATABASES)):
        totals[label.admit(f"db{number_of}")] = [0, 0]
    for database, value in databases:
        fields, name = pairs(value), label.admit(database)
        total = totals.setdefault(name, [0, 0])
        total[0] += number(fields.get("keys")) or 0
        total[1] += number(fields.get("expires")) or 0
        if name == database and (milliseconds := number(fields.get("avg_ttl"))) is not None:
            ttls[name] = milliseconds / 1000
    for name, (count, with_ttl) in totals.items():
        keys.add(count, name)
        expiring.add(with_ttl, name)
    for name, seconds in ttls.items():
        ttl.add(seconds, name)
    return [keys, expiring, ttl]


def errors(by_code: Lines, label: LabelLimit) -> Family:
    """Return the error replies by their first word, from INFO's section Errorstats (6.2 and later)."""
    totals: dict[str, float] = {}
    for field, value in by_code:
        name = label.admit(field.removeprefix("errorstat_"))
        totals[name] = totals.get(name, 0) + (number(pairs(value).get("count")) or 0)
    family = Family("redis_errors_total", "counter", "Error replies by their code, from INFO.", ("err",))
    for name, total in totals.items():
        family.add(total, name)
    return family


_COMMAND_FAMILIES = (
    ("redis_commands_total", "calls", 1, "Calls by command, from INFO."),
    ("redis_commands_duration_seconds_total", "usec", 1e6, "CPU time by command, from INFO."),
    ("redis_commands_rejected_calls_total", "rejected_calls", 1, "Calls rejected before execution, from INFO."),
    ("redis_commands_failed_calls_total", "failed_calls", 1, "Calls that failed during execution, from INFO."),
)


def commands(by_command: Lines, label: LabelLimit) -> list[Family]:
    """Return calls, time and failures by command, from INFO's section Commandstats; failures since 6.2."""
    families = []
    parsed = [(label.admit(field.removeprefix("cmdstat_")), pairs(value)) for field, value in by_command]
    for name, key, divisor, text in _COMMAND_FAMILIES:
        totals: dict[str, float] = {}
        for command, fields in parsed:
            if (reading := number(fields.get(key))) is not None:
                totals[command] = totals.get(command, 0) + reading
        family = Family(name, "counter", text, ("cmd",))
        for command, total in totals.items():
            family.add(total if divisor == 1 else total / divisor, command)
        if totals:
            families.append(family)
    return families


def configuration(answers: Iterable[Reply], fields: Mapping[str, str]) -> tuple[list[Family], int]:
    """Return the limits in the replies of CONFIG GET, and the number of databases (0: unknown).

    Limits that are missing there, because managed services remove CONFIG, come from the fields of INFO with the same
    value.
    """
    settings = {}
    for reply in answers:
        for name, value in replies.twos(reply):
            settings[replies.text(name)] = replies.text(value)
    families = []
    for setting, (name, text, field) in _CONFIGURATION.items():
        if (reading := number(settings.get(setting, fields.get(field)))) is not None:
            families.append(_single(name, text, reading))
    databases = number(settings.get("databases"))
    return families, int(databases or 0)


def slow_log_length(reply: Reply) -> Family:
    """Return the number of entries in the slow log, from SLOWLOG LEN."""
    return _single("redis_slowlog_length", "Entries in the slow log, from SLOWLOG LEN.", replies.count(reply))


def slow_log_newest(reply: Reply) -> list[Family]:
    """Return the newest entry of the slow log, from SLOWLOG GET 1; never its command."""
    newest = replies.items(reply)
    last_id, _, usec = replies.items(newest[0], 3)[:3] if newest else (0, 0, 0)
    return [
        _single("redis_slowlog_last_id", "Id of the newest entry of the slow log.", replies.count(last_id)),
        _single(
            "redis_last_slow_execution_duration_seconds",
            "Time the newest slow command ran.",
            replies.count(usec) / 1e6,
        ),
    ]


def dropped(labels: Iterable[LabelLimit]) -> Family:
    """Return how many label values share `other`, or have no series, because a limit is reached."""
    family = Family(DROPPED, "counter", DROPPED_TEXT, DROPPED_LABELS)
    for label in labels:
        family.add(label.dropped, "cache", label.name)
    return family


def last_scrape_error(error_class: str) -> Family:
    """Return redis_exporter's error metric, with a class in place of its error text ("" for none)."""
    family = Family(
        "redis_exporter_last_scrape_error",
        "gauge",
        "Whether the last scrape failed; err is the class of pantrywatch_collector_error.",
        ("err",),
    )
    family.add(int(bool(error_class)), error_class)
    return family


def _single(name: str, text: str, value: float) -> Family:
    return Family(name, "gauge", text, (), [((), value)])
