"""The report by mail: a task of the scheduler."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from zoneinfo import ZoneInfo

from exporters.core.clock import Clock
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.files import write_private
from exporters.core.logs import ChangeLog
from exporters.core.settings import secret_from
from pantrywatch.analysis.report.locale import Locale, locale
from pantrywatch.analysis.report.page import report_page, summary
from pantrywatch.analysis.report.period import period_of
from pantrywatch.analysis.report.questions import Asker
from pantrywatch.analysis.report.report import collect
from pantrywatch.config.report import ReportSettings
from pantrywatch.config.settings import Settings
from pantrywatch.scheduler.exclusions import zone_of
from pantrywatch.web.mail import MailRoute
from pantrywatch.web.prometheus import NoAnswerError, Prometheus

logger = logging.getLogger(__name__)

_FILE = "report-sent.json"
# A report that could not be sent for so long, or was due so long ago when the scheduler started, is left out.
_LATE_SECONDS = 3 * 86400.0


@dataclass(frozen=True, slots=True)
class Sent:
    """Who has got the report that was due at a Unix time."""

    due: float
    to: tuple[str, ...]


@dataclass(slots=True)
class Mailing:
    """Sends the report when it is due, to each contact once, also across restarts where `file` is given."""

    settings: ReportSettings
    zone: ZoneInfo
    route: MailRoute
    sender: str
    recipients: Sequence[tuple[str, str]]
    environment: str
    prometheus: Prometheus
    shared: Path
    file: Path | None = None
    clock: Clock = field(default_factory=Clock)
    name: str = "report"
    _sent: Sent | None = None
    _changes: ChangeLog = field(default_factory=lambda: ChangeLog(logger))

    def run(self) -> bool:
        """Send what is due; return whether nothing is left to do. What fails is logged, and tried again."""
        now = self.clock.wall()
        due = self.settings.last_due(now, self.zone)
        sent = self._known(due)
        waiting = [one for one in self.recipients if one[0] not in sent.to]
        if not waiting or now - due > _LATE_SECONDS:
            return True
        state = "ok"
        try:
            self._send(due, sent, waiting)
        except NoAnswerError as error:
            state = f"Prometheus: {error}"
        except OSError as error:
            state = f"not sent: {type(error).__name__}"  # a server's words may hold addresses
        self._changes.report("task=report", state, failing=state != "ok")
        return state == "ok"

    def _known(self, due: float) -> Sent:
        """Return who has got what was due then; at the first start, what was due before is not sent."""
        if self._sent is None:
            everybody = tuple(name for name, _ in self.recipients)
            self._sent = _read(self.file) or Sent(due, everybody)
            self._record(self._sent)
        return self._sent if self._sent.due >= due else Sent(due, ())

    def _send(self, due: float, sent: Sent, waiting: Sequence[tuple[str, str]]) -> None:
        """Send to each; the first error is raised after all were tried."""
        asker = Asker(self.prometheus)
        report = collect(asker, self.shared, period_of(self.settings.period, due), due, self.environment)
        words = locale(self.settings.locale)
        title, text = summary(report, words)
        page, errors = report_page(report, words), []
        for name, address in waiting:
            try:
                self.route.send(_mail(title, text, page, (self.sender, address), words))
            except OSError as error:
                errors.append(error)
                continue
            sent = Sent(due, (*sent.to, name))
            self._record(sent)
            logger.info("task=report sent_to=%s due=%.0f", name, due)
        if errors:
            raise errors[0]

    def _record(self, sent: Sent) -> None:
        """Remember it in the process before the file: a full disk must not send a report twice a minute."""
        self._sent = sent
        if self.file is not None:
            write_private(self.file, json.dumps({"due": sent.due, "to": sent.to}))


def _mail(title: str, text: str, page: str, ends: tuple[str, str], words: Locale) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = title, *ends
    mail["Content-Language"] = words.language
    mail.set_content(text)
    mail.add_attachment(page.encode(), "text", "html", filename="report.html")
    return mail


def _read(file: Path | None) -> Sent | None:
    """Return what was recorded, or None: then nothing is sent until it is due again."""
    try:
        document = json.loads(file.read_text(encoding="utf-8")) if file is not None else None
        return None if document is None else Sent(float(document["due"]), tuple(map(str, document["to"])))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError):
        logger.warning("file=%s unreadable", file)
        return None


def mailing_of(
    settings: Settings, file: Path, prometheus: Prometheus, shared: Path, keep: Path | None
) -> Iterator[Mailing]:
    """Yield the task where the settings have the section `report`. Raises ConfigError for secrets and shared files."""
    section, notifications = settings.report, settings.notifications
    if section is None:
        return
    if notifications is None or notifications.email is None:
        expected = "expected notifications.email: the report is sent by mail"
        raise ConfigError([ConfigProblem(str(file), "report", expected)])
    server = notifications.email
    entry = "notifications.email.password"
    password = secret_from(None, server.password_file, entry, str(file)) if server.password_file else None
    contacts = {one.name: one.email or "" for one in notifications.contacts}
    yield Mailing(
        section,
        zone_of(settings, str(file)),
        MailRoute(server.server, server.tls, server.user, password),
        server.sender,
        [(name, contacts[name]) for name in section.to],
        settings.environment,
        prometheus,
        shared,
        None if keep is None else keep / _FILE,
    )
