"""`backup` and `restore`: what comes back, what never leaves, and which archives are refused."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from exporters.core.errors import ConfigError
from exporters.deployments import add_mark, read_marks
from pantrywatch.analysis.advise.applied import Applied, Numbers, read_applied, recorded
from pantrywatch.analysis.baseline.snapshot import Measured, Snapshot, file_of, load, save
from pantrywatch.native import backup as backups
from pantrywatch.native.state_dir import State
from pantrywatch.scheduler.day import Day
from pantrywatch.scheduler.memory import FILE, read_days, read_memory
from tests.support.small_disk import fill, small_disk

_SILENCES = b"\x05\x0a\x03abc"
_ONE, _TWO, _THREE = (Day(date(2026, 11, number), "lcp", 9, 10, 0.75, 86400) for number in (1, 2, 3))


def _state(folder: Path, *days: Day, versions: tuple[str, ...] = (), silences: bytes = b"") -> State:
    state = State(folder)
    state.prepare()
    state.secret("web_password")
    if days:
        state.file(f"scheduler/{FILE}").write_bytes(b"".join(day.line() for day in days))
    for number, version in enumerate(versions):
        add_mark(state.file("deployments.txt"), version, 1000.0 + number)
    if silences:
        state.file("alertmanager/silences").write_bytes(silences)
    return state


def _seen(state: State) -> dict[str, bytes]:
    names = (f"scheduler/{FILE}", "deployments.txt", "alertmanager/silences")
    return {name: state.file(name).read_bytes() for name in names if state.file(name).exists()}


def test_what_is_backed_up_comes_back_on_another_machine(tmp_path: Path) -> None:
    """Days, marks and silences, as they were; a torn end is not a day; an archive is private and never replaced."""
    old = _state(tmp_path / "old", _ONE, _TWO, versions=("v1", "v2"), silences=_SILENCES)
    with old.file(f"scheduler/{FILE}").open("ab") as file:
        file.write(_THREE.line()[:20])
    archive = tmp_path / "kept.tar.gz"
    assert backups.backup(old, archive) == 0
    assert archive.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConfigError, match="does not exist yet"):
        backups.backup(old, archive)
    new = State(tmp_path / "new")
    assert backups.restore(new, archive) == 0
    assert _seen(new) == _seen(old) | {f"scheduler/{FILE}": _ONE.line() + _TWO.line()}
    assert backups.restore(new, archive) == 0, "twice is once"
    assert len(read_days(new.file(f"scheduler/{FILE}"))[0]) == 2


def test_snapshots_are_backed_up(tmp_path: Path) -> None:
    """Each that `baseline save` has made; those that are only on the other machine stay, other files do not leave."""
    archive, (old, new) = tmp_path / "kept.tar.gz", (State(tmp_path / name) for name in ("old", "new"))
    days = Snapshot(date(2026, 11, 1), date(2026, 11, 14), [Measured("lcp", 9.0, 10.0, 14, 0.01)])
    for state, name in ((old, "before-2.0"), (new, "here")):
        save(file_of(state.path, name), days)
    old.write("baselines/Notes.json", "{}")
    assert backups.backup(old, archive) == 0
    assert backups.restore(new, archive) == 0
    assert sorted(file.name for file in new.file("baselines").iterdir()) == ["before-2.0.json", "here.json"]
    assert load(file_of(new.path, "before-2.0")).targets == days.targets


def test_what_was_applied_is_backed_up(tmp_path: Path) -> None:
    """Records of both places, oldest first, each once."""
    archive, (old, new) = tmp_path / "kept.tar.gz", (_state(tmp_path / name) for name in ("old", "new"))
    one = Applied(1000.0, "a", "drop-index", "main", "crm", "public.i", "public.t", ("DROP",), (), Numbers())
    for state, record in ((old, one), (new, replace(one, id="b", at=2000.0))):
        with recorded(state.file("advice.jsonl"), record):
            pass
    backups.backup(old, archive)
    for _ in range(2):
        backups.restore(new, archive)
        assert [record.id for record in read_applied(new.file("advice.jsonl"))] == ["a", "b"]


def test_what_is_newer_than_the_backup_stays(tmp_path: Path) -> None:
    """Days and marks that are only in the state directory are kept; of those in both the archive's count, once."""
    changed = Day(_TWO.on, "lcp", 1, 10, 0.75, 86400)
    archive = tmp_path / "kept.tar.gz"
    backups.backup(_state(tmp_path / "old", _ONE, _TWO, versions=("v1",)), archive)
    new = _state(tmp_path / "new", changed, _THREE, versions=("v1", "v2"), silences=_SILENCES)
    backups.restore(new, archive)
    assert sorted(read_days(new.file(f"scheduler/{FILE}"))[0], key=lambda day: day.on) == [_ONE, _TWO, _THREE]
    assert [mark.version for mark in read_marks(new.file("deployments.txt"))] == ["v1", "v2"]
    assert new.file("alertmanager/silences").read_bytes() == _SILENCES, "the archive has none"


