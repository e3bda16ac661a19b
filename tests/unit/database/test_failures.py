"""From SQLSTATE and libpq's words to a class."""

from __future__ import annotations

import pytest

from exporters.core.errors import ErrorClass
from exporters.database.failures import class_of_state, class_of_text


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("28P01", ErrorClass.AUTH),
        ("28000", ErrorClass.AUTH),
        ("42501", ErrorClass.PERMISSION),
        ("42703", ErrorClass.VERSION),
        ("42P01", ErrorClass.VERSION),
        ("42883", ErrorClass.VERSION),
        ("55000", ErrorClass.VERSION),
        ("53300", ErrorClass.EXHAUSTED),
        ("53200", ErrorClass.EXHAUSTED),
        ("57014", ErrorClass.TIMEOUT),
        ("55P03", ErrorClass.TIMEOUT),
        ("40P01", ErrorClass.TIMEOUT),
        ("57P03", ErrorClass.REFUSED),
        ("08P01", ErrorClass.PROTOCOL),
        ("22012", ErrorClass.INTERNAL),
    ],
)
def test_each_state_has_its_class(state: str, expected: ErrorClass) -> None:
    """The class follows from the SQLSTATE, the longest rule first where one is part of another."""
    assert class_of_state(state) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "u", database "d", no encryption', ErrorClass.TLS),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "u", database "d", SSL encryption', ErrorClass.AUTH),
        ("FATAL:  SSL required", ErrorClass.TLS),
        ("SSL error: certificate verify failed", ErrorClass.TLS),
        ("FATAL:  sorry, too many clients already", ErrorClass.EXHAUSTED),
        (
            "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
            ErrorClass.EXHAUSTED,
        ),
        ('FATAL:  too many connections for role "u"', ErrorClass.EXHAUSTED),
        ("FATAL:  the database system is starting up", ErrorClass.REFUSED),
        ("FATAL:  the database system is not yet accepting connections", ErrorClass.REFUSED),
        ('FATAL:  permission denied for database "d"', ErrorClass.PERMISSION),
        ('FATAL:  password authentication failed for user "too many secrets"', ErrorClass.AUTH),
        ("something in another language", ErrorClass.PROTOCOL),
    ],
)
def test_each_word_of_libpq_has_its_class(text: str, expected: ErrorClass) -> None:
    """Where no SQLSTATE is given the text decides; what is not known is the peer's talk: protocol."""
    assert class_of_text(text) is expected
