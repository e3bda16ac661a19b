"""Images under the names of the compose file, made of Debian's packages: no registry is asked.

`docker-compose.yml` names them; what is inside has the same paths, users and entry points as the real ones, as far as
the compose file touches them. The build of our own images runs on the stand-in for Python.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.compose.engine import Engine, run
from tests.support import debian
from tests.support.servers import free_port, process, wait_until

FOLDER = Path(__file__).parent / "stand_ins"
PYTHON = "python:3.11-slim-bookworm"
_SERVERS = (
    "prometheus", "prometheus-alertmanager", "postgresql", "redis-server", "victoria-metrics", "curl", "python3-yaml",
)  # fmt: skip
_BROWSER = ("chromium", "fonts-dejavu-core", "libnss3-tools")


def build_stand_ins(engine: Engine, folder: Path, images: Mapping[str, str]) -> None:
    """Build an image for each name → tag of the compose file that is not ours, and the base of our own."""
    python, browser = folder / "python", folder / "browser"
    debian.make_root(python, "bookworm", ["python3", "python3-venv", "openssl"])
    # The browser's image asks for these, and finds them there: a build has no way to a mirror. They are not in the
    # servers' root, for they bring users whose numbers PostgreSQL's image needs.
    run(["cp", "-a", str(python), str(browser)], dict(os.environ), timeout=120)
    debian.add_packages(browser, _BROWSER)
    _import(engine, browser, "stand-in/python")
    shutil.rmtree(browser)
    _build(engine, "python", PYTHON)
    debian.add_packages(python, _SERVERS)
    _import(engine, python, "stand-in/servers")
    shutil.rmtree(python)
    for name, tag in images.items():
        _build(engine, name, tag)


def build_ours(engine: Engine, folder: Path, clone: Path, targets: Mapping[str, str]) -> None:
    """Build our images (Dockerfile target → tag) from the clone, with packages from an index of the test's own."""
    for lock in (clone / "provisioning/docker").glob("*.lock"):
        _download(folder / "wheels", lock)
    with _index(engine, folder) as url:
        for target, tag in targets.items():
            engine.docker(
                "build", "--network", "host", "--build-arg", f"PIP_INDEX_URL={url}", "--target", target, "--tag", tag,
                "--file", str(clone / "provisioning/docker/Dockerfile"), str(clone), timeout=600,
            )  # fmt: skip


def _import(engine: Engine, root: Path, tag: str) -> None:
    with subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as archive:
        done = subprocess.run(
            ["docker", "import", "-", tag],
            stdin=archive.stdout,
            env=engine.environment(),
            capture_output=True,
            check=False,
        )
    assert archive.returncode == 0 == done.returncode, done.stderr


def _build(engine: Engine, name: str, tag: str) -> None:
    engine.docker("build", "--network", "none", "--tag", tag, str(FOLDER / name))


def _download(wheels: Path, lock: Path) -> None:
    """Download what a lock names with this machine's settings; pip checks the hashes now and in the build."""
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
        "--require-hashes", "--python-version", "3.11", "--only-binary", ":all:", "--dest", str(wheels),
        "--requirement", str(lock),
    ]  # fmt: skip
    run(command, dict(os.environ), timeout=600)


@contextmanager
def _index(engine: Engine, folder: Path) -> Iterator[str]:
    """Serve the downloaded packages as a package index (PEP 503) in the engine's network."""
    simple = folder / "index/simple"
    for wheel in (folder / "wheels").iterdir():
        name = re.sub(r"[-_.]+", "-", wheel.name.partition("-")[0]).lower()
        (simple / name).mkdir(parents=True, exist_ok=True)
        (simple / name / wheel.name).hardlink_to(wheel)
    port = free_port()
    serve = [
        sys.executable,
        "-m",
        "http.server",
        str(port),
        "--bind",
        "127.0.0.1",
        "--directory",
        str(folder / "index"),
    ]
    url = f"http://127.0.0.1:{port}/simple/"
    with process(engine.inside(*serve), folder / "index.log"):
        wait_until(lambda: _serves(engine, url), 20, "the package index answers")
        yield url


def _serves(engine: Engine, url: str) -> bool:
    try:
        return "pyyaml" in engine.fetch(url)
    except OSError:
        return False
