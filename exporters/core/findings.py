"""What each server lacks to be measured in full, as `validate` prints it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from exporters.core.deadline import Deadline
from exporters.core.scrape import Level, Source


def print_findings(sources: Sequence[Source], timeout_seconds: float) -> Level:
    """Ask each source and print its findings with their remedies; returns the worst level. Closes the sources."""
    worst = Level.ADVICE
    for source in sources:
        for finding in source.validate(Deadline.after(timeout_seconds)):
            sys.stdout.write(f"{source.exporter}/{source.target}: {finding.word}: {finding.what}\n")
            if finding.remedy:
                sys.stdout.write("  " + finding.remedy.replace("\n", "\n  ") + "\n")
            worst = worst if finding.ok else max(worst, finding.level)
        source.close()
    return worst
