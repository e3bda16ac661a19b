"""Lints of a board as a whole: variables, grid, links to others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from urllib.parse import parse_qsl, urlsplit

from tools.board_lint.model import Board, Json, references, texts

COLUMNS = 24
Problem = tuple[str, str, str]
# https://grafana.com/docs/grafana/latest/dashboards/variables/add-template-variables/ (global), and those of links.
_BUILT_IN = {"__rate_interval", "__interval", "__range", "__url_time_range", "__all_variables", "__all", "__value",
             "__data", "__field", "__from", "__to"}  # fmt: skip


def problems(board: Board, boards: Sequence[Board]) -> Iterator[Problem]:
    """Yield panel, lint and message of each problem; `boards` are the possible targets of links."""
    yield from _datasource(board)
    for variable in board.variables():
        yield from _variable(variable)
    yield from _selection(board)
    if board.source.get("editable") is not False:
        yield "", "uneditable-dashboard", "expected editable: false"
    yield from _identities(board)
    yield from _grid(board)
    yield from _declared(board)
    yield from _links(board, {other.uid: other for other in boards})
    yield from _encoding(board)
    for text in texts(board.source):
        if "${DS_" in text or text == "__inputs":
            yield "", "unresolved-input", f"{text[:40]}: provisioning never fills it in"
    if "__inputs" in board.source or "__requires" in board.source:
        yield "", "unresolved-input", "made for manual import: provisioning never fills it in"


def _datasource(board: Board) -> Iterator[Problem]:
    found = [each for each in board.variables() if each["type"] == "datasource"]
    if [(each["name"], each.get("label"), each.get("query")) for each in found] != [
        ("datasource", "Data source", "prometheus")
    ]:
        yield "", "template-datasource", "expected one data source variable: datasource, «Data source», prometheus"


def _variable(variable: Json) -> Iterator[Problem]:
    if variable["type"] != "query":
        return
    name = variable["name"]
    if variable.get("refresh") != 2:
        yield name, "template-on-time-change-reload", "expected refresh 2: the values of the time range shown"
    if variable.get("datasource", {}).get("uid") != "${datasource}":
        yield name, "template-datasource", "expected ${datasource}"
    if not (variable.get("label") and variable.get("definition")):
        yield name, "variable-text", "expected a label, and the definition that Grafana shows"
    if variable.get("multi") and variable.get("allValue") != ".+":
        yield name, "variable-all", "expected .+ for all: a list of all values is long, and lacks new ones"


def _selection(board: Board) -> Iterator[Problem]:
    names = {each["name"]: each for each in board.variables() if each["type"] == "query"}
    for name in ("job", "instance"):
        if not names.get(name, {}).get("multi"):
            yield "", f"template-{name}", f"expected a variable {name} with several values"


def _identities(board: Board) -> Iterator[Problem]:
    ids: Counter[int] = Counter()
    for source in board.source["panels"]:
        ids.update(each["id"] for each in (source, *source.get("panels", [])))
    for identity, count in ids.items():
        if count > 1:
            yield "", "panel-ids", f"{count} panels have the id {identity}"
    titles = Counter(panel.title for panel in board.panels)
    for title, count in titles.items():
        if count > 1:
            yield title, "panel-ids", f"{count} panels have this title"


def _grid(board: Board) -> Iterator[Problem]:
    shown = board.source["panels"]
    for group in (shown, *(row.get("panels", []) for row in shown)):
        for panel in group:
            box = panel["gridPos"]
            if box["x"] < 0 or box["y"] < 0 or box["w"] < 1 or box["h"] < 1 or box["x"] + box["w"] > COLUMNS:
                yield panel["title"], "grid", f"does not fit into {COLUMNS} columns: {box}"
        for one, other in combinations(group, 2):
            if _overlap(one["gridPos"], other["gridPos"]):
                yield one["title"], "grid", f"overlaps {other['title']}"


def _overlap(one: Json, other: Json) -> bool:
    across = one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
    return bool(across and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"])


def _declared(board: Board) -> Iterator[Problem]:
    declared = {each["name"] for each in board.variables()}
    # $1 is a group of label_replace().
    used = {name for name in references(texts(board.source)) if not name.isdigit()} - _BUILT_IN
    for name in sorted(used - declared):
        yield "", "variable-unknown", f"${name} is used but not declared"
    for name in sorted(declared - used):
        yield "", "variable-unused", f"${name} is declared but not used"


def _links(board: Board, boards: dict[str, Board]) -> Iterator[Problem]:
    for panel in board.panels:
        for url in panel.links():
            yield from ((panel.title, lint, message) for lint, message in link_problems(url, boards))
    tags = {tag for link in board.source.get("links", []) for tag in link.get("tags", [])}
    for tag in tags:
        if not any(tag in other.source["tags"] for other in boards.values()):
            yield "", "link", f"no board has the tag {tag}"


# What a cell or series holds, without the format that encodes it.
_BARE = re.compile(r"\$\{__(?:value|data|field|series)\b[^}:]*\}")


def _encoding(board: Board) -> Iterator[Problem]:
    for panel in board.panels:
        for url in panel.links():
            # A whole address, such as that of a document, is used as it is.
            for bare in _BARE.findall(url) if not _BARE.fullmatch(url) else ():
                yield panel.title, "link-encoding", f"{bare} in {url}: expected {bare[:-1]}:percentencode}}"


def link_problems(url: str, boards: dict[str, Board]) -> Iterator[tuple[str, str]]:
    """Yield the problems of a link to a board; other links are ignored."""
    parts = urlsplit(url)
    uid = parts.path.removeprefix("/d/")
    # A board named in a cell is known only at run time.
    if parts.netloc or not parts.path.startswith("/d/") or uid.startswith("$"):
        return
    if uid not in boards:
        yield "link", f"{url}: there is no board {uid}"
        return
    names = {variable["name"] for variable in boards[uid].variables()}
    for key, _ in parse_qsl(parts.query, keep_blank_values=True):
        if key.startswith("var-") and key.removeprefix("var-") not in names:
            yield "link", f"{url}: {uid} has no variable {key.removeprefix('var-')}"
