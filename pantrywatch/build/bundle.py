"""Writes all files of an installation's Prometheus, Alertmanager and Grafana into one folder, from its settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from exporters.core.access import WebSettings
from pantrywatch.config.application import require_access
from pantrywatch.config.components import components
from pantrywatch.config.settings import Settings, read_settings
from pantrywatch.config.targets import read_targets
from pantrywatch.generate.alertmanager.secrets import require_delivery
from pantrywatch.generate.collectors import collector_files
from pantrywatch.generate.layout import Layout, WebFiles
from pantrywatch.generate.render import render
from pantrywatch.generate.rules import installation_rules
from pantrywatch.generate.vmalert import require_evaluator
from pantrywatch.web import config_files

PROMETHEUS, ALERTMANAGER = "127.0.0.1:9090", "127.0.0.1:9093"
# Lists the files an earlier call wrote: files an operator added to these folders are never removed.
_WRITTEN = ".pantrywatch-files"


def write_bundle(shared: Path, settings_file: Path, exporters: str, into: Path) -> list[str]:
    """Write the files into a folder, remove obsolete files of an earlier call, and return the names.

    `exporters`: host:port of the process that serves all exporters. Raises ConfigError, with nothing written.
    """
    return write_files(bundle(shared, settings_file, exporters, into), into)


def write_files(files: Mapping[str, str], into: Path) -> list[str]:
    """Write name → text into a folder, remove obsolete files of an earlier call, and return the names."""
    record = into / _WRITTEN
    before = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
    for name in set(before) - files.keys():
        (into / name).unlink(missing_ok=True)
    for name, text in files.items():
        file = into / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    record.write_text("".join(f"{name}\n" for name in sorted(files)), encoding="utf-8")
    return sorted(files)


def bundle(shared: Path, settings_file: Path, exporters: str, into: Path) -> dict[str, str]:
    """Return name → text; `into` is where Grafana will find its boards. Raises ConfigError."""
    settings = read_settings(settings_file)
    web = config_files.rooted(settings.web or WebSettings(), settings_file)
    config_files.require_valid(web, str(settings_file))
    require_access(settings.accesses(), str(settings_file))
    require_evaluator(settings.scale, str(settings_file))
    if settings.notifications is not None:
        require_delivery(settings.notifications, settings_file)
    boards = str(into.resolve() / "grafana/boards")
    rendered = render(settings, layout_of(exporters, settings_file, web)).items()
    return {
        **{_place(name): text.replace("$PANTRYWATCH_BOARDS_FOLDER", boards) for name, text in rendered},
        **_rules(shared, settings),
        **_copies(shared / "dashboards/generated", "grafana/boards", "*.json"),
        **_copies(shared / "provisioning/alertmanager/templates", "alertmanager/templates", "*.tmpl", but="links.tmpl"),
        **_web(web, settings_file),
    }


def layout_of(exporters: str, settings_file: Path, web: WebSettings) -> Layout:
    """Return servers at their default addresses, on the machine that holds the secrets of the settings.

    `exporters`: as in `write_bundle`.
    """
    jobs = [component.job for component in components().exporters()]
    paths = config_files.in_place(web)

    def own(file: str) -> str:
        return str((settings_file.parent / file).resolve())

    return Layout(
        exporters=dict.fromkeys(jobs, exporters),
        processes={"exporters": jobs[0]},
        prometheus=PROMETHEUS,
        alertmanager=ALERTMANAGER,
        secret=own,
        scrape_file=own,
        store_file=own,
        web_files=WebFiles(paths, paths, paths),
    )


def write_collectors(settings_file: Path, exporters: str, into: Path) -> list[str]:
    """Write configurations of collectors that scrape instead of Prometheus, and return the names.

    Raises ConfigError, with nothing written.
    """
    settings = read_settings(settings_file)
    web = config_files.rooted(settings.web or WebSettings(), settings_file)
    return write_files(collector_files(settings, layout_of(exporters, settings_file, web)), into)


def _place(name: str) -> str:
    """Return the path of a rendered file: Grafana's provisioning is kept apart from the boards."""
    return name.replace("grafana/", "grafana/provisioning/", 1)


def _rules(shared: Path, settings: Settings) -> dict[str, str]:
    """Return all rules. Which targets have data depends on these settings, not on those of the repository."""
    rules = _copies(shared / "alert_rules/generated", "prometheus/rules", "*.yml")
    own = installation_rules(shared, read_targets(shared / "targets.yaml"), settings)
    return rules | {"prometheus/rules/installation.yml": own}


def _copies(folder: Path, into: str, pattern: str, but: str = "") -> dict[str, str]:
    return {
        f"{into}/{file.relative_to(folder)}": file.read_text(encoding="utf-8")
        for file in sorted(folder.rglob(pattern))
        if file.name != but
    }


def _web(web: WebSettings, settings_file: Path) -> dict[str, str]:
    """Return the web configuration files of both servers, if the settings turn on TLS or a login."""
    if web == WebSettings():
        return {}
    text = config_files.server_configuration(web, str(settings_file), config_files.in_place(web))
    return {"prometheus/web.yml": text, "alertmanager/web.yml": text}
