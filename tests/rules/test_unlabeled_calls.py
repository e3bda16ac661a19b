"""Calls to third parties count only where good can be told from bad: otherwise they are unknown, never good."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.promtool import Promtool, at

_INSTALLATION = Path(__file__).parents[2] / "alert_rules/generated/installation.yml"
_ABOUT = "integration-error-rate"
_TOTAL = f'round(sum(slo:events_total:increase5m{{target="{_ABOUT}"}}))'
_BAD = f'round(sum(slo:events_bad:increase5m{{target="{_ABOUT}"}}))'
_CALLS = 'http_client_request_duration_seconds_count{job="application",instance="crm:80",service_peer_name="mail"%s}'
_UP = ('up{job="application",instance="crm:80"}', "1x200")
# Labels of the calls that succeed and of those that fail, 9 and 1 a minute: events and bad ones of five minutes.
_LABELS = {
    "both": (',http_response_status_code="200"', ',http_response_status_code="503",error_type="503"', 50, 5),
    "a status alone": (',http_response_status_code="200"', ',http_response_status_code="401"', 50, 5),
    "an error_type alone": ("", ',error_type="timeout"', 50, 5),
}


@pytest.mark.parametrize("labels", _LABELS)
def test_what_is_labeled_is_counted(promtool: Promtool, labels: str) -> None:
    """A status or an error_type is enough, and the calls without an error_type are good ones."""
    good, bad, total, failed = _LABELS[labels]
    promtool(
        [_UP, (_CALLS % good, "0+9x60"), (_CALLS % bad, "0+1x60")],
        "1m",
        [at("40m", _TOTAL, {"{}": total}), at("40m", _BAD, {"{}": failed})],
        about=_ABOUT,
        records="slo:events_.+5m",
    )


def test_without_a_label_nothing_is_good(promtool: Promtool) -> None:
    """Calls that tell nothing are no events: the target is not measured, and a board says why."""
    reason = "its calls have neither a status nor an error_type, and no check counts for this target"
    measured = f'max(slo:measured:bool{{target="{_ABOUT}"}})'
    why = f'max by (reason) (slo:not_measured:bool{{target="{_ABOUT}"}})'
    promtool(
        [_UP, (_CALLS % "", "0+10x60")],
        "1m",
        [
            at("40m", _TOTAL, {}),
            at("40m", _BAD, {}),
            at("40m", measured, {"{}": 0}),
            at("40m", why, {f'{{reason="{reason}"}}': 1}),
        ],
        about=_ABOUT,
        records="slo:events_.+5m|slo:measured:bool",
        installation=_INSTALLATION,
    )


def test_beside_checks_calls_that_tell_nothing_do_not_count(promtool: Promtool) -> None:
    """The checks of third parties count alone: their failures are not diluted by calls of unknown outcome."""
    check = 'pantrywatch_check_runs_total{job="synthetic",instance="local",check="mail",target="%s",result="%s"}'
    promtool(
        [
            (_CALLS % "", "0+100x60"),
            (check % (_ABOUT, "success"), "0+3x60"),
            (check % (_ABOUT, "failure"), "0+1x60"),
        ],
        "1m",
        [at("40m", _TOTAL, {"{}": 20}), at("40m", _BAD, {"{}": 5})],
        about=_ABOUT,
        records="slo:events_.+5m",
    )


def test_a_restart_without_a_failure_yet_is_no_loss_of_data(promtool: Promtool) -> None:
    """The job had an error_type this week: after a deployment its calls count as good until one fails."""
    promtool(
        [
            (_CALLS % "", "0+9x100 0+9x100"),
            (_CALLS % ',error_type="timeout"', "0+1x100 stale"),
        ],
        "1m",
        [at("190m", _TOTAL, {"{}": 45}), at("190m", _BAD, {"{}": 0})],
        about=_ABOUT,
        records="slo:events_.+5m",
    )
