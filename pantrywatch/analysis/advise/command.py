"""`pantrywatch advise`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.postgres_dsn import Dsn
from exporters.core.problem_text import suggestion
from exporters.core.settings import secret_from
from pantrywatch.analysis.advise.advice import Advice
from pantrywatch.analysis.advise.advisors import advice_on, ranked
from pantrywatch.analysis.advise.applied import Applied, Effect, add_effects, read_applied
from pantrywatch.analysis.advise.catalog import Server
from pantrywatch.analysis.advise.effects import effects_of
from pantrywatch.analysis.advise.metrics import metric_advice
from pantrywatch.analysis.advise.plans import with_plans
from pantrywatch.analysis.advise.reading import Source, read_server
from pantrywatch.analysis.advise.text import text_of
from pantrywatch.analysis.advise.what_if import with_costs
from pantrywatch.config.settings import read_settings
from pantrywatch.web.prometheus import Prometheus

_SHOWN_SECONDS = 30 * 86400.0  # that what was applied is listed for


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for. `server`: the name of one in the settings; None: all.

    `applied`: the file of what was applied; `now`: the Unix time.
    """

    settings: Path
    server: str | None
    unused_days: float
    as_json: bool
    prometheus: Prometheus
    applied: Path
    now: Callable[[], float] = time.time


@dataclass(frozen=True, slots=True)
class Found:
    """The advice on servers, the servers as they were read, and what could not be read, in words."""

    advice: list[Advice]
    servers: list[Server]
    sources: list[Source]
    notes: list[str]


def print_advice(wanted: Wanted) -> int:
    """Print the advice on the servers of a settings file; returns 1 if none of them could be read.

    The effect of what was applied a day ago or earlier is measured, and kept. Raises ConfigError for a mistake in the
    settings, and for a server that is not in them.
    """
    found = find_advice(wanted)
    add_effects(wanted.applied, effects_of(found.servers, read_applied(wanted.applied), wanted.now()))
    applied = [one for one in read_applied(wanted.applied) if one.at >= wanted.now() - _SHOWN_SECONDS]
    advice = ranked([*found.advice, *_of_metrics(wanted, found.notes)])
    if wanted.as_json:
        listed = [{"id": one.id, **asdict(one)} for one in advice]
        print(json.dumps({"advice": listed, "applied": list(map(asdict, applied)), "not_known": found.notes}, indent=2))
    else:
        print(text_of(advice, found.notes, applied), end="")
    return int(bool(found.sources) and not found.servers)


def find_advice(wanted: Wanted) -> Found:
    """Return the advice on the servers by what they say now. Raises ConfigError."""
    notes: list[str] = []
    sources = sources_of(wanted.settings)
    _require_known(wanted.server, [source.name for source in sources])
    servers = [server for source in sources if (server := read_server(source, notes.append))]
    of_servers = advice_on(servers, wanted.unused_days * 86400, notes.append)
    asked = [one for one in of_servers if wanted.server in (None, one.server)]
    costs = [
        one
        for source in sources
        for one in with_costs(source, [one for one in asked if one.server == source.name], notes.append)
    ]
    return Found(with_plans(sources, servers, costs), servers, sources, notes)


def _of_metrics(wanted: Wanted, notes: list[str]) -> list[Advice]:
    """Return what Prometheus knows of the whole installation, so not for one server alone."""
    return metric_advice(wanted.prometheus, notes.append) if wanted.server is None else []


def measure_effects(
    settings: Path, due: Sequence[Applied], now: float
) -> tuple[dict[tuple[str, float], Effect], dict[str, str]]:
    """Return by id and time the effects that can be measured now, and by server why it could not be read.

    Raises ConfigError.
    """
    servers, away = [], {}
    for source in sources_of(settings):
        if source.name in {one.server for one in due}:
            notes: list[str] = []
            server = read_server(source, notes.append)
            if server is None:
                away[source.name] = "; ".join(notes)
            else:
                servers.append(server)
    return effects_of(servers, due, now), away


def sources_of(settings: Path) -> list[Source]:
    """Return all servers of a settings file, as replicas of one that is asked for count too. Raises ConfigError."""
    file, sources = str(settings), []
    for position, target in enumerate(read_settings(settings).database):
        if not target.pgbouncer:
            entry = f"database[{position}].dsn"
            dsn = Dsn(secret_from(target.dsn, target.dsn_file, entry, file), entry, file)
            sources.append(Source(target.name, dsn, target.include_databases, target.exclude_databases))
    return sources


def _require_known(server: str | None, names: Sequence[str]) -> None:
    if server is not None and server not in names:
        expected = f"expected the name of a server in the section database{suggestion(server, names)}"
        raise ConfigError([ConfigProblem("command line", "--server", expected)])
