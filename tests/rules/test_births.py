"""Counters whose first sample is not 0: what they counted before it, told apart from what they always had."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.rules.promtool import Case, promtool_says

ROOT = Path(__file__).parents[2]
_SERIES = 'http_server_request_duration_seconds_count{job="application",instance="a",route_group="%s",%s}'
_BAD = "round(slo:events_bad:increase5m{target='api-error-rate'})"
_TOTAL = "round(slo:events_total:increase5m{target='api-error-rate'})"


def _request(status: int, group: str = "critical", more: str = "") -> str:
    return _SERIES % (group, f'http_response_status_code="{status}"{more}')


def _holds(tmp_path: Path, file: str, series: dict[str, str], cases: list[Case], records: str = "") -> None:
    """Samples each 15 s, a second past whole steps: Prometheus 2 and 3 count the start of a range differently."""
    document = yaml.load((ROOT / f"alert_rules/generated/{file}.yml").read_text(), yaml.CSafeLoader)
    for group in document["groups"]:
        group["rules"] = [r for r in group["rules"] if r.get("record", r.get("alert")) in records.split()]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(document))
    test: dict[str, Any] = {
        "interval": "1s",
        "input_series": [
            {"series": name, "values": " ".join(["_", *(f"{value} _x14" for value in values.split())])}
            for name, values in series.items()
        ],
        "promql_expr_test": cases,
    }
    written = {"rule_files": ["rules.yml"], "evaluation_interval": "15s", "tests": [test]}
    (tmp_path / "test.yml").write_text(yaml.safe_dump(written))
    said = promtool_says(tmp_path, "test.yml", 100)
    assert not said, said[:8000]


def _value(minute: int, expression: str, value: float | None) -> Case:
    found = [] if value is None else [{"labels": "{}", "value": value}]
    return {"eval_time": f"{minute}m", "expr": f"sum({expression})", "exp_samples": found}


def _counting(step: int, count: int, start: int = 0) -> str:
    return " ".join(str(start + step * number) for number in range(count))


def _late(first: int, value: int, count: int, step: int = 0) -> str:
    return " ".join(["_"] * first + [str(value + step * number) for number in range(count - first)])


_SUDDEN = "instance:http_server_requests:growth5m job:api_errors_sudden:count job:api_errors_sudden:ratio"
_EVENTS = "slo:events_bad:increase5m slo:events_total:increase5m"


def test_errors_within_one_scrape_interval_under_a_new_status_are_counted(tmp_path: Path) -> None:
    """40 failures before the first sample of their status count as 40 for five minutes, and once."""
    series = {_request(200): _counting(20, 120), _request(503): _late(60, 40, 120)}
    cases = [
        _value(14, _BAD, 0), _value(16, _BAD, 40), _value(16, _TOTAL, 440), _value(19, _BAD, 40), _value(21, _BAD, 0)
    ]  # fmt: skip
    _holds(tmp_path, "targets", series, cases, _EVENTS)


def test_what_a_new_status_counts_later_is_counted_once(tmp_path: Path) -> None:
    """Born with 40, and two more a scrape: never more than there were."""
    series = {_request(200): _counting(20, 120), _request(503): _late(60, 40, 120, step=2)}
    _holds(tmp_path, "targets", series, [_value(16, _BAD, 46), _value(25, _BAD, 40)], _EVENTS)


def test_an_application_that_fails_every_request_from_one_moment_on(tmp_path: Path) -> None:
    """Nothing good is counted any more: what is born is all that the instance has grown by."""
    good = " ".join([_counting(20, 60), *["1180"] * 60])
    series = {_request(200): good, _request(503): _late(60, 20, 120, step=20)}
    _holds(tmp_path, "targets", series, [_value(16, _BAD, 80)], _EVENTS)


def test_series_that_only_changed_their_labels_count_nothing(tmp_path: Path) -> None:
    """After another relabelling all series are new, with all they ever counted: the instance has not grown by that."""
    before = " ".join([_counting(20, 60, start=9000), *["stale"], *["_"] * 59])
    failed = " ".join([*["500"] * 60, *["stale"], *["_"] * 59])
    relabelled = ',http_route="/new"'
    series = {
        _request(200): before,
        _request(503): failed,
        _request(200, more=relabelled): _late(60, 10200, 120, step=20),
        _request(503, more=relabelled): _late(60, 500, 120),
    }
    _holds(tmp_path, "targets", series, [_value(18, _BAD, 0), _value(25, _BAD, 0)], _EVENTS)


def test_an_instance_that_is_new_or_comes_back_counts_from_its_first_sample(tmp_path: Path) -> None:
    """Its first sample may hold months: nothing tells what of it is new."""
    series = {
        _request(200): " ".join(["9000"] * 20 + ["stale"] + ["_"] * 59 + [str(9000 + 20 * n) for n in range(40)]),
        _request(503): " ".join(["_"] * 80 + ["500"] * 40),
    }
    _holds(tmp_path, "targets", series, [_value(21, _BAD, 0), _value(25, _BAD, 0)], _EVENTS)


def test_guesses_at_passwords_within_one_scrape_interval_are_counted(tmp_path: Path) -> None:
    """150 refused log-ins before the first sample of their status: both alerts about log-ins fire."""
    log_in = ',action="Logins"'
    series = {_request(200, more=log_in): _counting(1, 100), _request(401, more=log_in): _late(60, 150, 100)}
    firing = "count(ALERTS{alertstate='firing'})"
    alerts = "CrmApiFailedLogins CrmApiFailedLoginsBurst"
    _holds(tmp_path, "api", series, [_value(14, firing, None), _value(17, firing, 1), _value(18, firing, 1)], alerts)


def test_a_growth_that_is_recorded_first_gives_the_answer_of_one_expression(tmp_path: Path) -> None:
    """What CrmApiErrorsSudden reads: at a birth, at a restart, and while nothing is scraped, to the last bit."""
    groups = yaml.load((ROOT / "alert_rules/generated/api.yml").read_text(), yaml.CSafeLoader)["groups"]
    recorded = {rule["record"]: rule["expr"] for group in groups for rule in group["rules"] if "record" in rule}
    growth, count, share = _SUDDEN.split()
    whole = {name: recorded[name].replace(growth, f"({recorded[growth]})") for name in (count, share)}
    whole[share] = whole[share].replace(count, f"({whole[count]})")
    other = "(({0}) unless ({1}) == ({0})) or (({1}) unless ({0}))"
    late = " ".join(["_"] * 61 + ["40"] * 39 + ["_"] * 8 + [str(3 + n) for n in range(12)])
    restarted = " ".join([*["1000"] * 100, *["_"] * 8, _counting(20, 12)])
    series = {_request(200): restarted, _request(503): late, _request(500): _counting(1, 120, start=7)}
    moments = range(14 * 60, 30 * 60, 15)  # each evaluation: a growth of the one before is another at some of them
    differs = {name: other.format(name, expression) for name, expression in whole.items()}
    cases = [{**_value(0, one, None), "eval_time": f"{second}s"} for one in differs.values() for second in moments]
    counts = [_value(15, f"round({count})", 20), _value(17, f"round({count})", 60)]
    _holds(tmp_path, "api", series, cases + counts, _SUDDEN)


def test_calls_to_a_third_party_that_fail_within_one_scrape_interval_are_counted(tmp_path: Path) -> None:
    """30 failed calls before the first sample of their class of error: a third of all, the alert fires."""
    call = 'http_client_request_duration_seconds_count{job="application",instance="a",service_peer_name="email"%s}'
    series = {call % "": _counting(1, 120), call % ',error_type="timeout"': _late(60, 30, 120)}
    firing = "count(ALERTS{alertstate='firing'})"
    cases = [_value(14, firing, None), _value(22, firing, 1)]
    _holds(tmp_path, "api", series, cases, "CrmApiThirdPartyFailing")
