"""What is kept of the last failure of each page: one document with a screenshot, the steps, and what went wrong.

It may show what is in the application, so there is one file a check, private to this user, replaced by the next failure
and removed with the check; it holds no address, no message of a script and no text of the page beyond the picture.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from exporters.browser.settings import BrowserCheck, LastFailures
from exporters.browser.tab import Tab
from exporters.core.checks.check import Observation
from exporters.core.checks.metrics import LABELS, check_labels
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.exposition import Family
from exporters.core.files import write_private
from exporters.core.logs import ChangeLog

_LOG = ChangeLog(logging.getLogger(__name__))
PATH = "/last-failure/"
_SUFFIX = ".last-failure.html"  # nothing else in the folder is touched
MOST_PICTURE_BYTES = 256 * 1024  # in base64 a third more, with at most 40 kB of text around it
_QUALITIES = (60, 20)  # of a JPEG: the second is tried if the first is too large
_PICTURE_SECONDS = 2.0
_LONGEST_DETAIL = 200
_RESERVE_SECONDS = 1.0  # for ending the browser
_NO_PICTURE = {
    ErrorClass.INTERNAL: "the browser itself failed, which says nothing about the page",
    ErrorClass.EXHAUSTED: "the page's process has ended, or takes too much memory",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG in base64, or why there is none."""

    data: str = ""
    missing: str = ""


