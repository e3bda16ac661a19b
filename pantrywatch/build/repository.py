"""Generates the committed files from their sources: rules, boards, docs/targets.md, Alertmanager's configuration."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from pantrywatch.config.settings import read_settings
from pantrywatch.config.targets import read_targets
from pantrywatch.containers.layout import container_layout
from pantrywatch.generate.alertmanager.secrets import require_delivery
from pantrywatch.generate.render import render
from pantrywatch.generate.rules import render_jsonnet, rule_documents, rule_text
from pantrywatch.generate.runbooks import first_steps
from pantrywatch.generate.targets_page import targets_page

_RULES = Path("alert_rules/generated")
_BOARDS = Path("dashboards/generated")


def build(root: Path, *, check: bool = False) -> int:
    """Write the generated files, or with `check` list those that differ from their source; returns 0 or 1.

    Raises ConfigError for problems in targets.yaml and settings.yaml, before anything is written.
    """
    stale = _stale(_quoted(root))
    if not check:
        _write(stale)  # the rules import it
    outputs = dict(_outputs(root))
    stale |= _stale(outputs)
    # Two boards with one uid would take turns in Grafana; Prometheus would evaluate rules twice.
    present = {*(root / _BOARDS).rglob("*.json"), *(root / _RULES).glob("*.yml")}
    orphans = sorted(present - outputs.keys())
    if not check:
        _write(stale)
        for orphan in orphans:
            orphan.unlink()
    _say("stale" if check else "written", stale, root, check=check)
    _say("without a source" if check else "removed", orphans, root, check=check)
    return 1 if check and (stale or orphans) else 0


def _stale(outputs: dict[Path, str]) -> dict[Path, str]:
    return {file: text for file, text in outputs.items() if not file.exists() or file.read_text("utf-8") != text}


def _quoted(root: Path) -> dict[Path, str]:
    """The first steps that alerts quote from their runbooks, for jsonnet."""
    steps = json.dumps(first_steps(root / "docs/runbooks"), indent=2, ensure_ascii=False) + "\n"
    return {root / _RULES / "first_steps.json": steps}


def _write(files: dict[Path, str]) -> None:
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _say(what: str, files: Iterable[Path], root: Path, *, check: bool) -> None:
    for file in files:
        print(f"{what}: {file.relative_to(root)}", file=sys.stderr if check else sys.stdout)


def _outputs(root: Path) -> Iterator[tuple[Path, str]]:
    targets = read_targets(root / "targets.yaml", root / "docs/runbooks")
    settings = read_settings(root / "settings.yaml")
    if settings.notifications is not None:
        require_delivery(settings.notifications, root / "settings.yaml")
    for name, text in render(settings, container_layout()).items():
        if "/targets/" not in name:  # addresses depend on the installation
            yield root / "provisioning" / name, text
    documents = rule_documents(root, targets, settings)
    for layer, document in documents.items():
        yield root / _RULES / f"{layer}.yml", rule_text(layer, document)
    yield root / "docs/targets.md", targets_page(targets, documents["targets"])
    yield from _boards(root)


def _boards(root: Path) -> Iterator[tuple[Path, str]]:
    """Yield the boards as Grafana reads them; JSON has no comments, so their description says where they come from."""
    for folder, boards in render_jsonnet(root / "dashboards/boards.libsonnet", {}).items():
        for board in boards:
            text = json.dumps(board, indent=2, ensure_ascii=False) + "\n"
            yield root / _BOARDS / folder / f"{board['uid']}.json", text
