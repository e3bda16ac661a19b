"""Stands in for Grafana: looks at what is provisioned, keeps a database, reaches the data source as Grafana would.

/api/health answers as Grafana does. /stand-in tells the test what is there: starts so far, data sources, boards.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sqlite3
import ssl
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

_PROVISIONING = Path(os.environ.get("GF_PATHS_PROVISIONING", "/etc/grafana/provisioning"))
_DATABASE = Path("/var/lib/grafana/grafana.db")


def expand(text: str) -> str:
    """Return the text with $NAME, ${NAME} and $__file{PATH} replaced, as Grafana does when it is provisioned."""
    text = re.sub(r"\$__file\{([^}]*)\}", lambda match: Path(match[1]).read_text().strip(), text)
    return re.sub(r"\$\{?([A-Z_]+)\}?", lambda match: os.environ[match[1]], text)


def datasources() -> list[dict[str, Any]]:
    """Return the data sources of all files."""
    files = sorted((_PROVISIONING / "datasources").glob("*.y*ml"))
    return [source for file in files for source in yaml.safe_load(file.read_text())["datasources"]]


def boards() -> list[str]:
    """Return the uid of every board that the providers' folders hold."""
    files = sorted((_PROVISIONING / "dashboards").glob("*.y*ml"))
    folders = [expand(p["options"]["path"]) for file in files for p in yaml.safe_load(file.read_text())["providers"]]
    return sorted(json.loads(file.read_text())["uid"] for folder in folders for file in Path(folder).rglob("*.json"))


def reached(source: dict[str, Any]) -> int:
    """Return the status of a query through the data source."""
    settings, secrets = source.get("jsonData", {}), source.get("secureJsonData", {})
    path = "/api/v1/query?query=1" if source["type"] == "prometheus" else "/api/v2/status"
    request = urllib.request.Request(expand(source["url"]) + path)  # noqa: S310 - the address is our own
    if source.get("basicAuth"):
        login = f"{source['basicAuthUser']}:{expand(secrets['basicAuthPassword'])}"
        request.add_header("Authorization", "Basic " + base64.b64encode(login.encode()).decode())
    context = None
    if settings.get("tlsAuthWithCACert"):
        context = ssl.create_default_context(cadata=expand(secrets["tlsCACert"]))
    with urllib.request.urlopen(request, timeout=5, context=context) as answer:  # noqa: S310
        return int(answer.status)


def starts() -> int:
    """Return how often this database has seen a start."""
    with sqlite3.connect(_DATABASE) as database:
        return int(database.execute("SELECT count(*) FROM starts").fetchone()[0])


class Handler(BaseHTTPRequestHandler):
    """Answers."""

    def do_GET(self) -> None:
        """Answer one request."""
        answer: dict[str, Any] = {"database": "ok", "version": "stand-in"}
        if self.path == "/stand-in":
            answer = {
                "starts": starts(),
                "datasources": {source["uid"]: reached(source) for source in datasources()},
                "boards": boards(),
            }
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> int:
    """Check what Grafana needs at its start, then serve."""
    if not Path(os.environ["GF_SECURITY_ADMIN_PASSWORD__FILE"]).read_text().strip():
        print("no admin password", file=sys.stderr)
        return 1
    datasources()
    boards()
    with sqlite3.connect(_DATABASE) as database:
        database.execute("CREATE TABLE IF NOT EXISTS starts (at TEXT)")
        database.execute("INSERT INTO starts VALUES (datetime())")
    ThreadingHTTPServer(("", 3000), Handler).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
