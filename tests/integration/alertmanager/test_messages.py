"""Messages as people get them: rendered by Alertmanager's own engine, into files (`messages/` of the test's folder)."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote_plus, unquote, urlsplit

import pytest
import requests
import yaml

from pantrywatch.config.notifications.settings import Links
from pantrywatch.generate.alertmanager.configuration import links_template
from tests.support.alertmanagers import alertmanager, settings_for
from tests.support.servers import free_port
from tools.chromium import browser_page

ROOT = Path(__file__).parents[3]
TEMPLATES = ROOT / "provisioning/alertmanager/templates"
_START = datetime(2026, 11, 24, 20, 15, tzinfo=UTC)
_LINKS = Links("https://boards.example/", "https://alerts.example", "https://git.example/pantrywatch/")
# What could be taken for something else: quotes, markup, a plus, a percent sign, letters of other languages.
_INSTANCE = 'primary "a" & <b>b+c</b> 100% \\ zürich'


def _generated(name: str) -> dict[str, Any]:
    """Return the first alert of that name as it is generated."""
    for file in (ROOT / "alert_rules/generated").glob("*.yml"):
        for group in yaml.load(file.read_text(), Loader=yaml.CSafeLoader)["groups"]:
            for rule in group["rules"]:
                if rule.get("alert") == name:
                    return dict(rule)
    raise AssertionError(name)


# The innermost `{{ with $labels.X }}…{{ end }}`, whose `.` is the label.
_WITH = re.compile(r"{{ with \$labels\.(\w+) }}((?:(?!{{ with).)*?){{ end }}")


def _with_labels(text: str, values: Mapping[str, str]) -> str:
    """Expand what Prometheus does in a link: parts that are there only with a label, its value encoded."""

    def expanded(match: re.Match[str]) -> str:
        value = values.get(match[1])
        return match[2].replace("{{ . | urlquery }}", quote_plus(value)) if value else ""

    while (found := _WITH.sub(expanded, text)) != text:
        text = found
    return text


def _alert(name: str, *, status: str = "firing", deployment: str = "", **labels: str) -> dict[str, Any]:
    rule = _generated(name)
    values = rule["labels"] | labels
    texts = {
        key: re.sub(r"{{ \$labels\.(\w+) }}", lambda m: values.get(m[1], ""), _with_labels(text, values))
        .replace("{{ $value | humanizePercentage }}", "20%")
        .replace("{{ $value | humanize }}", "120")
        for key, text in rule["annotations"].items()
    }
    # What these query is not known here.
    for key in ("summary", "impact"):
        texts[key] = re.sub(r"{{ with query.*?{{ end }}", "", texts[key])
    texts["description"] = re.sub(r"{{.*?{{ end }}", "40 %", texts["description"])
    end = _START + timedelta(minutes=15, seconds=3)
    return {
        "status": status,
        "labels": {"alertname": name, **values},
        "annotations": texts | {"deployment": deployment},
        "startsAt": _START.isoformat(),
        "endsAt": end.isoformat() if status == "resolved" else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus",
        "fingerprint": "f",
    }


def _common(alerts: list[dict[str, Any]]) -> dict[str, str]:
    pairs = set.intersection(*(set(alert["labels"].items()) for alert in alerts))
    return dict(sorted(pairs))


def _message(*alerts: dict[str, Any], receiver: str = "on-call by email", **group: str) -> dict[str, Any]:
    firing = any(alert["status"] == "firing" for alert in alerts)
    return {
        "receiver": receiver,
        "status": "firing" if firing else "resolved",
        "alerts": list(alerts),
        "groupLabels": group,
        "commonLabels": _common(list(alerts)),
        "commonAnnotations": {},
        "externalURL": "http://unused",
    }


_MARKUP = "<!channel> <https://evil.example|click> & co"
_MARKED = ("alertname", "severity", "layer", "component", "target", "instance")
_TEXTS = (
    "summary",
    "description",
    "impact",
    "first_step",
    "deployment",
    "runbook_url",
    "dashboard_url",
    "last_failure_url",
)
_DOWN = _alert("CrmDatabaseDown", instance=_INSTANCE, deployment="v1.4.2, 2026-11-24 20:10:00 +0000 UTC")
_MARKED_UP = {**_DOWN, "labels": dict.fromkeys(_MARKED, _MARKUP), "annotations": dict.fromkeys(_TEXTS, _MARKUP)}
_MESSAGES = {
    "one": _message(_DOWN, layer="infrastructure", component="database"),
    "promise": _message(_alert("CrmApiErrorRateBurn"), layer="backend", target="api-error-rate"),
    "escalated": _message(_DOWN, receiver="second-on-call by email+webhook after 15m"),
    "over": _message(_alert("CrmDatabaseDown", status="resolved", instance="primary")),
    "several": _message(
        *(_alert("CrmApiRouteSlow", http_route=f"/api/v1/r{n}", http_request_method="GET") for n in range(3)),
        _alert("CrmApiRouteSlow", http_route="/api/v1/over", http_request_method="GET", status="resolved"),
        layer="backend", component="api",
    ),
    "storm": _message(
        *(_alert("CrmApiRouteSlow", http_route=f"/api/v1/r{n}", http_request_method="GET") for n in range(500)),
        layer="backend", component="api",
    ),
    "digest": _message(
        _alert("CrmTargetNoTraffic", target="lcp", layer="frontend"),
        _alert("CrmDatabasePendingRestart", instance="primary"),
        severity="low",
    ),
    "stranger": _message({**_DOWN, "labels": {"alertname": "Theirs", "pod": "a"}, "annotations": {}}),
    "again": _message(
        {**_DOWN, "startsAt": (_START + timedelta(minutes=12)).isoformat()},
        receiver="second-on-call by email+webhook after 15m",
    ),
    "addresses": _message(
        {
            **_DOWN,
            "labels": {"alertname": "Theirs"},
            "annotations": {
                "summary": "Theirs.",
                "runbook_url": "https://elsewhere.example/page",
                "dashboard_url": "https://theirs.example/d/x",
                "last_failure_url": "https://exporter.example/last-failure/orders",
            },
        }
    ),
    "markup": _message(_MARKED_UP),
    "markup of several": _message(_MARKED_UP, _MARKED_UP),
    "markup without texts": _message({**_DOWN, "labels": dict.fromkeys(_MARKED, _MARKUP), "annotations": {}}),
    "markup, over": _message(
        {**_alert("CrmDatabaseDown", status="resolved"), "labels": dict.fromkeys(_MARKED, _MARKUP), "annotations": {}}
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Message → form → text; every form of every message is a file, to be looked at."""
    folder = tmp_path_factory.mktemp("messages")
    for file in TEMPLATES.glob("*.tmpl"):
        (folder / file.name).write_text(file.read_text())
    (folder / "links.tmpl").write_text(links_template(_LINKS))
    found: dict[str, dict[str, str]] = {}
    for name, message in _MESSAGES.items():
        data = folder / f"{name}.json"
        data.write_text(json.dumps(message))
        for form in ("title", "text", "html", "slack", "slack.title", "msteams", "link", "color", "pagerduty.severity"):
            found.setdefault(name, {})[form] = text = _render(folder, data, form)
            (folder / f"{name}.{form}").write_text(text)
    return found


