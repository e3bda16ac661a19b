"""Whether the vmalert of this machine understands the rules."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from exporters.core.errors import ConfigError, ConfigProblem
from pantrywatch.config.scale import Scale

OLDEST = "1.92"
# Debian's builds do not say which version they are: what counts is the field that older ones refuse.
_RULE = "groups: [{name: a, rules: [{alert: A, expr: vector(1), keep_firing_for: 1m}]}]\n"
_VERSION = re.compile(r"\bv(\d+\.\d+\.\d+)")


def require_evaluator(scale: Scale | None, settings_file: str) -> None:
    """Raise ConfigError if vmalert is to evaluate the rules and the one on the PATH, if any, is too old for them."""
    binary = shutil.which("vmalert")
    if scale is None or scale.evaluate != "vmalert" or binary is None or _accepts_rules(binary):
        return
    found = _VERSION.search(_run(binary, "-version")[1])
    got = found[1] if found else f"{binary}, which does not say its version"
    expected = f"expected vmalert {OLDEST} or later, which knows keep_firing_for, got {got}"
    raise ConfigError([ConfigProblem(settings_file, "scale.evaluate", expected)])


def _accepts_rules(binary: str) -> bool:
    """Return whether it does; one that cannot be started is not at fault."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rule.yml"
        file.write_text(_RULE, encoding="utf-8")
        return not _run(binary, f"-rule={file}", "-dryRun")[0]


def _run(*command: str) -> tuple[int, str]:
    """Return exit code and output of a command; 0 and nothing if it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0, ""
    return done.returncode, done.stdout + done.stderr
