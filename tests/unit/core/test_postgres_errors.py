"""From SQLSTATE and libpq's words to a class: one classifier, whoever asks PostgreSQL."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.core.deadline import Deadline
from exporters.core.errors import ErrorClass
from exporters.core.postgres_errors import ServerError, class_of_connection_error, class_of_statement_error
from exporters.synthetic.kinds.sql import class_of
from tests.support.properties import cases

_HBA = 'FATAL:  {what} for host "10.0.0.1", user "u", database "d", {encryption}'

STATES = [
    ("28P01", ErrorClass.AUTH),
    ("28000", ErrorClass.AUTH),
    ("3D000", ErrorClass.AUTH),
    ("42501", ErrorClass.PERMISSION),
    ("42703", ErrorClass.VERSION),
    ("42P01", ErrorClass.VERSION),
    ("42883", ErrorClass.VERSION),
    ("42704", ErrorClass.VERSION),
    ("0A000", ErrorClass.VERSION),
    ("55000", ErrorClass.VERSION),
    ("42601", ErrorClass.PROTOCOL),
    ("25006", ErrorClass.READONLY),
    ("22012", ErrorClass.PROTOCOL),
    ("08P01", ErrorClass.PROTOCOL),
    ("XX000", ErrorClass.PROTOCOL),
    ("53300", ErrorClass.EXHAUSTED),
    ("53200", ErrorClass.EXHAUSTED),
    ("53100", ErrorClass.EXHAUSTED),
    ("57014", ErrorClass.TIMEOUT),
    ("55P03", ErrorClass.TIMEOUT),
    ("25P03", ErrorClass.TIMEOUT),
    ("25P04", ErrorClass.TIMEOUT),
    ("57P05", ErrorClass.TIMEOUT),
    ("40P01", ErrorClass.TIMEOUT),
    ("40001", ErrorClass.TIMEOUT),
    ("57P01", ErrorClass.REFUSED),
    ("57P02", ErrorClass.REFUSED),
    ("57P03", ErrorClass.STARTING),
]

TEXTS = [
    (_HBA.format(what="no pg_hba.conf entry", encryption="no encryption"), ErrorClass.TLS),
    (_HBA.format(what="no pg_hba.conf entry", encryption="SSL off"), ErrorClass.TLS),  # PostgreSQL 13
    (_HBA.format(what="no pg_hba.conf entry", encryption="SSL encryption"), ErrorClass.AUTH),
    (_HBA.format(what="pg_hba.conf rejects connection", encryption="SSL encryption"), ErrorClass.AUTH),
    # With sslmode=prefer libpq tries both ways: a rule that refuses both has nothing to do with TLS.
    (
        _HBA.format(what="pg_hba.conf rejects connection", encryption="SSL encryption")
        + "\n"
        + _HBA.format(what="pg_hba.conf rejects connection", encryption="no encryption"),
        ErrorClass.AUTH,
    ),
    ("FATAL:  SSL required", ErrorClass.TLS),
    ("server does not support SSL, but SSL was required", ErrorClass.TLS),
    ("SSL error: certificate verify failed", ErrorClass.TLS),
    ("received invalid response to SSL negotiation: H", ErrorClass.PROTOCOL),
    ("expected authentication request from server, but received H", ErrorClass.PROTOCOL),
    ("FATAL:  sorry, too many clients already", ErrorClass.EXHAUSTED),
    ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", ErrorClass.EXHAUSTED),
    ('FATAL:  too many connections for role "u"', ErrorClass.EXHAUSTED),
    ("FATAL:  no more connections allowed (max_client_conn)", ErrorClass.EXHAUSTED),
    ("FATAL:  the database system is starting up", ErrorClass.STARTING),
    ("FATAL:  the database system is shutting down", ErrorClass.REFUSED),
    ("FATAL:  the database system is not yet accepting connections", ErrorClass.STARTING),
    ('FATAL:  database "d" is not currently accepting connections', ErrorClass.REFUSED),
    ('FATAL:  cannot connect to invalid database "d"', ErrorClass.REFUSED),
    ("FATAL:  server login has been failing, cached error: connect failed (server_login_retry)", ErrorClass.REFUSED),
    ("connection failed: Connection refused\n\tIs the server running on that host?", ErrorClass.REFUSED),
    ("could not receive data from server: Connection reset by peer", ErrorClass.PROTOCOL),
    ("server closed the connection unexpectedly", ErrorClass.PROTOCOL),
    ("could not translate host name", ErrorClass.DNS),
    ("FATAL:  query_wait_timeout", ErrorClass.TIMEOUT),
    ('FATAL:  permission denied for database "d"', ErrorClass.PERMISSION),
    ('FATAL:  database "d" does not exist', ErrorClass.AUTH),
    ('FATAL:  password authentication failed for user "too many secrets"', ErrorClass.AUTH),
    ("something in another language", ErrorClass.PROTOCOL),
]


@pytest.mark.parametrize(("state", "expected"), STATES)
def test_each_state_has_its_class_for_exporter_and_check(state: str, expected: ErrorClass) -> None:
    """The class follows from the SQLSTATE, and is the same in the database exporter and in a check of kind sql."""
    assert class_of_statement_error(state, "") is expected
    assert ServerError(state, "", fatal=False).error_class is expected
    error = psycopg.errors.lookup(state)() if state != "57P05" else psycopg.errors.IdleSessionTimeout()
    assert error.sqlstate == state
    assert class_of(error, Deadline.after(60)) is expected


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_each_text_of_libpq_has_its_class_for_exporter_and_check(text: str, expected: ErrorClass) -> None:
    """Where no SQLSTATE is given the text decides; what is not known is the peer's answer: protocol."""
    assert class_of_connection_error(text) is expected
    assert class_of_statement_error(None, text) is expected
    assert class_of(psycopg.OperationalError(text), Deadline.after(60)) is expected


def test_a_state_that_says_nothing_is_told_by_its_text() -> None:
    """PgBouncer has 08P01 for all it says."""
    assert class_of_statement_error("08P01", "query_wait_timeout") is ErrorClass.TIMEOUT
    assert class_of_statement_error("08P01", "no such database: x") is ErrorClass.AUTH


@cases(500)
@given(state=st.none() | st.text(max_size=6), text=st.text(max_size=200))
def test_no_text_is_a_bug_of_the_exporter(state: str | None, text: str) -> None:
    """The classifier never raises, and never says `internal` of what a server or libpq said."""
    assert class_of_statement_error(state, text) is not ErrorClass.INTERNAL
    assert class_of_connection_error(text) is not ErrorClass.INTERNAL