def _render(folder: Path, data: Path, form: str) -> str:
    command = [
        "amtool", "template", "render", f"--template.glob={folder}/*.tmpl", f"--template.data={data}",
        f'--template.text={{{{ template "pantrywatch.{form}" . }}}}',
        f"--template.type={'html' if form == 'html' else 'text'}",
    ]  # fmt: skip
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"TZ": "Europe/Berlin", "PATH": "/usr/bin"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_titles_have_one_form(rendered: dict[str, dict[str, str]]) -> None:
    """[SEVERITY] what - state (how many): the summary of one alert, the subject of several."""
    titles = {name: forms["title"].replace("\u2013", "-") for name, forms in rendered.items()}
    assert titles["promise"] == "[CRITICAL] API error rate: 20% of API requests are bad (0.1% allowed) - firing (1)"
    assert titles["over"] == "[CRITICAL] was: PostgreSQL primary is down - resolved (1)"
    assert titles["several"] == "[MEDIUM] api: CrmApiRouteSlow - firing (3)"
    assert titles["storm"] == "[MEDIUM] api: CrmApiRouteSlow - firing (500)"
    assert titles["digest"] == "[LOW] daily digest - firing (2)"
    assert titles["stranger"] == "[ALERT] Theirs - firing (1)"
    assert all("\n" not in title and len(title) < 200 for title in titles.values())


