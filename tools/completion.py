"""Completion of both commands for bash and zsh, generated from their parsers: provisioning/completion/."""

from __future__ import annotations

import argparse
from pathlib import Path

import shtab

from exporters.cli import parser as exporter_parser
from exporters.registry import EXPORTERS
from pantrywatch.cli import parser as operator_parser

FOLDER = Path(__file__).parents[1] / "provisioning/completion"
_PATHS = {"FILE": shtab.FILE, "PATH": shtab.FILE, "DIR": shtab.DIRECTORY}


def completions() -> dict[str, str]:
    """Return file name → text."""
    files = {}
    for parser in (operator_parser(), exporter_parser()):
        _describe(parser)
        files[f"{parser.prog}.bash"] = shtab.complete(parser, "bash")
        files[f"_{parser.prog}"] = shtab.complete(parser, "zsh")
    return {name: "\n".join(line.rstrip() for line in text.splitlines()) + "\n" for name, text in files.items()}


def _describe(parser: argparse.ArgumentParser) -> None:
    """Tell shtab the kind of each value: a file, a folder, an exporter."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way to list them
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            for child in action.choices.values():
                _describe(child)
        elif action.dest == "exporters" and not action.option_strings:
            action.choices = EXPORTERS
        elif action.metavar in _PATHS:
            vars(action)["complete"] = _PATHS[str(action.metavar)]
