"""`pantrywatch advise --apply` and real servers: what is applied, as whom, and that nothing is left behind."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from exporters.core.clock import Clock
from exporters.core.postgres_dsn import Dsn
from exporters.core.settings import Secret
from pantrywatch.analysis.advise.advice import Advice
from pantrywatch.analysis.advise.applied import read_applied
from pantrywatch.analysis.advise.apply import NotAppliedError, Target, apply_advice
from pantrywatch.analysis.advise.command import Wanted, print_advice
from pantrywatch.analysis.advise.follow_up import FollowUp
from pantrywatch.analysis.advise.reading import Source
from pantrywatch.cli import main
from pantrywatch.web.prometheus import Prometheus
from tests.support import pgbouncers, postgres_versions, servers
from tests.support.exporter import ROOT

pytestmark = pytest.mark.long

_ROLE = ROOT / "provisioning/database/advise-role.sql"
_OPTIONS = {"shared_preload_libraries": "pg_stat_statements", "autovacuum": "off"}
_TABLES = (
    "CREATE TABLE contacts (id int PRIMARY KEY, email text, note text) WITH (autovacuum_enabled = off)",
    "INSERT INTO contacts SELECT n, 'a' || n, repeat('x', 80) FROM generate_series(1, 20000) AS n",
    "CREATE INDEX contacts_note ON contacts (note)",
    "CREATE INDEX contacts_note_again ON contacts (note)",
    "ALTER TABLE contacts OWNER TO crm_owner",
    "UPDATE contacts SET email = email || 'b'",
    "CREATE TABLE of_root (id int, note text)",
    "INSERT INTO of_root SELECT n, n FROM generate_series(1, 20000) AS n",
    "CREATE INDEX of_root_a ON of_root (note)",
    "CREATE INDEX of_root_b ON of_root (note)",
)
_CREATE = "create-index:main.crm.public.contacts (email)"
_DROP = "drop-index:main.crm.public.contacts_note_again"
_ANALYZE = "analyze-table:main.crm.public.contacts"
_AUTOVACUUM = "autovacuum-table:main.crm.public.contacts"
_VALID = "SELECT count(*) FROM pg_index WHERE indrelid = 'contacts'::regclass AND indisvalid"
_INDEXES = "SELECT count(*) FROM pg_index WHERE indrelid = 'contacts'::regclass"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, prepared: Callable[[servers.Postgres], None]) -> Iterator[Any]:
    """A server with both roles."""
    with servers.postgres(tmp_path_factory.mktemp("server"), options=_OPTIONS) as running:
        _prepare(running, prepared)
        yield running


@pytest.fixture
def crm(server: servers.Postgres) -> Iterator[servers.Postgres]:
    """The server with the database that is changed, after some work."""
    with _crm(server):
        yield server


def _prepare(running: servers.Postgres, prepared: Callable[[servers.Postgres], None]) -> None:
    prepared(running)
    running.execute(
        *(_ROLE.read_text() for _ in range(2)),  # it can be run again
        "CREATE ROLE crm_owner",
        "GRANT crm_owner TO pantrywatch_advise",
        f"ALTER ROLE pantrywatch_advise PASSWORD '{servers.PASSWORD}'",
    )


@contextmanager
def _crm(running: servers.Postgres) -> Iterator[None]:
    running.execute("CREATE DATABASE crm")
    running.execute("GRANT CREATE ON SCHEMA public TO crm_owner", *_TABLES, dbname="crm")
    _search(running)
    yield
    running.execute("DROP DATABASE crm WITH (FORCE)")


def _search(running: servers.Postgres, count: int = 12) -> None:
    with psycopg.connect(running.dsn("crm"), autocommit=True) as connection:
        for number in range(count):
            connection.execute("SELECT * FROM contacts WHERE email = %s", [f"a{number}b"])


def _settings(running: servers.Postgres, folder: Path, more: str | None = None) -> Path:
    (folder / "dsn").write_text(running.dsn(user="pantrywatch"))
    (folder / "advise-dsn").write_text(running.dsn(user="pantrywatch_advise"))
    apply = "advise:\n  apply:\n    - server: main\n      dsn_file: advise-dsn\n" if more is None else more
    text = "environment: test\ndatabase:\n  - name: main\n    dsn_file: dsn\n    include_databases: [crm]\n"
    (folder / "settings.yaml").write_text(text + apply)
    return folder / "settings.yaml"


def _wanted(settings: Path, *, days: float = 0.0) -> Wanted:
    nowhere = Prometheus(f"http://127.0.0.1:{servers.free_port()}")
    applied, at = settings.with_name("state") / "advice.jsonl", time.time() + days * 86400
    return Wanted(settings, None, 7.0, True, nowhere, applied, lambda: at)


def _apply(settings: Path, id_: str, *more: str) -> int:
    command = ["--state", str(settings.with_name("state")), "advise", "--apply", id_, "--settings", str(settings)]
    return main([*command, *(more or ("--yes",))])


def _applied(settings: Path, capsys: pytest.CaptureFixture[str], days: float) -> list[dict[str, Any]]:
    """Return what is known of what was applied, so many days from now."""
    capsys.readouterr()
    assert print_advice(_wanted(settings, days=days)) == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["applied"]
    return found


@pytest.mark.parametrize("major", [postgres_versions.MAJORS[0], postgres_versions.MAJORS[-1]])
def test_each_safe_kind_is_applied_by_the_role_alone(
    major: int, tmp_path: Path, prepared: Callable[[servers.Postgres], None], capsys: pytest.CaptureFixture[str]
) -> None:
    """The advice is gone after it, the new index belongs to the table's owner, and each change is recorded."""
    binaries, environment = postgres_versions.binaries(major), postgres_versions.environment(major)
    with servers.postgres(tmp_path / "server", binaries, _OPTIONS, environment) as running:
        _prepare(running, prepared)
        with _crm(running):
            settings = _settings(running, tmp_path)
            for id_ in (_CREATE, _DROP, _ANALYZE, _AUTOVACUUM):
                servers.wait_until(lambda id_=id_: _apply(settings, id_) == 0, 10, f"{id_}: {capsys.readouterr().out}")
            capsys.readouterr()
            assert _apply(settings, _CREATE) == 1
            assert f"{_CREATE} is not advised" in capsys.readouterr().out
            assert (
                running.value(
                    "SELECT relowner::regrole::text FROM pg_class WHERE relname = 'contacts_email_idx'", "crm"
                )
                == "crm_owner"
            )
            assert running.value(_VALID, "crm") == running.value(_INDEXES, "crm") == 3
            assert running.value("SELECT reloptions IS NULL FROM pg_class WHERE relname = 'contacts'", "crm")
    marks = [json.loads(line)["id"] for line in (tmp_path / "state/advice.jsonl").read_text().splitlines()]
    assert marks == [_CREATE, _DROP, _ANALYZE, _AUTOVACUUM]


