"""The command `pantrywatch-exporter`: serve, check, validate."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from exporters import __version__
from exporters.core.allocator import return_large_buffers
from exporters.core.asgi import Application
from exporters.core.deadline import Deadline
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.exit_codes import run_command
from exporters.core.exposition import AnyFamily, Family, render
from exporters.core.origin import own_pages_only
from exporters.core.own_process import process_families
from exporters.core.problem_text import suggestion
from exporters.core.scrape import Run, ScrapeRunner, Source, run_once
from exporters.core.server import Pages, listen, serve
from exporters.registry import EXPORTERS, SETTINGS_FILE, load_sources, process_settings, sections_not_read

if TYPE_CHECKING:
    import ssl

    from exporters.core.access import WebSettings

_DEFAULT_LISTEN = "127.0.0.1:9690"
_COLUMNS = 80  # where there is no terminal, or it does not say


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code: 0 ok, 1 a check failed, 2 configuration error."""
    options = parser().parse_args(arguments)
    return run_command(lambda: int(options.run(options)))


class _Help(argparse.HelpFormatter):
    """Help as wide as the terminal.

    argparse makes a formatter for each option, and asks shutil for the width: that loads the libraries of three kinds
    of archives, 0.7 MB of memory.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_terminal_columns() - 2)


def _terminal_columns() -> int:
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    return (os.get_terminal_size().columns if sys.stdout.isatty() else 0) or _COLUMNS


def parser() -> argparse.ArgumentParser:
    """Return the command-line parser."""
    top = argparse.ArgumentParser(
        prog="pantrywatch-exporter", description="Prometheus exporters of pantrywatch", formatter_class=_Help
    )
    top.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    top.add_argument("--settings", metavar="FILE", help=f"settings file (default: {SETTINGS_FILE} if it exists)")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("serve", help="serve the metrics of one or more exporters", formatter_class=_Help)
    _add_exporters(command)
    command.add_argument("--listen", default=_DEFAULT_LISTEN, metavar="HOST:PORT", help="(default: %(default)s)")
    command.set_defaults(run=_serve)
    command = commands.add_parser(
        "check", help="run one check or collector now and print its result", formatter_class=_Help
    )
    command.add_argument("name", metavar="NAME", help="EXPORTER, EXPORTER/TARGET, a collector or a check")
    command.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS")
    command.set_defaults(run=_check)
    command = commands.add_parser(
        "validate",
        help="check settings, privileges and extensions; exit code 2: a fault, 1: something missing, 0: ok or advice",
        formatter_class=_Help,
    )
    _add_exporters(command)
    command.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS")
    command.set_defaults(run=_validate)
    return top


def _add_exporters(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "exporters", nargs="*", metavar="EXPORTER", help=f"any of {', '.join(EXPORTERS)}; default: all"
    )


def _serve(options: argparse.Namespace) -> int:
    sources = load_sources(options.settings, options.exporters)
    name, settings = process_settings(options.settings)
    application = Pages([ScrapeRunner(source) for source in sources], _own_families(settings.marks_file))
    guarded, tls, names = _guarded(application, settings.web, name)
    guarded = own_pages_only(guarded, options.listen, names)
    listener = listen(options.listen)
    return_large_buffers()
    for source in sources:
        source.start()
    line = f"serving {', '.join(_names(sources)) or 'its own metrics alone'} on {'https' if tls else 'http'}://{options.listen}"
    try:
        serve(guarded, listener, tls, on_start=lambda: print(line, file=sys.stderr, flush=True))
    finally:
        for source in sources:
            source.close()
    return 0


def _guarded(
    application: Application, web: WebSettings | None, settings_file: str
) -> tuple[Application, ssl.SSLContext | None, Sequence[str]]:
    """Return the application behind the login, its TLS context, and the names that a reverse proxy forwards."""
    if web is None:
        return application, None, ()
    from exporters.core.access import with_login  # noqa: PLC0415 - most sidecars have no section `web`

    return *with_login(application, web, settings_file), web.names


def _check(options: argparse.Namespace) -> int:
    exporter, of_target, _ = options.name.partition("/")
    # A container has the secrets of its own exporter alone. A name without a target may be that of a check.
    sources = load_sources(options.settings, [exporter] if of_target and exporter in EXPORTERS else [])
    chosen = [(source, only) for source in sources for only in _matches(source, options.name)]
    if not chosen:
        known = sorted({name for source in sources for name in (*_names([source]), *source.collectors())})
        names = [*(name for source in sources for name in _names([source])), "or the name of a collector or check"]
        expected = f"expected one of {', '.join(names)}{suggestion(options.name, known)}"
        raise ConfigError([ConfigProblem("command line", options.name, expected)])
    ok = True
    for source, only in chosen:
        ok = _report(source, run_once(source, Deadline.after(options.timeout), only)) and ok
        source.close()
    return 0 if ok else 1


def _report(source: Source, run: Run) -> bool:
    """Print the results of a run; return whether every collector succeeded."""
    sys.stdout.write(render(run.families()).decode())
    for outcome in run.outcomes():
        state = f"FAILED {outcome.error_class.value}: {outcome.detail}" if outcome.error_class else "ok"
        print(f"# {source.exporter}/{source.target} {outcome.collector}: {state} ({outcome.seconds:.3f} s)")
    return all(outcome.error_class is None for outcome in run.outcomes())


def _validate(options: argparse.Namespace) -> int:
    from exporters.core.findings import print_findings  # noqa: PLC0415 - no other command prints them

    sources = load_sources(options.settings, options.exporters)
    print("settings: ok")
    if others := sections_not_read(options.settings):
        print(f"not read by exporters: {', '.join(others)}; `pantrywatch validate FILE` checks the whole file")
    return int(print_findings(sources, options.timeout))


def _matches(source: Source, name: str) -> list[str | None]:
    if name in {source.exporter, f"{source.exporter}/{source.target}"}:
        return [None]
    return [name] if name in source.collectors() else []


def _names(sources: Sequence[Source]) -> list[str]:
    return [f"{source.exporter}/{source.target}" for source in sources]


def _own_families(marks: Path | None) -> Callable[[], Iterator[AnyFamily]]:
    """Return what yields the families about this process, and those of the files next to the deployment marks."""
    of_files = None
    if marks:
        from exporters.beside_marks import BesideMarks  # noqa: PLC0415 - a sidecar on its own has no marks

        of_files = BesideMarks(marks)
    python = ".".join(map(str, sys.version_info[:3]))

    def families() -> Iterator[AnyFamily]:
        if of_files:
            yield from of_files.collect()
        yield from process_families()
        info = Family(
            "pantrywatch_exporter_build_info",
            "gauge",
            "1, labeled with the version of this process.",
            ("version", "pythonversion"),
        )
        info.add(1, __version__, python)
        yield info

    return families
