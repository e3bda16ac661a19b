"""The receiver of beacons with the demo's own settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from pantrywatch.config.targets import read_targets
from tests.support.exporter import ROOT, Exporter, Page, exporter

FIELD = [one for one in read_targets(ROOT / "targets.yaml").targets if one.basis == "field"]


@contextmanager
def receiver(directory: Path, variables: Mapping[str, str]) -> Iterator[Exporter]:
    """Run it where a demo with these variables sends its beacons, until the block ends."""
    environment = {"PANTRYWATCH_RUM": urlsplit(variables["DEMO_BEACONS_URL"]).netloc}
    with exporter(directory, (ROOT / "settings.yaml").read_text(), ["rum"], environment) as running:
        yield running


def fed(page: Page) -> set[str]:
    """The targets of users' browsers that have events on a page."""
    names = {
        target.id: f"{target.sli.histogram}_count" if target.sli.histogram else target.sli.total[0] for target in FIELD
    }
    return {one for one, name in names.items() if total(page, name.replace('{source="field"}', ""))}


def total(page: Page, name: str, **labels: str) -> float:
    """The sum of all samples with these labels."""
    return sum(value for found, value in page.samples(name) if labels.items() <= found.items())
