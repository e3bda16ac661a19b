"""Console output of the operator's command, and its queries to the running stack."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from exporters.core.access import WebSettings
from pantrywatch.native.addresses import Addresses
from pantrywatch.native.supervisor import Component
from pantrywatch.web.client import session

# The last line that `up` prints when everything runs.
UP_MESSAGE = "Ctrl-C stops everything"
_PROGRAM_ADDRESS = {"demo-api": "crm", "demo-third-party": "third-party"}


def say(text: str) -> None:
    """Print progress. Write errors (closed pipe, full disk) are ignored."""
    with suppress(OSError):
        print(text, flush=True)


def complain(lines: Sequence[str]) -> None:
    """Print an error: the first line is the message, the others are details."""
    with suppress(OSError):
        print(f"error: {lines[0]}", *(f"  | {line}" for line in lines[1:]), sep="\n", file=sys.stderr, flush=True)


class Progress:
    """What is waited for: one line, rewritten on a terminal; elsewhere a line for each change."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._said = ""

    def show(self, waiting: Sequence[str]) -> None:
        """Show what is waited for, in the order given."""
        text = f"waiting for {', '.join(waiting)}"
        if self._terminal:
            self.rewrite(text)
        elif text != self._said:
            self._said = text
            say(text)

    def rewrite(self, text: str) -> None:
        """Show a text on the line of a terminal; elsewhere nothing."""
        if not self._terminal:
            return
        width = shutil.get_terminal_size().columns - 1
        text = text if len(text) <= width else f"{text[: width - 2]} …"
        if text != self._said:
            self._said = text
            with suppress(OSError):
                print(f"\r\x1b[K{text}", end="", flush=True)

    def end(self) -> None:
        """Remove the line from a terminal."""
        if self._terminal and self._said:
            with suppress(OSError):
                print("\r\x1b[K", end="", flush=True)
        self._said = ""


def scrape_states(addresses: Addresses, web: WebSettings) -> dict[str, str]:
    """Return job/instance → up, down or unknown, from Prometheus; empty while it does not respond."""
    try:
        with session(web) as ours:
            answer = ours.get(f"{addresses.url('prometheus')}/api/v1/targets?state=active", timeout=5)
        targets = answer.json()["data"]["activeTargets"]
    except (OSError, KeyError):
        return {}
    return {f"{t['labels']['job']}/{t['labels']['instance']}": str(t["health"]) for t in targets}


def table(components: Sequence[Component], addresses: Addresses, targets: Mapping[str, str]) -> str:
    """Return the components with address and state, and below them the state of each target in Prometheus."""
    rows = [("what", "address", "state")]
    rows += [(component.name, _address(component.name, addresses), component.state.lower()) for component in components]
    rows += [(f"target {name}", "", health) for name, health in sorted(targets.items())]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(f"  {line.rstrip()}" for line in lines)


def next_steps(
    addresses: Addresses, settings_file: Path | None, state: Path, targets: Mapping[str, str], *, visited: bool = False
) -> str:
    """Return what to look at and to try now. Who is notified is in the inbox if the messages go there.

    `visited`: a real Chromium works with the demo's page.
    """
    boards = addresses.url("boards")
    lines = [f"The boards:       {boards}", f"Alerts:           {addresses.url('boards')}/alerts"]
    if settings_file is None or "PANTRYWATCH_INBOX" in settings_file.read_text(encoding="utf-8", errors="replace"):
        lines.append(f"Who was notified: {addresses.url('inbox')}")
    if settings_file is None:
        lines.append("Break something:  ./run fault list, then ./run fault on database-frozen")
        real = ", and a real Chromium's, once a minute" if visited else ""
        lines.append(f"Users' browsers:  recorded beacons, replayed{real}")
    down = [name for name, health in sorted(targets.items()) if health == "down"]
    if down:
        lines.append(f"Not responding:   {', '.join(down)}")
    lines += ["Mark a release:   ./run mark v1.4.2", f"Data and logs:    {state}", "", UP_MESSAGE]
    return "\n" + "\n".join(f"  {line}" if line else "" for line in lines)


def _address(program: str, addresses: Addresses) -> str:
    name = _PROGRAM_ADDRESS.get(program, program)
    if not addresses.has(name):
        return ""
    return addresses.address(name) if name in {"postgres", "redis"} else addresses.url(name)
