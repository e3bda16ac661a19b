"""What is planted, and how a list of advice is compared with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# The kinds of advice, a closed list; settings count as one, since which way is up depends on the setting.
SETTING = ("raise-setting", "lower-setting")
KINDS = (
    "create-index", "drop-index", "rebuild-index", "analyze-table", "vacuum-table", "autovacuum-table", *SETTING,
    "statement", "sequence", "cache-misses", "pool-small", "limits",
)  # fmt: skip

Advice = tuple[str, str]  # kind, object


@dataclass(frozen=True, slots=True)
class Truth:
    """One planted fault, or a near miss: then advice of this kind about this object is wrong.

    `objects` are the spellings of the one thing that is meant: `schema.table`, `schema.index`, `schema.sequence`, the
    name of a setting, `schema.table(column)` of an index to create, the identifier of a statement in
    pg_stat_statements or a part of its text, a prefix of keys, a pool or its instance, the metric of a limit. Of two
    equal indexes either may go: both are here, and advice to drop both is wrong once. `also`: advice about the same
    objects that is right as well, as a consequence of the same cause.
    """

    kind: str
    objects: tuple[str, ...]
    why: str
    also: tuple[str, ...] = ()

    def meant_by(self, advice: Advice) -> bool:
        """Whether the advice is this one, or one that is right as well."""
        kind, given = advice
        kinds = {*(SETTING if self.kind in SETTING else (self.kind,)), *self.also}
        return kind in kinds and any(_same(kind, _plain(each), _plain(given)) for each in self.objects)


@dataclass(frozen=True, slots=True)
class Judgement:
    """How good a list of advice is: faults found and missed, and advice that belongs to no fault."""

    found: tuple[Truth, ...]
    missed: tuple[Truth, ...]
    wrong: tuple[Advice, ...]


def judge(truths: Iterable[Truth], advice: Iterable[Advice]) -> Judgement:
    """Compare advice with what is planted. A fault named twice, by two of its objects, is found once and wrong once."""
    open_truths, given = list(truths), list(dict.fromkeys(advice))
    taken = {
        (index, _plain(each[1])) for each in given for index, truth in enumerate(open_truths) if truth.meant_by(each)
    }
    first: dict[int, str] = {}
    for index, name in sorted(taken, key=lambda pair: pair[0]):
        first.setdefault(index, name)
    wrong = tuple(
        each for each in given
        if not any(truth.meant_by(each) and first[index] == _plain(each[1]) for index, truth in enumerate(open_truths))
    )  # fmt: skip
    found = tuple(truth for index, truth in enumerate(open_truths) if index in first)
    return Judgement(found, tuple(truth for index, truth in enumerate(open_truths) if index not in first), wrong)


def _plain(name: str) -> str:
    """Without quotes, spaces and the schema `public`, in lower case."""
    plain = "".join(name.replace('"', "").lower().split())
    return plain.removeprefix("public.")


def _same(kind: str, truth: str, given: str) -> bool:
    if kind == "sequence":  # its column may be given as table(column) or table.column
        return given == truth or given == truth.replace("(", ".").removesuffix(")")
    if kind == "create-index":  # further columns after the first do no harm
        return given == truth or given.startswith(truth.removesuffix(")") + ",")
    return given == truth or (kind == "statement" and truth in given)
