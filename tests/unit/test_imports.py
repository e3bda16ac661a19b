"""Imports run one way, and a sidecar loads its own libraries alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporters.registry import EXPORTERS

ROOT = Path(__file__).parents[2]

# Folder or module → what it may import of ours, the most precise entry counts. `.` is itself.
_SHARED_BY_EXPORTERS = ("exporters.core", "exporters.__version__")
_ALLOWED: dict[str, tuple[str, ...]] = {
    "exporters": (
        *_SHARED_BY_EXPORTERS, "exporters.registry", "exporters.deployments", "exporters.capacity",
        "exporters.generated", "exporters.applied_advice", "exporters.beside_marks", "exporters.cli",
    ),
    "exporters.core": ("exporters.core",),
    **{f"exporters.{name}": (*_SHARED_BY_EXPORTERS, ".") for name in EXPORTERS},
    "pantrywatch": (
        "pantrywatch", *_SHARED_BY_EXPORTERS, "exporters.registry", "exporters.deployments", "exporters.capacity",
        "exporters.applied_advice",
    ),
    "pantrywatch.config": (
        "pantrywatch.config", "exporters.core", "exporters.registry",
        *(f"exporters.{name}.settings" for name in EXPORTERS),
    ),
    "pantrywatch.web": ("pantrywatch.web", "pantrywatch.config.yaml_output", "exporters.core"),
    "pantrywatch.generate": ("pantrywatch.generate", "pantrywatch.config", "pantrywatch.web", "exporters.core"),
    "pantrywatch.generate.kubernetes": (
        "pantrywatch.generate", "pantrywatch.config", "pantrywatch.web", "exporters.core", "exporters.__version__",
    ),
    "pantrywatch.containers": (
        "pantrywatch.containers", "pantrywatch.generate", "pantrywatch.config", "pantrywatch.web", "exporters.core",
    ),
    "pantrywatch.application": (
        "pantrywatch.application", "pantrywatch.generate", "pantrywatch.config", "pantrywatch.web", "exporters.core",
    ),
    "pantrywatch.analysis": (
        "pantrywatch.analysis", "pantrywatch.build", "pantrywatch.generate", "pantrywatch.native",
        "pantrywatch.scheduler", "pantrywatch.config", "pantrywatch.web", "exporters.core", "exporters.deployments",
        "exporters.applied_advice",
    ),
    "pantrywatch.analysis.explain": (
        "pantrywatch.analysis.explain", "pantrywatch.generate", "pantrywatch.config", "pantrywatch.web",
        "exporters.core",
    ),
    "pantrywatch.analysis.report": (
        "pantrywatch.analysis.report", "pantrywatch.analysis.explain", "pantrywatch.scheduler", "pantrywatch.config",
        "pantrywatch.web", "exporters.core", "exporters.applied_advice",
    ),
    "pantrywatch.native": (
        "pantrywatch.native", "pantrywatch.application", "pantrywatch.generate", "pantrywatch.config",
        "pantrywatch.web",
        "exporters.core", "exporters.registry", "exporters.browser.settings", "exporters.deployments",
        "exporters.applied_advice", "exporters.__version__", "pantrywatch.scheduler",
    ),
    **{
        f"pantrywatch.{name}": (".", "pantrywatch.config", "pantrywatch.web", "exporters.core")
        for name in ("inbox", "heartbeat", "boards", "scheduler")
    },
    "demo": ("demo", "pantrywatch", "exporters.core", "exporters.generated"),
    # A real visit needs a real browser: the exporter's own starts it, drives it and leaves nothing of it.
    "demo.traffic.visit": ("demo", "exporters.core", "exporters.browser"),
    "demo.traffic.visits": ("demo", "exporters.core", "exporters.browser.settings"),
    "tools": ("tools", "pantrywatch", "exporters"),
}  # fmt: skip
_FILES = sorted(
    file for folder in ("exporters", "pantrywatch", "demo", "tools") for file in (ROOT / folder).rglob("*.py")
)


def _module(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            is_package = (ROOT / node.module.replace(".", "/")).is_dir()
            yield from (f"{node.module}.{name.name}" for name in node.names) if is_package else (node.module,)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def _below(name: str, parent: str) -> bool:
    return name == parent or name.startswith(f"{parent}.")


def test_imports_run_one_way() -> None:
    """Nothing imports upwards: pantrywatch → section records → exporters.core; no exporter imports another."""
    wrong = []
    for file in _FILES:
        module = _module(file)
        place = max((name for name in _ALLOWED if _below(module, name)), key=len)
        allowed = [place if name == "." else name for name in _ALLOWED[place]]
        ours = [
            name
            for name in _imported(file)
            if name.split(".")[0] in {"exporters", "pantrywatch", "demo", "tests", "tools"}
        ]
        wrong += [f"{module} imports {name}" for name in ours if not any(_below(name, one) for one in allowed)]
    assert wrong == []


def test_pantrywatch_has_few_rooms() -> None:
    """The operator's tool is at most 14 folders and modules at its top: a reader finds what each is for."""
    rooms = [
        path for path in (ROOT / "pantrywatch").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    ]
    assert len([room for room in rooms if not room.name.startswith("__")]) <= 14


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_a_sidecar_loads_its_own_exporter_alone(tmp_path: Path, exporter: str) -> None:
    """A process that serves one exporter imports nothing of another, and nothing of the operator's tool."""
    settings = tmp_path / "settings.yaml"
    (tmp_path / "dsn").write_text("host=127.0.0.1")
    settings.write_text(
        "database: [{name: a, dsn_file: dsn}]\ncache: [{name: a, url: 'redis://127.0.0.1'}]\nhost: {}\n"
        "synthetic: {checks: [{name: a, kind: tcp, address: 'a:1'}]}\nbrowser: {checks: [{name: b, url: 'http://a/'}]}\n"
        "rum: {}\naccess_log: {state: s, files: [{name: a, path: a, format: nginx}]}\n"
        "database_log: [{name: a, path: a, state: b}]\n"
    )
    code = (
        "import sys, exporters.cli, exporters.registry as registry\n"
        "exporters.cli.parser()\n"
        "assert registry.load_sources(sys.argv[1], [sys.argv[2]]) or sys.argv[2] == 'browser'\n"
        "print('\\n'.join(sys.modules))\n"
    )
    command = [sys.executable, "-c", code, str(settings), exporter]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=60)
    assert done.returncode in {0, 2 if exporter == "browser" else 0}, done.stderr
    loaded = done.stdout.split()
    others = [name for name in EXPORTERS if name != exporter]
    assert [one for one in loaded if any(_below(one, f"exporters.{name}") for name in others)] == []
    assert [one for one in loaded if _below(one, "pantrywatch")] == []
    # What only a section `web`, the files next to the marks or a command needs is a tenth of the CPU until the port is
    # open, and what only the login or a PostgreSQL server needs another one.
    of_few = {
        "exporters.core.access",
        "exporters.beside_marks",
        "exporters.core.findings",
        "exporters.core.landing_page",
    }
    if exporter in {"cache", "host"}:
        of_few |= {"bcrypt", "hashlib", "email.utils", "psycopg", "requests", "html", "json", "lzma"}
    assert [one for one in loaded if one in of_few] == []


def test_a_mistake_in_another_section_does_not_stop_a_sidecar(tmp_path: Path) -> None:
    """A typo in notifications or in another exporter's section is none of a database sidecar's business."""
    from exporters.registry import load_sources  # noqa: PLC0415

    settings = tmp_path / "settings.yaml"
    settings.write_text(
        "environment: 5\nnotifications: {contacts: [{nam: x}]}\ncache: [{url: 7}]\n"
        'database: [{name: main, dsn: "host=127.0.0.1"}]\n'
    )
    assert [source.target for source in load_sources(str(settings), ["database"])] == ["main"]
