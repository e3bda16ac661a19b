"""Error replies, walked through both their users: the cache exporter and the `redis` check."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from exporters.cache.source import CacheSource
from exporters.core.checks.check import Entry, Observation
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass, classify_network_error
from exporters.core.redis_client import RedisAddress
from exporters.core.redis_errors import ServerError
from exporters.core.scrape import Run
from exporters.core.settings import Secret, decode
from exporters.synthetic.kinds import KINDS
from exporters.synthetic.settings import SyntheticSettings
from tests.support.redis_peer import redis_peer

# The texts of Redis 6.2 to 8, Valkey 7.2 to 9, KeyDB, Dragonfly and some who host them.
REPLIES = {
    "NOAUTH Authentication required.": "auth",
    "WRONGPASS invalid username-password pair or user is disabled.": "auth",
    "ERR invalid password": "auth",
    "ERR AUTH <password> called without any password configured for the default user. Are you sure?": "auth",
    "ERR Client sent AUTH, but no password is set": "auth",
    "ERR operation not permitted": "auth",
    "NOPERM User x has no permissions to run the 'info' command": "permission",
    "NOPERM this user has no permissions to access one of the keys used as arguments": "permission",
    "NOPERM No permissions to access a key": "permission",
    "DENIED Redis is running in protected mode because protected mode is enabled": "refused",
    "DENIED Running in protected mode because protected mode is enabled": "refused",
    "ERR max number of clients reached": "exhausted",
    "ERR max number of clients + cluster connections reached": "exhausted",
    "OOM command not allowed when used memory > 'maxmemory'.": "exhausted",
    "OOM Out of memory": "exhausted",
    "-OOM command not allowed under OOM prevention.": "exhausted",  # a dash too many
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.": "timeout",
    "BUSY Valkey is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.": "timeout",
    "BUSY Redis is busy running a module command.": "timeout",
    "UNKILLABLE Sorry the script already executed write commands against the dataset.": "timeout",
    "LOADING Redis is loading the dataset in memory": "starting",
    "LOADING Valkey is loading the dataset in memory": "starting",
    "LOADING Dragonfly is loading the dataset in memory": "starting",
    "READONLY You can't write against a read only replica.": "readonly",
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.": "storage",
    "MISCONF Errors writing to the AOF file: No space left on device": "storage",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.": "replication",
    "NOMASTERLINK Can't SYNC while not connected with my master": "replication",
    "NOREPLICAS Not enough good replicas to write.": "replication",
    "NOGOODSLAVE No suitable replica to promote": "replication",
    "NOQUORUM 1 usable Sentinels.": "replication",
    "CLUSTERDOWN The cluster is down": "cluster",
    "CLUSTERDOWN Hash slot not served": "cluster",
    "CLUSTERDOWN The cluster is down and only accepts read commands": "cluster",
    "MOVED 3999 127.0.0.1:6381": "redirect",
    "ASK 3999 127.0.0.1:6381": "redirect",
    "TRYAGAIN Multiple keys request during rehashing of slot": "redirect",
    "REDIRECT 127.0.0.1:6381": "redirect",
    "CROSSSLOT Keys in request don't hash to the same slot": "protocol",
    "ERR unknown command 'INFO', with args beginning with: 'ALL'": "version",
    "ERR unknown command `CONFIG`, with args beginning with: `GET`": "version",
    "ERR unknown command 'CONFIG'": "version",
    "ERR Unknown subcommand or wrong number of arguments for 'HISTOGRAM'. Try LATENCY HELP.": "version",
    "ERR unknown subcommand 'HISTOGRAM'. Try LATENCY HELP.": "version",
    "ERR Unsupported CONFIG parameter: databases": "version",
    "ERR Command is not available: 'CONFIG'. See the list of supported commands": "version",
    "ERR CONFIG command is disabled": "version",
    "ERR This instance has cluster support disabled": "version",
    "NOPROTO unsupported protocol version": "version",
    "EXECABORT Transaction discarded because of previous errors.": "protocol",
    "EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.": "exhausted",
    "NOSCRIPT No matching script. Please use EVAL.": "protocol",
    "NOTBUSY No scripts in execution right now.": "protocol",
    "WRONGTYPE Operation against a key holding the wrong kind of value": "protocol",
    "ERR DB index is out of range": "protocol",
    "ERR SELECT is not allowed in cluster mode": "protocol",
    "ERR syntax error": "protocol",
    "ERR something new": "protocol",
    "BUSYKEY Target key name already exists.": "protocol",
    "upstream failure": "protocol",  # a proxy in between
    "": "protocol",
}
User = Callable[[int, Path], ErrorClass | None]


def _exporter(port: int, _directory: Path) -> ErrorClass | None:
    """Return the class with which the cache exporter fails on its one command that nothing replaces."""
    source = CacheSource("main", lambda: RedisAddress("127.0.0.1", port))
    run = Run(source, Deadline.after(5))
    source.collect(run)
    source.close()
    failed = {outcome.collector: outcome.error_class for outcome in run.outcomes()}
    return failed.get("connection") or failed.get("info")


def _check(port: int, directory: Path) -> ErrorClass | None:
    """Return the class with which the check fails."""
    entry = {"name": "one", "kind": "redis", "url": f"redis://127.0.0.1:{port}"}
    parsed = decode({"checks": [entry]}, SyntheticSettings, "settings.yaml", {}).checks[0]
    probe = KINDS[parsed.kind](parsed, Entry(str(directory / "settings.yaml"), "synthetic.checks[0]"))
    try:
        probe(Observation(), Deadline.after(5))
    except Exception as error:  # noqa: BLE001 - as the check's run does
        return classify_network_error(error)
    return None


@pytest.mark.parametrize("text", REPLIES)
def test_each_error_reply_has_one_class_in_both_users(text: str, tmp_path: Path) -> None:
    """Whoever is answered with an error, exporter or check, fails with the one class of its cause; never internal."""
    with redis_peer(lambda _command: f"-{text}\r\n".encode()) as (port, _):
        assert {user.__name__: user(port, tmp_path) for user in (_exporter, _check)} == {
            "_exporter": REPLIES[text],
            "_check": REPLIES[text],
        }


def test_what_is_told_apart_has_words_of_its_own() -> None:
    """Every code has a class, and a meaning that no other has: a terminal shows both, never the server's words."""
    codes = ("OOM", "READONLY", "MISCONF", "CLUSTERDOWN", "NOREPLICAS", "MOVED", "LOADING", "MASTERDOWN", "NOPERM")
    errors = [ServerError(f"{code} with s3cr3t") for code in codes]
    assert len({str(error).partition(": ")[2] for error in errors}) == len(codes)
    assert all(str(error).startswith(f"{code}: ") for code, error in zip(codes, errors, strict=True))
    assert not any("s3cr3t" in str(error) for error in errors)
    writes = [error.error_class for error in errors[:6]]
    assert len(set(writes)) == 6, "why a write is refused can be told from the class alone"


