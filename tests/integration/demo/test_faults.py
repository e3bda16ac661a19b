"""Faults entered and undone on real servers."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import psutil
import psycopg
import pytest
import requests

from demo.environment import Environment
from demo.faults.disk_filling import can_mount
from demo.faults.fault import FaultError
from demo.faults.hold import hold
from demo.faults.registry import FAULTS
from demo.flags import Flags
from tests.integration.demo.held import application_reads, held
from tests.integration.demo.installation import Installation, run
from tests.support import servers

LIST = "/api/v1/organizations"


def fresh_list(session: requests.Session, url: str) -> requests.Response:
    """A page of organizations that no cache has."""
    return session.get(url + LIST, params={"page": "1", uuid4().hex: ""}, timeout=8)


def works_again(session: requests.Session, url: str) -> None:
    servers.wait_until(lambda: fresh_list(session, url).ok, 15, "the API works again")


@pytest.mark.long
def test_slow_database(installation: Installation) -> None:
    """The application's statements take at least 150 ms in the server and see every row; afterwards nothing is left."""
    everything = installation.postgres.value("SELECT count(*) FROM organizations", "crm")
    with held(installation, "slow-database"):
        count, seconds = application_reads(installation)
        assert count == everything
        assert seconds >= 0.15
        assert installation.postgres.value("SELECT count(*) FROM organizations", "crm") == everything
    assert installation.postgres.value("SELECT count(*) FROM pg_policies", "crm") == 0
    assert installation.postgres.value("SELECT count(*) FROM pg_class WHERE relrowsecurity", "crm") == 0


@pytest.mark.long
def test_slow_database_spares_the_monitoring(installation: Installation) -> None:
    """A third role, the monitoring's say, sees every row while the application is slow."""
    installation.postgres.execute(
        "CREATE ROLE watcher LOGIN PASSWORD 'w'", "GRANT SELECT ON organizations TO watcher", dbname="crm"
    )
    everything = installation.postgres.value("SELECT count(*) FROM organizations", "crm")
    with held(installation, "slow-database"):
        dsn = installation.postgres.dsn("crm", "watcher", "w")
        with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as connection:
            assert connection.execute("SELECT count(*) FROM organizations").fetchone() == (everything,)


@pytest.mark.long
def test_lock_pile_up(installation: Installation, representative: requests.Session) -> None:
    """Who needs the interactions waits and gets a 503 in the end; others work; the holder can be told by its name."""
    key = installation.postgres.value("SELECT id::text FROM organizations WHERE NOT is_deleted LIMIT 1", "crm")
    with held(installation, "lock-pile-up"):
        sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'demo-fault-lock-pile-up'"
        assert installation.postgres.value(sessions, "crm") == 1
        answers: list[requests.Response] = []
        address = f"{installation.url}{LIST}/{key}"
        waiting = threading.Thread(target=lambda: answers.append(representative.get(address, timeout=8)))
        waiting.start()
        blocked = (
            "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'crm-api' AND wait_event_type = 'Lock'"
        )
        servers.wait_until(lambda: installation.postgres.value(blocked, "crm") is True, 5, "a session waits")
        waiting.join(10)
        assert [answer.status_code for answer in answers] == [503]
        assert fresh_list(representative, installation.url).ok
    assert representative.get(f"{installation.url}{LIST}/{key}", timeout=8).ok


@pytest.mark.long
def test_forgotten_transaction(installation: Installation) -> None:
    """One session is idle in transaction and another waits for it, for as long as the fault is on."""
    of_fault = "FROM pg_stat_activity WHERE application_name = 'demo-fault-forgotten-transaction'"
    states = (
        f"SELECT string_agg(state, ', ' ORDER BY state) {of_fault} AND (state <> 'active' OR wait_event_type = 'Lock')"
    )
    both = "active, idle in transaction"
    with held(installation, "forgotten-transaction"):
        servers.wait_until(lambda: installation.postgres.value(states, "crm") == both, 5, "a session waits")
        installation.postgres.execute(f"SELECT pg_terminate_backend(pid) {of_fault}")
        servers.wait_until(lambda: installation.postgres.value(states, "crm") == both, 5, "it is so again")
    assert installation.postgres.value(f"SELECT count(*) {of_fault}", "crm") == 0


