"""Metrics in the catalogue that a running stack no longer exports, such as renamed ones."""

from __future__ import annotations

from collections.abc import Mapping

from tools.rule_lint.catalogue import ROOT, read_recorded
from tools.rule_lint.pages import Family, families

# Kernel and hardware decide which of these a machine has; those used by a rule must exist.
_OF_THE_MACHINE = (
    "node_disk_", "node_entropy_", "node_filesystem_", "node_memory_", "node_netstat_", "node_network_", "node_nf_",
    "node_pressure_", "node_sockstat_", "node_softnet_", "node_timex_", "node_vmstat_", "pantrywatch_container_",
)  # fmt: skip


def lost(pages: Mapping[str, str]) -> list[str]:
    """Return the recorded families that are missing or different on the pages (job → text), as readable text."""
    rules = "".join(file.read_text() for file in sorted((ROOT / "alert_rules/generated").glob("*.yml")))
    found = {(family.job, family.name): family for job, text in pages.items() for family in families(text, job)}
    return [
        f"{known}, now: {found.get((known.job, known.name))}"
        for known in read_recorded()
        if known.job in pages and (not known.name.startswith(_OF_THE_MACHINE) or known.name in rules)
        if not _keeps(found.get((known.job, known.name)), known)
    ]


def _keeps(found: Family | None, known: Family) -> bool:
    """Whether a family is as recorded; it may have more labels."""
    if found is None or found.type != known.type:
        return False
    return {*known.labels} <= {*found.labels, *found.optional} and {*known.edges} <= {*found.edges}
