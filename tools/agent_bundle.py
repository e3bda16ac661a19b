"""Builds the browser agent with npm, from its lock file.

`python -m tools.agent_bundle` builds exporters/rum/agent/dist/ unless it is current: what the demo serves, and what a
wheel or an image made of this checkout holds. Without npm it says so and does nothing.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from exporters.core.files import write_atomically

SOURCE = Path(__file__).parents[1] / "exporters/rum/agent"
DIST = SOURCE / "dist"
# A registry that cannot be reached must not hold `./run up` up for minutes.
_CI = (
    "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1",
    "--fetch-timeout=15000",
)  # fmt: skip
_MOST_SECONDS = 90.0


def build(into: Path) -> Path:
    """Build in a new folder, and return the folder with tag.js and index.js.

    Raises CalledProcessError, with npm's output, or TimeoutExpired.
    """
    shutil.copytree(SOURCE, into, ignore=shutil.ignore_patterns("node_modules", "dist"))
    for command in (_CI, ("npm", "run", "--silent", "build")):
        subprocess.run(command, cwd=into, check=True, capture_output=True, text=True, timeout=_MOST_SECONDS)
    return into / "dist"


def build_once(dist: Path) -> bool:
    """Build into a folder, and return whether anything was to be done. Raises what `build` does, and OSError."""
    stamp, current = dist / "stamp", _checksum()
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == current:
        return False
    with TemporaryDirectory(prefix="pantrywatch-agent-") as folder:
        built = build(Path(folder) / "agent")
        dist.mkdir(exist_ok=True)
        # One by one and the stamp last: two may build at the same time, and one of them may be interrupted.
        for file in sorted(built.iterdir()):
            write_atomically(dist / file.name, file.read_bytes())
    write_atomically(stamp, current)
    return True


def _checksum() -> str:
    files = [*sorted(SOURCE.glob("package*.json")), SOURCE / "build.mjs", *sorted((SOURCE / "src").iterdir())]
    return hashlib.sha256(b"".join(file.name.encode() + file.read_bytes() for file in files)).hexdigest()


def main(dist: Path = DIST) -> int:
    """Build; returns the exit code: 0, or 1 if npm or the registry failed."""
    if shutil.which("npm") is None:
        return _say("not built: there is no npm; the demo's page measures nothing without it", 0)
    try:
        return _say("built", 0) if build_once(dist) else 0
    except subprocess.CalledProcessError as error:
        last = (error.stderr or error.stdout).strip().splitlines()[-1:]
        return _say(f"not built: npm failed: {' '.join(last)}", 1)
    except subprocess.TimeoutExpired:
        return _say(f"not built: npm took longer than {_MOST_SECONDS:.0f} s", 1)
    except OSError as error:
        return _say(f"not built: {error.strerror}: {error.filename}", 1)
    except KeyboardInterrupt:
        return 130


def _say(text: str, code: int) -> int:
    print(f"pantrywatch: browser agent {text}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
