"""Configuration of the native stack's components: their environment, and the files of Prometheus and Alertmanager."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from exporters.browser.settings import find_chromium
from exporters.core.access import WebSettings
from exporters.core.files import write_atomically
from pantrywatch.config.application import require_access
from pantrywatch.config.components import components
from pantrywatch.config.settings import Settings, read_settings
from pantrywatch.config.shared_files import shared_files
from pantrywatch.config.targets import read_targets
from pantrywatch.generate.alertmanager.secrets import require_delivery
from pantrywatch.generate.alertmanager.versions import installed_version, require_supported
from pantrywatch.generate.layout import Layout, WebFiles
from pantrywatch.generate.render import files_for, render
from pantrywatch.generate.rules import rule_files
from pantrywatch.native.addresses import Addresses
from pantrywatch.native.pair import pair_environment, require_pair_possible, require_rules_evaluated, with_pair
from pantrywatch.native.reachability import report_unreachable
from pantrywatch.native.state_dir import ROOT, State, as_postgres
from pantrywatch.native.time_scale import Speed
from pantrywatch.native.web import require_usable
from pantrywatch.web.config_files import in_place

# Where Debian's package looks for the web application, which it does not contain.
_DEBIAN_UI = Path("/usr/share/prometheus/alertmanager/ui")

# Server → the folder of its files in the state directory.
_FOLDERS = {"prometheus": "prometheus", "alertmanager": "alertmanager", "grafana": "run/grafana"}
DEMO = ("postgres", "redis", "third-party", "crm", "crm-tls", "rum")
STACK = (
    "exporters", "prometheus", "alertmanager", "inbox", "inbox-smtp", "heartbeat", "scheduler", "boards", "supervisor",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Options:
    """The options of `up`; the user's own `settings_file` means no demo. `speed` divides all waiting times.

    `web` is the section of the settings with absolute paths. `require_reachable`: refuse to start while a server of the
    settings does not respond. `history_days`: so much of a past is made up for the demo, at its first start. `pair`:
    two of Prometheus and Alertmanager, and a store.
    """

    state: State
    addresses: Addresses
    settings_file: Path | None = None
    speed: Speed = field(default_factory=Speed)
    web: WebSettings = field(default_factory=WebSettings)
    require_reachable: bool = False
    history_days: int | None = None
    pair: bool = False


def component_environment(options: Options, grafana: str | None) -> dict[str, str]:
    """Return the environment for the program files under provisioning/native/ and for the components."""
    state, addresses = options.state, options.addresses
    environment = {f"PW_PORT_{name.upper().replace('-', '_')}": str(addresses.port(name)) for name in (*DEMO, *STACK)}
    settings = _settings_in_use(options)
    postgres = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    environment |= {
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "PW_ROOT": str(ROOT),
        "PW_STATE": str(state.path),
        "PW_PYTHON": sys.executable,
        "PW_SETTINGS": str(settings),
        "PW_PROMETHEUS": shutil.which("prometheus") or "prometheus",
        "PW_ALERTMANAGER": alertmanager_command(),
        "PW_SCHEME": "https" if addresses.secure else "http",
        **pair_environment(addresses, options.speed.pace().scrape_interval, pair=options.pair),
        "PANTRYWATCH_STATE": str(state.path),
        "PANTRYWATCH_INBOX": addresses.address("inbox"),
        "PANTRYWATCH_INBOX_SMTP": addresses.address("inbox-smtp"),
        "PANTRYWATCH_HEARTBEAT": addresses.address("heartbeat"),
        "PANTRYWATCH_ALERTMANAGER_URL": addresses.url("alertmanager"),
        "PANTRYWATCH_BOARDS_URL": addresses.url("grafana" if grafana else "boards"),
        "PANTRYWATCH_RUNBOOKS_URL": addresses.url("boards"),
        "PANTRYWATCH_BROWSER_URL": addresses.url("exporters"),
        "PANTRYWATCH_LAST_FAILURES": str(state.file("last-failures")),
    }
    if options.settings_file is None:
        environment |= {
            "PW_AS_POSTGRES": " ".join(as_postgres()),
            "PW_POSTGRES": str(postgres[-1].parent) if postgres else "",
            "PW_REDIS": shutil.which("redis-server") or "redis-server",
            "PANTRYWATCH_CRM": addresses.address("crm"),
            "PANTRYWATCH_CRM_TLS": addresses.address("crm-tls"),
            "PANTRYWATCH_RUM": addresses.address("rum"),
            "PANTRYWATCH_THIRD_PARTY": addresses.address("third-party"),
            "PANTRYWATCH_POSTGRES": addresses.address("postgres"),
            "PANTRYWATCH_REDIS": addresses.address("redis"),
            "DEMO_SECRETS": str(state.file("secrets")),
            "DEMO_URL": addresses.url("crm"),
            "DEMO_THIRD_PARTY_URL": addresses.url("third-party"),
            "DEMO_BEACONS_URL": addresses.url("rum") + "/rum",
            "DEMO_AGENT": str(ROOT / "exporters/rum/agent/dist/tag.js"),
            "DEMO_ACCESS_LOG": str(state.file("log/crm-access.log")),
            "DEMO_FAULT_DIR": str(state.file("faults")),
            "DEMO_MONITOR_SQL": str(shared_files() / "provisioning/database/monitor-role.sql"),
        }
    if grafana:
        environment |= {
            "PW_GRAFANA": grafana,
            "PW_GRAFANA_HOME": os.environ.get("GF_PATHS_HOME", "/usr/share/grafana"),
            "PW_PORT_GRAFANA": str(addresses.port("grafana")),
        }
    return environment


def alertmanager_command() -> str:
    """Return Alertmanager's command line, with our own page where Debian's package lacks its web application."""
    binary = shutil.which("alertmanager") or shutil.which("prometheus-alertmanager") or "alertmanager"
    if not _DEBIAN_UI.is_dir() or any(_DEBIAN_UI.iterdir()):
        return shlex.quote(binary)
    try:
        options = subprocess.run([binary, "--help"], capture_output=True, text=True, timeout=30, check=False)
    except OSError:
        return shlex.quote(binary)
    known = "--web.ui-path" in options.stdout + options.stderr
    page = shlex.quote(f"--web.ui-path={shared_files() / 'provisioning/alertmanager/page'}")
    return f"{shlex.quote(binary)} {page}" if known else shlex.quote(binary)


def _settings_in_use(options: Options) -> Path:
    """Return the settings file for the components: the given one, or a copy of it changed for another speed."""
    given = options.settings_file or shared_files() / "settings.yaml"
    if options.speed.factor == 1:
        return given
    options.state.write_json("run/settings.yaml", options.speed.settings(given))
    return options.state.file("run/settings.yaml")


def settings_environment(settings: Settings) -> dict[str, str]:
    """Return the variables of the program files that come from the settings."""
    section = settings.notifications
    return {
        "PW_RETENTION_DAYS": str(settings.prometheus.retention_days),
        "PW_TIME_ZONE": section.office_hours.time_zone if section else "UTC",
        "PW_ALERTMANAGER_URL": section.links.alertmanager if section else os.environ["PANTRYWATCH_ALERTMANAGER_URL"],
    }


def read_settings_for(options: Options, environment: dict[str, str]) -> Settings:
    """Read the settings with the components' environment, and say which of a user's own servers do not respond.

    Raises ConfigError also for a missing or invalid file they refer to.
    """
    os.environ.update({name: value for name, value in environment.items() if name.startswith("PANTRYWATCH_")})
    settings = read_settings(Path(environment["PW_SETTINGS"]))
    if settings.web is not None:
        require_usable(settings.web, environment["PW_SETTINGS"])
    require_access(settings.accesses(), environment["PW_SETTINGS"])
    require_rules_evaluated(settings, environment["PW_SETTINGS"])
    if options.pair:
        require_pair_possible(settings, environment["PW_SETTINGS"])
        settings = with_pair(settings, options.addresses)
    if settings.notifications is not None:
        require_delivery(settings.notifications, Path(environment["PW_SETTINGS"]))
        version = installed_version(alertmanager_command().split()[0])
        require_supported(settings.notifications, version, environment["PW_SETTINGS"])
    if options.settings_file is not None:
        report_unreachable(environment["PW_SETTINGS"], required=options.require_reachable)
    return settings


def write_configuration(options: Options, settings: Settings, settings_file: Path) -> None:
    """Write the files of Prometheus, Alertmanager and Grafana: configuration, rules, templates, scrape targets."""
    state = options.state
    files = render(settings, native_layout(options, settings_file, browser=find_chromium() is not None))
    for server, folder in _FOLDERS.items():
        for name, text in files_for(server, files).items():
            file = state.file(f"{folder}/{name}")
            file.parent.mkdir(parents=True, exist_ok=True)
            if file.is_symlink():  # from an earlier release: do not write through it
                file.unlink()
            write_atomically(file, text)
    _link_templates(state.file("alertmanager/templates"))
    _write_rules(state.file("prometheus/rules"), settings, options.speed)


def native_layout(options: Options, settings_file: Path, *, browser: bool) -> Layout:
    """Return the addresses on this machine: one process serves every exporter; `browser` only if installed."""
    addresses = options.addresses
    served = [one.job for one in components().exporters() if browser or one.job != "browser"]
    paths = in_place(options.web)

    def own(file: str) -> str:
        return str((settings_file.parent / file).resolve())

    return Layout(
        exporters=dict.fromkeys(served, addresses.address("exporters")),
        processes={"exporters": "host"},
        prometheus=addresses.address("prometheus"),
        alertmanager=addresses.address("alertmanager"),
        scheduler=addresses.address("scheduler"),
        secret=own,
        scrape_file=own,
        store_file=own,
        web_files=WebFiles(paths, paths, paths),
        pace=options.speed.pace(),
    )


def _link_templates(folder: Path) -> None:
    for file in (shared_files() / "provisioning/alertmanager/templates").glob("*.tmpl"):
        if file.name != "links.tmpl":  # written for this installation
            (folder / file.name).unlink(missing_ok=True)
            (folder / file.name).symlink_to(file)


def _write_rules(folder: Path, settings: Settings, speed: Speed) -> None:
    """Write the rules. Which targets have data depends on the settings in use, not on those of the repository."""
    if folder.is_symlink():
        folder.unlink()
    folder.mkdir(exist_ok=True)
    for link in folder.iterdir():
        link.unlink()
    shared = shared_files()
    for name, text in rule_files(shared, read_targets(shared / "targets.yaml"), settings, speed.factor).items():
        write_atomically(folder / name, text)
