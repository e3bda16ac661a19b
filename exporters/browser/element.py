"""Finds an element by role and label, and operates it with the mouse and the keyboard.

Chromium itself computes roles and accessible names. Input is raw, as from the hardware: it waits in the page's queue
behind whatever the page is doing, so the page's own records of its delay are true.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporters.browser.failures import StepError, StepReason
from exporters.browser.steps import Key, Step
from exporters.browser.tab import Tab
from exporters.core.deadline import Deadline

Point = tuple[float, float]

# Code, Windows' number of the key, and the text it types: https://www.w3.org/TR/uievents-code/
_KEYS: Mapping[Key, tuple[str, int, str]] = {
    "Enter": ("Enter", 13, "\r"),
    "Escape": ("Escape", 27, ""),
    "Tab": ("Tab", 9, ""),
    "Space": ("Space", 32, " "),
    "Backspace": ("Backspace", 8, ""),
    "Delete": ("Delete", 46, ""),
    "ArrowDown": ("ArrowDown", 40, ""),
    "ArrowUp": ("ArrowUp", 38, ""),
    "ArrowLeft": ("ArrowLeft", 37, ""),
    "ArrowRight": ("ArrowRight", 39, ""),
    "Home": ("Home", 36, ""),
    "End": ("End", 35, ""),
    "PageDown": ("PageDown", 34, ""),
    "PageUp": ("PageUp", 33, ""),
}


def find(tab: Tab, step: Step, deadline: Deadline) -> int:
    """Return the number of the step's element. Raises StepError, TimeoutError, CallError."""
    root = tab.call("DOM.getDocument", deadline, depth=0)["root"]["backendNodeId"]
    wanted = {"role": step.role, "accessibleName": step.label}
    query = {name: value for name, value in wanted.items() if value is not None}
    nodes = tab.call("Accessibility.queryAXTree", deadline, backendNodeId=root, **query)["nodes"]
    found = [(node, _properties(node)) for node in nodes if not node["ignored"] and "backendDOMNodeId" in node]
    if not step.role:  # the label's own text has its name as well
        found = [(node, properties) for node, properties in found if properties.keys() & {"focusable", "disabled"}]
    if len(found) != 1:
        raise StepError(StepReason.AMBIGUOUS if found else StepReason.MISSING)
    ((node, properties),) = found
    if step.is_input() and properties.get("disabled"):
        raise StepError(StepReason.DISABLED)
    if step.action == "fill" and (not properties.get("editable") or properties.get("readonly")):
        raise StepError(StepReason.NOT_EDITABLE)
    return int(node["backendDOMNodeId"])


def point_of(tab: Tab, node: int, deadline: Deadline) -> Point:
    """Return where to click an element. Raises StepError, TimeoutError, CallError."""
    answer = tab.ask("pantrywatchPoint", node, deadline)
    if isinstance(answer, str):
        raise StepError(StepReason(answer))
    return answer[0], answer[1]


def click(tab: Tab, point: Point) -> None:
    """Move the mouse there and click, without waiting for what the page makes of it."""
    where = {"x": point[0], "y": point[1]}
    tab.send("Input.dispatchMouseEvent", type="mouseMoved", **where)
    for kind in ("mousePressed", "mouseReleased"):
        tab.send("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **where)


def focus(tab: Tab, node: int, deadline: Deadline) -> None:
    """Give an element the focus, without a click, which would do what the key is to do. Raises as `write` does."""
    tab.ask("pantrywatchFocus", node, deadline)


def write(tab: Tab, node: int, text: str, deadline: Deadline) -> None:
    """Replace what a field contains. Raises TimeoutError, CallError."""
    tab.ask("pantrywatchSelect", node, deadline)
    tab.call("Input.insertText", deadline, text=text)


def press(tab: Tab, key: Key) -> None:
    """Press a key, without waiting for what the page makes of it."""
    code, number, text = _KEYS[key]
    pressed: dict[str, Any] = {"key": text if key == "Space" else key, "code": code, "windowsVirtualKeyCode": number}
    tab.send("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **pressed)
    tab.send("Input.dispatchKeyEvent", type="keyUp", **pressed)


def _properties(node: Mapping[str, Any]) -> dict[str, Any]:
    return {one["name"]: one["value"].get("value") for one in node.get("properties", ())}
