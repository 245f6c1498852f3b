"""
The server process: gunicorn with one worker of several threads, which is what SQLite and a small machine are best with.

Larger installations run any WSGI server on `wsgi:app` and `auditbook worker` beside it.
"""

import gc
import signal
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from server.config import Config

THREADS = 8
PATIENCE = 30
"""Seconds that a request may still take when the server is asked to stop."""


class _Server(BaseApplication):
    def __init__(self, options: dict[str, Any], load_app: Callable[[], Flask]):
        self._options = options
        self._load_app = load_app
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        # In the process that serves, after the fork: connections must not be shared with the one that watches it.
        return self._load_app()


class _Arbiter(Arbiter):
    def handle_int(self) -> None:
        """Ctrl-C ends as SIGTERM does: what is being answered is answered."""
        self.handle_term()


def freeze_what_is_loaded() -> None:
    """It stays for good. Looking through it again and again for garbage took a fifth of the processor time of a push."""
    gc.collect()
    gc.freeze()


def serve(
    config: Config,
    load_app: Callable[[], Flask],
    *,
    when_ready: Callable[[int], None],
    when_started: Callable[[], None],
    when_stopping: Callable[[], None],
) -> None:
    """
    Serve until SIGTERM or SIGINT. `when_ready` gets the port; the other two are called in the process that serves.
    """

    def ready(server: Any) -> None:
        when_ready(server.LISTENERS[0].sock.getsockname()[1])

    def started(worker: Any) -> None:
        signal.signal(signal.SIGINT, worker.handle_exit)
        freeze_what_is_loaded()
        when_started()

    def stopping(_server: Any, _worker: Any) -> None:
        when_stopping()

    options = {
        "bind": f"{config.host}:{config.port}",
        "workers": 1,
        "worker_class": "gthread",
        "threads": THREADS,
        "timeout": 60,
        "graceful_timeout": PATIENCE,
        "loglevel": "warning",
        "when_ready": ready,
        "post_worker_init": started,
        "worker_exit": stopping,
    }
    _Arbiter(_Server(options, load_app)).run()
