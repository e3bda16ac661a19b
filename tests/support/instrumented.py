"""Small applications with instrumentation libraries, set up word for word as docs/your-application.md says.

`python -m tests.support.instrumented` installs the libraries into `.pantrywatch/libraries`, from PyPI and npm.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.support.servers import free_port, process, wait_until

PINNED = Path(__file__).parent / "libraries"
INSTALLED = Path(__file__).parents[2] / ".pantrywatch" / "libraries"
_PAGE = Path(__file__).parents[2] / "docs/your-application.md"
_SNIPPET = re.compile(r"^( *)<!-- snippet: ([a-z-]+) -->\n *```\w+\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
_START_SECONDS = 90

_FASTAPI = """
import sys
import uvicorn
from fastapi import FastAPI, Response
app = FastAPI()
{snippet}
@app.get("/api/contacts/{{id}}")
def contact(id: int): return {{"id": id}}
@app.post("/api/auth/login", status_code=401)
def login(): return {{}}
@app.get("/api/broken")
def broken(): return Response(status_code=503)
@app.get("/healthz")
def health(): return {{}}
uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
"""
_EXPRESS = """
{before}
const app = require('express')();
{snippet}
app.get('/api/contacts/:id', (request, response) => response.json({{}}));
app.post('/api/auth/login', (request, response) => response.status(401).end());
app.get('/api/broken', (request, response) => response.status(503).end());
app.get('/healthz', (request, response) => response.json({{}}));
app.listen(Number(process.argv[2]), '127.0.0.1');
"""
# As they come, without the advice of the page.
_DEFAULTS = {
    "fastapi-instrumentator-default": (
        "from prometheus_fastapi_instrumentator import Instrumentator\nInstrumentator().instrument(app).expose(app)"
    ),
    "express-prom-bundle-default": (
        "app.use(require('express-prom-bundle')({includeMethod: true, includePath: true, includeStatusCode: true}));"
    ),
}


@dataclass(frozen=True, slots=True)
class Instrumented:
    """A running application, and address and path of its metrics."""

    name: str
    url: str
    metrics: str
    path: str = "/metrics"

    def use(self) -> None:
        """Send four requests to its API: two are answered, one is refused, one fails."""
        for path in ("/api/contacts/17", "/api/contacts/18", "/api/broken"):
            requests.get(self.url + path, timeout=20)
        requests.post(f"{self.url}/api/auth/login", timeout=20)


def snippets() -> dict[str, str]:
    """Return name → code of the snippets of the page."""
    found = _SNIPPET.findall(_PAGE.read_text(encoding="utf-8"))
    return {name: re.sub(f"^{margin}", "", code, flags=re.MULTILINE) for margin, name, code in found}


def install() -> None:
    """Install the pinned libraries, unless these very versions are installed."""
    wanted = "".join((PINNED / name).read_text() for name in ("requirements.txt", "package-lock.json"))
    stamp = INSTALLED / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    INSTALLED.mkdir(parents=True, exist_ok=True)
    venv.create(INSTALLED / "py", with_pip=True)
    pip = [str(INSTALLED / "py/bin/pip"), "install", "-q", "-r", str(PINNED / "requirements.txt")]
    subprocess.run(pip, check=True, stderr=subprocess.DEVNULL)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(PINNED / name, INSTALLED / name)
    npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(npm, cwd=INSTALLED, check=True)
    stamp.write_text(wanted)


@contextmanager
def pushing(victoria_metrics: Path, folder: Path) -> Iterator[Instrumented]:
    """Run an application that sends OTLP, and the VictoriaMetrics that takes it, as the page says."""
    page = _PAGE.read_text(encoding="utf-8")
    (arguments,) = re.findall(r"`victoria-metrics (.+?)`", page)
    (path,) = re.findall(r"path: '(/federate.+?)'", page)
    address = f"127.0.0.1:{free_port()}"
    data = f"-storageDataPath={folder / 'otlp'}"
    command = [str(victoria_metrics), *arguments.split(), data, f"-httpListenAddr={address}"]
    exported = re.findall(r"^(OTEL_\w+)=(\S+)$", page, re.MULTILINE)
    environment = {name: value.replace("10.0.0.10:8428", address) for name, value in exported}
    environment["OTEL_METRIC_EXPORT_INTERVAL"] = "2000"
    with (
        process(command, folder / "otlp.log"),
        instrumented("fastapi-otlp", folder, environment) as application,
    ):
        yield Instrumented(application.name, application.url, address, path)


@contextmanager
def instrumented(name: str, folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Instrumented]:
    """Run an application with a snippet of the page, or with a library as it comes, until the block ends."""
    port, metrics_port = free_port(), free_port()
    is_node = name.startswith("express")
    file = INSTALLED / f"{name}.cjs" if is_node else folder / f"{name}.py"
    file.write_text(_source(name, is_node=is_node))
    command = ["node" if is_node else str(INSTALLED / "py/bin/python"), str(file), str(port)]
    url = f"http://127.0.0.1:{port}"
    metrics = f"127.0.0.1:{metrics_port if name == 'express-opentelemetry' else port}"
    with process(
        command, folder / f"{name}.log", environment={"METRICS_PORT": str(metrics_port), **(environment or {})}
    ):
        wait_until(lambda: _answers(url), _START_SECONDS, f"{name} answers, see {folder / name}.log")
        yield Instrumented(name, url, metrics)


def _source(name: str, *, is_node: bool) -> str:
    known = snippets() | _DEFAULTS
    if name == "fastapi-opentelemetry-old":
        known[name] = known["fastapi-opentelemetry"].partition("imported\n")[2]
    if not is_node:
        return _FASTAPI.format(snippet=known[name])
    first = name == "express-opentelemetry"
    return _EXPRESS.format(before=known[name] if first else "", snippet="" if first else known[name])


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=5).ok
    except requests.RequestException:
        return False


if __name__ == "__main__":
    install()
    print(f"instrumentation libraries in {INSTALLED}", file=sys.stderr)
