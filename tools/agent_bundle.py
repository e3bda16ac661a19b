"""Builds the browser agent with npm, from its lock file: `python -m tools.agent_bundle FOLDER`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "exporters/rum/agent"
_CI = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def build(into: Path) -> Path:
    """Build in a new folder, and return the folder with tag.js and index.js. Raises CalledProcessError."""
    shutil.copytree(SOURCE, into, ignore=shutil.ignore_patterns("node_modules", "dist"))
    for command in (_CI, ("npm", "run", "--silent", "build")):
        subprocess.run(command, cwd=into, check=True)
    return into / "dist"


if __name__ == "__main__":
    print(build(Path(sys.argv[1])))