@pytest.mark.parametrize("form", ["text", "html", "slack"])
def test_a_message_says_all_that_a_person_needs(rendered: dict[str, dict[str, str]], form: str) -> None:
    """Value against target, since when, impact, first step, last deployment, and three links."""
    promise, one = (unescape(rendered[name][form]) for name in ("promise", "one"))
    assert "20% of API requests are bad (0.1% allowed)" in promise
    assert "Tue 24 Nov 2026 21:15 CET" in promise
    assert "Users' requests fail, and their input may be lost." in promise
    assert "`topk(5, sum by (http_route, http_response_status_code)" in promise
    assert "none recorded" in promise
    assert "v1.4.2, 2026-11-24 20:10:00" in one
    assert "https://git.example/pantrywatch/docs/runbooks/CrmApiErrorRateBurn.md" in promise


def _links(text: str) -> list[str]:
    return re.findall(r"https?://[^\s\"<>|]+", unescape(text))


@pytest.mark.parametrize("form", ["text", "html", "slack", "link"])
def test_the_link_to_the_board_has_the_time_of_the_alert(rendered: dict[str, dict[str, str]], form: str) -> None:
    """From half an hour before the begin until now, or shortly after its end; variables of the board stay."""
    begin = int((_START - timedelta(minutes=30)).timestamp() * 1000)
    board = next(link for link in _links(rendered["promise"][form]) if "boards.example" in link)
    assert urlsplit(board)[:3] == ("https", "boards.example", "/d/crm-slo")
    expected = {"var-target": ["api-error-rate"], "from": [str(begin)], "to": ["now"]}
    assert parse_qs(urlsplit(board).query) == expected
    plain = next(link for link in _links(rendered["one"][form]) if "boards.example" in link)
    assert urlsplit(plain)[:3] == ("https", "boards.example", "/d/crm-database")
    assert parse_qs(urlsplit(plain).query) == {"var-database": [_INSTANCE], "from": [str(begin)], "to": ["now"]}


@pytest.mark.parametrize("form", ["text", "html", "slack"])
def test_the_link_to_a_silence_holds_the_labels(rendered: dict[str, dict[str, str]], form: str) -> None:
    """Decoded as Alertmanager's page does, it is a filter with exactly the labels, whatever they hold."""
    link = next(link for link in _links(rendered["one"][form]) if "silences/new" in link)
    head, _, filter_ = link.partition("filter=")
    assert head == "https://alerts.example/#/silences/new?"
    assert "+" not in filter_
    assert "&" not in filter_
    pairs = re.findall(r'(\w+)=("(?:[^"\\]|\\.)*")', unquote(filter_).strip("{}"))
    assert {name: json.loads(value) for name, value in pairs} == _DOWN["labels"]
    # A digest holds nothing in common: silencing it would silence all that is low.
    assert "silences/new" not in rendered["digest"][form]


@pytest.mark.parametrize("form", ["text", "html", "slack"])
def test_what_is_over_says_how_long_it_took(rendered: dict[str, dict[str, str]], form: str) -> None:
    """A resolved message has begin, end and length, and asks for nothing."""
    text = unescape(rendered["over"][form])
    assert "resolved Tue 21:30 CET, after 15m3s" in text
    assert "First step" not in text
    assert "silences/new" not in text
    assert "resolved Tue 21:30 CET" in unescape(rendered["several"][form])


