"""Settings files written by tests: an installation other than the repository's demo."""

from __future__ import annotations

import textwrap
from pathlib import Path

COMPANY = """\
environment: production
database:
  - name: orders
    dsn_file: secrets/dsn
notifications:
  email:
    server: "mail.example:587"
    sender: "alerts@company.example"
    tls: true
  links:
    boards: "https://grafana.company.example"
    alertmanager: "https://alerts.company.example"
    runbooks: "https://docs.company.example/"
  contacts:
    - name: database-team
      email: "database@company.example"
  escalation:
    critical: {repeat: 1h, steps: [{after: 10s, notify: database-team}]}
    high: {repeat: 4h, steps: [{after: 30s, notify: database-team}]}
    medium: {repeat: 12h, steps: [{after: 1m, notify: database-team}]}
    low: {repeat: 24h, steps: [{after: 1m, notify: database-team}]}
  office_hours:
    time_zone: UTC
    days: [monday, tuesday, wednesday, thursday, friday]
    opens: "08:00"
    closes: "18:00"
"""


def company_settings(folder: Path, *, dsn: str, web: str = "") -> Path:
    """Write settings for a single database; `web` is the text of that section."""
    (folder / "secrets").mkdir(parents=True)
    (folder / "secrets/dsn").write_text(dsn)
    file = folder / "settings.yaml"
    file.write_text(COMPANY + (f"web:\n{textwrap.indent(web, '  ')}" if web else ""))
    return file