def test_the_effect_is_measured_after_a_day(
    crm: servers.Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before that it is not; then the statement's pages before and since are kept, and nothing is to be undone."""
    settings = _settings(crm, tmp_path)
    assert _apply(settings, _CREATE) == 0
    assert "DROP INDEX CONCURRENTLY public.contacts_email_idx;" in capsys.readouterr().out
    _search(crm, 40)
    assert [one["effect"] for one in _applied(settings, capsys, 0.9)] == [None]
    servers.wait_until(
        lambda: (
            crm.value("SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'contacts_email_idx'", "crm")
            == 40
        ),
        10,
        "scans are counted",
    )
    (effect,) = (one["effect"] for one in _applied(settings, capsys, 1.1))
    assert effect["verdict"] == "better"
    assert "pages" in effect["before"]
    assert "40 scans of it" in effect["since"]
    crm.execute("DROP INDEX contacts_email_idx", dbname="crm")
    assert _applied(settings, capsys, 2.1)[0]["effect"] == effect


def test_the_scheduler_measures_the_effect_by_itself(crm: servers.Postgres, tmp_path: Path) -> None:
    """Once, after a day. A server that does not answer is asked again; one that the settings lack is not waited for."""
    settings = _settings(crm, tmp_path)
    applied = tmp_path / "state/advice.jsonl"
    assert _apply(settings, _CREATE) == 0
    (one,) = read_applied(applied)
    early, late = (
        FollowUp(settings, applied, Clock(lambda days=days: time.time() + 86400 * days)) for days in (0.9, 1.1)
    )
    assert early.run()
    assert read_applied(applied) == [one]

    dsn = (tmp_path / "dsn").read_text()
    (tmp_path / "dsn").write_text(f"host=127.0.0.1 port={servers.free_port()} user=pantrywatch dbname=crm")
    assert not late.run()
    assert read_applied(applied) == [one]

    (tmp_path / "dsn").write_text(dsn)
    assert late.run()
    (measured,) = read_applied(applied)
    assert measured.effect is not None
    assert measured.effect.verdict == "none"
    assert late.run()
    assert read_applied(applied) == [measured]

    document = json.loads(applied.read_text()) | {"server": "elsewhere", "effect": None}
    applied.write_text(json.dumps(document) + "\n")
    assert late.run()


def test_an_index_without_effect_is_to_be_undone(
    crm: servers.Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing has used it in a day: the effect is none, and the SQL that drops it is printed with it."""
    settings = _settings(crm, tmp_path)
    assert _apply(settings, _CREATE) == 0
    (one,) = _applied(settings, capsys, 1.1)
    assert (one["effect"]["verdict"], one["effect"]["since"][:13]) == ("none", "0 scans of it")
    assert main(["--state", str(tmp_path / "state"), "advise", "--settings", str(settings)]) == 0
    said = capsys.readouterr().out
    assert "none: undo it" in said
    assert "undo it   DROP INDEX CONCURRENTLY public.contacts_email_idx;" in said


def test_an_open_transaction_is_not_waited_for(
    crm: servers.Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is begun while one holds a lock on the table: exit code 1, no index and no record."""
    settings = _settings(crm, tmp_path)
    with psycopg.connect(crm.dsn("crm")) as holding:
        holding.execute("UPDATE contacts SET note = '' WHERE id = 1")
        old = "SELECT now() - xact_start > interval '1.1 s' FROM pg_stat_activity WHERE state = 'idle in transaction'"
        servers.wait_until(lambda: bool(crm.value(old)), 10, "it is old")
        assert _apply(settings, _CREATE) == 1
    assert "is in the way on public.contacts" in capsys.readouterr().out
    assert crm.value(_INDEXES, "crm") == 3
    assert not (tmp_path / "state/advice.jsonl").exists() or not (tmp_path / "state/advice.jsonl").read_text()


def _target(running: servers.Postgres) -> Target:
    reads, changes = (
        Dsn(Secret(running.dsn(user=user)), "dsn", "test") for user in ("pantrywatch", "pantrywatch_advise")
    )
    return Target(Source("main", reads), changes)


@pytest.mark.parametrize(
    ("kind", "sql", "left"),
    [
        ("create-index", "CREATE INDEX CONCURRENTLY contacts_email_idx ON public.contacts (email);", 3),
        ("drop-index", "DROP INDEX CONCURRENTLY public.contacts_note_again;", 2),
    ],
)
def test_a_lock_in_the_middle_leaves_no_invalid_index(crm: servers.Postgres, kind: Any, sql: str, left: int) -> None:
    """A build gives up after its lock_timeout and is taken back; a drop that cannot be is finished."""
    one = Advice(kind, "main", "contacts", "", "", "", 0.5, (sql,), (), "crm")
    with psycopg.connect(crm.dsn("crm")) as holding:
        holding.execute("UPDATE contacts SET note = '' WHERE id = 1")  # too young to be in the way
        invalid = _INDEXES.replace("count(*)", "bool_or(NOT indisvalid)")

        def end() -> None:
            servers.wait_until(lambda: bool(crm.value(invalid, "crm")), 10, "it has begun")
            time.sleep(1.5)  # longer than lock_timeout
            holding.rollback()

        ending = threading.Thread(target=end)
        ending.start()
        if kind == "create-index":
            with pytest.raises(NotAppliedError, match="a lock was not free"):
                apply_advice(_target(crm), one)
        else:
            apply_advice(_target(crm), one)
        ending.join()
    assert crm.value(_INDEXES, "crm") == crm.value(_VALID, "crm") == left


def test_what_remains_is_named_where_it_cannot_be_dropped(crm: servers.Postgres) -> None:
    """The reason, and the SQL that removes it later."""
    sql = "CREATE INDEX CONCURRENTLY contacts_email_idx ON public.contacts (email);"
    one = Advice("create-index", "main", "contacts", "", "", "", 0.5, (sql,), (), "crm")
    with psycopg.connect(crm.dsn("crm")) as holding:
        holding.execute("UPDATE contacts SET note = '' WHERE id = 1")
        with pytest.raises(NotAppliedError, match=r"DROP INDEX CONCURRENTLY public\.contacts_email_idx;"):
            apply_advice(_target(crm), one, patience_seconds=0.0)


def test_indexes_are_built_under_load(crm: servers.Postgres, tmp_path: Path) -> None:
    """Short transactions write all the time: no statement of theirs fails, and the index is there."""
    settings, is_over = _settings(crm, tmp_path), threading.Event()
    written: list[int] = []

    def write() -> None:
        with psycopg.connect(crm.dsn("crm"), autocommit=True) as connection:
            connection.execute("SET lock_timeout = '1s'")
            while not is_over.is_set():
                connection.execute("UPDATE contacts SET note = note WHERE id = %s", [len(written) % 20000])
                written.append(1)

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        servers.wait_until(lambda: len(written) > 20, 10, "they write")
        assert _apply(settings, _CREATE) == 0
        count = len(written)
        servers.wait_until(lambda: len(written) > count + 20, 10, "they still write")
    finally:
        is_over.set()
        for writer in writers:
            writer.join()
    assert crm.value(_VALID, "crm") == 4


_REFUSED: tuple[tuple[str | None, str, tuple[str, ...], int, str], ...] = (
    ("", _CREATE, (), 2, "it is off by default"),
    (None, "create-index:main.crm.public.contacts (note)", (), 1, "is not advised"),
    (None, "drop-index:main.crm.public.of_root_b", (), 1, "belongs to a superuser"),
    (None, _CREATE, ("--unused-days", "7"), 2, "expected --yes, or a terminal for the question"),
)


def test_what_is_not_allowed_is_refused(
    crm: servers.Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the reason, and nothing is changed."""
    for more, id_, arguments, code, said in _REFUSED:
        assert _apply(_settings(crm, tmp_path, more), id_, *arguments) == code
        output = capsys.readouterr()
        assert said in output.out + output.err
    assert crm.value(_INDEXES, "crm") == 3
    assert crm.value("SELECT count(*) FROM pg_index WHERE indrelid = 'of_root'::regclass", "crm") == 2


def test_a_pooler_is_refused(crm: servers.Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is set for the session, its role and its limits too, would reach somebody else's statements."""
    settings = _settings(crm, tmp_path)
    with pgbouncers.pgbouncer(tmp_path / "pooler", crm) as port:
        (tmp_path / "advise-dsn").write_text(pgbouncers.dsn(port, "crm"))
        assert _apply(settings, _CREATE) == 1
    assert "a pooler is between" in capsys.readouterr().out


def test_a_role_that_does_not_own_the_table_is_refused_with_what_allows_it(
    crm: servers.Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As GRANT, to be run by whoever may."""
    crm.execute("REVOKE crm_owner FROM pantrywatch_advise")
    try:
        assert _apply(_settings(crm, tmp_path), _CREATE) == 1
    finally:
        crm.execute("GRANT crm_owner TO pantrywatch_advise")
    assert "GRANT crm_owner TO pantrywatch_advise;" in capsys.readouterr().out
