"""Limits of panels with the metrics of a documented target: from targets.yaml, with a link to the target."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pantrywatch.config.selectors import parse_selector
from pantrywatch.config.targets import Target, Targets
from tools.board_lint.model import Panel

# Yellow within a fifth of the target; red at twice the time, or where the fastest alert would fire.
_NEAR, _HURTING = 0.8, 2
_LINK = re.compile(r"/d/crm-slo\?var-target=([a-z0-9-]+)")
Problem = tuple[str, str]


def problems(panel: Panel, targets: Targets) -> Iterator[Problem]:
    """Yield lint and message of each problem with the limits of a panel."""
    steps = panel.defaults.get("thresholds", {}).get("steps", [])
    limits = [step["value"] for step in steps if step["value"] is not None]
    linked = {match[1] for url in panel.links() if (match := _LINK.search(url))}
    known = {target.id: target for target in targets.targets}
    for identity in sorted(linked - known.keys()):
        yield "target-limits", f"there is no target {identity}"
    if not limits:
        return
    shown = [known[identity] for identity in sorted(linked & known.keys())]
    counted = sorted(target.id for target in targets.targets if _metrics(target) & _used(panel))
    if counted and not shown:
        yield (
            "target-limits",
            f"has its own limits on metrics of {', '.join(counted)}: take them from lib/slo_targets",
        )
    if shown and limits not in [allowed for target in shown for allowed in _limits(target, targets)]:
        yield "target-limits", f"{limits} are not the limits of {', '.join(target.id for target in shown)}"


def _metrics(target: Target) -> set[str]:
    return {parse_selector(text).metric for text in target.sli.selectors()}


def _used(panel: Panel) -> set[str]:
    words = {word for query in panel.queries() for word in re.findall(r"[a-zA-Z_:][\w:]*", query.expr)}
    return words | {re.sub("_(bucket|count|sum)$", "", word) for word in words}


def _limits(target: Target, targets: Targets) -> Iterator[list[float]]:
    """Yield the limits a number of the target may have: a time or rate, a share of bad, a share of good events."""
    if target.kind == "capacity":
        yield [target.threshold or 0.0]
        yield [_NEAR, 1]  # share of the promised capacity in use
        return
    if target.threshold is not None:
        yield [round(factor * target.threshold, 9) for factor in (_NEAR, 1, _HURTING)]
    hurting = round(targets.tiers[0].factor * target.allowed_share, 9)
    bad = [round(_NEAR * target.allowed_share, 9), target.allowed_share, *([hurting] if hurting < 1 else [])]
    yield bad
    yield [round(1 - share, 9) for share in reversed(bad)]
