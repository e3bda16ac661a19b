"""Somebody else's CRM, watched as docs/your-application.md says, word for word, from an empty settings file."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.e2e import stack as stacks
from tests.support.crm.running import Crm, running_crm
from tests.support.servers import wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(900), pytest.mark.xdist_group("stack")]

_SECONDS = 240
_OF_THE_APPLICATION = {"api-latency", "api-error-rate", "db-query-latency"}
# All but those of a browser, of users' browsers, and of a capacity run.
_APPLICABLE = _OF_THE_APPLICATION | {
    "api-availability", "cache-hit-ratio", "db-availability", "db-error-rate", "frontend-availability",
    "integration-error-rate", "system-availability",
}  # fmt: skip


def _targets(stack: stacks.Stack, query: str) -> set[str]:
    return {sample["metric"]["target"] for sample in stack.query(query)}


def _everything_is_measured(crm: Crm, stack: stacks.Stack) -> bool:
    crm.use()
    return _targets(stack, "slo:measured:bool == 1 and on (target) slo:events_total:increase5m > 0") >= _APPLICABLE


def test_every_promise_that_applies_is_measured(tmp_path: Path) -> None:
    """The page's commands, settings and snippets are enough; `validate` is content, and no table can be read."""
    with running_crm(tmp_path) as crm:
        crm.grant()
        file = crm.write_settings(tmp_path / "installation")
        checked = stacks.run(["validate", str(file)], {})
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert "feeds     api-latency, api-error-rate, db-query-latency\n" in checked.stdout
        with psycopg.connect((file.parent / "secrets/dsn").read_text()) as monitoring:
            assert monitoring.execute("SELECT has_table_privilege('crm.contact', 'SELECT')").fetchone() == (False,)
        up = stacks.started(tmp_path / "state", stacks.free_offset(), "--settings", str(file), "--speed", "15")
        with up as stack:
            stacks.wait_until_up(stack)
            wait_until(lambda: _everything_is_measured(crm, stack), _SECONDS, "every promise that applies is measured")
            _see(stack)


def _see(stack: stacks.Stack) -> None:
    """Look at what else the page promises."""
    assert _targets(stack, "slo:measured:bool == 1") == _APPLICABLE
    assert "application/reports" in stack.text()
    stages = {sample["metric"]["stage"] for sample in stack.query("crm_pipeline_deals > 0")}
    assert stages == {"lead", "offer", "won", "lost"}
    actions = {sample["metric"]["action"] for sample in stack.query('sum by (action) ({action!=""})')}
    assert actions == {"Deals won", "Logins", "Searches"}
    # Counted once: by the application, not by nginx too.
    assert {sample["metric"]["job"] for sample in stack.query('{route_group!=""}')} == {"application"}
    # Rules that take long say that this machine is busy.
    told = 'alertstate="firing",severity!="none",severity!="low",alertname!="CrmMonitoringRuleGroupSlow"'
    assert not stack.query(f"ALERTS{{{told}}}"), stack.text()
