"""`backup` and `restore`: what a new machine cannot make again, in one archive, without any secret.

The days of the scheduler, the snapshots of `baseline save`, the marks of deployments and of applied advice, and
Alertmanager's silences; a manifest names each file with its checksum. An archive is checked whole before anything is
replaced.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import tarfile
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from exporters import __version__
from exporters.applied_advice import APPLIED_FILE, lines_of, read_documents
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.files import write_atomically, write_private
from exporters.deployments import MARKS_FILE, Mark, read_marks
from pantrywatch.generate.alertmanager.state_files import is_whole
from pantrywatch.native.console import say
from pantrywatch.native.state_dir import State
from pantrywatch.scheduler.day import Day
from pantrywatch.scheduler.memory import FILE, lock_memory, read_days

_MANIFEST = "pantrywatch-backup.json"
_FORMAT = 1
_DAYS, _SILENCES = f"scheduler/{FILE}", "alertmanager/silences"
_SNAPSHOT = re.compile(r"baselines/[a-z0-9][a-z0-9_.-]{0,62}\.json")
_MOST_SNAPSHOTS = 1000
_MOST_BYTES = 64 * 1024 * 1024  # of one file: 13 months of 100 targets are 10 MB


def backup(state: State, file: Path) -> int:
    """Write the archive, also while the stack runs; returns the exit code. Raises ConfigError, OSError.

    Damaged lines of the days are left out; an existing file is never replaced.
    """
    if file.exists():
        _refuse(file, "a file that does not exist yet")
    files = dict(_contents(state))
    if not files:
        say(f"{state.path}: nothing to back up")
        return 1
    write_private(file, archive_of(files))
    say(f"{file}: {', '.join(files)}; secrets and settings are not in it")
    return 0


def restore(state: State, file: Path) -> int:
    """Put the archive's files into a state directory whose stack is stopped; returns the exit code.

    Days, marks and snapshots that are only here stay. Raises ConfigError with nothing changed: an archive that is
    damaged or not of `backup`, a stack that runs.
    """
    files = _checked(file)
    state.prepare()
    with _stopped(state):
        ready = {name: _MERGED.get(name, _as_it_is)(state.file(name), content) for name, content in files.items()}
        _replace(state, ready)
    say(f"{state.path}: restored {', '.join(ready)}")
    return 0


def _contents(state: State) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file that is there."""
    if (days := state.file(_DAYS)).exists():
        found, faults, _ = read_days(days)
        if faults:
            say(f"{days}: {len(faults)} damaged lines are left out")
        yield _DAYS, _lines(found)
    if (marks := read_marks(state.file(MARKS_FILE))) or state.file(MARKS_FILE).exists():
        yield MARKS_FILE, _marks(marks)
    for snapshot in sorted(state.file("baselines").glob("*.json"))[:_MOST_SNAPSHOTS]:
        if _SNAPSHOT.fullmatch(name := f"baselines/{snapshot.name}"):
            yield name, snapshot.read_bytes()
    if (applied := state.file(APPLIED_FILE)).exists():
        yield APPLIED_FILE, lines_of(read_documents(applied)).encode()
    if (silences := state.file(_SILENCES)).exists():
        if not is_whole(silences):
            _refuse(silences, "silences as Alertmanager writes them: the file is damaged")
        yield _SILENCES, silences.read_bytes()


def archive_of(files: Mapping[str, bytes]) -> bytes:
    """Return the archive of these files, by name, with its manifest."""
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    manifest = {"format": _FORMAT, "version": __version__, "made_at": int(time.time()), "sha256": sums}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        for name, content in {_MANIFEST: json.dumps(manifest).encode(), **files}.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = len(content), 0o600, int(time.time())
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def _checked(file: Path) -> dict[str, bytes]:
    """Return the files of an archive, all of which are whole and as they were written. Raises ConfigError, OSError."""
    try:
        members = _members(file)
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, UnicodeError) as error:
        _refuse(file, f"an archive of `backup`: it is damaged or another file ({error})")
    sums = _sums(file, members.pop(_MANIFEST, b""))
    if sums != {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}:
        _refuse(file, "an archive of `backup` with the files and checksums of its manifest")
    for name, content in members.items():
        _require_valid(file, name, content)
    return members


