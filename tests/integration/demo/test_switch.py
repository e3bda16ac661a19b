"""Switching faults on and off under a real supervisor."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from demo.environment import Environment
from demo.faults import supervisor, switch
from demo.faults.names import NAMES
from demo.faults.registry import FAULTS
from demo.flags import Flags
from tests.integration.demo.installation import Installation, run
from tests.support import servers

# Programs that stand for the stack's: what is tested is that the right one is stopped and started again.
pytestmark = pytest.mark.long

STAND_INS = ("postgres", "redis", "demo-third-party")


def configuration(directory: Path, port: int) -> str:
    """A supervisor like the stack's: its interface on the loopback, a program for each fault's holder."""
    head = f"""
[supervisord]
nodaemon=true
logfile={directory}/supervisord.log
pidfile={directory}/supervisord.pid
childlogdir={directory}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[inet_http_server]
port=127.0.0.1:{port}
username=pantry
password=s3cret
"""
    parts = [head]
    parts += [f"[program:{name}]\ncommand=sleep 600\nstartsecs=0\n" for name in STAND_INS]
    parts += [
        f"[program:fault-{name}]\ncommand={sys.executable} -m demo.faults hold {name}\nautostart=false\n"
        "autorestart=false\nstopwaitsecs=15\nstartsecs=0\n"
        for name in FAULTS
    ]
    return "\n".join(parts)


@pytest.fixture(scope="module")
def stack(installation: Installation) -> Iterator[dict[str, str]]:
    """The variables of a stack under a supervisor."""
    directory, port = installation.directory / "supervised", servers.free_port()
    (directory / "run").mkdir(parents=True)
    (directory / "postgres").symlink_to(installation.postgres.data)
    (directory / "run" / "supervisor.url").write_text(f"http://pantry:s3cret@127.0.0.1:{port}/RPC2\n")
    (directory / "supervisord.conf").write_text(configuration(directory, port))
    variables = {
        **installation.variables,
        "PANTRYWATCH_STATE": str(directory),
        "DEMO_FAULT_DIR": str(directory / "faults"),
    }
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "supervisor.supervisord",
        "-c",
        str(directory / "supervisord.conf"),
    ]
    with servers.process(command, directory / "out.log", environment=variables) as child:
        servers.wait_until(lambda: is_up(Environment(variables)), 20, "the supervisor answers")
        yield variables
        # A supervisor takes a second a program to go down by itself.
        for program in STAND_INS:
            supervisor.connect(Environment(variables)).stop(program)
        child.kill()


def is_up(environment: Environment) -> bool:
    try:
        return supervisor.connect(environment).running("redis")
    except supervisor.NotRunningError:
        return False


def fault(variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(variables, "demo.faults", *arguments)


def state_of(listing: str, name: str) -> str:
    """The second word of the fault's line."""
    return next(line.split()[1] for line in listing.splitlines() if line.startswith(f"{name} "))


@pytest.mark.parametrize(
    ("name", "program"),
    [("database-stopped", "postgres"), ("cache-stopped", "redis"), ("third-party-down", "demo-third-party")],
)
def test_a_program_is_stopped_and_started(stack: dict[str, str], name: str, program: str) -> None:
    """`on` returns when the program is stopped and `list` says so, `off` when it runs again."""
    environment = Environment(stack)
    manager = supervisor.connect(environment)
    switch.on(FAULTS[name], environment)
    assert not manager.running(program)
    assert state_of(switch.listing(environment), name) == "on"
    switch.off(FAULTS[name], environment)
    assert manager.running(program)
    assert state_of(switch.listing(environment), name) == "off"


def test_a_program_is_frozen_and_goes_on(stack: dict[str, str]) -> None:
    """`on` suspends the program's process, `off` lets the same process go on."""
    environment = Environment(stack)
    manager = supervisor.connect(environment)
    assert isinstance(manager, supervisor.Supervisor)
    process = psutil.Process(manager.process_id("demo-third-party"))
    switch.on(FAULTS["third-party-frozen"], environment)
    assert process.status() == psutil.STATUS_STOPPED
    switch.off(FAULTS["third-party-frozen"], environment)
    assert process.status() != psutil.STATUS_STOPPED
    assert manager.process_id("demo-third-party") == process.pid


