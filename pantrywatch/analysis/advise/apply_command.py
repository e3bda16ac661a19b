"""`pantrywatch advise --apply ID`: shows it, asks, reads the servers again, and changes one thing."""

from __future__ import annotations

from collections.abc import Callable

from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.postgres_dsn import Dsn
from exporters.core.problem_text import suggestion
from exporters.core.settings import secret_from
from pantrywatch.analysis.advise.advice import Advice
from pantrywatch.analysis.advise.applied import Applied, recorded
from pantrywatch.analysis.advise.apply import NotAppliedError, Target, apply_advice, index_of, refusal, require_possible
from pantrywatch.analysis.advise.command import Found, Wanted, find_advice
from pantrywatch.analysis.advise.effects import numbers_before
from pantrywatch.analysis.advise.text import text_of
from pantrywatch.config.settings import read_settings
from pantrywatch.native.console import say

Confirm = Callable[[str], bool]


def apply_by_id(wanted: Wanted, id_: str, confirm: Confirm, *, asks: bool) -> int:
    """Apply the advice of this ID; returns 1 if it was not, and says why. `asks`: whether `confirm` asks a person.

    Raises ConfigError where the settings do not allow it on any server, or have a mistake.
    """
    _require_turned_on(wanted)
    try:
        one = _apply(wanted, id_, confirm, asks=asks)
    except NotAppliedError as error:
        say(f"not applied: {error}")
        return 1
    say("\n  ".join(("applied; undo it with", *(one.undo or ("nothing: nothing remains to be undone",)))))
    return 0


def _apply(wanted: Wanted, id_: str, confirm: Confirm, *, asks: bool) -> Advice:
    found = find_advice(wanted)
    one = _advised(found, id_)
    target = _target(wanted, found, one)
    say(text_of([one], ()).rstrip())
    if one.doubtful and not asks:
        raise NotAppliedError("it is doubtful: a person has to look at it, without --yes")
    require_possible(target, one)
    if not confirm(f"Run this on {one.server}, database {one.database}? [y/N] "):
        raise NotAppliedError("not confirmed")
    if asks:  # time has passed
        found = find_advice(wanted)
        _require_same(one, _advised(found, id_))
    _change(wanted, found, target, one)
    return one


def _change(wanted: Wanted, found: Found, target: Target, one: Advice) -> None:
    table = require_possible(target, one)
    index, now = index_of(one, table), wanted.now()
    before = numbers_before(found.servers, one, table.place, index)
    names = (one.id, one.kind, one.server, one.database, index or table.place, table.place)
    with recorded(wanted.applied, Applied(now, *names, one.sql, one.undo, before)):
        apply_advice(target, one)


def _require_turned_on(wanted: Wanted) -> None:
    advise = read_settings(wanted.settings).advise
    if advise is None or not advise.apply:
        expected = "expected advise.apply with the servers that may be changed, and as whom: it is off by default"
        raise ConfigError([ConfigProblem(str(wanted.settings), "advise.apply", expected)])


def _advised(found: Found, id_: str) -> Advice:
    """Return the advice of an ID. Raises NotAppliedError for one that is not given now, and for what is not applied."""
    for one in found.advice:
        if one.id == id_:
            if reason := refusal(one):
                raise NotAppliedError(reason)
            return one
    known = suggestion(id_, [one.id for one in found.advice if not refusal(one)])
    notes = "".join(f"; {note}" for note in found.notes)
    raise NotAppliedError(f"by what the servers say now, {id_} is not advised{known}{notes}")


def _require_same(before: Advice, now: Advice) -> None:
    if before.sql != now.sql:
        raise NotAppliedError(f"the advice has changed meanwhile: {' '.join(now.sql)}")


def _target(wanted: Wanted, found: Found, one: Advice) -> Target:
    """Return where and as whom to apply advice. Raises NotAppliedError for a server that the settings do not name."""
    advise, file = read_settings(wanted.settings).advise, str(wanted.settings)
    for position, target in enumerate(advise.apply if advise else ()):
        if target.server == one.server:
            entry = f"advise.apply[{position}].dsn"
            dsn = Dsn(secret_from(target.dsn, target.dsn_file, entry, file), entry, file, "pantrywatch advise")
            return Target(next(source for source in found.sources if source.name == one.server), dsn)
    raise NotAppliedError(f"advise.apply in {file} does not name {one.server}: nothing may be changed there")
