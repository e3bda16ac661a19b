"""A CRM that exports prom-client's names is measured like one that exports OpenTelemetry's."""

from __future__ import annotations

from tests.rules.promtool import Promtool, at
from tests.rules.target_series import counter

_HTTP = 'job="application",instance="crm-api",method="GET",route="/api/v1/organizations",status_code'
_QUERY = 'job="application",instance="crm-api",query_type="SELECT",table="organizations"'
_OPENTELEMETRY = (
    'job="application",instance="crm-api",http_request_method="GET",http_route="/api/v1/organizations",'
    'http_response_status_code="200"'
)


def _ratio(target: str) -> str:
    return f'round(sum by (target) (slo:sli_error:ratio_rate30m{{target="{target}"}}), 1e-6)'


def test_prom_client_names_feed_the_targets(promtool: Promtool) -> None:
    """Requests and statements under prom-client's names and labels give the same ratios."""
    promtool(
        [
            (f'http_request_duration_seconds_count{{{_HTTP}="200"}}', counter([(90, 60)])),
            (f'http_request_duration_seconds_bucket{{{_HTTP}="200",le="0.5"}}', counter([(80, 60)])),
            (f'http_request_duration_seconds_count{{{_HTTP}="500"}}', counter([(10, 60)])),
            (f'http_request_duration_seconds_bucket{{{_HTTP}="500",le="0.5"}}', counter([(0, 60)])),
            (f"database_query_duration_seconds_count{{{_QUERY}}}", counter([(100, 60)])),
            (f'database_query_duration_seconds_bucket{{{_QUERY},le="0.1"}}', counter([(70, 60)])),
            ('database_active_connections{job="application",instance="crm-api"}', "7x60"),
        ],
        "1m",
        [
            at("50m", _ratio("api-error-rate"), {'{target="api-error-rate"}': 0.1}),
            at("50m", _ratio("api-latency"), {'{target="api-latency"}': 0.2}),
            at("50m", _ratio("db-query-latency"), {'{target="db-query-latency"}': 0.3}),
            at("50m", 'sum(db_client_connection_count{db_client_connection_state="used"})', {"{}": 7}),
        ],
        about="api-error-rate api-latency db-query-latency",
        records="slo:events.+|slo:sli.+|http_.+|db_.+",
    )


def test_a_source_that_exports_both_names_is_counted_once(promtool: Promtool) -> None:
    """Where the OpenTelemetry name is there, the other is not added to it."""
    promtool(
        [
            (f'http_request_duration_seconds_count{{{_HTTP}="200"}}', counter([(100, 30)])),
            (f"http_server_request_duration_seconds_count{{{_OPENTELEMETRY}}}", counter([(100, 30)])),
        ],
        "1m",
        [
            at(
                "25m",
                'round(sum by (target) (slo:events_total:increase5m{target="api-error-rate"}))',
                {'{target="api-error-rate"}': 500},
            )
        ],
        about="api-error-rate",
        records="slo:events.+|http_.+",
    )
