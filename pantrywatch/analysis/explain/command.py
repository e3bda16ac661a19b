"""`pantrywatch explain ALERT`."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.problem_text import suggestion
from pantrywatch.analysis.explain.explanation import explain
from pantrywatch.analysis.explain.text import text_of
from pantrywatch.generate.runbooks import first_steps
from pantrywatch.web.prometheus import NoAnswerError, Prometheus

_NAME = re.compile(r"[A-Za-z_]\w{0,127}")
# In the first step of an alert that does not fire.
_LABEL = re.compile(r"\{\{ \$labels\.(\w+) \}\}")


def print_explanation(prometheus: Prometheus, alert: str, runbooks: Path, *, as_json: bool) -> int:
    """Print what is known about an alert; returns 1 if Prometheus does not answer.

    Raises ConfigError if there is no such alert.
    """
    steps = first_steps(runbooks)
    if not _NAME.fullmatch(alert):
        raise _no_such(alert, steps)
    try:
        step = _LABEL.sub(r"<\1>", steps.get(alert, "none: it has no page"))
        explanation = explain(prometheus, alert, step, time.time())
    except (NoAnswerError, ValueError) as error:
        print(f"error: no answer from {prometheus.shown_url}: {error}", file=sys.stderr)
        return 1
    # Of an installation's own rules, those that are active.
    if alert not in steps and not explanation.instances:
        raise _no_such(alert, steps)
    print(json.dumps(asdict(explanation), indent=2) if as_json else text_of(explanation).rstrip("\n"))
    return 0


def _no_such(alert: str, known: Iterable[str]) -> ConfigError:
    expected = f"expected the name of an alert{suggestion(alert, known)}; their pages are in docs/runbooks/"
    return ConfigError([ConfigProblem("command line", "ALERT", expected)])
