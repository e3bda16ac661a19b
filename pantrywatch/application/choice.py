"""Chooses the library that counts where a page has the requests of two and its endpoint names none."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pantrywatch.application.detection import found_conventions
from pantrywatch.application.look import naming
from pantrywatch.application.page import Page, fetch
from pantrywatch.config.application import Access, Application, ApplicationEndpoint

_AT_ONCE = 8


def with_choice(
    application: Application, settings_file: Path, fetch_page: Callable[[str, Access], Page] = fetch
) -> Application:
    """Return the application with a convention for each endpoint whose page has several: the first of conventions.yaml.

    Fetches the pages of the endpoints that name none; a page that does not answer is left as it is. Takes about 10 s at
    most; never raises.
    """
    access = application.access.rooted(settings_file)

    def choice(endpoint: ApplicationEndpoint) -> tuple[str, str | None]:
        found = found_conventions(fetch_page(endpoint.url(access.scheme), access).samples)
        return endpoint.name, found[0].name if len(found) > 1 else None

    unnamed = [endpoint for endpoint in application.endpoints if endpoint.convention is None]
    if not unnamed:
        return application
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        chosen = {name: convention for name, convention in pool.map(choice, unnamed) if convention}
    return naming(application, chosen)
