"""From the replies of a Redis or Valkey server to metric families; names, types and labels as redis_exporter's."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence

from exporters.cache.fields import FIELDS
from exporters.cache.info import Info, number, pairs
from exporters.core.cardinality import LabelLimit
from exporters.core.exposition import Family, HistogramFamily, HistogramSample

# Every second power of two of the server's own bucket edges, so that the cumulative counts are exact; the server
# leaves out edges that add nothing, which would make series come and go. Beyond 1 s it counts everything as 1 s.
HISTOGRAM_EDGES_USEC = (8, 33, 132, 528, 2113, 8454, 33816, 135266, 541065)

_FIELDS = [(field, f"redis_{name}", kind, f"{text} From INFO, {field}.") for field, name, kind, text in FIELDS]
_MOST_PADDED_DATABASES = 64
_INSTANCE_LABELS = (
    "role", "redis_version", "redis_build_id", "redis_mode", "os", "maxmemory_policy", "tcp_port", "run_id",
    "process_id",
)  # fmt: skip
_MASTER_LABELS = ("master_host", "master_port")
_SLAVE_LABELS = ("slave_ip", "slave_port", "slave_state")
_CONFIGURATION = {
    "io-threads": ("redis_config_io_threads", "Threads for input and output, from CONFIG GET."),
    "maxclients": ("redis_config_maxclients", "Most client connections allowed, from CONFIG GET."),
    "maxmemory": ("redis_config_maxmemory", "Memory limit in bytes, from CONFIG GET; 0 means no limit."),
}


def server(info: Info) -> list[Family]:
    """Return one family for each known field of INFO, and who the server is."""
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
        yield _single("redis_start_time_seconds", "When the server started; now less its uptime.", _now() - uptime)
    if fork is not None:
        text = "Duration of the last fork, from INFO, latest_fork_usec."
        yield _single("redis_latest_fork_seconds", text, fork / 1e6)


def _now() -> int:
    return int(time.time())  # whole seconds, as the uptime is


def _instance(fields: Mapping[str, str]) -> Family:
    names = (*_INSTANCE_LABELS, "valkey_version") if "valkey_version" in fields else _INSTANCE_LABELS
    family = Family("redis_instance_info", "gauge", "1, with what the server says of itself in INFO.", names)
    values = {"redis_mode": fields.get("server_mode", ""), **fields}
    family.add(1, *(values.get(name, "") for name in names))
    return family


def replication(fields: Mapping[str, str], replicas: LabelLimit) -> list[Family]:
    """Return the view of a replica on its master, or of a master on its replicas, from INFO."""
    families = _as_replica(fields) if "master_host" in fields else []
    offset = Family(
        "redis_connected_slave_offset_bytes", "gauge", "Replication offset of a replica, from INFO.", _SLAVE_LABELS
    )
    lag = Family(
        "redis_connected_slave_lag_seconds", "gauge", "Seconds since a replica last answered, from INFO.", _SLAVE_LABELS
    )
    for field, value in fields.items():
        if field.startswith("slave") and field[5:].isdigit() and replicas.admit(field) == field:
            replica = pairs(value)
            labels = (replica.get("ip", ""), replica.get("port", ""), replica.get("state", ""))
            for family, key in ((offset, "offset"), (lag, "lag")):
                if (reading := number(replica.get(key))) is not None:
                    family.add(reading, *labels)
    return [*families, *(family for family in (offset, lag) if family.samples)]


def _as_replica(fields: Mapping[str, str]) -> list[Family]:
    master = (fields["master_host"], fields.get("master_port", ""))
    info = Family("redis_slave_info", "gauge", "1, for a replica.", (*_MASTER_LABELS, "read_only"))
    info.add(1, *master, fields.get("slave_read_only", ""))
    families = [info]
    for field, name, text in (
        ("master_link_status", "redis_master_link_up", "Whether the link to the master is up."),
        ("master_sync_in_progress", "redis_master_sync_in_progress", "Whether the master is sending its data."),
        ("master_last_io_seconds_ago", "redis_master_last_io_seconds_ago", "Seconds since the master last spoke."),
        ("slave_repl_offset", "redis_slave_repl_offset", "Replication offset of this replica."),
    ):
        if (value := number(fields.get(field))) is not None:
            families.append(Family(name, "gauge", f"{text} From INFO, {field}.", _MASTER_LABELS, [(master, value)]))
    return families


def keyspace(databases: Mapping[str, str], configured: int, label: LabelLimit) -> list[Family]:
    """Return the keys of each database; INFO leaves out empty ones, which have 0 where their number is known."""
    keys = Family("redis_db_keys", "gauge", "Keys in the database, from INFO.", ("db",))
    expiring = Family("redis_db_keys_expiring", "gauge", "Keys with a time to live, from INFO.", ("db",))
    ttl = Family("redis_db_avg_ttl_seconds", "gauge", "Average time to live, from INFO.", ("db",))
    totals: dict[str, list[float]] = {}
    for number_of in range(min(configured, _MOST_PADDED_DATABASES)):
        totals[label.admit(f"db{number_of}")] = [0, 0]
    for database, value in databases.items():
        fields, name = pairs(value), label.admit(database)
        total = totals.setdefault(name, [0, 0])
        total[0] += number(fields.get("keys")) or 0
        total[1] += number(fields.get("expires")) or 0
        if name == database and (milliseconds := number(fields.get("avg_ttl"))) is not None:
            ttl.add(milliseconds / 1000, name)
    for name, (count, with_ttl) in totals.items():
        keys.add(count, name)
        expiring.add(with_ttl, name)
    return [keys, expiring, ttl]


def errors(by_code: Mapping[str, str], label: LabelLimit) -> Family:
    """Return the error replies by their first word, from INFO's section Errorstats (6.2 and later)."""
    totals: dict[str, float] = {}
    for field, value in by_code.items():
        name = label.admit(field.removeprefix("errorstat_"))
        totals[name] = totals.get(name, 0) + (number(pairs(value).get("count")) or 0)
    family = Family("redis_errors_total", "counter", "Error replies by their code, from INFO.", ("err",))
    for name, total in totals.items():
        family.add(total, name)
    return family


