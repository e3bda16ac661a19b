"""Boards and pages of docs/ on disk: read for each request, so the output of `./run build` shows at the next reload."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FIRST = ("Overview", "CRM overview")


@dataclass(frozen=True, slots=True)
class BoardSummary:
    """A board in the list of boards."""

    uid: str
    title: str
    description: str
    folder: str


@dataclass(frozen=True, slots=True)
class RunbookSummary:
    """A runbook in the list of runbooks: the alert's name, and the first sentence of its page."""

    name: str
    sentence: str


class BoardFiles:
    """Boards in a folder, each as `<Grafana folder>/<uid>.json`, and the folder with the pages they link to."""

    def __init__(self, folder: Path, docs: Path) -> None:
        """Take the folders; files may be added and removed at any time."""
        self._folder = folder
        self._docs = docs

    def entries(self) -> list[BoardSummary]:
        """Return all boards by folder and title, the overview first."""
        found = [self._entry(file) for file in self._folder.rglob("*.json")]
        return sorted(
            found, key=lambda entry: (entry.folder != _FIRST[0], entry.folder, entry.title != _FIRST[1], entry.title)
        )

    def board(self, uid: str) -> dict[str, Any] | None:
        """Return the board with that uid as Grafana reads it, or None."""
        file = next((file for file in self._folder.rglob("*.json") if file.stem == uid), None)
        return _read(file) if file else None

    def runbooks(self) -> list[RunbookSummary]:
        """Return all runbooks by name."""
        files = sorted((self._docs / "runbooks").glob("*.md"))
        return [RunbookSummary(file.stem, _first_sentence(file)) for file in files]

    def page(self, name: str) -> str | None:
        """Return the text of a page such as `terms.md` or `runbooks/CrmApiDown.md`, or None."""
        pages = {file.relative_to(self._docs).as_posix(): file for file in self._docs.rglob("*.md")}
        return pages[name].read_text(encoding="utf-8") if name in pages else None

    def _entry(self, file: Path) -> BoardSummary:
        board = _read(file)
        folder = file.parent.relative_to(self._folder).as_posix()
        return BoardSummary(
            file.stem, str(board["title"]), str(board.get("description", "")), "" if folder == "." else folder
        )


def _first_sentence(file: Path) -> str:
    """Return the first sentence below the heading, without marks of Markdown."""
    paragraphs = file.read_text(encoding="utf-8").split("\n\n")[1:]
    text = " ".join(paragraphs[0].split()) if paragraphs else ""
    return re.split(r"(?<=[.:]) (?=[A-Z*])", text, maxsplit=1)[0].replace("`", "")


def _read(file: Path) -> dict[str, Any]:
    board: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return board
