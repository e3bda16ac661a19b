"""What the catalogue knows and a running stack no longer exports: a renamed metric shows here."""

from __future__ import annotations

from collections.abc import Mapping

from tools.rule_lint.catalogue import ROOT, read_recorded
from tools.rule_lint.pages import Family, families

# What the kernel and the hardware have decides which of these a machine has; those that a rule uses must be there.
_OF_THE_MACHINE = (
    "node_disk_", "node_entropy_", "node_filesystem_", "node_memory_", "node_netstat_", "node_network_", "node_nf_",
    "node_pressure_", "node_sockstat_", "node_softnet_", "node_timex_", "node_vmstat_", "pantrywatch_container_",
)  # fmt: skip


def lost(pages: Mapping[str, str]) -> list[str]:
    """Return the recorded families that the pages (job → text) lack or show otherwise, as text for a person."""
    rules = "".join(file.read_text() for file in sorted((ROOT / "alert_rules/generated").glob("*.yml")))
    found = {(family.job, family.name): family for job, text in pages.items() for family in families(text, job)}
    return [
        f"{known}, now: {found.get((known.job, known.name))}"
        for known in read_recorded()
        if known.job in pages and (not known.name.startswith(_OF_THE_MACHINE) or known.name in rules)
        if not _keeps(found.get((known.job, known.name)), known)
    ]


def _keeps(found: Family | None, known: Family) -> bool:
    """Whether a family is what was recorded; it may have further labels."""
    if found is None or found.type != known.type:
        return False
    return {*known.labels} <= {*found.labels, *found.optional} and {*known.edges} <= {*found.edges}
