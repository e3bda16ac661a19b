"""HTTP client of pantrywatch's own commands: it trusts the CA of the `web` section, and logs in as its client."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPBasicAuth

from exporters.core.access import WebClient, WebSettings
from exporters.core.server_name import server_name


def session(web: WebSettings) -> requests.Session:
    """Return a session for our own servers only: it sends the login to each. Paths of the section are absolute.

    A proxy or a netrc file of the environment is not for them.
    """
    made = requests.Session()
    made.trust_env = False
    if web.client:
        made.auth = _Login(web.client)
    if web.tls:
        made.mount("https://", _Trusting(web))
    return made


class _Login(AuthBase):
    """Reads the password at each request, so that a change takes effect at once."""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # Without the file the request has no login, and the server rejects it.
        try:
            password = Path(self._client.password_file).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            return request
        HTTPBasicAuth(self._client.username.encode(), password.encode())(request)
        return request


class _Trusting(HTTPAdapter):
    """Trusts the CA of the section, for its server name; REQUESTS_CA_BUNDLE is ignored."""

    def __init__(self, web: WebSettings) -> None:
        system = ssl.get_default_verify_paths()
        self._authority = web.ca_file or system.cafile or system.capath
        self._name = server_name(web.server_name) if web.server_name else None
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make the pool; called by the base class."""
        if self._name:
            options |= {"server_hostname": self._name, "assert_hostname": self._name}
        super().init_poolmanager(*arguments, **options)

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send a request; called by the session."""
        if self._authority:
            options["verify"] = self._authority
        return super().send(request, **options)