_COMMAND_FAMILIES = (
    ("redis_commands_total", "calls", 1, "Calls by command, from INFO."),
    ("redis_commands_duration_seconds_total", "usec", 1e6, "CPU time by command, from INFO."),
    ("redis_commands_rejected_calls_total", "rejected_calls", 1, "Calls refused before they ran, from INFO."),
    ("redis_commands_failed_calls_total", "failed_calls", 1, "Calls that failed while they ran, from INFO."),
)


def commands(by_command: Mapping[str, str], label: LabelLimit) -> list[Family]:
    """Return calls, time and failures by command, from INFO's section Commandstats; failures since 6.2."""
    families = []
    parsed = [(label.admit(field[8:]), pairs(value)) for field, value in by_command.items()]  # cmdstat_NAME
    for name, key, divisor, text in _COMMAND_FAMILIES:
        totals: dict[str, int] = {}
        for command, fields in parsed:
            if key in fields:
                totals[command] = totals.get(command, 0) + int(fields[key])
        family = Family(name, "counter", text, ("cmd",))
        for command, total in totals.items():
            family.add(total if divisor == 1 else total / divisor, command)
        if totals:
            families.append(family)
    return families


def latency_histogram(
    reply: Sequence[object], by_command: Mapping[str, str], label: LabelLimit, own: Collection[str]
) -> HistogramFamily:
    """Return the latency of each command since the server's start, from LATENCY HISTOGRAM (7.0 and later).

    `reply` alternates names and [b"calls", n, b"histogram_usec", [edge, cumulative count, ...]]; the sums come from
    Commandstats. `own` are commands of the exporter's, whose latency is nobody's business.
    """
    family = HistogramFamily(
        "redis_commands_latencies_usec",
        "Time a command ran, microseconds, from LATENCY HISTOGRAM; without those that only exporters send.",
        ("cmd",),
    )
    totals: dict[str, tuple[list[int], int, int]] = {}
    for raw, details in zip(reply[::2], reply[1::2], strict=True):
        assert isinstance(raw, bytes) and isinstance(details, list)  # noqa: PT018 - narrows two types at once
        name = raw.decode(errors="replace")
        if name in own:
            continue
        command, (calls, pairs_of_bucket) = label.admit(name), (details[1], details[3])
        usec = int(pairs(by_command.get(f"cmdstat_{name}", "")).get("usec", 0))
        buckets, count, total = totals.get(command, ([0] * len(HISTOGRAM_EDGES_USEC), 0, 0))
        added = [a + b for a, b in zip(buckets, _at_edges(pairs_of_bucket), strict=True)]
        totals[command] = (added, count + calls, total + usec)
    for command, (buckets, count, total) in totals.items():
        edges = list(zip(HISTOGRAM_EDGES_USEC, buckets, strict=True))
        family.samples.append(HistogramSample((command,), edges, count, total))
    return family


