"""What is put together about an alert. `Explanation` is also the document that `--json` prints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Literal

from pantrywatch.analysis.explain import forecasts
from pantrywatch.analysis.explain.alerts import Alert, explains, read_alerts
from pantrywatch.analysis.explain.evidence import Evidence, Unit, evidence_about
from pantrywatch.analysis.explain.forecasts import Forecast
from pantrywatch.analysis.explain.questions import Answer, Labels, Question, Unanswered, ask_all
from pantrywatch.web.prometheus import Prometheus

_WEEK_SECONDS = 7 * 86400.0
_ROWS = 5
_WORD = re.compile(r"[\w-]+")
_MOST_ALERTS = 20


@dataclass(frozen=True, slots=True)
class Instance:
    """One alert of the name asked for, with what it inhibits in Alertmanager, and what inhibits it."""

    state: Literal["firing", "pending"]
    since: str
    value: str
    labels: dict[str, str]
    summary: str
    description: str
    impact: str
    explained_by: list[str]
    explains: list[str]


@dataclass(frozen=True, slots=True)
class Target:
    """A target of the alert: shares from 0 to 1; None where nothing was recorded."""

    id: str
    objective: float | None
    good_5m: float | None
    good_1h: float | None
    budget_remaining: float | None
    seconds_to_exhaustion: float | None


@dataclass(frozen=True, slots=True)
class Other:
    """Another alert that fires."""

    alert: str
    severity: str
    since: str
    summary: str
    explained_by: list[str]


@dataclass(frozen=True, slots=True)
class Row:
    """A number of now, and of the same hour a week ago where there was one."""

    labels: dict[str, str]
    now: float
    week_ago: float | None


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a question of evidence.yaml: the greatest numbers first."""

    title: str
    unit: Unit
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything about an alert. Times are Unix seconds or RFC 3339, as Prometheus writes them."""

    alert: str
    at: float
    state: Literal["firing", "pending", "inactive", "unknown"]
    instances: list[Instance]
    last_fired: float | None
    targets: list[Target]
    others: list[Other]
    deployment: str | None
    deployed_at: float | None
    evidence: list[Found]
    forecasts: list[Forecast]
    runbook: str
    first_step: str
    unanswered: list[str] = field(default_factory=list)


def explain(prometheus: Prometheus, name: str, first_step: str, at: float) -> Explanation:
    """Return what is known at a time, in Unix seconds.

    Raises NoAnswerError or ValueError if the question for the alerts has no answer; other questions may have none.
    """
    data, lacking = prometheus.alerts()
    alerts = read_alerts(data)
    own = [alert for alert in alerts if alert.labels.get("alertname") == name]
    targets = sorted({alert.labels["target"] for alert in own if "target" in alert.labels})
    components = {component for alert in own if _WORD.fullmatch(component := alert.labels.get("component", ""))}
    asked = _Asked(prometheus, name, targets, components, at)
    # Watchdog always fires: who has rules has an alert.
    is_known = bool(alerts) or not asked.records_alerts()
    if not is_known:
        lacking = [*lacking, f"{prometheus.shown_url} has no rules, only what others recorded: it may be a store"]
    return Explanation(
        name,
        at,
        _state(own, is_known=is_known),
        [_instance(alert, alerts) for alert in own[:_MOST_ALERTS]],
        None if own else asked.last_fired(),
        asked.targets(),
        [_other(alert, alerts) for alert in alerts if alert not in own and _is_told(alert)][:_MOST_ALERTS],
        *asked.deployment(),
        asked.evidence(),
        asked.forecasts(),
        f"docs/runbooks/{name}.md",
        next((text for alert in own if (text := alert.annotations.get("first_step"))), first_step),
        [*(f"which alerts fire: {reason}" for reason in lacking), *asked.unanswered],
    )


def _state(own: Sequence[Alert], *, is_known: bool) -> Literal["firing", "pending", "inactive", "unknown"]:
    if own:
        return "firing" if any(alert.state == "firing" for alert in own) else "pending"
    return "inactive" if is_known else "unknown"


def _is_told(alert: Alert) -> bool:
    return alert.state == "firing" and not alert.is_silent


def _instance(alert: Alert, alerts: Sequence[Alert]) -> Instance:
    texts = alert.annotations
    return Instance(
        alert.state,
        alert.since,
        alert.value,
        {key: value for key, value in sorted(alert.labels.items()) if key != "alertname"},
        texts.get("summary", ""),
        texts.get("description", ""),
        texts.get("impact", ""),
        explained_by=_names(other for other in alerts if explains(other, alert)),
        explains=_names(other for other in alerts if explains(alert, other) and not other.is_silent),
    )


def _names(alerts: Iterable[Alert]) -> list[str]:
    return sorted({alert.name for alert in alerts})


def _other(alert: Alert, alerts: Sequence[Alert]) -> Other:
    reasons = _names(other for other in alerts if explains(other, alert))
    return Other(
        alert.name, alert.labels.get("severity", ""), alert.since, alert.annotations.get("summary", ""), reasons
    )


_OF_A_TARGET = {
    "objective": "slo:objective:ratio",
    "good_5m": "1 - slo:sli_error:ratio_rate5m",
    "good_1h": "1 - slo:sli_error:ratio_rate1h",
    "budget_remaining": "slo:period_error_budget_remaining:ratio",
    "seconds_to_exhaustion": "slo:period_error_budget_exhaustion:seconds",
}
_RECORDED = "which alerts are recorded"
_DEPLOYMENTS = "max by (version) (pantrywatch_deployment_timestamp_seconds)"


class _Asked:
    """All other questions at once, and the parts of their answers."""

    def __init__(
        self, prometheus: Prometheus, name: str, targets: list[str], components: AbstractSet[str], at: float
    ) -> None:
        evidence: Sequence[Evidence] = evidence_about({name, *targets, *components})
        fired = f'max(max_over_time(timestamp(ALERTS{{alertname="{name}",alertstate="firing"}})[1w:1m]))'
        questions = {"when it last fired": Question(fired, at), "deployments": Question(_DEPLOYMENTS, at)}
        questions[_RECORDED] = Question("count(ALERTS)", at)
        of_targets = _OF_A_TARGET if targets else {}
        questions |= {text: Question(f"max by (target) ({expr})", at) for text, expr in of_targets.items()}
        questions |= {text: Question(expr, at) for text, expr in forecasts.questions(components).items()}
        for one in evidence:
            questions[one.title] = Question(one.expr, at)
            questions[f"{one.title}, a week ago"] = Question(one.expr, at - _WEEK_SECONDS)
        self._targets, self._evidence = targets, evidence
        self._answers: dict[str, Answer] = dict(
            zip(questions, ask_all(prometheus, list(questions.values())), strict=True)
        )
        self.unanswered = [
            f"{text}: {answer.reason}" for text, answer in self._answers.items() if isinstance(answer, Unanswered)
        ]

    def _of(self, text: str) -> dict[Labels, float]:
        answer = self._answers.get(text, {})
        return {} if isinstance(answer, Unanswered) else dict(answer)

    def last_fired(self) -> float | None:
        return next(iter(self._of("when it last fired").values()), None)

    def records_alerts(self) -> bool:
        """Return whether there are series of alerts."""
        return bool(self._of(_RECORDED))

    def targets(self) -> list[Target]:
        def value(text: str, target: str) -> float | None:
            return self._of(text).get((("target", target),))

        return [Target(target, **{text: value(text, target) for text in _OF_A_TARGET}) for target in self._targets]

    def deployment(self) -> tuple[str | None, float | None]:
        marks = sorted((at, dict(labels).get("version", "")) for labels, at in self._of("deployments").items())
        return (marks[-1][1], marks[-1][0]) if marks else (None, None)

    def forecasts(self) -> list[Forecast]:
        return forecasts.forecasts(self._of)

    def evidence(self) -> list[Found]:
        found = []
        for one in self._evidence:
            before = self._of(f"{one.title}, a week ago")
            worst = sorted(self._of(one.title).items(), key=lambda item: (-item[1], item[0]))[:_ROWS]
            if worst:
                rows = [Row(dict(labels), value, before.get(labels)) for labels, value in worst]
                found.append(Found(one.title, one.unit, rows))
        return found
