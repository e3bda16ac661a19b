"""Errors of real servers, in both formats: each is one, in the class of its SQLSTATE, whatever its text is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from exporters.cli import main
from exporters.core.deadline import Deadline
from exporters.database_log.settings import DatabaseLog
from exporters.database_log.source import DatabaseLogSource
from tests.support import postgres_versions
from tests.support.exporter import Exporter, Page, exporter
from tests.support.servers import Postgres, postgres, wait_until

_OPTIONS = {
    "logging_collector": "on",
    "log_filename": "pg-%Y%m%d%H%M%S.log",
    "log_statement": "all",  # many records that are no errors
}
_FAILING = (
    "SELECT 1 / 0",
    'SELECT * FROM "no\nsuch, ""table"""',
    "DO $$ BEGIN RAISE EXCEPTION E'several\\nlines, a \"quotation\" mark'; END $$",
    "INSERT INTO one VALUES (1)",
    "SET statement_timeout = 20; SELECT pg_sleep(5)",
)
_CLASSES = {("ERROR", one): 1.0 for one in ("22", "42", "P0", "23", "57014")}


@contextmanager
def _followed(folder: Path, formats: tuple[str, ...], major: int | None = None) -> Iterator[tuple[Postgres, Exporter]]:
    """Run a server that writes these formats, and an exporter that follows each as a server of its own."""
    options = {**_OPTIONS, "log_destination": ",".join(f"{one}log" for one in formats)}
    binaries = None if major is None else postgres_versions.binaries(major)
    environment = None if major is None else postgres_versions.environment(major)
    settings = "environment: test\ndatabase_log:\n" + "".join(
        f"  - {{name: {one}, path: postgres/log/pg-*.{one}, state: {one}.state}}\n" for one in formats
    )
    with postgres(folder, binaries, options, environment) as server:
        server.execute("CREATE TABLE one (id int PRIMARY KEY)", "INSERT INTO one VALUES (1)")
        with exporter(folder, settings, ["database_log"]) as running:
            yield server, running


def _fail(server: Postgres) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        for statement in _FAILING:
            with pytest.raises(psycopg.Error):
                connection.execute(statement)


def _errors(page: Page) -> dict[tuple[str, str], float]:
    samples = page.samples("pantrywatch_database_errors_total")
    return {(labels["severity"], labels["class"]): value for labels, value in samples if value}


def _page(running: Exporter, name: str) -> Page:
    return running.scrape(f"/metrics/database_log?target={name}")


@pytest.mark.long
def test_errors_of_a_server_count_by_class_through_its_rotation(tmp_path: Path) -> None:
    """Both formats count the same errors: before a rotation, after it, and a session ended by an administrator."""
    with _followed(tmp_path, ("csv", "json")) as (server, running):
        for name in ("csv", "json"):
            page = _page(running, name)
            assert len(page.samples("pantrywatch_database_errors_total")) <= 40
            assert _errors(page) == {}
        _fail(server)
        for name in ("csv", "json"):
            wait_until(lambda name=name: _errors(_page(running, name)) == _CLASSES, 15, f"{name} counts every error")
        server.execute("SELECT pg_rotate_logfile()")
        with psycopg.connect(server.dsn(), autocommit=True) as victim:
            server.execute(f"SELECT pg_terminate_backend({victim.info.backend_pid})")
        _fail(server)
        twice = {key: 2 * value for key, value in _CLASSES.items()} | {("FATAL", "57P01"): 1.0}
        for name in ("csv", "json"):
            wait_until(
                lambda name=name: _errors(_page(running, name)) == twice, 15, f"{name} counts what came after it"
            )
            page = _page(running, name)
            assert page.value("pantrywatch_database_log_file_up") == 1
            assert page.value("pantrywatch_database_log_rotations_total", kind="renamed") == 1
            assert sum(value for _, value in page.samples("pantrywatch_database_log_lines_not_parsed_total")) == 0


