"""What boards show of requests is the same from what is recorded of all instances and from the series of each."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.boards.substitution import ALL, Variable, in_query
from tests.rules.promtool import at, promtool_says
from tools.board_lint.model import read_boards

ROOT = Path(__file__).parents[2]
_BUILTIN = {"__rate_interval": "1m", "__range": "10m", "__range_s": "600"}
_ROUTE = 'job="application",http_request_method="GET",http_route="/api/things/{id}",route_group="critical"'
# One is fast, one slow: requests a scrape by the edge of their bucket, a request a second each.
_REQUESTS = {
    "fast:8000": {"0.1": 15, "0.5": 15, "1": 15, "+Inf": 15},
    "slow:8000": {"0.1": 0, "0.5": 0, "1": 15, "+Inf": 15},
}
_EVERY = ["fast:8000", "slow:8000"]


def _asked(uid: str, title: str, number: int, chosen: list[str]) -> str:
    variables = {
        "application": Variable("application", chosen, _EVERY, True, True, ".+"),
        "route": Variable("route", [ALL], ["/api/things/{id}"], True, True, ".+"),
    }
    board = next(board for board in read_boards() if board.uid == uid)
    panel = next(panel for panel in board.panels if panel.title == title)
    return in_query(panel.queries()[number].expr, variables, _BUILTIN)


@pytest.mark.parametrize(
    ("panel", "chosen", "expected"),
    [
        (("crm-api", "Response time (traffic)", 1), [ALL], 0.95),
        (("crm-api", "Response time (traffic)", 1), _EVERY, 0.95),
        (("crm-api", "Response time (traffic)", 1), ["fast:8000"], 0.095),
        (("crm-api", "Response time (traffic)", 1), ["slow:8000"], 0.975),
        (("crm-api", "Late responses (traffic)", 0), [ALL], 0.5),
        (("crm-api", "Late responses (traffic)", 0), _EVERY, 0.5),
        (("crm-api", "Late responses (traffic)", 0), ["slow:8000"], 1),
        (("crm-overview", "API response time, p95 (traffic)", 0), [ALL], 0.95),
    ],
)
def test_a_share_is_that_of_the_instances_chosen(
    tmp_path: Path, panel: tuple[str, str, int], chosen: list[str], expected: float
) -> None:
    """With all chosen and with each by its name it is the same, with one it is that one's."""
    query = _asked(*panel, chosen)
    assert not _says(tmp_path, f"round({query}, 0.001)", "{}", expected)


@pytest.mark.parametrize("chosen", [[ALL], _EVERY])
def test_a_heat_map_has_requests_a_minute(tmp_path: Path, chosen: list[str]) -> None:
    """Of both instances together: half of them within the first edge."""
    query = _asked("crm-api", "Response time distribution (traffic)", 0, chosen)
    assert not _says(
        tmp_path, f'sum(round({query}) and on (le) label_replace(vector(1), "le", "0.1", "", ""))', "{}", 60
    )


def test_recorded_are_all_instances_together(tmp_path: Path) -> None:
    """Adjacent windows neither miss nor share a request: ten minutes have those of ten minutes."""
    series = 'job_route:http_server_request_duration_seconds_bucket:increase1m{instance="all",le="+Inf"}'
    assert not _says(tmp_path, f"round(sum(sum_over_time({series}[599s])))", "{}", 1200)


def _says(folder: Path, query: str, labels: str, expected: float) -> str:
    inputs = [
        {
            "series": f'http_server_request_duration_seconds_bucket{{{_ROUTE},instance="{instance}",le="{edge}"}}',
            "values": f"0+{requests}x80",
        }
        for instance, edges in _REQUESTS.items()
        for edge, requests in edges.items()
    ]
    test = {
        "rule_files": [str(ROOT / "alert_rules/generated/api.yml")],
        "evaluation_interval": "1m",
        "tests": [
            {"interval": "15s", "input_series": inputs, "promql_expr_test": [at("20m", query, {labels: expected})]}
        ],
    }
    (folder / "test.yml").write_text(yaml.safe_dump(test))
    return promtool_says(folder, "test.yml", 120)