@pytest.mark.parametrize(
    ("text", "error_class"),
    [
        ("ERR unknown command 'AUTH', with args beginning with: 's3cr3t'", "auth"),
        ("ERR something new about s3cr3t", "auth"),
        ("LOADING Redis is loading the dataset in memory", "starting"),
        ("ERR max number of clients reached", "exhausted"),
    ],
)
def test_a_login_that_is_answered_with_an_error_is_not_accepted(text: str, error_class: str, tmp_path: Path) -> None:
    """Whatever the wording, it is class auth unless the error has a cause of its own; the password is in no detail."""
    with redis_peer(lambda _command: f"-{text}\r\n".encode()) as (port, _):
        source = CacheSource("main", lambda: RedisAddress("127.0.0.1", port, "", Secret("s3cr3t")))
        run = Run(source, Deadline.after(5))
        source.collect(run)
        source.close()
        (outcome,) = run.outcomes()
        entry = {"name": "one", "kind": "redis", "url": "${URL}"}
        url = {"URL": f"redis://:s3cr3t@127.0.0.1:{port}"}
        parsed = decode({"checks": [entry]}, SyntheticSettings, "settings.yaml", url).checks[0]
        probe = KINDS[parsed.kind](parsed, Entry(str(tmp_path / "settings.yaml"), "synthetic.checks[0]"))
        with pytest.raises(CollectError) as caught:
            probe(Observation(), Deadline.after(5))
    assert outcome.error_class == caught.value.error_class == error_class
    assert "s3cr3t" not in outcome.detail + str(caught.value)
