"""The page at `/` of the exporters: what there is to read, and how each collector ended."""

from __future__ import annotations

import html
from collections.abc import Iterable

from exporters.core.errors import ErrorClass
from exporters.core.scrape import ScrapeRunner


def landing_page(exporters: Iterable[str], runners: Iterable[ScrapeRunner], documents: Iterable[str]) -> bytes:
    """Return the page, with the exporters' names, the sources and the paths of their documents."""
    paths = ["/metrics", *(f"/metrics/{name}" for name in exporters), "/healthz", "/readyz", *documents]
    links = " · ".join(f'<a href="{path}">{path}</a>' for path in paths)
    return _PAGE.format(links=links, rows="\n".join(map(_rows, runners))).encode()


def _rows(runner: ScrapeRunner) -> str:
    source = f"{runner.source.exporter}/{runner.source.target}"
    if runner.last is None:
        return f"<tr><td>{html.escape(source)}</td><td></td><td>not scraped yet</td><td></td></tr>"
    return "\n".join(
        f"<tr><td>{html.escape(source)}</td><td>{html.escape(outcome.collector)}</td>"
        f"{_state_cell(outcome.error_class)}<td>{outcome.seconds:.4f}</td></tr>"
        for outcome in runner.last.outcomes()
    )


def _state_cell(error_class: ErrorClass | None) -> str:
    return f'<td class="failing">{error_class.value}</td>' if error_class else "<td>ok</td>"


# On a narrow screen a row of the table is a line of its own, and wraps.
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>pantrywatch exporters</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{font:16px/1.45 system-ui,sans-serif;margin:auto;padding:1rem;max-width:60rem;overflow-wrap:anywhere}}
table{{border-collapse:collapse}}td,th{{border:1px solid #ccc;padding:.2rem .6rem;text-align:left}}
.failing{{font-weight:bold;background:#fbdcdc}}
@media(max-width:40rem){{table,tbody,tr{{display:block}}tr{{border-bottom:1px solid #ccc;padding:.3rem 0}}
td,th{{display:inline-block;border:0;padding:0 .6rem 0 0}}}}</style>
<h1>pantrywatch exporters</h1>
<p>Each link is a page of metrics for Prometheus. <code>pantrywatch-exporter check NAME</code> runs a collector or check
now, and says in full why it fails.</p><p>{links}</p>
<h2>Collectors, as of each source's last scrape</h2>
<table><tr><th>source</th><th>collector</th><th>state</th><th>seconds</th></tr>
{rows}
</table></html>
"""
