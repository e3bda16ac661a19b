"""The examples of docs/scaling.md."""

from __future__ import annotations

import re
from pathlib import Path

import kubernetes_validate
import yaml

_PAGE = Path(__file__).parents[2] / "docs/scaling.md"


def test_the_autoscaler_of_the_page_is_valid_and_all_examples_ask_the_same() -> None:
    """Kubernetes knows each field of the HorizontalPodAutoscaler; adapter and KEDA have the query of the page."""
    page = _PAGE.read_text(encoding="utf-8")
    rule, scaler, keda = (yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL))
    kubernetes_validate.validate(scaler, "1.29", strict=True)
    (query,) = re.findall(r"```promql\n(.*?)\n```", page, re.DOTALL)
    assert rule["externalRules"][0]["metricsQuery"] == query
    assert keda["spec"]["triggers"][0]["metadata"]["query"] == query
    assert rule["externalRules"][0]["name"]["as"] == scaler["spec"]["metrics"][0]["external"]["metric"]["name"]
