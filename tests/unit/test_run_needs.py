"""What the tests run is what `./run test` installs: a machine that has it by chance hides that it is missing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_NEED = re.compile(r"^(?:\w+=')?([^|'\n]+)\|([a-z0-9.+-]+)", re.MULTILINE)
_FOLDERS = ("/usr/bin", "/usr/sbin")
# Words that tests begin a list with, of which none is run, and Debian's python3, which runs in a container.
_WORDS = {
    "factor", "file", "groups", "head", "kubectl", "last", "link", "more", "netstat", "open", "python3", "reset",
    "script", "w",
}  # fmt: skip
# Programs of packages that those of `./run` depend on.
_COME_ALONG = {"docker", "node", "pg_dump", "psql", "redis-cli", "victoria-metrics"}
# Every Debian has them.
_OF_DEBIAN = {
    "apt-get", "base64", "bash", "cp", "dd", "dpkg-deb", "dpkg-query", "env", "expr", "find", "gzip", "id", "kill",
    "mount", "nsenter", "sh", "sleep", "tar", "timeout", "true", "umount",
}  # fmt: skip


def test_every_program_of_the_tests_is_installed_by_run() -> None:
    """Each is one of the needs in `run`, comes with one, or is part of every Debian. Only installed ones are known."""
    needs = dict(_NEED.findall((ROOT / "run").read_text()))
    assert {"pgbouncer", "nginx"} <= needs.keys(), "the needs are found"
    named = {word for line in needs for word in line.split()} | set(needs.values()) | _COME_ALONG | _OF_DEBIAN | _WORDS
    missing = {name: file for name, file in _programs() if name not in named}
    assert not missing, "add them to the needs in `run`"


def _programs() -> Iterator[tuple[str, str]]:
    """Yield names of programs that a list in the tests begins with, and a file that has it."""
    for file in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.List) and node.elts and isinstance(node.elts[0], ast.Constant):
                name = node.elts[0].value
                if isinstance(name, str) and _is_program(name):
                    yield name, str(file.relative_to(ROOT))


def _is_program(name: str) -> bool:
    return bool(re.fullmatch(r"[a-z][\w.-]*", name)) and any(Path(folder, name).exists() for folder in _FOLDERS)
