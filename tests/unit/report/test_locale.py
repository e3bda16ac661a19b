"""The table of texts is complete, and numbers and dates are as people of the language write them."""

from __future__ import annotations

import inspect
import re
import string
from datetime import date
from pathlib import Path

import pytest

from pantrywatch.analysis.report.locale import languages, locale, table
from pantrywatch.analysis.report.tables import table_sources

FOLDER = Path(inspect.getfile(locale)).parent


def _names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_each_text_is_in_each_language_with_the_same_values() -> None:
    """English and German are complete; a text that is translated names what the English one names."""
    wrong = [
        key
        for key, entry in table()["texts"].items()
        if set(entry) != set(languages()) or any(_names(text) != _names(entry["en"]) for text in entry.values())
    ]
    assert wrong == []


def test_each_text_is_used_and_each_that_is_used_is_there() -> None:
    """No text is left over, and none that a template or the code names is missing."""
    sources = [*FOLDER.glob("templates/*.html"), *FOLDER.glob("*.py")]
    code = "\n".join(file.read_text() for file in sources)
    named = set(re.findall(r'\b(?:t|text)\(\s*"(\w+)"[,)]', code))
    made = (
        "layer_", "basis_", "change_", "title_", "severity_", "table_", "column_", "status_", "state_", "day_", "hour_",
        "minute_", "second_", "month_", "effect_", "incidents_more_", "deployments_more_",
    )  # fmt: skip
    words = set(re.findall(r'"([\w ]+)"', code))
    texts = set(table()["texts"])
    assert named - texts == set()
    sections = {one.section for one in table_sources()}
    notes = {f"{section}_note" for section in sections}
    assert {key for key in texts - named - words - sections - notes if not key.startswith(made)} == set()


def test_each_column_and_table_has_its_text() -> None:
    """What tables.yaml names is in the table of texts."""
    texts = set(table()["texts"])
    for source in table_sources():
        assert {f"table_{source.id}", source.section, f"{source.section}_note"} <= texts
        assert {f"column_{column.text}" for column in source.columns} <= texts


@pytest.mark.parametrize(
    ("language", "numbers", "dates"),
    [
        ("en", ("99.950%", "12,345.6"), ("Nov 3, 2026", "Nov 2026", "1 hour 5 minutes")),
        ("de", ("99,950\N{NO-BREAK SPACE}%", "12.345,6"), ("3. Nov. 2026", "Nov. 2026", "1 Stunde 5 Minuten")),
    ],
)
def test_numbers_and_dates_are_of_the_language(language: str, numbers: tuple[str, str], dates: tuple[str, ...]) -> None:
    """Marks, order and units."""
    found = locale(language)
    assert (found.share(0.9995), found.number(12345.6, 1)) == numbers
    assert (found.day(date(2026, 11, 3)), found.month("2026-11"), found.duration(3930)) == dates


def test_what_is_not_all_is_never_shown_as_all_and_what_is_not_known_says_so() -> None:
    """100% is all events; a missing number is a word."""
    found = locale("en")
    assert (found.share(0.999999), found.share(1.0), found.share(None)) == ("99.999%", "100.000%", "not known")
    assert found.duration(None) == "not known"


def test_one_thing_and_more_of_them_have_their_own_form() -> None:
    """A text with a count has a form for one, in each language."""
    more = {
        language: [locale(language).counted("incidents_more", count) for count in (1, 2)] for language in ("en", "de")
    }
    assert more == {
        "en": ["1 older incident is not listed.", "2 older incidents are not listed."],
        "de": ["1 ältere Störung ist nicht aufgeführt.", "2 ältere Störungen sind nicht aufgeführt."],
    }
