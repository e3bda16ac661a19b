"""The `access_log` section of settings.yaml: which logs are followed, and what their lines look like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from exporters.access_log.formats import AnyFormat, OwnFormat, is_timed, shipped
from exporters.core.cardinality import OTHER
from exporters.core.decoder import Problems, RecordCheck
from exporters.core.field_checks import (
    at_most_entries,
    between,
    expect_name,
    matching,
    not_empty,
    some_entries,
    unique,
    unique_names,
)
from exporters.core.problem_text import expected_one_of

_MOST_FILES = 20
_MOST_TEMPLATES = 200


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file; servers that write to several have an entry each."""

    name: Annotated[str, "The value of the label `file`; unique in the section.", expect_name]
    path: Annotated[str, "Its path; a relative one begins at the settings file.", not_empty]
    format: Annotated[str, "The name of a format: of the [shipped ones](your-application.md), or of `formats`."]


def _known_formats(files: tuple[LogFile, ...], formats: tuple[OwnFormat, ...]) -> Problems:
    known = [*shipped(), *(one.name for one in formats)]
    for index, file in enumerate(files):
        if file.format not in known:
            yield f"files[{index}].format", expected_one_of(known, file.format)


def _own_names(formats: tuple[OwnFormat, ...]) -> Problems:
    for index, one in enumerate(formats):
        if one.name in shipped():
            yield f"formats[{index}].name", f"expected another name: {one.name} is a shipped format"


@dataclass(frozen=True, slots=True)
class AccessLogSettings:
    """Requests are counted from what a web server, a proxy or the application itself writes about each."""

    files: Annotated[
        tuple[LogFile, ...], "The logs.", some_entries("file"), at_most_entries(_MOST_FILES, "files"), unique_names
    ]
    state: Annotated[
        str,
        "The file with what was read and counted, written every few seconds; a relative path begins at the settings "
        "file. On a disk that is kept: without it counting starts again.",
        not_empty,
    ]
    name: Annotated[str, "The value of the label `instance`."] = "local"
    feeds: Annotated[
        bool | None,
        "Whether documented targets are counted from here. Left out: where `application` has no endpoints. With `true` "
        "the requests in the application's own metrics are left out: never both.",
    ] = None
    formats: Annotated[tuple[OwnFormat, ...], "Formats of your own.", at_most_entries(20, "formats"), unique_names] = ()
    routes: Annotated[
        tuple[Annotated[str, matching(r"/[A-Za-z0-9_.:{}/-]{0,199}", "a template like /contacts/:id")], ...],
        "Templates of routes, `:name` or `{name}` for a part that varies. Other paths have their ids folded to `{id}`.",
        at_most_entries(_MOST_TEMPLATES, "routes"), unique,
    ] = ()  # fmt: skip
    most_routes: Annotated[
        int, f"Routes besides those of `routes`; all beyond are `{OTHER}`.", between(0, 1000)
    ] = 100  # fmt: skip
    most_label_sets: Annotated[
        int, f"Route, method and status together; those beyond count with the route `{OTHER}`.", between(10, 5000)
    ] = 500  # fmt: skip
    most_backlog_bytes: Annotated[
        int,
        "How far behind reading may be, such as after a stop: older lines are passed over and counted as such.",
        between(1_000_000, 10_000_000_000),
    ] = 268_435_456

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_known_formats, _own_names)

    def format_of(self, file: LogFile) -> AnyFormat:
        """Return the format of one of the files."""
        return next((one for one in self.formats if one.name == file.format), None) or shipped()[file.format]

    def untimed(self) -> list[str]:
        """Return the names of the files that do not say how long requests take."""
        return [file.name for file in self.files if not is_timed(self.format_of(file))]

    def is_timed(self) -> bool:
        """Return whether some file says how long requests take."""
        return len(self.untimed()) < len(self.files)


Section = AccessLogSettings


def from_environment(_environment: Mapping[str, str]) -> None:
    """Return None: logs are followed only where a settings file names them."""
