"""Metrics of a day, as a table: what the monitoring has recorded of a pool, a cache and limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

DAY_SECONDS = 86_400
STEP_SECONDS = 60
_AHEAD_SECONDS = 900  # a test may take as long

Level = Callable[[int], float]  # of the seconds since the start of the day


@dataclass(frozen=True, slots=True)
class Series:
    """One series of the last day; of a counter `level` is its rate per second, otherwise its value."""

    name: str
    labels: str
    level: Level
    is_counter: bool = False

    def samples(self, end: int) -> Iterator[tuple[int, float]]:
        """Yield time and value, once a minute for the day before `end` and a quarter of an hour after it."""
        total = 0.0
        for at in range(0, DAY_SECONDS + _AHEAD_SECONDS + 1, STEP_SECONDS):
            value = self.level(at)
            total += value * STEP_SECONDS
            yield end - DAY_SECONDS + at, total if self.is_counter else value


def openmetrics(series: Iterable[Series], end: int) -> str:
    """Return the samples as `filled_prometheus` of tests/support takes them."""
    families: dict[str, list[Series]] = {}
    for each in series:
        families.setdefault(each.name, []).append(each)
    return "".join(_family(name, members, end) for name, members in families.items()) + "# EOF\n"


def _family(name: str, members: list[Series], end: int) -> str:
    lines = [f"# TYPE {name} unknown"]
    for each in members:
        lines += [f"{name}{{{each.labels}}} {value:.9g} {at}" for at, value in each.samples(end)]
    return "\n".join(lines) + "\n"


def always(value: float) -> Level:
    """The same at any time."""
    return lambda _: value


def busy(quiet: float, at_work: float) -> Level:
    """One value at night and another from 8 to 18 o'clock, as in an office."""
    return lambda at: at_work if 8 * 3600 <= at < 18 * 3600 else quiet


def once(usual: float, for_a_minute: float) -> Level:
    """The same all day, except one minute at noon."""
    return lambda at: for_a_minute if at == 12 * 3600 else usual


def counter(name: str, labels: str, per_second: Level) -> Series:
    """Return a counter that grows by `per_second`."""
    return Series(name, labels, per_second, is_counter=True)


def lookups(instance: str, prefix: str, hits: float, misses: float) -> tuple[Series, ...]:
    """Return what an application counts of its cache, per second at work, a quarter of it at night."""
    labels = f'job="application",instance="{instance}",prefix="{prefix}",result='
    rates = (("hit", hits), ("miss", misses), ("off", 0.0))
    name = "crm_app_cache_requests_total"
    return tuple(counter(name, f'{labels}"{result}"', busy(rate / 4, rate)) for result, rate in rates)


def otel_pool(instance: str, used: Level, waiting: Level, most: int, pool: str = "") -> tuple[Series, ...]:
    """Return a pool of an application by the names of OpenTelemetry, which the rules read."""
    labels = f'job="application",instance="{instance}"'
    labels += f',db_client_connection_pool_name="{pool}"' if pool else ""
    state = labels + ",db_client_connection_state="
    return (
        Series("db_client_connection_count", f'{state}"used"', used),
        Series("db_client_connection_count", f'{state}"idle"', lambda at: most - used(at)),
        Series("db_client_connection_max", labels, always(most)),
        Series("db_client_connection_pending_requests", labels, waiting),
    )


def connections(used: Level, limit: int) -> tuple[Series, ...]:
    """Return the connections of the server, as the exporter counts them."""
    labels = 'job="database",instance="primary"'
    return (
        Series("pantrywatch_database_connections_used", labels, used),
        Series("pantrywatch_database_connections_limit", labels, always(limit)),
        Series("pg_settings_max_connections", labels + ',server="127.0.0.1:5432"', always(limit + 3)),
    )


def pgbouncer_pool(used: Level, waiting: Level, longest_wait_seconds: Level, size: int) -> tuple[Series, ...]:
    """Return the pool `crm` of a PgBouncer `pooler`, by the names of pgbouncer_exporter."""
    server = 'job="database",instance="pooler"'
    labels = f'{server},database="crm",user="crm_app"'
    return (
        Series("pgbouncer_pools_server_active_connections", labels, used),
        Series("pgbouncer_pools_server_idle_connections", labels, lambda at: max(0, size - used(at))),
        Series("pgbouncer_pools_client_waiting_connections", labels, waiting),
        Series("pgbouncer_pools_client_maxwait_seconds", labels, longest_wait_seconds),
        Series("pgbouncer_databases_pool_size", f'{server},name="crm",database="crm"', always(size)),
    )


def redis_memory(used_bytes: Level, most_bytes: float, evicted: Level) -> tuple[Series, ...]:
    """Return the memory of Redis, its limit and the keys it evicts per second."""
    labels = 'job="cache",instance="cache"'
    return (
        Series("redis_memory_used_bytes", labels, used_bytes),
        Series("redis_memory_max_bytes", labels, always(most_bytes)),
        Series("redis_config_maxmemory", labels, always(most_bytes)),
        counter("redis_evicted_keys_total", labels, evicted),
    )


def container_memory(instance: str, used_bytes: Level, most_bytes: float) -> tuple[Series, ...]:
    """Return the memory of a container and its limit."""
    labels = f'job="host",instance="{instance}"'
    return (
        Series("pantrywatch_container_memory_working_set_bytes", labels, used_bytes),
        Series("pantrywatch_container_memory_anon_bytes", labels, lambda at: used_bytes(at) * 0.9),
        Series("pantrywatch_container_memory_limit_bytes", labels, always(most_bytes)),
    )


def index_scans(dbname: str, schema: str, table: str, index: str, per_second: float) -> Series:
    """Return how often an index is used."""
    labels = f'job="database",instance="primary",server="127.0.0.1:5432",datname="{dbname}",schemaname="{schema}"'
    labels += f',relname="{table}",indexrelname="{index}"'
    return counter("pg_stat_user_indexes_idx_scan", labels, always(per_second))


def checkpoints(timed_per_hour: float, requested_per_hour: float) -> tuple[Series, ...]:
    """Return checkpoints as the exporter counts them."""
    labels = 'job="database",instance="primary",server="127.0.0.1:5432"'
    return (
        counter("pg_stat_bgwriter_checkpoints_timed_total", labels, always(timed_per_hour / 3600)),
        counter("pg_stat_bgwriter_checkpoints_req_total", labels, always(requested_per_hour / 3600)),
    )


def temporary_files(dbname: str, per_hour: float, bytes_each: float) -> tuple[Series, ...]:
    """Return what a database writes to temporary files."""
    labels = f'job="database",instance="primary",server="127.0.0.1:5432",datid="16385",datname="{dbname}"'
    return (
        counter("pg_stat_database_temp_files", labels, busy(0, per_hour / 3600)),
        counter("pg_stat_database_temp_bytes", labels, busy(0, per_hour / 3600 * bytes_each)),
    )
