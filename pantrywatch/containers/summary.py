"""What a person who has just started the containers is told."""

from __future__ import annotations

from pantrywatch.config.settings import Settings

_TEXT = """\
pantrywatch is set up for the environment "{environment}"; {web}.
  Grafana       http://127.0.0.1:19300   to change something, log in as admin; the password:
                docker compose exec grafana cat /run/pantrywatch/grafana/admin_password
  Prometheus    {scheme}://127.0.0.1:19090
  Alertmanager  {scheme}://127.0.0.1:19093
  inbox         {scheme}://127.0.0.1:19094   what would have been sent, and to whom
Next:
  a CRM to look at   docker compose --profile demo up -d
  your own CRM       ./run secrets, then secrets/monitor_dsn, secrets/cache_url and settings.yaml; docker compose up -d
                     Until a server answers, its exporter says pg_up 0 or redis_up 0 and why, and its alerts fire.
  all of it          docs/deploy.md"""


def next_steps(settings: Settings) -> str:
    """Return where everything is, how to get in, and what to do next; no secret is in it."""
    web = settings.web
    guards = [name for name, on in (("TLS", web and web.tls), ("a login", web and web.users)) if on]
    return _TEXT.format(
        environment=settings.environment,
        web=f"{' and '.join(guards)} in front of its ports"
        if guards
        else "no TLS or login: ports on this machine only",
        scheme="https" if web and web.tls else "http",
    )
