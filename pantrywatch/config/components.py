"""components.yaml: the parts of pantrywatch, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar

from exporters.core.decoder import Problems, RecordCheck
from exporters.core.field_checks import unique
from exporters.core.problem_text import expected_one_of
from exporters.core.settings import load
from exporters.registry import COMPONENTS_FILE


@dataclass(frozen=True, slots=True)
class AlertComponent:
    """The team that owns alerts with this label `component`, and the board that shows them."""

    layer: str
    team: str
    board: str


def _container_of_an_exporter(exporter: bool, container: str | None) -> Problems:  # noqa: FBT001 - in the fields' order
    if exporter and container is None:
        yield "container", "expected the exporter's service in docker-compose.yml, got none"


@dataclass(frozen=True, slots=True)
class Component:
    """One Prometheus job; the file itself says what each field means."""

    job: str
    exporter: bool
    own: bool
    alert_components: tuple[str, ...]
    section: str | None = None
    data_sources: tuple[str, ...] = ()
    container: str | None = None

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_container_of_an_exporter,)


@dataclass(frozen=True, slots=True)
class Dependency:
    """A part of the watched application; the file itself says what each field means."""

    title: str
    needs: tuple[str, ...] = ()
    cause: str | None = None


def _unique_jobs(components: tuple[Component, ...]) -> Problems:
    yield from unique([getattr(component, "job", None) for component in components], ".job")


def _known_words(
    components: tuple[Component, ...], alert_components: dict[str, AlertComponent], data_sources: dict[str, str]
) -> Problems:
    """Yield each name that a component refers to and the file does not define."""
    for number, component in enumerate(components):
        for field, known in (("alert_components", alert_components), ("data_sources", data_sources)):
            for index, name in enumerate(getattr(component, field, ())):
                if name not in known:
                    yield f"components[{number}].{field}[{index}]", expected_one_of(known, name)


def _known_needs(dependencies: dict[str, Dependency]) -> Problems:
    """Yield each need that is not in the table itself."""
    for name, dependency in dependencies.items():
        for index, need in enumerate(getattr(dependency, "needs", ())):
            if need not in dependencies:
                yield f"{name}.needs[{index}]", expected_one_of(dependencies, need)


@dataclass(frozen=True, slots=True)
class Components:
    """The whole table."""

    alert_components: dict[str, AlertComponent]
    data_sources: dict[str, str]
    dependencies: Annotated[dict[str, Dependency], _known_needs]
    components: Annotated[tuple[Component, ...], _unique_jobs]

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_known_words,)

    def exporters(self) -> tuple[Component, ...]:
        """Return the components that are pantrywatch's exporters."""
        return tuple(component for component in self.components if component.exporter)

    def sections_of(self) -> dict[str, tuple[str, ...]]:
        """Return data source → the sections of settings.yaml of which it requires one."""
        return {
            source: tuple(one.section for one in self.components if one.section and source in one.data_sources)
            for source in self.data_sources
        }


@cache
def components(file: Path = COMPONENTS_FILE) -> Components:
    """Return the table. Raises ConfigError with every problem of the file."""
    return load(file, Components, {})
