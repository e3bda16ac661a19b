"""The tables of PgBouncer's admin console as metrics, with the names and labels of pgbouncer_exporter.

A metric's `value` is a column here, and `source` the command. Columns differ by version: one that a version lacks gives
no sample. Source: https://www.pgbouncer.org/usage.html, and what 1.18 and 1.26 answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from psycopg.pq.abc import PGresult

from exporters.core.errors import CollectError, ErrorClass
from exporters.core.exposition import Family
from exporters.database.queries import Metric, Query
from exporters.database.statement import Row

_LIMIT = 30  # pools and databases with series of their own


def _pool(name: str, column: str, text: str) -> Metric:
    folded: Literal["max", "sum"] = "max" if column == "maxwait" else "sum"
    return Metric(f"pgbouncer_pools_{name}", "gauge", f"{text}, from SHOW POOLS.", column, folded=folded)


def _stat(name: str, column: str, text: str) -> Metric:
    return Metric(f"pgbouncer_stats_{name}", "counter", f"{text}, from SHOW STATS.", column)


def _database(name: str, text: str) -> Metric:
    return Metric(f"pgbouncer_databases_{name}", "gauge", f"{text}, from SHOW DATABASES.", name)


TABLES = (
    Query(
        name="pools",
        source="SHOW POOLS",
        labels={"database": "database", "user": "user"},
        limit=_LIMIT,
        rank="pgbouncer_pools_server_active_connections",
        fold=("database", "user"),
        metrics=(
            _pool("client_active_connections", "cl_active", "Clients linked to a server connection, or idle"),
            _pool("client_waiting_connections", "cl_waiting", "Clients waiting for a server connection"),
            _pool("client_active_cancel_connections", "cl_active_cancel_req", "Clients whose cancellation was sent"),
            _pool("client_waiting_cancel_connections", "cl_waiting_cancel_req", "Clients whose cancellation waits"),
            _pool("server_active_connections", "sv_active", "Server connections linked to a client"),
            _pool("server_active_cancel_connections", "sv_active_cancel", "Server connections sending a cancellation"),
            _pool("server_being_canceled_connections", "sv_being_canceled", "Servers waiting for cancellations to end"),
            _pool("server_idle_connections", "sv_idle", "Server connections ready for a client"),
            _pool("server_used_connections", "sv_used", "Server connections to be checked before their next use"),
            _pool("server_testing_connections", "sv_tested", "Server connections being reset or checked"),
            _pool("server_login_connections", "sv_login", "Server connections logging in"),
            _pool("client_maxwait_seconds", "maxwait", "How long the longest-waiting client has waited for a server"),
        ),
    ),
    Query(
        name="stats",
        source="SHOW STATS",
        labels={"database": "database"},
        limit=_LIMIT,
        rank="pgbouncer_stats_queries_pooled_total",
        fold=("database",),
        metrics=(
            _stat("queries_pooled_total", "total_query_count", "Queries"),
            _stat("queries_duration_seconds_total", "total_query_time", "Time servers were executing queries"),
            _stat("sql_transactions_pooled_total", "total_xact_count", "Transactions"),
            _stat("server_in_transaction_seconds_total", "total_xact_time", "Time servers were in a transaction"),
            _stat("client_wait_seconds_total", "total_wait_time", "Time clients waited for a server"),
            _stat("received_bytes_total", "total_received", "Bytes received"),
            _stat("sent_bytes_total", "total_sent", "Bytes sent"),
            _stat("client_parses_total", "total_client_parse_count", "Statements that clients prepared"),
            _stat("server_parses_total", "total_server_parse_count", "Statements prepared on servers"),
            _stat("binds_total", "total_bind_count", "Prepared statements bound"),
        ),
    ),
    Query(
        name="databases",
        source="SHOW DATABASES",
        labels={
            name: name for name in ("name", "host", "port", "database", "force_user", "pool_mode")
        },
        limit=_LIMIT,
        rank="pgbouncer_databases_current_connections",
        fold=("name", "host", "port", "database", "force_user", "pool_mode"),
        metrics=(
            _database("pool_size", "Most server connections of a pool"),
            _database("reserve_pool", "Additional server connections of a pool for clients that wait long"),
            _database("max_connections", "Most server connections of a database, 0 for no limit"),
            _database("current_connections", "Server connections of a database"),
            _database("paused", "Whether a database is paused (1)"),
            _database("disabled", "Whether a database is disabled (1)"),
        ),
    ),
)  # fmt: skip

# The rows of SHOW LISTS and SHOW CONFIG are one number each.
_LISTS = {
    "databases": ("databases", "Databases"),
    "users": ("users", "Users"),
    "pools": ("pools", "Pools"),
    "free_clients": ("free_clients", "Client slots allocated and free"),
    "used_clients": ("used_clients", "Clients"),
    "login_clients": ("login_clients", "Clients logging in"),
    "free_servers": ("free_servers", "Server slots allocated and free"),
    "used_servers": ("used_servers", "Server connections"),
    "dns_names": ("cached_dns_names", "DNS names in the cache"),
    "dns_zones": ("cached_dns_zones", "DNS zones in the cache"),
    "dns_queries": ("in_flight_dns_queries", "DNS queries in flight"),
}
_CONFIG = {
    "max_client_conn": ("config_max_client_connections", "Most client connections"),
    "max_user_connections": ("config_max_user_connections", "Most server connections of a user, 0 for no limit"),
}
LISTS = {"lists": ("SHOW LISTS", _LISTS), "config": ("SHOW CONFIG", _CONFIG)}

_RENAMED = {"reserve_pool_size": "reserve_pool"}  # so in 1.26
_MICROSECONDS = "_seconds_total"


def rows_of_table(query: Query, result: PGresult) -> list[Row]:
    """Return the rows of a table. Raises CollectError: version without a column of a label, protocol for no number."""
    rows = list(_named(result))
    if rows and not query.labels.keys() <= rows[0].keys():
        raise CollectError(ErrorClass.VERSION, f"{query.source} has other columns")
    return [
        (tuple(row[name] or "" for name in query.labels), tuple(_value(row, metric) for metric in query.columns()))
        for row in rows
    ]


def families_of_list(command: str, metrics: Mapping[str, tuple[str, str]], result: PGresult) -> Iterator[Family]:
    """Yield a family for each known row. Raises CollectError (protocol) if its value is not a number."""
    for row in range(result.ntuples):
        name, value = _text(result.get_value(row, 0)) or "", _text(result.get_value(row, 1))
        if name in metrics and value is not None:
            metric, text = metrics[name]
            yield Family(f"pgbouncer_{metric}", "gauge", f"{text}, from {command}.", (), [((), _number(value))])


def _named(result: PGresult) -> Iterator[dict[str, str | None]]:
    columns = [_text(result.fname(column)) or "" for column in range(result.nfields)]
    names = [_RENAMED.get(column, column) for column in columns]
    for row in range(result.ntuples):
        yield {name: _text(result.get_value(row, column)) for column, name in enumerate(names)}


def _value(row: Mapping[str, str | None], metric: Metric) -> float | None:
    text = row.get(metric.value)
    if text is None:
        return None
    if metric.value == "maxwait":
        return _number(text) + _number(row.get("maxwait_us") or "0") / 1e6
    return _number(text) / 1e6 if metric.name.endswith(_MICROSECONDS) else _number(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise CollectError(ErrorClass.PROTOCOL, "expected a number") from None


def _text(cell: bytes | None) -> str | None:
    return None if cell is None else cell.decode(errors="replace")
