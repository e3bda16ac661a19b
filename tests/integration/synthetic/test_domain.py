"""When a domain expires: recorded answers of a registry on loopback, which also misbehaves."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.core.checks.check import Observation
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.synthetic.domain_memory import DomainMemory
from exporters.synthetic.kinds import domain
from exporters.synthetic.rdap import expiry_of, is_public, look, registry_of
from exporters.synthetic.tls import _context
from tests.support.peers import Check, Listen, read_head
from tests.support.properties import cases
from tests.support.servers import free_port

_EXPIRES = 1818129600.0
# As a registry answers (RFC 9083), shortened to what it needs to be one.
_ANSWER = {
    "objectClassName": "domain",
    "ldhName": "PANTRY.ORG",
    "events": [
        {"eventAction": "registration", "eventDate": "2012-08-13T04:00:00Z"},
        {"eventAction": "expiration", "eventDate": "2027-08-13T04:00:00Z"},
        {"eventAction": "last update of RDAP database", "eventDate": "2026-11-30T00:00:00.123Z"},
    ],
    "status": ["client transfer prohibited"],
    "rdapConformance": ["rdap_level_0"],
}


@dataclass
class Registry:
    """A list of registries at `/dns.json`, and one registry, that answer by path and note what they were asked."""

    port: int = 0
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def bootstrap_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/dns.json"

    def answer(self, connection: socket.socket) -> None:
        """Answer one request: status and JSON, text, or the address of a redirect."""
        path = read_head(connection).split(" ")[1]
        self.asked.append(path)
        status, body = self.answers.get(path, (404, {"errorCode": 404}))
        if status in {301, 302}:
            head, text = f"Location: {body}\r\n", b""
        else:
            head, text = "", body.encode() if isinstance(body, str) else json.dumps(body).encode()
        connection.sendall(f"HTTP/1.1 {status} x\r\n{head}Content-Length: {len(text)}\r\n\r\n".encode() + text)


@pytest.fixture
def registry(listen: Listen) -> Registry:
    """A registry of the ending org, which has the domain pantry.org."""
    made = Registry()
    made.port = listen(made.answer)
    base = f"http://127.0.0.1:{made.port}/org/"
    services = [[["net"], ["https://rdap.invalid/"]], [["org"], ["http://elsewhere.invalid/", base]]]
    made.answers["/dns.json"] = (200, {"version": "1.0", "services": services})
    made.answers["/org/domain/pantry.org"] = (200, _ANSWER)
    return made


def ask(registry: Registry, host: str = "crm.pantry.org") -> float | None:
    """Return what the registry says of a host."""
    return look(host, registry.bootstrap_url, _context(None, False), Deadline.after(5)).expires_at


def run(memory: DomainMemory, registry: Registry) -> Observation:
    """Run the check once. Raises CollectError."""
    seen = Observation()
    asking: Callable[..., Any] = partial(look, "crm.pantry.org", registry.bootstrap_url, _context(None, False))
    domain.check(memory, asking, seen, Deadline.after(5))
    return seen


def test_the_registered_name_above_a_host_is_found(registry: Registry) -> None:
    """The host is asked for first, then what is above it; the date of the registry is the expiry."""
    assert ask(registry) == _EXPIRES
    assert registry.asked == ["/dns.json", "/org/domain/crm.pantry.org", "/org/domain/pantry.org"]


def test_a_restart_does_not_ask_again(check: Check, registry: Registry, tmp_path: Path) -> None:
    """Each run shows what is known; one that comes within a day, in a new process too, asks nobody."""
    settings = {"kind": "domain", "host": "crm.pantry.org", "state": ".", "bootstrap_url": registry.bootstrap_url}
    for _ in range(2):
        result = check(**settings)
        assert result.error_class is None
        assert result.gauges["pantrywatch_domain_expiry_timestamp_seconds", ()] == _EXPIRES
        assert result.gauges["pantrywatch_domain_known", ()] == 1
    assert len(registry.asked) == 3
    (tmp_path / "domain-one.json").write_text('{"host": "crm.pantry.org", "asked_at": NaN')
    assert check(**settings).error_class is None, "a damaged file is as none"
    assert len(registry.asked) == 6


def test_a_failure_keeps_the_last_answer_with_its_age(registry: Registry, tmp_path: Path) -> None:
    """A look that fails says its class, is tried again after six hours, and fails the check after three days."""
    at = [1_000_000.0]
    memory = DomainMemory("crm.pantry.org", tmp_path / "state.json", lambda: at[0])
    run(memory, registry)
    registry.answers["/dns.json"] = (429, {})
    at[0] += 86400
    for later, asked in ((0, 4), (3600, 4), (6 * 3600, 5)):
        at[0] += later
        seen = run(memory, registry)
        assert seen.gauges["pantrywatch_domain_error", ("exhausted",)] == 1
        assert seen.gauges["pantrywatch_domain_expiry_timestamp_seconds", ()] == _EXPIRES
        assert seen.gauges["pantrywatch_domain_answer_timestamp_seconds", ()] == 1_000_000
        assert len(registry.asked) == asked
    at[0] += 2 * 86400
    with pytest.raises(CollectError) as raised:
        run(memory, registry)
    assert raised.value.error_class is ErrorClass.EXHAUSTED


def test_a_process_that_ends_while_it_asks_does_not_ask_each_time(registry: Registry, tmp_path: Path) -> None:
    """That a look has begun is kept before it has ended."""
    file = tmp_path / "state.json"

    def ends() -> Any:
        raise SystemExit

    with pytest.raises(SystemExit):
        DomainMemory("crm.pantry.org", file).refresh(ends)
    with pytest.raises(CollectError):
        run(DomainMemory("crm.pantry.org", file), registry)
    assert registry.asked == []


def test_a_private_name_is_not_measured(check: Check, registry: Registry) -> None:
    """Nobody is asked about an address or a name of a local network: the check passes, and says so."""
    names = ("crm.internal", "localhost", "crm", "10.0.0.1", "[::1]", "crm.example", "printer.local.", "a..org")
    assert not any(map(is_public, names))
    assert all(map(is_public, ("pantry.org", "crm.pantry.co.uk.", "bücher.de")))
    result = check(kind="domain", host="crm.internal", state="none", bootstrap_url=registry.bootstrap_url)
    assert (result.error_class, result.gauges["pantrywatch_domain_known", ()]) == (None, 0)
    assert registry.asked == []


def test_what_a_registry_does_not_say_is_not_known(registry: Registry) -> None:
    """No registry for the ending, no such domain, no date: None, which is not a failure."""
    assert ask(registry, "crm.pantry.de") is None
    assert ask(registry, "crm.other.org") is None
    registry.answers["/org/domain/pantry.org"] = (200, {"objectClassName": "domain"})
    assert ask(registry) is None


@pytest.mark.parametrize(
    ("path", "answer", "error_class"),
    [
        ("/dns.json", (200, "<html>"), ErrorClass.PROTOCOL),
        ("/dns.json", (200, {"services": "none"}), ErrorClass.PROTOCOL),
        ("/dns.json", (302, "http://192.0.2.1/dns.json"), ErrorClass.TLS),
        ("/dns.json", (301, "/dns.json"), ErrorClass.PROTOCOL),
        ("/org/domain/pantry.org", (200, "[" * 2_000_000), ErrorClass.PROTOCOL),
        ("/org/domain/pantry.org", (200, "[" * 100_000), ErrorClass.PROTOCOL),
        ("/org/domain/pantry.org", (200, [1]), ErrorClass.PROTOCOL),
        ("/org/domain/pantry.org", (200, {"events": [{"eventAction": "expiration", "eventDate": "soon"}]}), "protocol"),
        ("/org/domain/pantry.org", (500, {}), ErrorClass.PROTOCOL),
        ("/org/domain/pantry.org", (403, {}), ErrorClass.PERMISSION),
    ],
)
def test_bad_answers_have_a_class(registry: Registry, path: str, answer: tuple[int, Any], error_class: str) -> None:
    """Whatever a registry answers is bounded, and ends with a class; nothing is followed away from https."""
    registry.answers[path] = answer
    with pytest.raises(CollectError) as raised:
        ask(registry)
    assert raised.value.error_class == error_class
    assert len(registry.asked) < 8


def test_a_redirect_is_followed(registry: Registry) -> None:
    """A registry may hand on to a registrar."""
    registry.answers["/org/domain/pantry.org"] = (302, "/registrar/pantry.org")
    registry.answers["/registrar/pantry.org"] = (200, _ANSWER)
    assert ask(registry) == _EXPIRES


def test_nobody_answers(check: Check, tmp_path: Path) -> None:
    """Without any answer so far the check fails, with the class of the look."""
    url = f"http://127.0.0.1:{free_port()}/dns.json"
    result = check(kind="domain", host="pantry.org", state=str(tmp_path), bootstrap_url=url)
    assert result.error_class is ErrorClass.REFUSED
    assert ("pantrywatch_domain_expiry_timestamp_seconds", ()) not in result.gauges


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["org", "expiration", "https://a/"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["services", "events", "eventAction", "eventDate"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@cases(60)
@given(document=_JSON)
def test_any_json_is_read_or_refused(document: Any) -> None:
    """Whatever JSON comes in place of the list or of a domain: a value, or an error of class protocol."""
    for read in (partial(registry_of, "pantry.org"), expiry_of):
        try:
            found = read(document)
        except CollectError as error:
            assert error.error_class is ErrorClass.PROTOCOL  # noqa: PT017 - a value is as good
        else:
            assert found is None or isinstance(found, str | float)
