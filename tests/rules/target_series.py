"""Series as the exporters, the CRM and the browser write them: what each documented target counts, written by hand.

Nothing here comes from targets.yaml: a threshold, a label or a name that changes there and not in what is exported
makes the tests of the rules fail.
"""

from __future__ import annotations

from collections.abc import Iterator

Segments = list[tuple[float, int]]
Series = dict[str, str]


def counter(segments: Segments) -> str:
    """Return promtool's notation of a counter from 0 that rises by `rate` in each of `steps`, segment by segment."""
    value, parts = 0.0, ["0"]
    for rate, steps in segments:
        parts.append(f"{value + rate:g}+{rate:g}x{steps - 1}")
        value += rate * steps
    return " ".join(parts)


# Histogram, its labels, the bucket the promise is about.
HISTOGRAMS = {
    "lcp": ("browser_lcp_seconds", 'source="field",route="/organizations",device="desktop"', "2.5"),
    "fid": ("browser_fid_seconds", 'source="field",route="/organizations",device="desktop"', "0.1"),
    "cls": ("browser_cls_score", 'source="field",route="/organizations",device="desktop"', "0.1"),
    "fcp": ("browser_fcp_seconds", 'source="field",route="/organizations",device="mobile"', "1.8"),
    "tti": ("browser_tti_seconds", 'source="lab",check="start-page"', "3.5"),
    "page-load-3g": ("browser_page_load_seconds", 'source="lab",check="start-page",network="3g-fast"', "3.0"),
    "ttfb": ("browser_ttfb_seconds", 'source="field",route="/organizations",device="mobile"', "0.2"),
    "interactive-after-navigation": ("browser_route_change_seconds", 'source="field",route="/dashboard"', "2.0"),
    "search-response": ("browser_search_seconds", 'source="field",route="/organizations"', "0.5"),
    "form-submission": ("browser_form_submission_seconds", 'source="field",route="/interactions"', "1.0"),
    "api-latency": (
        "http_server_request_duration_seconds",
        'http_request_method="GET",http_route="/api/v1/dashboard",route_group="critical",http_response_status_code="200"',
        "0.5",
    ),
    "db-query-latency": (
        "db_client_operation_duration_seconds",
        'db_system_name="postgresql",db_operation_name="SELECT",db_collection_name="organizations"',
        "0.1",
    ),
}

_CHECK = 'pantrywatch_check_runs_total{job="synthetic",instance="local",check="%s",kind="http",target="%s",result="%s"}'
_REQUESTS = (
    'http_server_request_duration_seconds_count{job="application",http_request_method="GET",'
    'http_route="/api/v1/organizations",route_group="critical",http_response_status_code="%s"}'
)
_CALLS = (
    'http_client_request_duration_seconds_count{job="application",service_peer_name="email",'
    'http_request_method="POST",http_response_status_code="%s",error_type="%s"}'
)

# Series of good events, series of bad events.
PAIRS = {
    "frontend-error-rate": None,
    "api-error-rate": (_REQUESTS % "200", _REQUESTS % "503"),
    "db-error-rate": (
        'pg_stat_database_xact_commit{job="database",instance="primary",datid="5",datname="crm"}',
        'pg_stat_database_xact_rollback{job="database",instance="primary",datid="5",datname="crm"}',
    ),
    "cache-hit-ratio": (
        'redis_keyspace_hits_total{job="cache",instance="main"}',
        'redis_keyspace_misses_total{job="cache",instance="main"}',
    ),
    "integration-error-rate": (_CALLS % ("202", ""), _CALLS % ("503", "503")),
} | {
    target: (_CHECK % ("a-check", target, "success"), _CHECK % ("a-check", target, "failure"))
    for target in ("frontend-availability", "api-availability", "db-availability", "system-availability")
}

TARGETS = (*HISTOGRAMS, *PAIRS)


def series_of(target: str, good: Segments, bad: Segments) -> Iterator[tuple[str, str]]:
    """Yield the series of a target with so many good and bad events a step; both have the same segments' lengths."""
    both = [(g + b, steps) for (g, steps), (b, _) in zip(good, bad, strict=True)]
    if target in HISTOGRAMS:
        name, labels, edge = HISTOGRAMS[target]
        yield f"{name}_count{{{labels}}}", counter(both)
        yield f'{name}_bucket{{{labels},le="{edge}"}}', counter(good)
        yield f'{name}_bucket{{{labels},le="+Inf"}}', counter(both)
    elif target == "frontend-error-rate":
        yield 'browser_interactions_total{source="field",route="/organizations"}', counter(both)
        yield 'browser_interaction_errors_total{source="field",route="/organizations"}', counter(bad)
    else:
        pair = PAIRS[target]
        assert pair is not None
        yield pair[0], counter(good)
        yield pair[1], counter(bad)
        if target == "api-error-rate":  # its requests have a duration too: failed ones a long one
            yield pair[0].replace("_count{", '_bucket{le="0.5",'), counter(good)
            yield pair[1].replace("_count{", '_bucket{le="0.5",'), counter([(0, steps) for _, steps in bad])