@pytest.mark.parametrize("form", ["text", "html", "slack"])
def test_later_steps_say_that_nobody_acted(rendered: dict[str, dict[str, str]], form: str) -> None:
    """Whoever is told later learns why."""
    sentence = "Escalated: unacknowledged 15m after it first fired. Firing since Tue 24 Nov 2026"
    assert f"{sentence} 21:15 CET." in rendered["escalated"][form]
    assert "unacknowledged" not in rendered["one"][form]
    # It ended, and began again 12 minutes later: Alertmanager counts from the first time, and the message says so.
    assert f"{sentence} 21:27 CET." in rendered["again"][form]


@pytest.mark.parametrize("form", ["text", "html", "slack"])
def test_a_message_leads_to_the_terms(rendered: dict[str, dict[str, str]], form: str) -> None:
    """Whoever is notified can look up the words: one link a message, and none in one that asks for nothing."""
    for name in ("one", "promise", "escalated", "several", "storm", "digest"):
        assert rendered[name][form].count("What the words mean") == 1, name
        assert "https://git.example/pantrywatch/docs/terms.md" in _links(rendered[name][form]), name
    assert "docs/terms.md" not in rendered["over"][form]


@pytest.mark.parametrize("form", ["text", "html", "slack", "msteams"])
def test_a_message_names_the_command_that_says_more(rendered: dict[str, dict[str, str]], form: str) -> None:
    """Each alert that fires, told in full, has its `explain`; not what is over, nor a name with other signs."""
    for name, alert in (("one", "CrmDatabaseDown"), ("promise", "CrmApiErrorRateBurn"), ("stranger", "Theirs")):
        assert rendered[name][form].count(f"pantrywatch explain {alert}") == 1, name
    assert all("pantrywatch explain" not in rendered[name][form] for name in ("over", "markup", "markup without texts"))


def test_messages_are_bounded(rendered: dict[str, dict[str, str]]) -> None:
    """Five hundred alerts are counted, the first shown; no form grows with their number."""
    most = {"title": 200, "text": 10_000, "html": 20_000, "slack": 4_000}
    for form, limit in most.items():
        assert len(rendered["storm"][form]) < limit, form
    assert "Showing 20 of 500" in rendered["storm"]["text"]
    assert "Showing 20 of 500" in rendered["storm"]["html"]
    assert "Showing 3 of 500" in rendered["storm"]["slack"]


def test_labels_are_text_and_no_markup(rendered: dict[str, dict[str, str]]) -> None:
    """What stands in a label is neither HTML nor Slack's markup; nothing is loaded from elsewhere."""
    assert "<b>b+c</b>" not in rendered["one"]["html"]
    assert "&lt;b&gt;b" in rendered["one"]["html"]
    assert "<b>" not in rendered["one"]["slack"]
    for forms in rendered.values():
        assert not re.search(r"<(img|script|link|iframe)|url\(|@import", forms["html"])
        assert "ZgotmplZ" not in forms["html"]
        assert "<no value>" not in "".join(forms.values())


@pytest.mark.parametrize("message", [name for name in _MESSAGES if name.startswith("markup")])
def test_slack_gets_no_markup_from_labels_and_texts(rendered: dict[str, dict[str, str]], message: str) -> None:
    """Whatever field it is in, it mentions nobody and links nowhere; title and fallback are no exception."""
    for form in ("slack", "slack.title"):
        text = rendered[message][form]
        assert "<!" not in text, form
        assert "<https://evil" not in text, form
        own = re.findall(r"<[^>]*>", text)
        assert all(link.startswith(("<https://alerts.example/", "<https://boards.example")) for link in own), own
        assert all(link.endswith(("|Silence (I'm on it)>", "|Board>")) for link in own), own
    assert "&lt;!channel&gt;" in rendered[message]["slack.title"].lower()


