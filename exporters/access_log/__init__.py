"""Requests as a web server or proxy logged them: `http_server_*` for an application that exports no metrics."""
