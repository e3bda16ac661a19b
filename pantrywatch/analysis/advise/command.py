"""`pantrywatch advise`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.postgres_dsn import Dsn
from exporters.core.problem_text import suggestion
from exporters.core.settings import secret_from
from pantrywatch.analysis.advise.advice import Advice
from pantrywatch.analysis.advise.advisors import advice_on, ranked
from pantrywatch.analysis.advise.metrics import metric_advice
from pantrywatch.analysis.advise.reading import Source, read_server
from pantrywatch.analysis.advise.text import text_of
from pantrywatch.analysis.advise.what_if import with_costs
from pantrywatch.config.settings import read_settings
from pantrywatch.web.prometheus import Prometheus


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for. `server`: the name of one in the settings; None: all."""

    settings: Path
    server: str | None
    unused_days: float
    as_json: bool
    prometheus: Prometheus


def print_advice(wanted: Wanted) -> int:
    """Print the advice on the servers of a settings file; returns 1 if none of them could be read.

    Raises ConfigError for a mistake in the settings, and for a server that is not in them.
    """
    notes: list[str] = []
    sources = _sources(wanted)
    servers = [server for source in sources if (server := read_server(source, notes.append))]
    of_servers = advice_on(servers, wanted.unused_days * 86400, notes.append)
    asked = [one for one in of_servers if wanted.server in (None, one.server)]
    costs = [
        one
        for source in sources
        for one in with_costs(source, [one for one in asked if one.server == source.name], notes.append)
    ]
    found = ranked([*costs, *_of_metrics(wanted, notes)])
    if wanted.as_json:
        print(json.dumps({"advice": [{"id": one.id, **asdict(one)} for one in found], "not_known": notes}, indent=2))
    else:
        print(text_of(found, notes), end="")
    return int(bool(sources) and not servers)


def _of_metrics(wanted: Wanted, notes: list[str]) -> list[Advice]:
    """Return what Prometheus knows of the whole installation, so not for one server alone."""
    return metric_advice(wanted.prometheus, notes.append) if wanted.server is None else []


def _sources(wanted: Wanted) -> list[Source]:
    """Return all servers of the settings, as replicas of one that is asked for count too. Raises ConfigError."""
    file, sources = str(wanted.settings), []
    for position, target in enumerate(read_settings(wanted.settings).database):
        if not target.pgbouncer:
            entry = f"database[{position}].dsn"
            dsn = Dsn(secret_from(target.dsn, target.dsn_file, entry, file), entry, file)
            sources.append(Source(target.name, dsn, target.include_databases, target.exclude_databases))
    names = [source.name for source in sources]
    if wanted.server is not None and wanted.server not in names:
        expected = f"expected the name of a server in the section database{suggestion(wanted.server, names)}"
        raise ConfigError([ConfigProblem("command line", "--server", expected)])
    return sources
