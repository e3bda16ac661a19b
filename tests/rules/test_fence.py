"""`fence` of the mixin's `_config`: rules that see the series of this installation alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import rjsonnet

from tools.rule_lint.infer import name_of, nodes

_RULES = Path(__file__).parents[2] / "alert_rules"
_MATCHER = 'namespace="crm"'


def _fenced(expr: str) -> str:
    """Return what the library makes of an expression, where `sloth_slo_info` is a recorded series."""
    arguments = f"{json.dumps(expr)}, {json.dumps(_MATCHER)}, {{ sloth_slo_info: true }}"
    snippet = f"(import '{_RULES}/lib/fence.libsonnet')({arguments})"
    text: str = json.loads(rjsonnet.evaluate_snippet("fence", snippet))
    return text


@pytest.mark.parametrize(
    ("expr", "fenced"),
    [
        ("up == 0", "up{M} == 0"),
        ("up{} offset 5m", "up{M} offset 5m"),
        ('sum by (job, up) (rate(a_total{x="{y}"}[5m]))', 'sum by (job, up) (rate(a_total{M,x="{y}"}[5m]))'),
        ("max(a) without (b) / on (c) group_left (d) e", "max(a{M}) without (b) / on (c) group_left (d) e{M}"),
        ('slo:measured:bool{a="1"} and sloth_slo_info', 'slo:measured:bool{a="1"} and sloth_slo_info'),
        ('{__name__=~"a.*"} unless ALERTS{a="b"}', '{M,__name__=~"a.*"} unless ALERTS{a="b"}'),
        (r'label_replace(a, "b", "$1", "c", "\"up (.*)\\")', r'label_replace(a{M}, "b", "$1", "c", "\"up (.*)\\")'),
        ("count_over_time((a > bool 1e3)[1h:5m]) > +inf", "count_over_time((a{M} > bool 1e3)[1h:5m]) > +inf"),
        ("vector(1) or -a[5m] @ end()", "vector(1) or -a{M}[5m] @ end()"),
    ],
)  # fmt: skip
def test_scraped_metrics_alone_get_the_matcher(expr: str, fenced: str) -> None:
    """Not functions, labels, texts, numbers, durations, and not what rules record."""
    assert _fenced(expr) == fenced.replace("M", _MATCHER)


def test_an_unknown_character_of_a_text_is_kept() -> None:
    """Texts are returned as they are, brackets and other alphabets included."""
    assert _fenced('a{b=~"[(]é\\\\."} == 1') == f'a{{{_MATCHER},b=~"[(]é\\\\."}} == 1'


@pytest.mark.long
def test_every_selector_of_a_scraped_metric_is_fenced() -> None:
    """By Prometheus' grammar; without the matcher each expression is that of the rule files, as it is by default."""
    plain, fenced = (_rules(fence) for fence in ("", _MATCHER))
    recorded = {rule["record"] for rule in plain if "record" in rule} | {"ALERTS", "ALERTS_FOR_STATE"}
    assert len(plain) == len(fenced) > 500
    for before, after in zip(plain, fenced, strict=True):
        text = after["expr"].replace(f"{{{_MATCHER}}}", "").replace(f"{_MATCHER},", "").replace(_MATCHER, "")
        assert {**after, "expr": text} == before
        for selector in nodes(promql_parser.parse(after["expr"])):
            if not isinstance(selector, promql_parser.VectorSelector):
                continue
            name = name_of(selector)
            is_fenced = any(one.name == "namespace" for one in selector.matchers.matchers)
            assert is_fenced == (name not in recorded and ":" not in name), after["expr"]


def _rules(fence: str) -> list[dict[str, Any]]:
    changes = {"changes": json.dumps({"fence": fence})}
    layers = json.loads(rjsonnet.evaluate_file(str(_RULES / "rules.libsonnet"), tla_codes=changes))
    return [rule for layer in layers.values() for group in layer["groups"] for rule in group["rules"]]
