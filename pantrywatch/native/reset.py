"""`reset`: deletes the data of the demo or of one installation."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from pantrywatch.native.console import say
from pantrywatch.native.installations import owner
from pantrywatch.native.state_dir import State


def reset(state: State, confirm: Callable[[str], bool]) -> int:
    """Delete the data of a state directory once `confirm` has agreed to the question; returns the exit code.

    Other files in it and other installations stay. Raises ConfigError while a stack runs there.
    """
    if not state.entries():
        say(f"{state.path}: nothing to delete")
        return 0
    state.lock_file.parent.mkdir(mode=0o700, exist_ok=True)
    lock = state.lock()
    try:
        whose = owner(state.path) or "an unknown installation"
        question = f"Delete all data of {whose} in {state.path}: history, error budgets, silences, messages? [y/N] "
        if not confirm(question):
            say("nothing was deleted")
            return 1
        for entry in state.entries():
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        say(f"{state.path}: deleted; the next `./run up` starts from nothing")
    finally:
        lock.release()
    return 0
