"""What Alertmanager, Prometheus and Redis refuse to start with is found in what they say, and only that is moved."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pantrywatch.generate.alertmanager.state_files import is_whole
from pantrywatch.native.recovery import Recovery
from pantrywatch.native.state_dir import State
from pantrywatch.native.supervisor import Component
from tests.support.properties import cases

_SILENCE = b"\x05\x0a\x03abc"
_BLOCK = "01HZZZZZZZZZZZZZZZZZZZZZZZ"


def _component(name: str, state: str = "BACKOFF") -> Component:
    return Component(name, state, "", 0, 0.0)


@pytest.mark.parametrize(
    ("component", "says", "moved"),
    [
        ("alertmanager", 'caller=main.go:312 level=error err="unexpected EOF"', "alertmanager/silences"),
        ("alertmanager", 'caller=main.go:293 level=error err="proto: illegal wireType 6"', "alertmanager/silences"),
        ("alertmanager", 'level=ERROR source=main.go:1 msg="error creating silence" err="invalid state"',
         "alertmanager/silences"),
        ("alertmanager", 'level=error component=configuration msg="Loading failed" err="unexpected EOF"', None),
        ("alertmanager", 'level=error err="listen tcp 127.0.0.1:9093: bind: address already in use"', None),
        ("prometheus", 'err="opening storage failed: /s/data/chunks_head/000001: invalid magic number 77"',
         "prometheus/data/chunks_head/000001"),
        ("prometheus", f'err="opening storage failed: reloadBlocks: corrupted block {_BLOCK}: open index"',
         f"prometheus/data/{_BLOCK}"),
        ("prometheus", 'err="opening storage failed: lock DB directory: resource temporarily unavailable"', None),
        ("redis", "# Wrong signature trying to load DB from file", "redis/dump.rdb"),
        ("redis", "--- RDB ERROR DETECTED ---", "redis/dump.rdb"),
        ("redis", "# Warning: Could not create server TCP listening socket: bind: Address already in use", None),
        ("postgres", "PANIC: could not locate a valid checkpoint record", None),
    ],
)  # fmt: skip
def test_only_what_is_damaged_is_put_aside(tmp_path: Path, component: str, says: str, moved: str | None) -> None:
    """A component that says its file is damaged starts again without it; any other reason touches nothing."""
    state = State(tmp_path)
    files = {
        "alertmanager/silences": b"\x09half", "alertmanager/nflog": _SILENCE, "redis/dump.rdb": b"x",
        "prometheus/data/chunks_head/000001": b"x", f"prometheus/data/{_BLOCK}/meta.json": b"{}",
        "postgres/PG_VERSION": b"15", f"log/{component}.log": b"",
    }  # fmt: skip
    for name, content in files.items():
        state.file(name).parent.mkdir(parents=True, exist_ok=True)
        state.file(name).write_bytes(content)
    recovery = Recovery(state)
    state.file(f"log/{component}.log").write_text(f"starting\n{says}\n")
    assert recovery.recover([_component(component, "RUNNING")]) == []
    assert recovery.recover([_component(component)]) == ([component] if moved else [])
    aside = [str(path.relative_to(tmp_path)).partition(".damaged-")[0] for path in tmp_path.rglob("*.damaged-*")]
    assert aside == ([moved] if moved else [])
    assert recovery.recover([_component(component)]) == []


def test_what_an_earlier_run_said_is_past(tmp_path: Path) -> None:
    """A line from before this start moves nothing, and a component without a log hinders nobody."""
    state = State(tmp_path)
    for name in ("log", "redis"):
        state.file(name).mkdir()
    state.file("redis/dump.rdb").touch()
    state.file("log/redis.log").write_text("# Wrong signature trying to load DB from file\n")
    assert Recovery(state).recover([_component("redis", "FATAL"), _component("alertmanager")]) == []
    assert state.file("redis/dump.rdb").exists()


def test_a_file_of_whole_messages_is_whole(tmp_path: Path) -> None:
    """As Alertmanager writes it, cut short it is not."""
    for content, whole in ((b"", True), (_SILENCE * 3, True), (_SILENCE[:-1], False), (b"\0" * 9, False)):
        (tmp_path / "file").write_bytes(content)
        assert is_whole(tmp_path / "file") is whole


@cases(300)
@given(st.binary(max_size=60))
def test_whatever_the_file_holds_it_is_whole_or_not(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """No bytes make the look at them fail."""
    file = tmp_path_factory.getbasetemp() / "file"
    file.write_bytes(content)
    assert is_whole(file) in {True, False}