def test_on_twice_and_off_twice(stack: dict[str, str]) -> None:
    """Switching on what is on and off what is off does nothing and is no error."""
    for verb in ("on", "on", "off", "off"):
        done = fault(stack, verb, "slow-api")
        assert done.returncode == 0, done.stderr


def _holder(name: str, stack: dict[str, str]) -> psutil.Process:
    """Return the holder of this stack; another stack on the machine may have one of the same name."""
    for each in psutil.process_iter(["cmdline", "environ"]):
        if (each.info["cmdline"] or [])[-2:] == ["hold", name]:
            environ = each.info["environ"] or {}
            if environ.get("DEMO_FAULT_DIR") == stack["DEMO_FAULT_DIR"]:
                return each
    raise AssertionError(f"no holder of {name}")


def test_a_killed_holder_is_cleaned_up_after(stack: dict[str, str]) -> None:
    """When a fault's holder was killed outright, `off` undoes what it left behind."""
    flags = Flags(Environment(stack).fault_directory)
    manager = supervisor.connect(Environment(stack))
    switch.on(FAULTS["cache-stopped"], Environment(stack))
    _holder("cache-stopped", stack).send_signal(signal.SIGKILL)
    servers.wait_until(lambda: not manager.running("fault-cache-stopped"), 10, "the holder is gone")
    assert not manager.running("redis")
    assert flags.left("cache-stopped")
    switch.off(FAULTS["cache-stopped"], Environment(stack))
    assert manager.running("redis")
    assert not flags.left("cache-stopped")


def test_off_all(stack: dict[str, str], installation: Installation) -> None:
    """`off-all` ends every fault that is on."""
    environment = Environment(stack)
    for name in ("api-errors", "lock-pile-up"):
        switch.on(FAULTS[name], environment)
    assert fault(stack, "off-all").returncode == 0
    listing = switch.listing(environment)
    assert {state_of(listing, name) for name in FAULTS} == {"off"}
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'demo-fault-lock-pile-up'"
    servers.wait_until(lambda: installation.postgres.value(sessions, "crm") == 0, 5, "the lock is released")


def test_a_fault_that_cannot_be_entered(stack: dict[str, str], tmp_path: Path) -> None:
    """`on` says so, with exit code 1, when the fault's holder gave up."""
    (tmp_path / "run").mkdir()
    url = (Path(stack["PANTRYWATCH_STATE"]) / "run" / "supervisor.url").read_text()
    (tmp_path / "run" / "supervisor.url").write_text(url)
    # The holder writes its flag where the supervisor told it to: seen from another directory it is never in force.
    elsewhere = {**stack, "PANTRYWATCH_STATE": str(tmp_path), "DEMO_FAULT_DIR": str(tmp_path)}
    (Path(stack["PANTRYWATCH_STATE"]) / "postgres").rename(tmp_path / "postgres-away")
    try:
        done = fault(elsewhere, "on", "database-frozen")
    finally:
        (tmp_path / "postgres-away").rename(Path(stack["PANTRYWATCH_STATE"]) / "postgres")
    assert done.returncode == 1
    assert "could not be switched on" in done.stderr


def test_the_list_names_every_fault(stack: dict[str, str]) -> None:
    """`list` names every fault with its state, what it does and where it is seen."""
    lines = fault(stack, "list").stdout.splitlines()
    assert [line.split()[0] for line in lines[::2]] == list(NAMES)
    assert all(line.strip().startswith("seen in ") for line in lines[1::2])


@pytest.mark.parametrize("arguments", [("on", "flood"), ("off", "flood"), ("hold", "flood")])
def test_an_unknown_fault(stack: dict[str, str], arguments: tuple[str, str]) -> None:
    """An unknown name is answered with the known ones and exit code 2."""
    done = fault(stack, *arguments)
    assert done.returncode == 2
    assert all(name in done.stderr for name in NAMES)


def test_the_names() -> None:
    """`names` gives every name on a line of its own, and needs no stack."""
    assert run({}, "demo.faults", "names").stdout.split("\n") == [*NAMES, ""]


def test_no_stack(installation: Installation) -> None:
    """Without a supervisor the message is that the stack is not running, exit code 2."""
    done = fault(dict(installation.variables), "on", "slow-api")
    assert (done.returncode, done.stderr) == (2, "fault: the stack is not running\n")