def _members(file: Path) -> dict[str, bytes]:
    """Return name → content of an archive's members: only known names, regular files and sizes pass.

    Nothing is extracted: the content of a known name is written where this program has it, so no name leads anywhere.
    """
    found: dict[str, bytes] = {}
    with tarfile.open(file, mode="r:gz") as archive:
        for member in archive:
            is_known = member.name in {_MANIFEST, *_MERGED} or _SNAPSHOT.fullmatch(member.name)
            if (
                not is_known
                or member.name in found
                or len(found) > _MOST_SNAPSHOTS + len(_MERGED)
                or not member.isreg()
                or not 0 <= member.size <= _MOST_BYTES
            ):
                _refuse(file, "an archive of `backup`: it has a member that `backup` does not write")
            content = archive.extractfile(member)
            found[member.name] = content.read() if content else b""
    return found


def _sums(file: Path, manifest: bytes) -> Any:
    try:
        document = json.loads(manifest)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        _refuse(file, f"an archive of `backup`: no manifest of format {_FORMAT} is in it")
    return document.get("sha256")


def _require_valid(file: Path, name: str, content: bytes) -> None:
    """Raise ConfigError unless whoever reads the file could read this."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        copy.write_bytes(content)
        if name == _DAYS and (faults := read_days(copy)[1]):
            _refuse(file, f"days in {name}: {faults[0]}")
        if name == _SILENCES and not is_whole(copy):
            _refuse(file, f"silences in {name}")


def _merged_days(file: Path, content: bytes) -> bytes:
    """Return the archive's days, and those that only the state directory has."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / FILE).write_bytes(content)
        restored = read_days(Path(folder) / FILE)[0]
    here = read_days(file)[0] if file.exists() else []
    return _lines(list({day.key: day for day in (*here, *restored)}.values()))


def _merged_marks(file: Path, content: bytes) -> bytes:
    """Return the marks of both; whoever reads them takes the newest."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / MARKS_FILE).write_bytes(content)
        marks = {*read_marks(Path(folder) / MARKS_FILE), *read_marks(file)}
    return _marks(sorted(marks, key=lambda mark: mark.timestamp_seconds))


def _merged_applied(file: Path, content: bytes) -> bytes:
    """Return what was applied by both, oldest first; the effect of the archive counts where both have one."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / APPLIED_FILE).write_bytes(content)
        documents = [*read_documents(file), *read_documents(Path(folder) / APPLIED_FILE)]
    known = {(str(one.get("id")), str(one.get("at"))): one for one in documents}
    return lines_of(sorted(known.values(), key=_applied_at)).encode()


def _applied_at(document: Mapping[str, Any]) -> float:
    at = document.get("at")
    return float(at) if isinstance(at, int | float) else 0.0


def _as_it_is(_file: Path, content: bytes) -> bytes:
    return content


# What may be in an archive → what becomes of it and of what is there.
_MERGED: dict[str, Callable[[Path, bytes], bytes]] = {
    _DAYS: _merged_days,
    MARKS_FILE: _merged_marks,
    APPLIED_FILE: _merged_applied,
    _SILENCES: _as_it_is,
}


def _replace(state: State, files: Mapping[str, bytes]) -> None:
    """Write all files, or none: what was replaced is put back if one of them cannot be written. Raises OSError."""
    before = {name: state.file(name).read_bytes() for name in files if state.file(name).exists()}
    try:
        for name, content in files.items():
            state.file(name).parent.mkdir(mode=0o700, exist_ok=True)
            write_atomically(state.file(name), content, None if name in before else 0o600)
    except OSError:
        for name in files:
            if name in before:
                if state.file(name).read_bytes() != before[name]:
                    write_atomically(state.file(name), before[name])
            else:
                state.file(name).unlink(missing_ok=True)
        raise


@contextmanager
def _stopped(state: State) -> Iterator[None]:
    """Hold the locks of the state directory and of the scheduler. Raises ConfigError while one of them runs."""
    lock = state.lock()
    try:
        memory = lock_memory(state.file("scheduler"))
        try:
            yield
        finally:
            os.close(memory)
    finally:
        lock.release()


def _lines(days: list[Day]) -> bytes:
    return b"".join(day.line() for day in sorted(days, key=lambda day: day.key))


def _marks(marks: list[Mark]) -> bytes:
    return "".join(f"{mark.timestamp_seconds:.3f} {mark.version}\n" for mark in marks).encode()


def _refuse(file: Path, expected: str) -> NoReturn:
    raise ConfigError([ConfigProblem(str(file), "backup", f"expected {expected}")])
