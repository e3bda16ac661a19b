"""The summary printed after the containers are set up."""

from __future__ import annotations

from pantrywatch.config.settings import Settings

_TEXT = """\
pantrywatch is set up for the environment "{environment}"; {web}.
  Grafana       http://127.0.0.1:19300   log in as admin to make changes; the password:
                docker compose exec grafana cat /run/pantrywatch/grafana/admin_password
  Prometheus    {scheme}://127.0.0.1:19090
  Alertmanager  {scheme}://127.0.0.1:19093
  inbox         {scheme}://127.0.0.1:19094   all notifications of the demo
Next:
  start the demo CRM docker compose --profile demo up -d
  watch your own CRM ./run secrets, then secrets/monitor_dsn, secrets/cache_url and settings.yaml; docker compose up -d
                     Until a server answers, its exporter reports pg_up 0 or redis_up 0 and why, and its alerts fire.
  read more          docs/deploy.md"""


def next_steps(settings: Settings) -> str:
    """Return the addresses, how to log in, and the next steps, without any secret."""
    web = settings.web
    guards = [name for name, on in (("TLS", web and web.tls), ("a login", web and web.users)) if on]
    return _TEXT.format(
        environment=settings.environment,
        web=f"{' and '.join(guards)} in front of its ports"
        if guards
        else "no TLS or login, ports on this machine only",
        scheme="https" if web and web.tls else "http",
    )
