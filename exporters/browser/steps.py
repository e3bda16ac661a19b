"""The steps of a journey in a browser, as settings.yaml has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from exporters.core.decoder import OfFields, Problems, RecordCheck
from exporters.core.field_checks import expect_http_url, expect_name, not_empty, optional

Action = Literal["open", "fill", "click", "press", "wait"]
# Roles of what people look for and operate: https://www.w3.org/TR/wai-aria-1.2/#role_definitions
Role = Literal[
    "alert", "button", "cell", "checkbox", "combobox", "dialog", "gridcell", "heading", "img", "link", "list",
    "listbox", "listitem", "menuitem", "navigation", "option", "radio", "row", "searchbox", "slider", "spinbutton",
    "status", "switch", "tab", "table", "textbox", "treeitem",
]  # fmt: skip
Key = Literal[
    "Enter", "Escape", "Tab", "Space", "Backspace", "Delete", "ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight",
    "Home", "End", "PageDown", "PageUp",
]  # fmt: skip

# Of each action: the fields it must have, and those it may have. A selector is a role, a label, or both.
_FIELDS = ("url", "role", "label", "value", "key")
_SELECTOR = {"role", "label"}
_MUST: Mapping[str, set[str]] = {"open": {"url"}, "fill": {"value"}, "click": set(), "press": {"key"}, "wait": set()}
_MAY: Mapping[str, set[str]] = {"fill": _SELECTOR, "click": _SELECTOR, "press": _SELECTOR, "wait": _SELECTOR}


def _has_what_its_action_needs(action: str, *given: object) -> Problems:
    for name, content in zip(_FIELDS, given, strict=True):
        if content is None and name in _MUST[action]:
            yield name, f"expected a value: the action {action} needs it"
        if content is not None and name not in _MUST[action] | _MAY.get(action, set()):
            yield name, f"expected nothing: the action {action} does not use it"


def _says_what_it_is_about(action: str, role: str | None, label: str | None, expect_text: str | None) -> Problems:
    if action in ("fill", "click") and not role and not label:
        yield "", f"expected a label, a role, or both, of the element to {action}"
    if action == "wait" and not (role or label or expect_text):
        yield "", "expected a label or role of the element to wait for, or expect_text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: it waits for its element, acts on it as a person does, and lasts until the page shows its effect."""

    name: Annotated[str, "The value of the label `step`; unique in the check.", expect_name]
    action: Annotated[
        Action,
        "`open` a URL; `fill` a field; `click`; `press` a key; `wait` for an element or a text.",
    ]
    url: Annotated[str | None, "The URL to open.", optional(expect_http_url)] = None
    role: Annotated[Role | None, "The ARIA role of the element."] = None
    label: Annotated[
        str | None, "Its accessible name, whole: the label of a field, the text of a button or link.",
        optional(not_empty),
    ] = None  # fmt: skip
    value: Annotated[str | None, "The text to fill in; `<<name>>` is a secret of `secret_files`."] = None
    key: Annotated[Key | None, "The key to press, in the element or where the focus is."] = None
    expect_text: Annotated[
        str | None, "The text whose appearance ends the step, and which must not be there before it; without it the "
        "step ends with the next frame, or with the load of the page that it led to.", optional(not_empty),
    ] = None  # fmt: skip

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (
        OfFields(("action", *_FIELDS), _has_what_its_action_needs),
        _says_what_it_is_about,
    )

    def has_element(self) -> bool:
        """Return whether the step is about one element."""
        return bool(self.role or self.label)

    def is_input(self) -> bool:
        """Return whether the step uses mouse or keyboard."""
        return self.action in ("fill", "click", "press")
