"""While `up` runs: an application whose page has the requests of two libraries is counted once."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

from pantrywatch.application.choice import with_choice
from pantrywatch.config.application import Application
from pantrywatch.config.settings import Settings
from pantrywatch.native.configuration import Options, write_configuration
from pantrywatch.native.console import say
from pantrywatch.native.pair import PROMETHEUS
from pantrywatch.native.supervisor import Supervisor

_SECONDS = 60.0


def choose(settings: Settings, settings_file: Path) -> Settings:
    """Return the settings with a convention for each endpoint that names none and exports two, and say which counts."""
    before = settings.application
    if before is None:
        return settings
    after = with_choice(before, settings_file)
    for old, new in zip(before.endpoints, after.endpoints, strict=True):
        if old != new:
            say(
                f"application/{new.name} exports its requests twice: {new.convention} counts (`convention` in the"
                " settings names another)"
            )
    return replace(settings, application=after)


def keep_choosing(
    options: Options, settings: Settings, settings_file: Path, supervisor: Supervisor, stop: threading.Event
) -> None:
    """Look once a minute, in a thread: an application may start, or export its first request, at any time."""

    def look() -> None:
        known = settings
        while _has_open_choice(known.application) and not stop.wait(_SECONDS):
            chosen = choose(known, settings_file)
            if chosen != known:
                write_configuration(options, chosen, settings_file)
                for component in ("prometheus", *((PROMETHEUS,) if options.pair else ())):
                    supervisor.reload(component)
            known = chosen

    threading.Thread(target=look, daemon=True).start()


def _has_open_choice(application: Application | None) -> bool:
    return application is not None and any(endpoint.convention is None for endpoint in application.endpoints)
