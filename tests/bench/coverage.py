"""What an exporter and its Go peer both serve: `./run bench idle` compares them on this list, and on no other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("coverage.yaml")
_HEAD = """\
# What an exporter and its peer of Debian testing both serve, on which `./run bench idle` compares them.
# `families`: written by `./run bench idle --record`.
# `without`: collectors of what pantrywatch alone measures, which are off where it is compared.
"""
_FAMILY = re.compile(rb"^# TYPE (\S+) ", re.MULTILINE)
# About the exporter's own process and scrape.
_OWN = re.compile(r"(?:go|process|promhttp|python|\w+_exporter|\w+_scrape)_\w+")


@dataclass(frozen=True, slots=True)
class Coverage:
    """What both serve, and which collectors are off for it."""

    families: frozenset[str]
    without: tuple[str, ...] = ()

    def lost(self, pages: Iterable[bytes]) -> list[str]:
        """Return the families that are not on each of the pages: then a comparison would be of something else."""
        return sorted(self.families - frozenset.intersection(*map(families, pages)))


def families(page: bytes) -> frozenset[str]:
    """Return the names of the families on a page, without those about the exporter itself."""
    names = {name.decode() for name in _FAMILY.findall(page)}
    return frozenset(name for name in names if not _OWN.fullmatch(name))


def read(file: Path = FILE) -> dict[str, Coverage]:
    """Return exporter → coverage; an exporter that was never recorded has none."""
    document = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    return {
        name: Coverage(frozenset(entry.get("families", ())), tuple(entry.get("without", ())))
        for name, entry in document.items()
    }


def record(coverages: Mapping[str, Coverage], file: Path = FILE) -> None:
    """Write the list."""
    document = {
        name: {"without": list(one.without), "families": sorted(one.families)} for name, one in coverages.items()
    }
    file.write_text(_HEAD + yaml.safe_dump(document, sort_keys=False, width=120), encoding="utf-8")
