"""Brings a settings file of an earlier version up to date by editing its lines: comments and formatting stay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from exporters.core.renamed_keys import MOVED_CHECKS, RESHAPED, renamed
from exporters.core.strict_yaml import parse_document


@dataclass(frozen=True, slots=True)
class _Edit:
    """Characters `start` to `end` become `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Migrated:
    """The new text, and a description of each change."""

    text: str
    changes: tuple[str, ...]


def migrate(text: str, name: str) -> Migrated:
    """Return the settings in this version's form. Raises ConfigError if the text is not YAML."""
    parse_document(text, name)
    changes: list[str] = []
    text = _edited(text, list(_renames(_root(text), "", changes)))
    for section, key in RESHAPED.items():
        text = _reshaped(text, section, key, changes)
    for (origin, kind), destination in MOVED_CHECKS.items():
        text = _with_moved(text, origin, kind, destination, changes)
    return Migrated(text, tuple(changes))


def _root(text: str) -> yaml.Node | None:
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _edited(text: str, edits: list[_Edit]) -> str:
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _renames(node: yaml.Node | None, entry: str, changes: list[str]) -> Iterator[_Edit]:
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _renames(item, f"{entry}[{index}]", changes)
    if not isinstance(node, yaml.MappingNode):
        return
    names = {key.value for key, _ in node.value}
    for key, value in node.value:
        place = f"{entry}.{key.value}".lstrip(".")
        new = renamed(place)
        if new is not None and new not in names:
            changes.append(f"line {key.start_mark.line + 1}: {place} is now {new}")
            yield _Edit(key.start_mark.index, key.end_mark.index, new)
        yield from _renames(value, place, changes)


def _reshaped(text: str, section: str, key: str, changes: list[str]) -> str:
    """Return the text with the entries of a section that was a list under a key of it."""
    entries = _find(_root(text), section)
    if not isinstance(entries, yaml.SequenceNode):
        return text
    start = entries.start_mark
    changes.append(f"line {start.line + 1}: the entries of {section} are now in {section}.{key}")
    if entries.flow_style:
        return _edited(
            text,
            [_Edit(start.index, start.index, f"{{{key}: "), _Edit(entries.end_mark.index, entries.end_mark.index, "}")],
        )
    lines = text.splitlines(keepends=True)
    body = _indented("".join(lines[start.line : _last_line(entries) + 1]), 2 if start.column else 4)
    head = f"  {key}:\n"
    return "".join([*lines[: start.line], head, body, *lines[_last_line(entries) + 1 :]])


def _find(node: yaml.Node | None, path: str) -> yaml.Node | None:
    for part in path.split("."):
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        node = next((value for key, value in pairs if key.value == part), None)
    return node


def _kind(item: yaml.Node) -> str | None:
    pairs = item.value if isinstance(item, yaml.MappingNode) else []
    return next((str(value.value) for key, value in pairs if key.value == "kind"), None)


def _with_moved(text: str, origin: str, kind: str, destination: str, changes: list[str]) -> str:
    """Return the text with the entries of a kind moved unchanged to another list."""
    checks = _find(_root(text), origin)
    items = checks.value if isinstance(checks, yaml.SequenceNode) else []
    chosen = [item for item in items if _kind(item) == kind]
    if not chosen or not isinstance(checks, yaml.SequenceNode):
        return text
    changes += [f"line {item.start_mark.line + 1}: a check of kind {kind} is now in {destination}" for item in chosen]
    if checks.flow_style:
        blocks = [f"- {text[one.start_mark.index : one.end_mark.index]}\n" for one in chosen]
        rest = _without_flow_items(text, checks, chosen)
    else:
        blocks, rest = _cut_blocks(text, checks, chosen)
    return _inserted(rest, destination, blocks)


def _without_flow_items(text: str, checks: yaml.SequenceNode, chosen: list[yaml.Node]) -> str:
    kept = [text[one.start_mark.index : one.end_mark.index] for one in checks.value if one not in chosen]
    new = "[" + ", ".join(kept) + "]"
    return text[: checks.start_mark.index] + new + text[checks.end_mark.index :]


def _cut_blocks(text: str, checks: yaml.SequenceNode, chosen: list[yaml.Node]) -> tuple[list[str], str]:
    """Return each chosen entry as lines that begin in column 0, with the comments above it, and the remaining text."""
    lines = text.splitlines(keepends=True)
    blocks, gone = [], set()
    for item in chosen:
        dash = item.start_mark.line
        first = dash
        column = len(lines[dash]) - len(lines[dash].lstrip())
        while first > 0 and re.match(rf" {{{column}}}#", lines[first - 1]):
            first -= 1
        last = _last_line(item)
        block = [line[column:] if line[:column].isspace() or column == 0 else line for line in lines[first : last + 1]]
        blocks.append("".join(block))
        gone |= set(range(first, last + 1))
    rest = "".join(line for number, line in enumerate(lines) if number not in gone)
    if len(chosen) == len(checks.value):
        return blocks, _emptied(rest, lines, checks, gone)
    return blocks, rest


def _emptied(rest: str, lines: list[str], checks: yaml.SequenceNode, gone: set[int]) -> str:
    """Return the text with `[]` for a list without remaining entries."""
    above = max(number for number in range(checks.start_mark.line) if lines[number].rstrip().endswith(":"))
    kept = [line for number, line in enumerate(lines) if number not in gone]
    position = above - len([number for number in gone if number < above])
    kept[position] = kept[position].rstrip("\n") + " []\n"
    return "".join(kept) or rest


def _last_line(item: yaml.Node) -> int:
    """Return the last line with content of an entry: the end mark of a block is after blank lines and comments."""
    children = [node for pair in item.value for node in pair] if isinstance(item, yaml.MappingNode) else []
    if isinstance(item, yaml.SequenceNode):
        children = list(item.value)
    if children and not getattr(item, "flow_style", False):
        return max(_last_line(child) for child in children)
    return item.end_mark.line - (1 if item.end_mark.column == 0 and item.end_mark.line > item.start_mark.line else 0)


def _inserted(text: str, destination: str, blocks: list[str]) -> str:
    """Return the text with the entries at the end of the list `section.key`, created if missing."""
    section, key = destination.split(".")
    root = _root(text)
    existing = _find(root, destination)
    body = "".join(blocks)
    if isinstance(existing, yaml.SequenceNode) and existing.value and not existing.flow_style:
        lines = text.splitlines(keepends=True)
        start = lines[existing.value[0].start_mark.line]
        after = _last_line(existing.value[-1]) + 1
        return "".join(lines[:after]) + _indented(body, len(start) - len(start.lstrip())) + "".join(lines[after:])
    added = f"{key}:\n" + _indented(body, 2)
    if _find(root, section) is not None:
        # The section exists without the list or with an empty one: replace the leftover.
        pairs = root.value if isinstance(root, yaml.MappingNode) else []
        found = next(pair for pair in pairs if pair[0].value == section)
        lines = text.splitlines(keepends=True)
        text = "".join(lines[: found[0].start_mark.line] + lines[_last_line(found[1]) + 1 :])
    separator = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{separator}\n{section}:\n{_indented(added, 2)}"


def _indented(text: str, columns: int) -> str:
    return "".join(" " * columns + line if line.strip() else line for line in text.splitlines(keepends=True))
