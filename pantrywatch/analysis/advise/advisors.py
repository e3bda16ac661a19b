"""All advice on servers, in its order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from pantrywatch.analysis.advise.advice import Advice
from pantrywatch.analysis.advise.catalog import Database, Server
from pantrywatch.analysis.advise.indexes import index_advice
from pantrywatch.analysis.advise.new_indexes import new_index_advice
from pantrywatch.analysis.advise.sequences import sequence_advice
from pantrywatch.analysis.advise.server_settings import setting_advice
from pantrywatch.analysis.advise.statements import statement_advice
from pantrywatch.analysis.advise.tables import table_advice
from pantrywatch.analysis.advise.workload import read_workload


def advice_on(servers: Iterable[Server], unused_seconds: float, note: Callable[[str], None]) -> list[Advice]:
    """Return the advice on servers and their databases, the most useful first; what was left out is noted in words."""
    every = list(servers)
    found: list[Advice] = []
    for server in every:
        if server.is_standby:
            note(f"{server.name}: a replica: its scans count for its primary, and it has no advice of its own")
        else:
            found += _on_server(_with_replicas(server, every), unused_seconds, note)
    return ranked(found)


def ranked(found: Iterable[Advice]) -> list[Advice]:
    """Return advice in its order: what is doubtful last, then by rank. Of two about the same, the first alone."""
    first: dict[str, Advice] = {}
    for one in sorted(found, key=lambda one: (one.doubtful, -one.rank, one.id)):
        first.setdefault(one.id, one)
    return list(first.values())


def _on_server(server: Server, unused_seconds: float, note: Callable[[str], None]) -> Iterator[Advice]:
    if server.unseen_replicas:
        note(
            f"{server.name}: {server.unseen_replicas} replicas are not in the settings and may use what is not used: "
            "no index is called unused"
        )
    application, explained = frozenset[str](), list[str]()
    for database in server.databases:
        workload = read_workload(database, server.statements)
        application |= workload.application
        if workload.unread:
            note(f"{server.name}/{database.name}: {workload.unread} statements could not be understood")
        yield from index_advice(server, database, workload, unused_seconds)
        created = list(new_index_advice(server, database, workload))
        explained += (one.evidence for one in created)
        yield from created
        yield from table_advice(server, database)
        yield from sequence_advice(server, database)
        if unreadable := sum(not one.is_readable for one in database.sequences):
            note(f"{server.name}/{database.name}: {unreadable} sequences: permission: GRANT SELECT on them to the role")
    yield from setting_advice(server, application)
    yield from statement_advice(server, application, explained)


def _with_replicas(server: Server, every: Sequence[Server]) -> Server:
    """Return a primary that knows the scans of its replicas among the servers, and how many others it has."""
    replicas = [one for one in every if one.is_standby and one.system is not None and one.system == server.system]
    databases = tuple(_with_scans(database, replicas) for database in server.databases)
    return replace(server, databases=databases, unseen_replicas=max(0, server.unseen_replicas - len(replicas)))


def _with_scans(database: Database, replicas: Sequence[Server]) -> Database:
    scans = tuple(
        {index.oid: index.scans for index in one.indexes}
        for replica in replicas
        for one in replica.databases
        if one.name == database.name
    )
    return replace(database, replica_scans=scans)