def test_slack_has_the_title_of_a_mail(rendered: dict[str, dict[str, str]]) -> None:
    """Escaping is the only difference."""
    for name, forms in rendered.items():
        assert unescape(forms["slack.title"]) == forms["title"], name


@pytest.mark.parametrize("form", ["text", "html", "slack"])
def test_alerts_of_other_rules_leave_no_empty_lines(rendered: dict[str, dict[str, str]], form: str) -> None:
    """What they do not say is left out, and their labels are shown; whole addresses stay as they are."""
    bare = re.sub(r"<[^>|]*>", "", unescape(rendered["stranger"][form]))
    assert "pod=a" in bare
    assert not re.search(r"(Impact|First step|Board|Runbook)\b", bare)
    assert not re.search(r":[ ]*$", bare.replace("Resolved:", ""), re.MULTILINE)
    links = _links(rendered["addresses"][form])
    assert any(link.startswith("https://elsewhere.example/page") for link in links)
    assert any(link.startswith("https://theirs.example/d/x?from=") for link in links)
    assert any(link.startswith("https://exporter.example/last-failure/orders") for link in links)
    assert "last-failure" not in rendered["one"][form]


@pytest.mark.parametrize("form", ["text", "html", "slack"])
def test_what_is_over_is_told_as_past(rendered: dict[str, dict[str, str]], form: str) -> None:
    """The summary is in the present tense: a resolved message says that it was so."""
    assert "was: PostgreSQL primary is down." in rendered["over"][form]
    assert "was: " not in rendered["one"][form]


@pytest.mark.long
def test_the_link_of_a_message_silences(rendered: dict[str, dict[str, str]], tmp_path: Path) -> None:
    """In a browser it opens the form with the labels filled in; a name and a reason later the alert is silenced."""
    link = next(link for link in _links(rendered["one"]["text"]) if "silences/new" in link)
    with (
        alertmanager(tmp_path / "am", settings_for(free_port(), free_port())) as server,
        browser_page(375, 800) as page,
    ):
        server.send({**_DOWN, "startsAt": datetime.now(UTC).isoformat(), "endsAt": None})
        page.goto(f"http://127.0.0.1:{server.port}{link.removeprefix('https://alerts.example')}")
        page.get_by_label("Your name").fill("on-call")
        page.get_by_label("Comment").fill("on it")
        page.get_by_role("button", name="Silence", exact=True).click()
        page.get_by_text("Silenced. The alert will not escalate while the silence is active.").wait_for()
        page.get_by_text("CrmDatabaseDown, silenced").wait_for()
        (silence,) = requests.get(f"{server.api}/silences", timeout=10).json()
        assert {m["name"]: m["value"] for m in silence["matchers"]} == _DOWN["labels"]
        assert page.evaluate("document.documentElement.scrollWidth") <= 375


def test_mail_reads_on_a_phone(rendered: dict[str, dict[str, str]]) -> None:
    """In a browser of a phone's width nothing is cut off, text is dark on white, and nothing is asked of a server."""
    asked: list[str] = []
    with browser_page(375, 800) as page:
        page.on("request", lambda request: asked.append(request.url))
        for name, forms in rendered.items():
            page.set_content(forms["html"])
            assert page.evaluate("document.documentElement.scrollWidth") <= 375, name
            colors = page.evaluate("(e => [e.color, e.backgroundColor])(getComputedStyle(document.body))")
            assert colors == ["rgb(31, 35, 40)", "rgb(255, 255, 255)"]
    assert asked == []


def test_without_published_runbooks_a_message_names_the_file() -> None:
    """No link that leads nowhere."""
    text = links_template(Links("http://b", "http://a"))
    assert '"pantrywatch.runbooks" }}{{ end }}' in text
    assert '"pantrywatch.terms" }}docs/terms.md{{' in text
    assert text.count("href") == 1, "for whole addresses of other rules"
