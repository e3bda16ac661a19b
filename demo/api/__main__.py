"""`python -m demo.api --listen HOST:PORT`."""

from __future__ import annotations

import argparse
import logging
import sys

import uvicorn

from demo.api.application import build
from demo.environment import ConfigurationError, current, exit_on_sigterm, listen_address


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m demo.api", description="The HTTP API of the demo CRM.")
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    logging.basicConfig(level=logging.WARNING, format="level=%(levelname)s logger=%(name)s %(message)s")
    # The pool logs every failed attempt with the server's text; the API logs an unreachable database only once.
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
    try:
        host, port = listen_address(parser.parse_args(arguments).listen)
        app = build(current())
    except ConfigurationError as error:
        print(f"demo.api: {error}", file=sys.stderr)
        return 2
    exit_on_sigterm()
    uvicorn.run(
        app,
        host=host,
        port=port,
        # Not what happens to be installed or set: httptools refuses unknown methods before we can count them.
        http="h11",
        loop="asyncio",
        workers=1,
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=200,
        timeout_graceful_shutdown=2,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