@pytest.mark.long
def test_bad_migration(installation: Installation) -> None:
    """The table has another name as long as the fault is on."""
    there = "SELECT to_regclass('opportunities') IS NOT NULL"
    with held(installation, "bad-migration"):
        assert installation.postgres.value(there, "crm") is False
    assert installation.postgres.value(there, "crm") is True


@pytest.mark.long
def test_slow_plan(installation: Installation) -> None:
    """The index is gone for as long as the fault is on, and the same one is back; undoing it twice does no harm."""
    index = "SELECT pg_get_indexdef(to_regclass('interactions_by_organization')) "
    before = installation.postgres.value(index, "crm")
    with held(installation, "slow-plan"):
        assert installation.postgres.value(index, "crm") is None
    assert installation.postgres.value(index, "crm") == before
    FAULTS["slow-plan"].undo(installation.environment)


@pytest.mark.long
def test_deadlocks(installation: Installation) -> None:
    """The server counts deadlocks, and no session is left."""
    counted = "SELECT deadlocks > 0 FROM pg_stat_database WHERE datname = 'crm'"
    assert installation.postgres.value(counted, "crm") is False
    with held(installation, "deadlocks"):
        servers.wait_until(lambda: installation.postgres.value(counted, "crm") is True, 20, "a deadlock")
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'demo-fault-deadlocks'"
    servers.wait_until(lambda: installation.postgres.value(sessions, "crm") == 0, 5, "no session is left")


@pytest.mark.long
def test_report_on_disk(installation: Installation) -> None:
    """Temporary files are written, again and again."""
    written = "SELECT temp_bytes > 40 * 1048576 FROM pg_stat_database WHERE datname = 'crm'"
    with held(installation, "report-on-disk"):
        servers.wait_until(lambda: installation.postgres.value(written, "crm") is True, 90, "twice a report is written")


@pytest.mark.long
def test_replica_gone(installation: Installation) -> None:
    """A slot that nobody reads is behind by more than max_wal_size; afterwards both are as before."""
    limit = "SELECT setting FROM pg_settings WHERE name = 'max_wal_size'"
    before = installation.postgres.value(limit)
    behind = "SELECT count(*) FROM pg_replication_slots WHERE pg_current_wal_lsn() - restart_lsn > 33554432"
    with held(installation, "replica-gone"):
        servers.wait_until(lambda: installation.postgres.value(behind) == 1, 60, "the slot is behind")
        assert installation.postgres.value(limit) == "32"
    assert installation.postgres.value("SELECT count(*) FROM pg_replication_slots") == 0
    servers.wait_until(lambda: installation.postgres.value(limit) == before, 10, "the limit is as before")


@pytest.mark.long
def test_pool_exhausted(installation: Installation, representative: requests.Session) -> None:
    """Requests take all connections and get a 503 in the end; afterwards they are given back."""
    with held(installation, "pool-exhausted"):
        servers.wait_until(
            lambda: fresh_list(representative, installation.url).status_code == 503, 60, "no connection is left"
        )
    works_again(representative, installation.url)


@pytest.mark.long
def test_no_status_labels(installation: Installation, representative: requests.Session) -> None:
    """The metrics of the requests have no status while the fault is on, and have it again afterwards."""

    def statuses() -> set[str]:
        fresh_list(representative, installation.url)
        text = requests.get(f"{installation.url}/metrics", timeout=5).text
        return set(re.findall(r'http_server_request_duration_seconds_count\{.*http_response_status_code="(\w*)"', text))

    with held(installation, "no-status-labels"):
        servers.wait_until(lambda: statuses() == {""}, 20, "no status is told")
    servers.wait_until(lambda: "200" in statuses() and "" not in statuses(), 20, "statuses are told again")


@pytest.mark.long
def test_connections_used_up(installation: Installation) -> None:
    """The application's role is refused, the superuser is not; afterwards there is room again."""
    with held(installation, "connections-used-up"):
        with pytest.raises(psycopg.OperationalError, match=r"connection slots|too many clients"):
            application_reads(installation)
        assert installation.postgres.value("SELECT 1") == 1
    servers.wait_until(lambda: application_gets_in(installation), 10, "there is room again")


