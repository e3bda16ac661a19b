"""The section `application` of settings.yaml: where the application serves metrics, and what its routes mean."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from urllib.parse import parse_qsl

from exporters.core.decoder import Problems, RecordCheck
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.field_checks import at_least, expect_address, matching, not_empty, some_entries, unique_names
from exporters.core.settings import secret_from
from pantrywatch.config.conventions import expect_convention

# The actions that rules and boards know by name; the others are only listed.
LOG_IN, SEARCH = "Logins", "Searches"
_NOT_IN_RE2 = re.compile(r"\(\?(=|!|<=|<!|>|\()|\(\?P[=>]|\\[1-9]|[*+?}]\+|\\[AZ]")
_NAME_OF_PARAMETER = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_TOKEN = re.compile(r"[\x21-\x7e]+")  # what a header may hold
_METHODS = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


def expect_pattern(text: str) -> None:
    """Raise ValueError unless Prometheus reads it as a regular expression of one line."""
    if not text or "\n" in text:
        raise ValueError("expected a regular expression of one line for the whole route, such as /api/.+")
    if _NOT_IN_RE2.search(text):
        raise ValueError(f"expected a regular expression of Prometheus (RE2), without look-around, got {text!r}")
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"expected a regular expression, got {text!r}: {error}") from None


def expect_metrics_path(path: str) -> None:
    """Raise ValueError unless it is a path that Prometheus can request: it takes each parameter of a query once."""
    if (
        not path.startswith("/")
        or path.startswith("//")
        or "#" in path
        or any(character.isspace() for character in path)
    ):
        raise ValueError(f"expected a path such as /metrics, with a query if need be, got {path!r}")
    names = [name for name, _ in _parameters(path)]
    for name in names:
        if not _NAME_OF_PARAMETER.fullmatch(name):
            raise ValueError(f"expected parameters with names of letters, digits and underscores, got {name!r}")
        if names.count(name) > 1:
            raise ValueError(f"expected each parameter once, got {name!r} {names.count(name)} times")


def _parameters(path: str) -> list[tuple[str, str]]:
    return parse_qsl(path.partition("?")[2], keep_blank_values=True)


def _not_reserved(entries: Sequence[object]) -> Iterator[tuple[str, str]]:
    for index, entry in enumerate(entries):
        name = getattr(entry, "name", None)
        if name in (LOG_IN, SEARCH):
            yield f"[{index}].name", f"expected another name: {name} is the name of {_KEYS[name]}"


_KEYS = {LOG_IN: "the routes of `log_in`", SEARCH: "the routes of `search`"}
Pattern = Annotated[str, expect_pattern]


@dataclass(frozen=True, slots=True)
class ApplicationEndpoint:
    """An address under which the watched application serves metrics of its own."""

    name: Annotated[str, "The value of the label `instance`; unique in the section.", not_empty]
    address: Annotated[str, "`host:port` as Prometheus reaches it.", expect_address]
    path: Annotated[str, "The path of the metrics; a query behind it is sent as in any URL.", expect_metrics_path] = (
        "/metrics"
    )
    convention: Annotated[
        str | None,
        "How its metrics are named ([your-application.md](your-application.md)); left out: as any known library does.",
        expect_convention,
    ] = None

    def url(self, scheme: str = "http") -> str:
        """Return the URL of its page of metrics."""
        return f"{scheme}://{self.address}{self.path}"

    def scraped(self) -> dict[str, str]:
        """Return path and parameters as the labels of a target that tell Prometheus what to request."""
        parameters = {f"__param_{name}": value for name, value in _parameters(self.path)}
        return {"__metrics_path__": self.path.partition("?")[0], **parameters}


def login_is_whole(username: str | None, password_file: str | None) -> Problems:
    """Yield half a login."""
    if (username is None) != (password_file is None):
        given, missing = ("username", "password_file") if username is not None else ("password_file", "username")
        yield given, f"expected username and password_file together, got no {missing}"


def one_way_in(username: str | None, token_file: str | None) -> Problems:
    """Yield a login next to a token."""
    if username is not None and token_file is not None:
        yield "token_file", "expected a login or a token, got both"


def _authority_of_https(scheme: str, ca_file: str | None, server_name: str | None) -> Problems:
    for name, value in (("ca_file", ca_file), ("server_name", server_name)):
        if value is not None and scheme != "https":
            yield name, "expected scheme: https with it: without TLS there is no certificate to verify"


@dataclass(frozen=True, slots=True)
class Access:
    """How the pages of metrics are asked for, the same for every endpoint. Nothing given: over HTTP without a login."""

    scheme: Annotated[Literal["http", "https"], "`https` where the pages are behind TLS."] = "http"
    ca_file: Annotated[
        str | None, "The CA that signed the certificates (PEM); default: the CAs of the system, or of the container."
    ] = None
    server_name: Annotated[str | None, "The name in the certificates, where it is not the host of the address."] = None
    username: Annotated[str | None, "The name to log in with."] = None
    password_file: Annotated[str | None, "The file with its password."] = None
    token_file: Annotated[str | None, "The file with a token, sent as `Authorization: Bearer …`."] = None

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (login_is_whole, one_way_in, _authority_of_https)

    def files(self) -> dict[str, str]:
        """Return field → path, as written, of the files that are given."""
        named = {"ca_file": self.ca_file, "password_file": self.password_file, "token_file": self.token_file}
        return {field: path for field, path in named.items() if path is not None}

    def rooted(self, settings_file: Path) -> Access:
        """Return it with its paths, relative to the settings file, made absolute."""

        def path(file: str | None) -> str | None:
            return file if file is None else str((settings_file.parent / file).resolve())

        files = map(path, (self.ca_file, self.password_file, self.token_file))
        return Access(self.scheme, next(files), self.server_name, self.username, next(files), next(files))


def require_access(accesses: Iterable[tuple[str, Access]], settings_file: str) -> None:
    """Raise ConfigError with every file of (entry, access) that is unreadable, empty, or no CA."""
    faults: list[ConfigProblem] = []
    seen: dict[str, str] = {}
    files = ((f"{section}.{field}", file) for section, access in accesses for field, file in access.files().items())
    for entry, file in files:
        try:
            secret = secret_from(None, file, entry.removesuffix("_file"), settings_file)
            if entry.endswith(".ca_file"):
                ssl.create_default_context(cadata=secret.reveal())
            if entry.endswith(".token_file") and not _TOKEN.fullmatch(secret.reveal().strip()):
                expected = f"expected a token of one line of ASCII characters in {file}"
                faults.append(ConfigProblem(settings_file, entry, expected))
        except ConfigError as error:
            faults += error.problems
        except (ssl.SSLError, ValueError):
            faults.append(ConfigProblem(settings_file, entry, f"expected certificates (PEM) in {file}"))
        # In containers they are all in one folder.
        if seen.setdefault(Path(file).name, file) != file:
            expected = f"expected a name of its own, {seen[Path(file).name]} has the same"
            faults.append(ConfigProblem(settings_file, entry, expected))
    if faults:
        raise ConfigError(faults)


@dataclass(frozen=True, slots=True)
class Action:
    """Something users do, counted by its requests: the label `action`."""

    name: Annotated[
        str, "Its name on the boards, such as `Orders placed`.", matching(r"\S.{0,59}", "a text of 1 to 60 characters")
    ]
    routes: Annotated[tuple[Pattern, ...], "Regular expressions for the whole route.", some_entries("route")]
    methods: Annotated[tuple[_METHODS, ...], "The methods of its requests.", some_entries("method")] = ("GET",)


@dataclass(frozen=True, slots=True)
class Application:
    """The watched application. Patterns are regular expressions for the whole route, as its metrics write it."""

    endpoints: Annotated[
        tuple[ApplicationEndpoint, ...], "Where it serves metrics of its own; one entry an instance.", unique_names
    ] = ()
    routes: Annotated[
        tuple[Pattern, ...], "Routes of its API: counted by api-error-rate and api-throughput.", some_entries("route")
    ] = ("/?api/.+",)
    critical: Annotated[
        tuple[Pattern, ...], "Routes of its API that users wait for: counted by api-latency. Left out: all of `routes`."
    ] = ()
    ignored: Annotated[tuple[Pattern, ...], "Routes that no user waits for, also below `routes`."] = (
        "(.*/)?(health[a-z]*|livez?|readyz?|ping|metrics)/?",
    )
    log_in: Annotated[tuple[Pattern, ...], "Routes that log somebody in (POST)."] = (
        "(.*/)?(log-?in|sign-?in|sessions?|token)/?",
    )
    search: Annotated[tuple[Pattern, ...], "Routes that search (GET)."] = ("(.*/)?search/?",)
    actions: Annotated[
        tuple[Action, ...], "What users do, for the board CRM business; of two that match, the last counts.",
        unique_names, _not_reserved,
    ] = ()  # fmt: skip
    access: Annotated[Access, "How the pages of metrics are asked for."] = Access()
    fold_ids: Annotated[
        bool,
        "For a library that exports raw paths: numbers, UUIDs and long hexadecimal parts of a route become `{id}`.",
    ] = False
    sample_limit: Annotated[
        int,
        "Samples that one scrape may have. Beyond it the scrape fails and an alert fires: Prometheus stays small.",
        at_least(100),
    ] = 50_000
    fallback_scrape_protocol: Annotated[
        Literal["PrometheusText0.0.4", "PrometheusText1.0.0", "OpenMetricsText0.0.1", "OpenMetricsText1.0.0"] | None,
        "For a wrong or missing Content-Type, which Prometheus 3 refuses. Prometheus 2 does not know this key.",
    ] = None

    def waited_for(self) -> tuple[str, ...]:
        """Return the patterns of the routes counted by api-latency."""
        return self.critical or self.routes

    def all_actions(self) -> tuple[Action, ...]:
        """Return the configured actions, followed by those that rules and boards know by name."""
        known = (Action(LOG_IN, self.log_in, ("POST",)), Action(SEARCH, self.search, ("GET",)))
        return self.actions + tuple(action for action in known if action.routes)

    def conventions(self) -> set[str]:
        """Return the conventions of the endpoints; empty: any known one, as an endpoint does not name its own."""
        names = {endpoint.convention for endpoint in self.endpoints}
        return set() if None in names else {str(name) for name in names}
