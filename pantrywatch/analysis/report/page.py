"""The pages: one HTML document each, without scripts and without anything from elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pantrywatch.analysis.report.charts import days_chart, months_chart
from pantrywatch.analysis.report.days import LayerDays, layer_order
from pantrywatch.analysis.report.locale import Locale
from pantrywatch.analysis.report.promises import Promise, Result
from pantrywatch.analysis.report.report import Report
from pantrywatch.analysis.report.tables import Unit

_STYLE = Path(__file__).parent / "style.css"
_STATES = ("healthy", "degraded", "unhealthy")
_RESULTS: tuple[Result, ...] = get_args(Result)


def report_page(report: Report, locale: Locale) -> str:
    """Return the report as HTML."""
    layers = sorted({one.layer for one in report.promises}, key=layer_order)
    measured = [one for one in report.promises if one.result != "not measured"]
    return _rendered(
        "report.html",
        locale,
        report=report,
        title=_title(report, locale),
        results=_results(report.promises),
        layers=[(layer, found) for layer in layers if (found := [one for one in measured if one.layer == layer])],
        not_measured=[one for one in report.promises if one.result == "not measured"],
        unknown_before=sum(one.before is None and one.good is not None for one in report.promises),
        known_before=sum(one.before is not None and one.good is not None for one in report.promises),
        sections=[section for section in ("slowest", "business", "forecasts") if _has(report, section)],
        months_chart=lambda promise: months_chart(promise, locale),
        cell=lambda value, unit: _cell(value, unit, locale),
    )


def summary(report: Report, locale: Locale) -> tuple[str, str]:
    """Return the title, and the summary as text for a mail."""
    lines = [locale.text("from_to", start=locale.moment(report.period.start), end=locale.moment(report.period.end))]
    lines += [f"{count} {locale.text(result)}" for result, count in _results(report.promises)]
    for kind, one in report.moved:
        shares = {"before": one.before, "now": one.good, "objective": one.objective}
        words = {name: locale.share(share) for name, share in shares.items()}
        lines.append(locale.text(f"change_{kind}", title=one.title, **words))
    return _title(report, locale), "\n".join([*lines, "", locale.text("attached"), ""])


def status_page(report: Report, layers: Sequence[LayerDays], locale: Locale) -> str:
    """Return the status page as HTML: states and days, no name or number of what is inside."""
    return _rendered(
        "status.html",
        locale,
        title=locale.text("status"),
        made_at=report.made_at,
        state=_state(report.system),
        layers=[(one.layer, _state(report.layers.get(one.layer)), days_chart(one, locale)) for one in layers],
    )


def _rendered(template: str, locale: Locale, **values: object) -> str:
    style = Markup(_STYLE.read_text(encoding="utf-8"))  # noqa: S704 - our own file
    return _TEMPLATES.get_template(template).render(
        values, locale=locale, t=locale.text, style=style, iso=_iso, counted=len
    )


def _title(report: Report, locale: Locale) -> str:
    month = datetime.fromtimestamp(report.period.start, UTC)
    return locale.text(f"title_{report.period.name}", month=locale.month(f"{month:%Y-%m}"))


def _results(promises: Sequence[Promise]) -> list[tuple[str, int]]:
    counts = Counter(one.result for one in promises)
    return [(result, counts[result]) for result in _RESULTS if counts[result]]


def _has(report: Report, section: str) -> bool:
    return any(table.section == section for table in report.tables)


def _state(value: float | None) -> str:
    return _STATES[int(value)] if value in (0, 1, 2) else "unknown"


def _cell(value: float | None, unit: Unit, locale: Locale) -> str:
    if value is None:
        return locale.text("unknown")
    if unit == "until":
        return locale.text("full_in", time=locale.duration(value)) if value > 0 else locale.text("full_now")
    return {"seconds": locale.seconds, "ratio": lambda share: locale.share(share, 1), "count": locale.count}[unit](
        value
    )


def _iso(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


_TEMPLATES = Environment(
    loader=PackageLoader("pantrywatch.analysis.report"), autoescape=True, undefined=StrictUndefined,
    trim_blocks=True, lstrip_blocks=True,
)  # fmt: skip
