"""`python -m demo.api --listen HOST:PORT`."""

from __future__ import annotations

import argparse
import logging
import sys

import uvicorn

from demo.api.application import build
from demo.api.tls import serve_in_background
from demo.environment import ConfigurationError, current, exit_on_sigterm, listen_address
from demo.flags import Flags


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m demo.api", description="The HTTP API of the demo CRM.")
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument("--tls", metavar="HOST:PORT", help="an address with TLS, for checks of a certificate")
    logging.basicConfig(level=logging.WARNING, format="level=%(levelname)s logger=%(name)s %(message)s")
    # The pool logs every failed attempt with the server's text; the API logs an unreachable database only once.
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
    try:
        options = parser.parse_args(arguments)
        host, port = listen_address(options.listen)
        app = build(current())
        if options.tls:
            serve_in_background(listen_address(options.tls), Flags(current().optional_path("DEMO_FAULT_DIR")))
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
