"""Replicas as seen by a master, a master as seen by its replica, and what a Sentinel watches, all from INFO."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from exporters.cache.info import number, pairs
from exporters.core.cardinality import LabelLimit
from exporters.core.exposition import Family

_MASTER_LABELS = ("master_host", "master_port")
_SLAVE_LABELS = ("slave_ip", "slave_port", "slave_state")
_WATCHED_LABELS = ("master_name", "master_address")
_REPLICA = re.compile(r"slave\d{1,9}", re.ASCII)
_WATCHED = re.compile(r"master\d{1,9}", re.ASCII)
_AS_REPLICA = (
    ("master_link_status", "redis_master_link_up", "Whether the link to the master is up."),
    ("master_sync_in_progress", "redis_master_sync_in_progress", "Whether the master is sending its data."),
    ("master_last_io_seconds_ago", "redis_master_last_io_seconds_ago", "Seconds since the last data from the master."),
    ("slave_repl_offset", "redis_slave_repl_offset", "Replication offset of this replica."),
)
_SENTINEL = (
    ("sentinel_masters", "redis_sentinel_masters", "Masters the Sentinel watches."),
    ("sentinel_tilt", "redis_sentinel_tilt", "Whether the Sentinel distrusts its clock and is inactive (tilt)."),
    ("sentinel_running_scripts", "redis_sentinel_running_scripts", "Scripts that the Sentinel is running."),
    ("sentinel_scripts_queue_length", "redis_sentinel_scripts_queue_length", "Scripts waiting to be run."),
    ("sentinel_simulate_failure_flags", "redis_sentinel_simulate_failure_flags", "Simulated failures, as flags."),
)


def replication(fields: Mapping[str, str], replicas: LabelLimit) -> list[Family]:
    """Return a replica's view of its master, or a master's view of its replicas, from INFO.

    Replicas behind one address (NAT, replica-announce-ip) share a series: the smallest offset and the greatest lag.
    """
    families = _as_replica(fields) if "master_host" in fields else []
    offsets: dict[tuple[str, ...], float] = {}
    lags: dict[tuple[str, ...], float] = {}
    for field, value in fields.items():
        if _REPLICA.fullmatch(field) and replicas.admit(field) == field:
            replica = pairs(value)
            labels = (replica.get("ip", ""), replica.get("port", ""), replica.get("state", ""))
            for worst, readings, key in ((min, offsets, "offset"), (max, lags, "lag")):
                if (reading := number(replica.get(key))) is not None:
                    readings[labels] = worst(readings.get(labels, reading), reading)
    offset_help = "Replication offset of a replica, from INFO; of several with one address the smallest."
    lag_help = "Seconds since a replica last answered, from INFO; of several with one address the most."
    for name, text, readings in (
        ("redis_connected_slave_offset_bytes", offset_help, offsets),
        ("redis_connected_slave_lag_seconds", lag_help, lags),
    ):
        if readings:
            families.append(Family(name, "gauge", text, _SLAVE_LABELS, list(readings.items())))
    return families


def _as_replica(fields: Mapping[str, str]) -> list[Family]:
    master = (fields["master_host"], fields.get("master_port", ""))
    info = Family("redis_slave_info", "gauge", "1, for a replica.", (*_MASTER_LABELS, "read_only"))
    info.add(1, *master, fields.get("slave_read_only", ""))
    return [info, *_from_fields(fields, _AS_REPLICA, _MASTER_LABELS, master)]


def sentinel(fields: Mapping[str, str], watched: LabelLimit) -> list[Family]:
    """Return a Sentinel's state and the masters it watches, from INFO; names as redis_exporter's."""
    status = Family(
        "redis_sentinel_master_status",
        "gauge",
        "1, with the Sentinel's verdict on a master: ok, sdown or odown. From INFO.",
        (*_WATCHED_LABELS, "master_status"),
    )
    replicas = Family(
        "redis_sentinel_master_slaves",
        "gauge",
        "Replicas of a master known to the Sentinel, from INFO.",
        _WATCHED_LABELS,
    )
    sentinels = Family(
        "redis_sentinel_master_sentinels", "gauge", "Sentinels that watch a master, from INFO.", _WATCHED_LABELS
    )
    for field, value in fields.items():
        if _WATCHED.fullmatch(field) and watched.admit(field) == field:
            master = pairs(value)
            labels = (master.get("name", ""), master.get("address", ""))
            status.add(1, *labels, master.get("status", ""))
            for family, key in ((replicas, "slaves"), (sentinels, "sentinels")):
                if (reading := number(master.get(key))) is not None:
                    family.add(reading, *labels)
    return [*_from_fields(fields, _SENTINEL), status, replicas, sentinels]


def _from_fields(
    fields: Mapping[str, str],
    table: Iterable[tuple[str, str, str]],
    names: tuple[str, ...] = (),
    labels: tuple[str, ...] = (),
) -> Iterable[Family]:
    for field, name, text in table:
        if (value := number(fields.get(field))) is not None:
            yield Family(name, "gauge", f"{text} From INFO, {field}.", names, [(labels, value)])
