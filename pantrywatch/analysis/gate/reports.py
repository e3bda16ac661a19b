"""The outcome of the gate for machines: one line of JSON, a JUnit report, annotations of GitHub."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree as ET

from pantrywatch.analysis.gate.outcome import Outcome, PromiseOutcome
from pantrywatch.analysis.gate.text import change_of, conclusion_of, deployment_of, needed_by, value_of


def json_of(outcome: Outcome) -> str:
    """Return one line; what is infinite is null."""
    return json.dumps(_finite(asdict(outcome)), separators=(",", ":"))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def junit_of(outcome: Outcome) -> str:
    """Return a report in the format of JUnit: a test case a promise, failed if worse, skipped for too little data.

    https://github.com/testmoapp/junitxml lists what readers of the format agree on.
    """
    counts = {
        "tests": len(outcome.promises) + len(outcome.unmeasured),
        "failures": len(outcome.of("worse")),
        "skipped": len(outcome.of("too little data")) + len(outcome.unmeasured),
        "errors": 0,
    }
    attributes = {"name": "pantrywatch gate"} | {name: str(count) for name, count in counts.items()}
    suite = ET.Element("testsuite", attributes)
    for promise in outcome.promises:
        case = ET.SubElement(suite, "testcase", classname="pantrywatch.analysis.gate", name=promise.id)
        if promise.verdict == "worse":
            ET.SubElement(case, "failure", message=_worse(promise))
        elif promise.verdict == "too little data":
            ET.SubElement(case, "skipped", message=_too_little(promise))
        else:
            ET.SubElement(case, "system-out").text = f"{promise.verdict}: {_measured(promise)}"
    for id_ in outcome.unmeasured:
        case = ET.SubElement(suite, "testcase", classname="pantrywatch.analysis.gate", name=id_)
        ET.SubElement(case, "skipped", message="no events")
    ET.indent(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suite, encoding="unicode") + "\n"


def annotations_of(outcome: Outcome) -> Iterator[str]:
    """Yield the commands by which a step of GitHub Actions annotates its run: an error a promise that is worse.

    https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
    """
    for promise in outcome.promises:
        if promise.verdict == "worse":
            yield _annotation("error", promise.title, _worse(promise))
        elif promise.verdict == "too little data" and promise.id in outcome.undecided:
            yield _annotation("warning", promise.title, _too_little(promise))
    level = "notice" if outcome.verdict == "not worse" else "warning"
    if outcome.verdict != "worse":
        yield _annotation(level, deployment_of(outcome), conclusion_of(outcome))


def _worse(promise: PromiseOutcome) -> str:
    return f"{promise.title} is worse: {_measured(promise)}"


def _too_little(promise: PromiseOutcome) -> str:
    return f"too little data: {_measured(promise)}; {needed_by(promise)}"


def _measured(promise: PromiseOutcome) -> str:
    telling = promise.telling
    before, after = value_of(promise, telling.before), value_of(promise, telling.after)
    return f"{telling.measure} {before} before, {after} after, {change_of(telling)}"


def _annotation(level: str, title: str, text: str) -> str:
    properties = _escaped(title).replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={properties}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
