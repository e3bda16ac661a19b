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

from engine import Engine, run
from servers import free_port, process, wait_until

FOLDER = Path(__file__).parent / "stand_ins"
PYTHON = "python:3.11-slim-bookworm"
_SERVERS = ("prometheus", "prometheus-alertmanager", "postgresql", "redis-server", "curl", "python3-yaml")
# What apt needs in there to reach the package mirror; taken out again.
_REACH = (
    "/etc/apt/apt.conf.d",
    "/etc/apt/sources.list.d",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/resolv.conf",
    "/etc/hosts",
)
_USELESS = (
    "usr/share/doc",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/javascript",
    "usr/share/i18n",
    "var/lib/apt/lists",
    "var/cache/apt",
)


def build_stand_ins(engine: Engine, folder: Path, images: Mapping[str, str]) -> None:
    """Build an image for each name → tag of the compose file that is not ours, and the base of our own."""
    python = folder / "python"
    _debootstrap(python)
    _import(engine, python, "stand-in/python")
    _build(engine, "python", PYTHON)
    _add_servers(python)
    _import(engine, python, "stand-in/servers")
    shutil.rmtree(python)
    for name, tag in images.items():
        _build(engine, name, tag)


def build_ours(engine: Engine, folder: Path, clone: Path, targets: Mapping[str, str]) -> None:
    """Build our images (Dockerfile target → tag) from the clone, with packages from an index of the test's own."""
    for target in targets:
        _download(folder / "wheels", clone / f"provisioning/docker/{target}.lock")
    with _index(engine, folder) as url:
        for target, tag in targets.items():
            engine.docker(
                "build", "--network", "host", "--build-arg", f"PIP_INDEX_URL={url}", "--target", target, "--tag", tag,
                "--file", str(clone / "provisioning/docker/Dockerfile"), str(clone), timeout=600,
            )  # fmt: skip


def _debootstrap(root: Path) -> None:
    command = ["debootstrap", "--variant=minbase", "--include=python3,python3-venv", "bookworm", str(root), _mirror()]
    run(command, dict(os.environ), timeout=600)
    _slim(root)


def _add_servers(root: Path) -> None:
    """Install the servers with this machine's way to its package mirror, and take that out again."""
    added = []
    for source in filter(os.path.exists, _REACH):
        copy = root / source.lstrip("/")
        if not copy.exists() or copy.is_dir():
            added.append(copy)
        copy.parent.mkdir(parents=True, exist_ok=True)
        run(["cp", "-aL", "--remove-destination", "--no-target-directory", source, str(copy)], {}, timeout=60)
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    (root / "etc/postgresql-common").mkdir()
    (root / "etc/postgresql-common/createcluster.conf").write_text("create_main_cluster = false\n")
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    script = f"apt-get update -q && apt-get install -q -y --no-install-recommends {' '.join(_SERVERS)}"
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    environment = {"PATH": path, "DEBIAN_FRONTEND": "noninteractive"}
    run(["chroot", str(root), "sh", "-c", script], environment, timeout=600)
    for copy in added:
        shutil.rmtree(copy, ignore_errors=True) if copy.is_dir() else copy.unlink()
    _slim(root)


def _slim(root: Path) -> None:
    for name in _USELESS:
        shutil.rmtree(root / name, ignore_errors=True)
    for library in (root / "usr/lib/x86_64-linux-gnu").glob("libLLVM*"):  # PostgreSQL's compiler for queries
        library.unlink()


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


def _mirror() -> str:
    """Return where this machine's apt takes bookworm from."""
    command = ["apt-get", "indextargets", "--format", "$(RELEASE) $(SITE)", "Created-By: Packages"]
    for line in run(command, dict(os.environ), timeout=60).stdout.splitlines():
        release, _, site = line.partition(" ")
        if release == "bookworm":
            return site
    raise AssertionError("apt knows no source of bookworm")
