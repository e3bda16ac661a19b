"""A page as PDF, printed by the Chromium of the system."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from exporters.core.errors import ConfigError, ConfigProblem

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_SECONDS = 60.0
_ARGUMENTS = (
    "--headless", "--disable-gpu", "--no-first-run", "--no-default-browser-check", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-breakpad", "--disable-quic",
    "--disable-dev-shm-usage", "--no-pdf-header-footer",
)  # fmt: skip


def find_chromium() -> str:
    """Return the path of Chromium. Raises ConfigError saying what to install."""
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    expected = (
        f"expected one of {', '.join(_NAMES)} on the PATH to print it: install Chromium, or print the page by hand"
    )
    raise ConfigError([ConfigProblem("command line", "--pdf", expected)])


def print_pdf(chromium: str, page: Path, file: Path) -> None:
    """Write the page as PDF; nothing of the browser is left. Raises ConfigError if Chromium does not print it."""
    with tempfile.TemporaryDirectory(prefix="pantrywatch-report-") as folder:
        printed = Path(folder, "report.pdf")
        command = [chromium, *_ARGUMENTS, f"--user-data-dir={folder}/profile", f"--print-to-pdf={printed}"]
        if os.geteuid() == 0:
            command.append("--no-sandbox")  # as root it does not start with one; the page has no script
        problem = _run([*command, page.resolve().as_uri()], Path(folder))
        if problem or not printed.is_file():
            expected = f"expected {chromium} to print the page: {problem or 'it wrote nothing'}"
            raise ConfigError([ConfigProblem("command line", "--pdf", expected)])
        shutil.move(printed, file)


def _run(command: list[str], folder: Path) -> str:
    """Return what went wrong, or nothing."""
    environment = {**os.environ, "HOME": str(folder)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as child:
        try:
            code = child.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            return f"it took longer than {_SECONDS:.0f} s"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)  # its helpers, too
    return f"it ended with {code}" if code else ""
