"""`build boards`: the boards as files that Grafana's page for imports takes."""

from __future__ import annotations

import json
from pathlib import Path

from pantrywatch.build.bundle import write_files
from pantrywatch.generate.rules import render_jsonnet
from pantrywatch.generate.sharing import for_sharing


def write_shared_boards(shared: Path, into: Path) -> list[str]:
    """Write each board in the form for sharing, and return the names of the files."""
    folders = render_jsonnet(shared / "dashboards/boards.libsonnet", {})
    files = {
        f"{board['uid']}.json": json.dumps(for_sharing(board), indent=2, ensure_ascii=False) + "\n"
        for boards in folders.values()
        for board in boards
    }
    return write_files(files, into)
