"""Checks of name servers."""

from __future__ import annotations

import pytest

from exporters.core.errors import ErrorClass
from tests.support.peers import Check
from tests.support.servers import free_port


def test_good_answer(check: Check, name_server: int) -> None:
    """An answer with records passes; the records are counted."""
    server = f"127.0.0.1:{name_server}"
    result = check(kind="dns", query_name="good.test", server=server, expect=["192.0.2.2", "192.0.2.1"])
    assert result.error_class is None
    assert result.gauges["probe_dns_answer_rrs", ()] == 2
    assert result.gauges["probe_dns_query_succeeded", ()] == 1
    assert result.gauges["probe_dns_duration_seconds", ("request",)] > 0


def test_serial_of_a_zone(check: Check, name_server: int) -> None:
    """An SOA record shows its serial number."""
    result = check(kind="dns", query_name="zone.test", record_type="SOA", server=f"127.0.0.1:{name_server}")
    assert (result.error_class, result.gauges["probe_dns_serial", ()]) == (None, 2026112301)


def test_answer_too_big_for_udp(check: Check, name_server: int) -> None:
    """A truncated answer is asked for again over TCP."""
    result = check(kind="dns", query_name="big.test", server=f"127.0.0.1:{name_server}")
    assert (result.error_class, result.gauges["probe_dns_answer_rrs", ()]) == (None, 100)


@pytest.mark.parametrize(
    ("name", "error_class", "answered"),
    [
        ("missing.test", ErrorClass.DNS, 1),
        ("broken.test", ErrorClass.PROTOCOL, 1),
        ("garbage.test", ErrorClass.PROTOCOL, 0),
        ("empty.test", ErrorClass.PROTOCOL, 1),
        ("silent.test", ErrorClass.TIMEOUT, 0),
    ],
)
def test_failure(check: Check, name_server: int, name: str, error_class: ErrorClass, answered: int) -> None:
    """A name that does not exist is dns, no answer a timeout, any other answer protocol."""
    result = check(kind="dns", query_name=name, server=f"127.0.0.1:{name_server}", timeout_seconds=0.5)
    assert result.error_class is error_class
    assert result.gauges["probe_dns_query_succeeded", ()] == answered


def test_expected_record_is_missing(check: Check, name_server: int) -> None:
    """An answer without an expected record is protocol."""
    server = f"127.0.0.1:{name_server}"
    result = check(kind="dns", query_name="good.test", server=server, expect=["192.0.2.9"])
    assert result.error_class is ErrorClass.PROTOCOL


def test_no_name_server(check: Check) -> None:
    """A closed port is refused."""
    result = check(kind="dns", query_name="good.test", server=f"127.0.0.1:{free_port()}")
    assert result.error_class is ErrorClass.REFUSED