def application_gets_in(installation: Installation) -> bool:
    try:
        application_reads(installation)
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.long
def test_database_frozen(installation: Installation, representative: requests.Session) -> None:
    """The frozen server accepts connections and answers nothing; the API answers 503 and says it is unhealthy."""
    with held(installation, "database-frozen"):
        assert fresh_list(representative, installation.url).status_code == 503
        health = requests.get(f"{installation.url}/healthz", timeout=10)
        assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
        with pytest.raises(psycopg.errors.ConnectionTimeout):
            psycopg.connect(installation.postgres.dsn(), connect_timeout=2)
    works_again(representative, installation.url)


@pytest.mark.long
def test_many_ask_a_frozen_database(installation: Installation, representative: requests.Session) -> None:
    """However many asked the API in vain while the database was frozen, it works again afterwards."""
    # Longer than its pool goes on trying to connect by itself.
    until = time.monotonic() + 12

    def ask(_person: int) -> None:
        while time.monotonic() < until:
            assert fresh_list(representative, installation.url).status_code == 503

    with held(installation, "database-frozen"), ThreadPoolExecutor(20) as people:
        list(people.map(ask, range(20)))
    works_again(representative, installation.url)


@pytest.mark.long
def test_cache_cold(installation: Installation) -> None:
    """What is stored is gone again within moments, again and again."""
    with held(installation, "cache-cold"), installation.redis.client() as client:
        for _ in range(2):
            client.set("kept", "no")
            servers.wait_until(lambda: client.get("kept") is None, 5, "the cache is emptied")


def test_api_errors(installation: Installation, representative: requests.Session) -> None:
    """Some answers are 500 and most are not; health is not touched; afterwards no answer is."""
    address = installation.url + LIST
    with held(installation, "api-errors"):
        seen = [representative.get(address, timeout=5).status_code for _ in range(100)]
        assert requests.get(f"{installation.url}/healthz", timeout=5).ok
    assert set(seen) == {200, 500}
    assert 3 <= seen.count(500) <= 50
    assert {representative.get(address, timeout=5).status_code for _ in range(30)} == {200}


@pytest.mark.long
def test_slow_api(installation: Installation, representative: requests.Session) -> None:
    """An answer takes at least 0.8 s while the fault is on, even from the cache."""
    address = installation.url + LIST
    representative.get(address, timeout=5)
    with held(installation, "slow-api"):
        answer = representative.get(address, timeout=5)
        assert answer.headers["X-Cache"] == "HIT"
        assert answer.elapsed.total_seconds() >= 0.8


def test_a_dead_holder_ends_an_api_fault(installation: Installation, representative: requests.Session) -> None:
    """The API heeds a flag only as long as somebody touches it."""
    flag = installation.environment.fault_directory / "api-errors"
    Flags(flag.parent).raise_("api-errors", in_force=True)
    past = time.time() - 11
    os.utime(flag, (past, past))
    seen = {representative.get(installation.url + LIST, timeout=5).status_code for _ in range(60)}
    flag.unlink()
    assert seen == {200}


@pytest.mark.long
def test_login_brute_force(installation: Installation) -> None:
    """Failed log-ins come in, several a second, as any stranger's would."""

    def failed() -> int:
        return installation.access_log.read_text().count('"status":401')

    before = failed()
    with held(installation, "login-brute-force"):
        servers.wait_until(lambda: failed() >= before + 8, 10, "log-ins fail")


@pytest.mark.long
def test_disk_filling(installation: Installation) -> None:
    """A small file system is mounted and grows fuller; afterwards nothing is mounted, and its folder is gone."""
    if not can_mount():
        pytest.skip("this user may not mount a file system")
    disk = installation.environment.state / "small-disk"

    def left() -> float:
        found = os.statvfs(disk)
        return found.f_bavail / found.f_blocks

    with held(installation, "disk-filling") as holder:
        assert disk.is_mount()
        begin = left()
        assert 0.3 < begin < 0.4
        servers.wait_until(lambda: left() < begin, 20, "it fills up")
        mounted = [line.split()[1] for line in Path("/proc/1/mounts").read_text().splitlines()]
        assert str(disk) in mounted, "where the host exporter looks"
        assert holder.is_running()
    assert not disk.exists()


def test_a_disk_of_a_killed_holder_is_unmounted(installation: Installation) -> None:
    """The undo of another process takes away what a killed one left mounted, also while its file is open."""
    if not can_mount():
        pytest.skip("this user may not mount a file system")
    disk = installation.environment.state / "small-disk"
    FAULTS["disk-filling"].enter(installation.environment)
    with (disk / "grows").open():
        FAULTS["disk-filling"].undo(installation.environment)
        assert not disk.exists()