class Keeper:
    """The documents of the checks in their folder; `url` is where people reach this exporter, if anywhere."""

    def __init__(self, settings: LastFailures, settings_file: str, checks: Sequence[BrowserCheck]) -> None:
        self._folder = Path(settings_file).parent / settings.folder
        self._url = (settings.url or "").rstrip("/")
        self._checks = {check.name: check for check in checks}

    def sweep(self) -> None:
        """Create the folder, and remove what belongs to no check."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for file in self._folder.glob(f"*{_SUFFIX}*"):
                if file.name.removesuffix(_SUFFIX) not in self._checks:
                    file.unlink(missing_ok=True)
        except OSError as error:
            self._report(error)

    def keep(self, check: str, document: str, error_class: ErrorClass) -> None:
        """Replace the document of a check. A failure of the browser itself never replaces one of the page."""
        file = self._file(check)
        if error_class is ErrorClass.INTERNAL and file.exists():
            return
        try:
            write_private(file, document)
            _LOG.report("last_failures=write", "ok", failing=False)
        except OSError as error:
            self._report(error)

    def families(self) -> Iterator[Family]:
        """Yield when each document was written, with the address of its page as a label."""
        found = Family(
            "browser_last_failure_timestamp_seconds", "gauge",
            "When the page last failed, if that is kept, Unix time; `page` is the URL of its screenshot and steps.",
            (*LABELS, "page"),
        )  # fmt: skip
        for name, check in self._checks.items():
            try:
                written = self._file(name).stat().st_mtime
            except OSError:
                continue
            found.add(written, *check_labels(check), f"{self._url}{PATH}{name}" if self._url else "")
        if found.samples:
            yield found

    def paths(self) -> list[str]:
        """Return the paths of the documents that there are."""
        return [PATH + name for name in self._checks if self._file(name).exists()]

    def document(self, path: str) -> bytes | None:
        """Return the document at a path, None if there is none."""
        name = path.removeprefix(PATH)
        if not path.startswith(PATH) or name not in self._checks:
            return None
        try:
            return self._file(name).read_bytes()
        except OSError:
            return None

    def _file(self, check: str) -> Path:
        return self._folder / f"{check}{_SUFFIX}"

    def _report(self, error: OSError) -> None:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        _LOG.report("last_failures=write", f"nothing is kept: {reason}", failing=True)


def document_of(
    settings: BrowserCheck, tab: Tab, observation: Observation, error: CollectError, deadline: Deadline
) -> str:
    """Return a page about a failure that has just been seen; it has nothing to load."""
    picture = _picture(tab, error.error_class, deadline)
    facts = [
        ("Check", settings.name),
        ("Failed", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())),
        ("Class", error.error_class.value),
        ("Reason", str(error)[:_LONGEST_DETAIL]),
        ("Network", settings.network),
    ]
    shown = f'<img alt="Screenshot" src="data:image/jpeg;base64,{picture.data}">' if picture.data else ""
    return _PAGE.format(
        name=escape(settings.name),
        facts=_table((), facts),
        picture=shown or f"<p>No screenshot: {escape(picture.missing)}.</p>",
        steps=_table(("step", "state", "seconds"), _steps(observation.gauges)),
        phases=_table(("phase", "seconds"), [(name, f"{taken:.3f}") for name, taken in observation.phases().items()]),
        measures=_table(("measure", "value"), _measures(observation)),
        requests=_table(
            ("after (s)", "type", "party", "answer"),
            [(f"{one.at:.3f}", one.resource, one.party, one.answer) for one in tab.traffic.failures],
        ),
        errors=_table(("class", "count"), _most_first(tab.traffic.errors)),
    )


def _picture(tab: Tab, error_class: ErrorClass, deadline: Deadline) -> Picture:
    """Return what the tab shows, unless it is too large, or neither page nor browser can answer in time."""
    if error_class in _NO_PICTURE:
        return Picture(missing=_NO_PICTURE[error_class])
    due = Deadline(min(Deadline.after(_PICTURE_SECONDS).at, deadline.earlier(_RESERVE_SECONDS).at))
    try:
        for quality in _QUALITIES:
            data = str(tab.call("Page.captureScreenshot", due, format="jpeg", quality=quality)["data"])
            if len(data) * 3 / 4 <= MOST_PICTURE_BYTES:
                return Picture(data)
    except TimeoutError:
        return Picture(missing="the page hangs: it was not drawn in time")
    except CollectError:
        return Picture(missing="the browser did not take one")
    return Picture(missing=f"it is larger than {MOST_PICTURE_BYTES >> 10} KiB")


def _steps(gauges: Mapping[tuple[str, tuple[str, ...]], float]) -> Iterator[tuple[str, str, str]]:
    reasons = {own[0]: own[1] for name, own in gauges if name == "pantrywatch_check_step_error"}
    for (name, own), passed in gauges.items():
        if name == "pantrywatch_check_step_success":
            taken = gauges.get(("pantrywatch_check_step_duration_seconds", own), 0.0)
            yield own[0], "ok" if passed else reasons.get(own[0], "failed"), f"{taken:.3f}"


def _measures(observation: Observation) -> Iterator[tuple[str, str]]:
    for (name, _), found in observation.measured.items():
        yield name, f"{found.value:.3f}" if found.value is not None else f"not within {found.waited:.1f} s"


def _most_first(counts: Mapping[str, int]) -> list[tuple[str, str]]:
    return [(name, str(count)) for name, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    if not lines:
        return "<p>None.</p>"
    top = f"<tr>{''.join(f'<th>{escape(cell)}</th>' for cell in head)}</tr>" if head else ""
    return f"<table>{top}{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Last failure of {name}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:16px/1.45 system-ui,sans-serif;margin:auto;padding:1rem;max-width:85rem;overflow-wrap:anywhere}}
table{{border-collapse:collapse}}td,th{{border:1px solid #ccc;padding:.2rem .6rem;text-align:left}}
td,th{{overflow-wrap:break-word}}table:first-of-type td{{overflow-wrap:anywhere}}
img{{display:block;max-width:100%;margin:1rem 0;border:1px solid #ccc}}</style>
<h1>Last failure of {name}</h1>
{facts}
{picture}
<h2>Steps</h2>{steps}
<h2>Phases</h2>{phases}
<h2>Measured</h2>{measures}
<h2>Failed requests</h2>{requests}
<h2>Errors of scripts</h2>{errors}
</html>
"""