def _at_edges(flat: Sequence[int]) -> list[int]:
    """Return the cumulative count at each of our edges, from edges and cumulative counts in turn."""
    counts, position, count = [], 0, 0
    for edge in HISTOGRAM_EDGES_USEC:
        while position < len(flat) and flat[position] <= edge:
            count = flat[position + 1]
            position += 2
        counts.append(count)
    return counts


def configuration(replies: Iterable[Sequence[bytes]]) -> tuple[list[Family], int]:
    """Return the limits in the replies of CONFIG GET, and the number of databases (0: not said)."""
    families, databases = [], 0
    for reply in replies:
        for name, value in zip(reply[::2], reply[1::2], strict=True):
            setting, reading = name.decode(), number(value.decode())
            if setting == "databases":
                databases = int(reading or 0)
            elif setting in _CONFIGURATION and reading is not None:
                families.append(_single(*_CONFIGURATION[setting], reading))
    return families, databases


def slow_log(length: int, newest: Sequence[Sequence[int]]) -> list[Family]:
    """Return the state of the slow log, from SLOWLOG LEN and SLOWLOG GET 1; never the commands in it."""
    last_id, _, usec = newest[0][:3] if newest else (0, 0, 0)
    return [
        _single("redis_slowlog_length", "Entries in the slow log, from SLOWLOG LEN.", length),
        _single("redis_slowlog_last_id", "Id of the newest entry of the slow log.", last_id),
        _single("redis_last_slow_execution_duration_seconds", "Time the newest slow command ran.", usec / 1e6),
    ]


def latency_spikes(reply: Iterable[Sequence[object]], label: LabelLimit) -> list[Family]:
    """Return the last spike of each event of the latency monitor, from LATENCY LATEST; none while it is off."""
    labels = ("event_name",)
    last = Family("redis_latency_spike_last", "gauge", "When the last spike of the event was, unix time.", labels)
    duration = Family("redis_latency_spike_duration_seconds", "gauge", "Length of the event's last spike.", labels)
    for event, timestamp, milliseconds, *_ in reply:
        assert isinstance(event, bytes) and isinstance(timestamp, int) and isinstance(milliseconds, int)  # noqa: PT018
        name = event.decode(errors="replace")
        if label.admit(name) == name:
            last.add(timestamp, name)
            duration.add(milliseconds / 1000, name)
    return [last, duration]


def dropped(labels: Iterable[LabelLimit]) -> Family:
    """Return how many label values share `other`, or have no series, because a limit is reached."""
    family = Family(
        "pantrywatch_dropped_label_values_total",
        "counter",
        "Label values without series of their own because a limit is reached.",
        ("exporter", "label"),
    )
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
