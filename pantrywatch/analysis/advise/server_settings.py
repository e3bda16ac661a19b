"""Settings of a server that do not fit its work, or hardly any work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from pantrywatch.analysis.advise.advice import Advice, Kind, identifier, literal, size
from pantrywatch.analysis.advise.catalog import Server, Setting

FILE = Path(__file__).parent / "bounds.yaml"
_PAGE_BYTES = 8192
_TEMP_BYTES = 10 * 2**20  # less than this in temporary files is nothing to save
_WORK_MEM_TIMES = 3  # a sort needs more memory than its file is long
_MOST_WORK_MEM = 256 * 2**20
_LEAST_CHECKPOINTS = 2
# A checkpoint is due after about half of max_wal_size; with less between them somebody else asked for it.
_WAL_SHARE = 0.25
_MOST_WAL_MB = 65_536
_ELSEWHERE = frozenset(("database", "user", "database user", "client", "session"))


@dataclass(frozen=True, slots=True)
class Bound:
    """An entry of bounds.yaml, for one name."""

    name: str
    set: str
    effect: str
    risk: str
    is_on: bool = False
    at_least: float | None = None
    at_most: float | None = None
    unless: float | None = None

    def broken_by(self, value: str) -> Kind | None:
        """Return whether a value is too low or too high, by the kind of advice; None: it is fine, or not a number."""
        if self.is_on:
            return "raise-setting" if value in ("off", "no", "false", "0") else None
        try:
            number = float(value)
        except ValueError:
            return None
        if number == self.unless:
            return None
        if self.at_least is not None and number < self.at_least:
            return "raise-setting"
        return "lower-setting" if self.at_most is not None and number > self.at_most else None


@cache
def bounds() -> tuple[Bound, ...]:
    """Return the whole table, in its order."""
    entries = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return tuple(Bound(name, **entry) for entry in entries for name in entry.pop("names"))


def setting_advice(server: Server, application: frozenset[str]) -> Iterator[Advice]:
    """Yield which settings to change; `application`: query IDs of statements that read or write tables."""
    memory = [*_work_mem(server, application)]
    advised = {one.object for one in memory}
    for bound in bounds():
        setting = _of_server(server, bound.name)
        if setting and bound.name not in advised and (kind := bound.broken_by(setting.setting)):
            evidence = f"{bound.name} is {shown(setting)}"
            yield _changed(server, setting, kind, bound.set, (evidence, bound.effect, bound.risk), 0.35)
    yield from memory
    yield from _max_wal_size(server)
    yield from _costs(server)
    yield from _overrides(server)


def _of_server(server: Server, name: str) -> Setting | None:
    """Return a setting as all sessions have it: not one that is set for this role or database."""
    setting = server.settings.get(name)
    return None if setting is None or setting.source in _ELSEWHERE else setting


def _bytes(setting: Setting | None) -> float:
    units = {"kB": 1024, "8kB": _PAGE_BYTES, "MB": 2**20, "B": 1}
    return 0.0 if setting is None else float(setting.setting) * units.get(setting.unit or "B", 1)


def shown(setting: Setting) -> str:
    """Return its value for people."""
    if setting.unit in ("kB", "8kB", "MB", "B"):
        return size(_bytes(setting))
    return f"{setting.setting} {setting.unit}" if setting.unit else setting.setting


def _work_mem(server: Server, application: frozenset[str]) -> Iterator[Advice]:
    setting = _of_server(server, "work_mem")
    spilled = [one for one in server.statements if one.queryid in application and one.temp_blocks]
    total = sum(one.temp_blocks for one in spilled) * _PAGE_BYTES
    if setting is None or total < _TEMP_BYTES:
        return
    largest = max(spilled, key=lambda one: (one.temp_blocks, one.queryid))
    each = largest.temp_blocks * _PAGE_BYTES / largest.calls
    wanted = _power_of_two(each * _WORK_MEM_TIMES / 2**20)
    if not _bytes(setting) < wanted * 2**20 <= _MOST_WORK_MEM:
        return  # one that takes more is better given less to sort
    clients = _of_server(server, "max_connections")
    texts = (
        f"{len(spilled)} statements wrote {size(total)} of temporary files, {largest.queryid} {size(each)} a call",
        "sorts and hashes of these statements stay in memory",
        f"each sort or hash of each of {clients.setting if clients else 'all'} sessions may take as much",
    )
    yield _changed(server, setting, "raise-setting", f"{wanted}MB", texts, 0.45)


def _max_wal_size(server: Server) -> Iterator[Advice]:
    setting, timeout, done = (
        _of_server(server, "max_wal_size"),
        server.settings.get("checkpoint_timeout"),
        server.checkpoints,
    )
    if setting is None or timeout is None or done is None or done.requested < _LEAST_CHECKPOINTS:
        return
    between = done.seconds / (done.requested + done.timed)
    each = done.wal_bytes / done.requested
    if done.requested <= done.timed or between > float(timeout.setting) / 2 or each < _WAL_SHARE * _bytes(setting):
        return
    # As much as it writes until the next timed one, twice, and not more than eight times as large at once.
    needed = 2 * done.wal_bytes / done.seconds * float(timeout.setting) / 2**20
    now = _bytes(setting) / 2**20
    wanted = _power_of_two(min(max(needed, 2 * now), 8 * max(now, 128), _MOST_WAL_MB))
    texts = (
        f"{done.requested} of {done.requested + done.timed} checkpoints came as WAL was full, every {between:.0f} s",
        "fewer checkpoints, and less WAL, as each page is written whole once after each",
        f"up to {wanted} MB of WAL on the disk; recovery after a crash takes longer",
    )
    yield _changed(server, setting, "raise-setting", f"{wanted}MB", texts, 0.4)


def _costs(server: Server) -> Iterator[Advice]:
    """Yield what contradicts another setting."""
    cache_size, buffers = _of_server(server, "effective_cache_size"), server.settings.get("shared_buffers")
    if cache_size and buffers and _bytes(cache_size) < _bytes(buffers):
        wanted = round(3 * _bytes(buffers) / 2**20)
        texts = (
            f"effective_cache_size is {shown(cache_size)}, less than shared_buffers alone ({shown(buffers)})",
            "the planner knows that pages of indexes are in memory, and takes indexes where they are cheaper",
            "plans change; it takes no memory. About three quarters of the machine's are usual",
        )
        yield _changed(server, cache_size, "raise-setting", f"{wanted}MB", texts, 0.3)
    elif cache_size and _bytes(cache_size) < 256 * 2**20:
        texts = (
            f"effective_cache_size is {shown(cache_size)}, less than any machine's memory",
            "the planner knows that pages of indexes are in memory, and takes indexes where they are cheaper",
            "plans change; it takes no memory. About three quarters of the machine's are usual",
        )
        yield _changed(server, cache_size, "raise-setting", "1GB", texts, 0.3)
    random, sequential = _of_server(server, "random_page_cost"), server.settings.get("seq_page_cost")
    if random and sequential and float(random.setting) < float(sequential.setting):
        texts = (
            f"random_page_cost is {random.setting}, less than seq_page_cost ({sequential.setting})",
            "a scan of a whole table is no longer taken for dearer than one page after the other by an index",
            "plans change",
        )
        yield _changed(server, random, "raise-setting", sequential.setting, texts, 0.3)
    work, clients = _of_server(server, "work_mem"), server.settings.get("max_connections")
    if work and clients and cache_size and _bytes(work) > 256 * 2**20:
        most = _bytes(work) * float(clients.setting)
        if most > 8 * max(_bytes(cache_size), 2**32):
            texts = (
                f"work_mem {shown(work)} for a sort of each of {clients.setting} sessions is {size(most)}",
                "many sorts at a time no longer take all memory of the machine",
                "large sorts use temporary files; give the role of reports more: ALTER ROLE",
            )
            yield _changed(server, work, "lower-setting", "64MB", texts, 0.4)


def _overrides(server: Server) -> Iterator[Advice]:
    """Yield what is set for a database or a role and outside of the bounds."""
    for one in server.overrides:
        for bound in bounds():
            kind = bound.broken_by(one.value) if one.name == bound.name else None
            if kind is None:
                continue
            place = (
                f"DATABASE {identifier(one.database)}"
                if one.database and not one.role
                else f"ROLE {identifier(one.role)}"
            )
            place += f" IN DATABASE {identifier(one.database)}" if one.database and one.role else ""
            yield Advice(
                kind,
                server.name,
                f"{one.name} of {place.lower()}" if place.islower() else f"{one.name} of {place}",
                f"{one.name} is {one.value} for this {'role' if one.role else 'database'} alone",
                bound.effect,
                f"{bound.risk}; sessions that are open keep it",
                0.35,
                (f"ALTER {place} RESET {one.name};",),
                (f"ALTER {place} SET {one.name} = {literal(one.value)};",),
            )


def _changed(  # noqa: PLR0913, PLR0917 - what differs
    server: Server, setting: Setting, kind: Kind, value: str, texts: tuple[str, str, str], rank: float
) -> Advice:
    evidence, effect, risk = texts
    restart = setting.context == "postmaster"
    reload = ("SELECT pg_reload_conf();",)
    if restart:
        risk += "; takes a restart"
    if setting.source == "command line":
        risk += "; it is set on the server's command line, which goes first: change it there"
    # With its unit, as people write it; pages of 8kB have none.
    before = setting.setting + (setting.unit if setting.unit in ("B", "kB", "MB", "ms", "s", "min") else "")
    old = f"SET {setting.name} = {literal(before)}" if setting.is_altered else f"RESET {setting.name}"
    return Advice(
        kind,
        server.name,
        setting.name,
        evidence,
        effect,
        risk,
        rank,
        (f"ALTER SYSTEM SET {setting.name} = {literal(value)};", *(() if restart else reload)),
        (f"ALTER SYSTEM {old};", *(() if restart else reload)),
    )


def _power_of_two(megabytes: float) -> int:
    wanted = 1
    while wanted < megabytes:
        wanted *= 2
    return wanted