@pytest.mark.long
def test_a_disk_that_may_not_be_mounted_leaves_nothing(installation: Installation, tmp_path: Path) -> None:
    """Where mounting fails the fault says so, and its folder and flag are gone."""
    refusing = tmp_path / "mount"
    refusing.write_text("#!/bin/sh\necho 'mount: must be superuser to use mount.' >&2\nexit 1\n")
    refusing.chmod(0o755)
    done = run(
        {**installation.variables, "PATH": f"{tmp_path}:{os.environ['PATH']}"}, "demo.faults", "hold", "disk-filling"
    )
    assert done.returncode == 1
    assert "must be superuser" in done.stderr
    assert not (installation.environment.state / "small-disk").exists()
    assert not Flags(installation.environment.fault_directory).left("disk-filling")


@pytest.mark.long
def test_database_log_lost(installation: Installation, tmp_path: Path) -> None:
    """The folder is not where it was, a file that is open in it goes on, and it is back afterwards."""
    folder = installation.environment.state / "postgres" / "log"
    folder.mkdir()
    try:
        with (folder / "crm-01.csv").open("a") as log:
            with held(installation, "database-log-lost"):
                assert not folder.exists()
                log.write("written meanwhile\n")
            log.flush()
            assert (folder / "crm-01.csv").read_text() == "written meanwhile\n"
    finally:
        shutil.rmtree(folder)


@pytest.mark.long
def test_cpu_burn_ends_with_its_holder(installation: Installation) -> None:
    """There are two burners for every core at nice 10, and none when the holder was killed outright."""
    flags = Flags(installation.environment.fault_directory)
    command = [sys.executable, "-m", "demo.faults", "hold", "cpu-burn"]
    log = installation.directory / "fault-cpu-burn.log"
    with servers.process(command, log, environment=installation.variables) as child:
        servers.wait_until(lambda: flags.in_force("cpu-burn"), 10, "the burners are started")
        burners = psutil.Process(child.pid).children()
        assert len(burners) == 2 * len(psutil.Process().cpu_affinity() or [])
        servers.wait_until(lambda: all(burner.nice() == 10 for burner in burners), 5, "the burners are nice")
        child.send_signal(signal.SIGKILL)
        child.wait(5)
        servers.wait_until(lambda: not any(burner.is_running() for burner in burners), 10, "the burners are gone")
    assert flags.left("cpu-burn")
    flags.lower("cpu-burn")


def test_a_forgotten_fault_ends_by_itself(installation: Installation) -> None:
    """A holder nobody stops undoes its fault when its time is up."""
    hold(FAULTS["slow-api"], Environment({**installation.variables, "DEMO_FAULT_MINUTES": "0.005"}), threading.Event())
    assert not Flags(installation.environment.fault_directory).left("slow-api")


def test_a_failed_undo_is_not_forgotten(installation: Installation) -> None:
    """Where the undo cannot be done the flag stays, for the next try, and nothing about the server is told."""
    variables = installation.with_secrets("no-admin", admin_dsn="postgresql://x:secret@127.0.0.1:1/crm")
    variables["DEMO_FAULT_DIR"] = str(installation.directory / "no-admin-faults")
    done = run(variables, "demo.faults", "hold", "lock-pile-up")
    assert done.returncode == 1
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr
    assert Flags(installation.directory / "no-admin-faults").left("lock-pile-up")


def test_undoing_twice_does_no_harm(installation: Installation) -> None:
    """Every undo that needs no supervisor can be done when there is nothing to undo."""
    for name in (
        "slow-database", "lock-pile-up", "connections-used-up", "database-frozen", "database-log-lost", "cache-cold",
        "disk-filling", "cpu-burn",
    ):  # fmt: skip
        FAULTS[name].undo(installation.environment)


def test_a_stale_pid_file_freezes_nobody_else(installation: Installation) -> None:
    """A pid file that names a process other than PostgreSQL's is not believed."""
    state = installation.directory / "stale"
    (state / "postgres").mkdir(parents=True)
    (state / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    environment = type(installation.environment)({"PANTRYWATCH_STATE": str(state)})
    with pytest.raises(FaultError, match="not running"):
        FAULTS["database-frozen"].enter(environment)
