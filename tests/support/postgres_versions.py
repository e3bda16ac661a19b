"""PostgreSQL servers of every supported major version, from npm packages, for tests.

`python -m tests.support.postgres_versions` installs them into `.pantrywatch/npm` from the lock file in
`postgres-versions/`; it does nothing if they are already installed.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tests.support import npm_packages

LOCK = Path(__file__).parent / "postgres-versions"
INSTALLED = Path(__file__).parents[2] / ".pantrywatch" / "npm"
MAJORS = (13, 14, 15, 16, 17, 18)


def install() -> None:
    """Install the pinned packages, unless this very lock file is installed; one process at a time."""
    npm_packages.install(LOCK, INSTALLED, _link_all)


def _link_all() -> None:
    """Do what the packages' own install scripts would."""
    for major in MAJORS:
        _link(_package(major))


def binaries(major: int) -> Path:
    """Return the directory with initdb and postgres of this version, installed if it is not."""
    install()
    return _package(major) / "native" / "bin"


def environment(major: int) -> dict[str, str]:
    """Return the environment in which the binaries find their libraries."""
    return {"LD_LIBRARY_PATH": str(_package(major) / "native" / "lib")}


def _package(major: int) -> Path:
    return INSTALLED / "node_modules" / f"postgres-{major}"


def _link(package: Path) -> None:
    """Create the links that an npm package cannot contain, from its list."""
    for link in json.loads((package / "native" / "pg-symlinks.json").read_text()):
        source, target = package / link["source"], package / link["target"]
        if not target.exists():
            target.symlink_to(os.path.relpath(source, target.parent))


if __name__ == "__main__":
    install()
    print(f"PostgreSQL {', '.join(map(str, MAJORS))} in {INSTALLED}", file=sys.stderr)
