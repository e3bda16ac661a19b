"""What representatives work with. Each is a Chromium: a real one visits the page as each, and was recorded as each."""

from __future__ import annotations

from dataclasses import dataclass

_CHROME = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 {}Safari/537.36"


@dataclass(frozen=True, slots=True)
class Equipment:
    """A screen in CSS pixels, and a processor: how many times slower it is than that of this machine."""

    user_agent: str
    width: int
    height: int
    touch: bool = False
    cpu_slowdown: float = 1.0


EQUIPMENT = {
    "office": Equipment(_CHROME.format("Windows NT 10.0; Win64; x64", ""), 1350, 940),
    "notebook": Equipment(_CHROME.format("Windows NT 10.0; Win64; x64", "") + " Edg/140.0.0.0", 1280, 720),
    "tablet": Equipment(_CHROME.format("Linux; Android 10; K", ""), 800, 1280, touch=True, cpu_slowdown=2.0),
    "phone": Equipment(_CHROME.format("Linux; Android 10; K", "Mobile "), 412, 915, touch=True, cpu_slowdown=4.0),
}