def test_no_secret_is_in_a_backup(tmp_path: Path) -> None:
    """Of a state directory with secrets, an archive holds three files and the manifest: no password, no settings."""
    state = _state(tmp_path / "old", _ONE, versions=("v1",), silences=_SILENCES)
    archive = tmp_path / "kept.tar.gz"
    backups.backup(state, archive)
    with tarfile.open(archive) as opened:
        names = opened.getnames()
    assert names == ["pantrywatch-backup.json", f"scheduler/{FILE}", "deployments.txt", "alertmanager/silences"]
    assert state.secret("web_password").encode() not in gzip.decompress(archive.read_bytes())


def test_a_new_installation_has_nothing_to_back_up(tmp_path: Path) -> None:
    """There is no archive then, and the exit code says so."""
    assert backups.backup(_state(tmp_path / "new"), tmp_path / "kept.tar.gz") == 1
    assert not (tmp_path / "kept.tar.gz").exists()


def _packed(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for member, content in members:
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _member(name: str, content: bytes, **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    for field, value in fields.items():
        setattr(member, field, value)
    return member, content


def _with(name: str, content: bytes) -> Callable[[bytes], bytes]:
    """Return what packs a right manifest and one file."""
    return lambda _: backups.archive_of({name: content})


_FOREIGN: dict[str, Callable[[bytes], bytes]] = {
    "cut short": lambda whole: whole[: len(whole) // 2],
    "a changed byte": lambda whole: whole[:60] + bytes([whole[60] ^ 0xFF]) + whole[61:],
    "empty": lambda _: b"",
    "another file": lambda _: b"days",
    "a tar without compression": gzip.decompress,
    "a snapshot that leads elsewhere": _with("baselines/../settings.json", b"{}"),
    "no manifest": lambda _: _packed(_member("deployments.txt", b"")),
    "a manifest of another format": lambda _: _packed(_member("pantrywatch-backup.json", b'{"format": 2}')),
    "a manifest that is not one": lambda _: _packed(_member("pantrywatch-backup.json", b"[" * 100_000)),
    "a file that the manifest lacks": lambda _: _packed(
        _member("pantrywatch-backup.json", json.dumps({"format": 1, "sha256": {}}).encode()),
        _member("deployments.txt", b"1000 v1\n"),
    ),
    "a path upwards": lambda _: _packed(_member("../deployments.txt", b"1000 v1\n")),
    "an absolute path": lambda _: _packed(_member("/deployments.txt", b"1000 v1\n")),
    "a link": lambda _: _packed(_member("deployments.txt", b"", type=tarfile.SYMTYPE, linkname="secrets")),
    "a device": lambda _: _packed(_member("deployments.txt", b"", type=tarfile.CHRTYPE)),
    "a name twice": lambda _: _packed(_member("deployments.txt", b""), _member("deployments.txt", b"")),
    "too large a file": lambda _: _packed(_member("deployments.txt", bytes(65 * 1024 * 1024))),
    "damaged days": _with(f"scheduler/{FILE}", b"{}\n"),
    "damaged silences": _with("alertmanager/silences", b"\x05\x0a\x03ab"),
}


@pytest.mark.parametrize("what", _FOREIGN)
def test_an_archive_that_is_damaged_or_foreign_changes_nothing(tmp_path: Path, what: str) -> None:
    """It is refused with the file named, before anything is replaced, and nothing appears anywhere else."""
    whole = tmp_path / "whole.tar.gz"
    backups.backup(_state(tmp_path / "old", _ONE, versions=("v1",), silences=_SILENCES), whole)
    state = _state(tmp_path / "new", _TWO, versions=("v2",), silences=_SILENCES)
    before, around = _seen(state), sorted(tmp_path.rglob("*"))
    foreign = tmp_path / "old" / "foreign.tar.gz"
    foreign.write_bytes(_FOREIGN[what](whole.read_bytes()))
    with pytest.raises(ConfigError, match=r"foreign.tar.gz: backup: expected"):
        backups.restore(state, foreign)
    assert _seen(state) == before
    assert sorted(tmp_path.rglob("*")) == sorted([*around, foreign])


def test_a_stack_or_scheduler_that_runs_is_not_written_under(tmp_path: Path) -> None:
    """Both would go on with what they have in memory: it says what to stop, and changes nothing."""
    archive = tmp_path / "kept.tar.gz"
    backups.backup(_state(tmp_path / "old", _ONE), archive)
    state = _state(tmp_path / "new", _TWO)
    memory = read_memory(state.file("scheduler"))
    with pytest.raises(ConfigError, match="expected no other scheduler"):
        backups.restore(state, archive)
    assert memory.file is not None
    assert _seen(state) == {f"scheduler/{FILE}": _TWO.line()}


def test_a_full_disk_leaves_all_or_nothing(tmp_path: Path) -> None:
    """Where one file cannot be written, those before it are put back."""
    days = [Day(date(2026, month, day), "lcp", 9, 10, 0.75, 86400) for month in range(1, 12) for day in range(1, 29)]
    archive = tmp_path / "kept.tar.gz"
    backups.backup(_state(tmp_path / "old", *days, versions=("v1",), silences=_SILENCES * 20_000), archive)
    with small_disk(tmp_path / "disk", "384k") as disk:
        state = _state(disk / "state", _TWO, versions=("v2",), silences=_SILENCES)
        before = _seen(state)
        fill(disk)
        os.truncate(disk / "filler", (disk / "filler").stat().st_size - 120 * 1024)
        with pytest.raises(OSError, match="No space left"):
            backups.restore(state, archive)
        assert _seen(state) == before
