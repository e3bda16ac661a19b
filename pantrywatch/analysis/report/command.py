"""`pantrywatch report`."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from exporters.core.access import WebSettings
from exporters.core.files import write_atomically
from pantrywatch.analysis.report.acknowledgments import acknowledged, first_silences
from pantrywatch.analysis.report.applied import applied_in
from pantrywatch.analysis.report.days import layers_of, read_days, recorded_days
from pantrywatch.analysis.report.locale import locale
from pantrywatch.analysis.report.page import report_page, status_page
from pantrywatch.analysis.report.pdf import find_chromium, print_pdf
from pantrywatch.analysis.report.period import PeriodName, period_of
from pantrywatch.analysis.report.questions import Asker
from pantrywatch.analysis.report.report import Report, collect
from pantrywatch.scheduler.day import Day
from pantrywatch.web.prometheus import NoAnswerError, Prometheus


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to write where.

    `days`: the file of the long memory; `alertmanagers`: the URLs of a cluster; `applied`: what advice was applied;
    each where it is known.
    """

    period: PeriodName
    language: str
    into: Path
    pdf: Path | None = None
    status: Path | None = None
    days: Path | None = None
    environment: str = ""
    alertmanagers: Sequence[str] = ()
    web: WebSettings = field(default_factory=WebSettings)
    applied: Path | None = None


def write_report(prometheus: Prometheus, shared: Path, wanted: Wanted) -> int:
    """Write the report, and what else is wanted; returns 1 if Prometheus does not answer.

    Raises ConfigError for a PDF without a Chromium.
    """
    chromium = find_chromium() if wanted.pdf else ""
    now, asker = time.time(), Asker(prometheus)
    try:
        report = collect(asker, shared, period_of(wanted.period, now), now, wanted.environment)
        report = _with_applied(_with_acknowledgments(report, wanted), wanted)
        write_atomically(wanted.into, report_page(report, locale(wanted.language)))
        written = [wanted.into]
        if wanted.status:
            write_atomically(wanted.status, _status(report, prometheus, wanted))
            written.append(wanted.status)
    except NoAnswerError as error:
        print(f"error: no answer from {prometheus.shown_url}: {error}", file=sys.stderr)
        return 1
    if wanted.pdf:
        print_pdf(chromium, wanted.into, wanted.pdf)
        written.append(wanted.pdf)
    for reason in report.unanswered:
        print(f"not known: {reason}", file=sys.stderr)
    print("\n".join(f"{file}: {file.stat().st_size / 1024:.0f} KiB" for file in written))
    return 0


def _with_acknowledgments(report: Report, wanted: Wanted) -> Report:
    if not wanted.alertmanagers or report.now is None:
        return report
    try:
        silences = first_silences(wanted.alertmanagers, wanted.web)
    except (OSError, ValueError) as error:
        reason = f"silences: Alertmanager does not answer as expected: {type(error).__name__}"
        return replace(report, unanswered=(*report.unanswered, reason))
    incidents = tuple(acknowledged(report.now.incidents, silences))
    return replace(report, now=replace(report.now, incidents=incidents))


def _with_applied(report: Report, wanted: Wanted) -> Report:
    try:
        return replace(report, applied=applied_in(wanted.applied, report.period)) if wanted.applied else report
    except OSError as error:
        reason = f"applied advice: {wanted.applied}: {error.strerror}"
        return replace(report, unanswered=(*report.unanswered, reason))


def _status(report: Report, prometheus: Prometheus, wanted: Wanted) -> str:
    remembered: list[Day] = read_days(wanted.days) if wanted.days and wanted.days.is_file() else []
    days = [*recorded_days(prometheus, report.made_at), *remembered]
    layer_of = {one.id: one.layer for one in report.promises}
    return status_page(report, layers_of(days, layer_of, report.made_at), locale(wanted.language))
