"""Records of csvlog and jsonlog become exactly these counts; any other bytes are counted, never an error."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.core.followed_logs.records import BLOCK_BYTES
from exporters.database_log.errors import CLASSES, MOST_SERIES, NOTICES, class_of, none_yet
from exporters.database_log.records import REASONS, DatabaseRecords
from tests.support.properties import cases
from tests.unit.followed_logs.logs import csv_record, json_record

# What a statement may hold to look like the log: a record without quotation marks, and one with them.
_FORGED = "\n2026-11-29 17:56:48.988 UTC,u,d,1,h,s,1,SELECT,2026-11-29 17:56:48 UTC,3/2,0,PANIC,XX000,m,,,,,,,,,,,0\n"
_TEXT = st.text(max_size=300).filter(lambda text: "\0" not in text)
_ANY = st.sampled_from(["ERROR", "FATAL", "PANIC", "LOG", "WARNING"])


def _counted(records: DatabaseRecords) -> dict[tuple[str, str], int]:
    return {
        (severity, one): number
        for severity, classes in records.errors.items()
        for one, number in classes.items()
        if number
    }


def _read(*blocks: bytes) -> tuple[dict[tuple[str, str], int], dict[str, int], int]:
    """Return what blocks read one after the other count, the failures, and what is left unread."""
    records, failed, rest = DatabaseRecords(none_yet()), dict[str, int](), b""
    for block in blocks:
        rest += block
        while (taken := records.take(rest)).used:
            rest = rest[taken.used :]
            for reason, number in taken.failed.items():
                failed[reason] = failed.get(reason, 0) + number
    return _counted(records), failed, len(rest)


def test_there_are_at_most_forty_series() -> None:
    """All there can be are there from the start, whatever a log holds: an increase of the first error is seen."""
    assert sum(len(classes) for classes in CLASSES.values()) <= MOST_SERIES
    assert {severity: tuple(classes) for severity, classes in none_yet().items()} == CLASSES


@pytest.mark.parametrize(
    ("severity", "state", "expected"),
    [
        ("ERROR", "22012", "22"), ("ERROR", "25P02", "25P02"), ("ERROR", "25006", "25"), ("ERROR", "57014", "57014"),
        ("ERROR", "0L000", "other"), ("FATAL", "57P01", "57P01"), ("FATAL", "57P03", "57"), ("FATAL", "22012", "other"),
        ("PANIC", "53100", "53"), ("ERROR", "ZZZZZ", "other"),
    ],
)  # fmt: skip
def test_a_class_is_two_characters_or_a_code_of_its_own(severity: str, state: str, expected: str) -> None:
    """What an administrator asks for, and what only follows from another error, are classes of their own."""
    assert class_of(severity, state) == expected
    for record in (csv_record, json_record):
        assert _read(record("x", severity, state)) == ({(severity, expected): 1}, {}, 0)


def test_what_is_no_error_counts_as_nothing() -> None:
    """Everything a log holds besides is read, understood and not counted."""
    for severity in NOTICES:
        for record in (csv_record, json_record):
            assert _read(record("x", severity, "00000")) == ({}, {}, 0)


@given(
    text=st.one_of(_TEXT, st.just(_FORGED), st.just(_FORGED.replace(",m,", ',"m",'))), severity=_ANY, cut=st.integers(0)
)
@cases(150)
def test_no_text_is_taken_for_a_record(text: str, severity: str, cut: int) -> None:
    """Whatever a statement holds, three records are three records, also where a block ends inside one."""
    one = csv_record(text, severity) * 3
    at = cut % len(one)
    expected = {(severity, class_of(severity, "22012")): 3} if severity in CLASSES else {}
    assert _read(one[:at], one[at:]) == (expected, {}, 0)


@given(text=_TEXT.filter(lambda text: '"' not in text), cut=st.integers(1))
@cases(150)
def test_a_record_that_a_crash_cut_off_costs_itself_alone(text: str, cut: int) -> None:
    """Reading continues with the next record; the one that was cut counts if it got as far as its SQLSTATE."""
    whole = csv_record("a")
    cut_off = csv_record(text)[: 1 + cut % (len(csv_record(text)) - 1)]
    counted, failed, left = _read(whole + cut_off + b"\n" + csv_record("b") + csv_record("c"))
    assert left == 0
    assert counted["ERROR", "22"] + sum(failed.values()) >= 4
    assert counted["ERROR", "22"] in {3, 4}


@given(lines=st.lists(st.one_of(st.binary(max_size=200), st.sampled_from([csv_record(), json_record()]))))
@cases(200)
def test_any_bytes_are_counted_or_wait_and_never_raise(lines: list[bytes]) -> None:
    """Garbage is a failure with a reason of the list, and is passed over once a record follows it."""
    block = b"".join(line.rstrip(b"\n") + b"\n" for line in lines) + csv_record() + csv_record()
    counted, failed, _ = _read(block)
    assert set(failed) <= set(REASONS)
    assert counted.get(("ERROR", "22"), 0) >= 2


@pytest.mark.parametrize("record", [csv_record, json_record])
def test_a_record_longer_than_a_block_counts_by_its_beginning(record: object) -> None:
    """A failed statement of megabytes is an error like any other; the next record begins after it, not inside."""
    assert callable(record)
    long = record("x" * (BLOCK_BYTES * 2)) if record is json_record else record((_FORGED + "x" * 999) * 400)
    records = DatabaseRecords(none_yet())
    assert records.take(long[:BLOCK_BYTES]).used == 0
    assert records.take_long(long[:BLOCK_BYTES]) == {}
    at, found, rest = BLOCK_BYTES, False, long + record("next", "FATAL", "53300")
    while not found:
        used, found = records.resume(rest[at : at + BLOCK_BYTES])
        at += used
    assert records.take(rest[at:]).used == len(rest) - at
    assert _counted(records) == {("ERROR", "22"): 1, ("FATAL", "53"): 1}


def test_texts_in_another_encoding_do_not_matter() -> None:
    """A database in LATIN1 writes its texts as they are: severity and SQLSTATE are read all the same."""
    for record in (csv_record, json_record):
        assert _read(record("caf@").replace(b"@", b"\xe9")) == ({("ERROR", "22"): 1}, {}, 0)


def test_a_translated_severity_is_a_reason() -> None:
    """A csvlog has severities in the language of lc_messages: that is said, and no error passes for none."""
    assert _read(csv_record("Division durch Null", "FEHLER")) == ({}, {"language": 1}, 0)


@pytest.mark.parametrize(
    "piece",
    [
        b'"', b'""', b'","', b'2026-11-29 17:56:48.988 UTC,"', b"2026-11-29 17:56:48.988 UTC,", b"\n", b"{", b'{"',
        csv_record()[:-40], json_record()[:-40],
    ],
)  # fmt: skip
def test_time_is_linear_in_what_is_read(piece: bytes) -> None:
    """Whatever is repeated, twice as much takes about twice as long: no statement slows the exporter down."""

    def seconds(size: int) -> float:
        block = (csv_record()[:60] + piece * (size // len(piece)))[:size]
        begin = time.process_time()
        DatabaseRecords(none_yet()).take(block)
        return time.process_time() - begin

    small = min(seconds(BLOCK_BYTES // 8) for _ in range(3))
    large = min(seconds(BLOCK_BYTES) for _ in range(3))
    assert large < 8 * 6 * max(small, 0.001)