@pytest.mark.long
def test_a_log_in_another_folder_is_seen_by_the_times_of_both_files(tmp_path: Path) -> None:
    """The file that is read is as new as the server's, until log_directory changes: then it gets no older there."""
    with _followed(tmp_path, ("csv",)) as (server, running):
        (tmp_path / "dsn").write_text(server.dsn())
        of_server = "environment: test\ndatabase:\n  - {name: csv, dsn_file: ../dsn}\n"
        before = _written(tmp_path / "before", of_server)
        wait_until(lambda: before <= _read(running), 15, "the exporter has looked at the file since")
        server.execute("ALTER SYSTEM SET log_directory = 'elsewhere'", "SELECT pg_reload_conf()")
        moved = tmp_path / "postgres/elsewhere"
        wait_until(
            lambda: _written_at(server, moved) > _read(running), 15, "the server writes elsewhere, a second later"
        )
        assert _written(tmp_path / "after", of_server) > _read(running)


@pytest.mark.long
def test_a_format_is_on_however_its_name_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The server reads names of log_destination in any case, with blanks and in quotation marks: csvlog is on."""
    options = {**_OPTIONS, "log_destination": 'stderr, "CSVLOG"'}
    with postgres(tmp_path, options=options) as server:
        wait_until(lambda: any((tmp_path / "postgres/log").glob("*.csv")), 15, "the server writes it")
        (tmp_path / "dsn").write_text(server.dsn())
        settings = tmp_path / "settings.yaml"
        settings.write_text("environment: test\ndatabase:\n  - {name: csv, dsn_file: dsn}\n")
        main(["--settings", str(settings), "validate"])
        assert "ok: the server writes its errors as csvlog or jsonlog" in capsys.readouterr().out
        with exporter(
            tmp_path / "exporter", settings.read_text().replace("dsn_file: ", "dsn_file: ../"), ["database"]
        ) as database:
            name = "pantrywatch_database_logs_errors"
            wait_until(lambda: bool(database.scrape("/metrics/database").samples(name)), 30, "the exporter has asked")
            page = database.scrape("/metrics/database")
    assert {form: page.value(name, format=form) for form in ("csv", "json")} == {"csv": 1, "json": 0}


def _written_at(server: Postgres, folder: Path) -> int:
    """Let the server log something; return when it last wrote there, as it says: in whole seconds, rounded down."""
    server.execute("SELECT 1")
    return max((int(one.stat().st_mtime) for one in folder.glob("*.csv") if one.stat().st_size), default=0)


def _read(running: Exporter) -> float:
    """Return when the file that is read was written, as far as it was looked at."""
    return _page(running, "csv").value("pantrywatch_database_log_written_timestamp_seconds") or 0.0


def _written(folder: Path, of_server: str) -> float:
    """Return when the server's log was written, as a new database exporter says."""
    folder.mkdir()
    with exporter(folder, of_server, ["database"]) as database:
        name = "pantrywatch_database_logs_written_timestamp_seconds"
        wait_until(lambda: bool(database.scrape("/metrics/database").samples(name)), 30, "the exporter has asked")
        written = database.scrape("/metrics/database").value(name, format="csv")
    assert written is not None
    return written


@pytest.mark.long
@pytest.mark.parametrize("major", postgres_versions.MAJORS)
def test_every_version_writes_records_that_are_understood(tmp_path: Path, major: int) -> None:
    """Columns differ from 13 to 18, and jsonlog begins with 15: the counts are the same."""
    formats = ("csv", "json") if major >= 15 else ("csv",)
    with _followed(tmp_path, formats, major) as (server, running):
        _fail(server)
        for name in formats:
            wait_until(lambda name=name: _errors(_page(running, name)) == _CLASSES, 15, f"{name} counts every error")


def test_validate_names_what_it_read(tmp_path: Path) -> None:
    """Before there is a file it says how a server comes to write one, afterwards how many records it understands."""
    source = DatabaseLogSource(DatabaseLog("a", "pg-*.csv", "state"), "database_log[0]", tmp_path)
    [finding] = source.validate(Deadline.after(5))
    assert not finding.ok
    assert "log_destination" in finding.remedy
    (tmp_path / "pg-1.csv").write_text("nonsense\n")
    [finding] = source.validate(Deadline.after(5))
    assert (finding.ok, "syntax 1" in finding.what) == (False, True)
