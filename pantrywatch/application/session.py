"""HTTP client for the application's metrics: it asks as Prometheus does."""

from __future__ import annotations

import requests

from pantrywatch.config.application import Access
from pantrywatch.web.client import Login, Trusting


def application_session(access: Access) -> requests.Session:
    """Return a session for the addresses of the section `application`; the paths of `access` are absolute."""
    made = requests.Session()
    made.trust_env = False  # Prometheus asks no proxy either
    if access.username is not None:
        made.auth = Login(str(access.password_file), access.username)
    elif access.token_file is not None:
        made.auth = Login(access.token_file)
    made.mount("https://", Trusting(access.ca_file, access.server_name))
    return made
