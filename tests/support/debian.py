"""Root directories of Debian suites, made from the mirror in this machine's apt configuration."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

# The files apt needs there to reach the package mirror; removed afterwards.
_REACH = ("/etc/apt/apt.conf.d", "/etc/ssl/certs/ca-certificates.crt", "/etc/resolv.conf", "/etc/hosts")
_USELESS = (
    "usr/share/doc",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/javascript",
    "usr/share/i18n",
    "var/lib/apt/lists",
    "var/cache/apt",
)
# The roots are thrown away: none has to outlast a power cut. Waiting for the disk after each file takes half the time.
_UNSAFE = {"DPKG_FORCE": "unsafe-io"}
# From unstable, for suites newer than this machine's debootstrap.
_NEWEST_SCRIPT = Path("/usr/share/debootstrap/scripts/sid")


def make_root(root: Path, suite: str, include: Sequence[str] = ()) -> None:
    """Make a minimal root directory with the packages in `include`; RuntimeError with debootstrap's last output."""
    command = ["debootstrap", "--variant=minbase", *([f"--include={','.join(include)}"] if include else [])]
    known = _NEWEST_SCRIPT.with_name(suite).exists()
    script = [] if known else [str(_NEWEST_SCRIPT)]
    run([*command, suite, str(root), mirror(), *script], {**os.environ, **_UNSAFE})
    slim(root)


def add_packages(root: Path, packages: Iterable[str]) -> None:
    """Install packages of the root's own suite; RuntimeError with apt's last output. No server is started."""
    added = _lend(root)
    clusters = root / "etc/postgresql-common/createcluster.conf"
    clusters.parent.mkdir(exist_ok=True)
    clusters.write_text("create_main_cluster = false\n")
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    install = f"apt-get update -q && apt-get install -q -y --no-install-recommends {' '.join(packages)}"
    # The mount ends with the command.
    script = f'mount -t proc proc {root}/proc && exec chroot {root} sh -c "{install}"'
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    run(["unshare", "--mount", "sh", "-c", script], {"PATH": path, "DEBIAN_FRONTEND": "noninteractive", **_UNSAFE})
    for copy in added:
        shutil.rmtree(copy, ignore_errors=True) if copy.is_dir() else copy.unlink()
    slim(root)


def versions(root: Path, packages: Sequence[str]) -> dict[str, str]:
    """Return package → version of the packages installed in a root directory."""
    command = ["dpkg-query", f"--admindir={root}/var/lib/dpkg", "--show", "--showformat=${Package} ${Version}\\n"]
    return dict(line.split() for line in run([*command, *packages]).splitlines())


def mirror() -> str:
    """Return this machine's apt source for bookworm."""
    command = ["apt-get", "indextargets", "--format", "$(RELEASE) $(SITE)", "Created-By: Packages"]
    for line in run(command).splitlines():
        release, _, site = line.partition(" ")
        if release == "bookworm":
            return site
    raise AssertionError("apt knows no source of bookworm")


def unpacked_of_testing(folder: Path, packages: Sequence[str]) -> Path:
    """Return the folder of programs of packages of Debian testing, unpacked into `folder` and not installed."""
    sources = folder / "sources.list"
    sources.write_text(f"deb {mirror()} testing main\n")
    for name in ("state/lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    options = [
        f"Dir::State={folder}/state", f"Dir::Cache={folder}/cache", f"Dir::Etc::sourcelist={sources}",
        "Dir::Etc::sourceparts=/dev/null", "Acquire::Languages=none", "APT::Sandbox::User=root",
    ]  # fmt: skip
    apt = ["apt-get", "-q", *(part for option in options for part in ("-o", option))]
    run([*apt, "update"])
    run(["sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(folder), *apt, "download", *packages])
    for package in folder.glob("*.deb"):
        run(["dpkg-deb", "-x", str(package), str(folder / "root")])
    return folder / "root/usr/bin"


def slim(root: Path) -> None:
    """Remove files that no test reads."""
    for name in _USELESS:
        shutil.rmtree(root / name, ignore_errors=True)
    for library in (root / "usr/lib").glob("*-linux-gnu/libLLVM*"):  # PostgreSQL's compiler for queries
        library.unlink()


def _lend(root: Path) -> list[Path]:
    added = []
    for source in filter(os.path.exists, _REACH):
        copy = root / source.lstrip("/")
        if not copy.exists() or copy.is_dir():
            added.append(copy)
        copy.parent.mkdir(parents=True, exist_ok=True)
        run(["cp", "-aL", "--remove-destination", "--no-target-directory", source, str(copy)])
    return added


def run(command: Sequence[str], environment: dict[str, str] | None = None) -> str:
    """Run a command and return its output; RuntimeError with its last output."""
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"{command[0]} took longer than {error.timeout:g} s") from None
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout[-1500:]}{done.stderr[-1500:]}")
    return done.stdout
