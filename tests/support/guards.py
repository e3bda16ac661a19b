"""TLS and a login for servers under test: certificate, CA, hash and password as files next to a settings file."""

from __future__ import annotations

from pathlib import Path

import bcrypt
import requests

from tests.support.peers import Certificates, make_certificate

NAME, PASSWORD = "prometheus", "right-4711"
WEB = f"""\
web:
  certificate_file: server.pem
  key_file: server.key
  ca_file: ca.pem
  users: [{{name: {NAME}, password_hash_file: hash}}]
  client: {{username: {NAME}, password_file: password}}
"""


def client(folder: Path, password: str = PASSWORD) -> requests.Session:
    """Return a client that trusts the CA and has a login, regardless of the environment."""
    made = requests.Session()
    made.trust_env, made.verify, made.auth = False, str(folder / "ca.pem"), (NAME, password)
    return made


def make_files(folder: Path) -> None:
    """Make all files of `WEB`, for servers on loopback."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate(folder)
    set_password(folder, PASSWORD)


def certificate(folder: Path, name: str = "server", days: int = 2, host: str = "localhost") -> None:
    """Make a certificate for a host, or for loopback by address too; the first call also makes the CA."""
    made = Certificates(folder)
    if not Path(made.ca).exists():
        make_certificate(made, "ca", 2, "basicConstraints=critical,CA:true\n")
    names = f"subjectAltName=DNS:{host}" + (",IP:127.0.0.1" if host == "localhost" else "")
    make_certificate(made, name, days, f"{names}\n", "ca")


def set_password(folder: Path, password: str) -> None:
    """Write the password and its hash, each atomically."""
    for name, text in (("password", password.encode()), ("hash", bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)))):
        (folder / f"{name}.part").write_bytes(text + b"\n")
        (folder / f"{name}.part").rename(folder / name)
