"""
The stage that a test plays on: a server over a fresh database, set in milliseconds.

Building a server takes a tenth of a second, and its new engine compiles every statement anew; entering five people takes as long
again. So one server goes from database to database, and each database is a copy of one that was migrated, and peopled, once.
A test cannot tell: what it changes at the server does not reach the next one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event

from server.app import create_app
from server.config import Config
from server.database import db
from server.storage.migrate import migrate
from tests.people import Cast, assemble_cast

_NOWHERE = {"s3_endpoint": "", "s3_access_key_id": "", "s3_secret_access_key": ""}
MakeDatabase = Callable[[Path, Config | None], Config]
"""Makes a data folder with a database, the copy of a given one or an empty one, and gives the settings that lead there."""


class Stage:
    """One for each kind of database, for as long as pytest runs."""

    def __init__(self, folder: Path, make_database: MakeDatabase):
        self._make_database = make_database
        self._server: TravellingServer | None = None
        self._peopled: Config | None = None
        # Now, and not when the first test needs them: that one may have set the clock to another year.
        self._empty = make_database(folder / "empty", None)
        with self.serving(self._empty):
            migrate()
        self._with_people = make_database(folder / "with-people", self._empty)
        with self.serving(self._with_people) as app:
            self._people = assemble_cast(app)

    def set(self, data: Path, *, peopled: bool) -> Config:
        """Settings over a new database in that folder, in today's shape, with the standing cast in it or with nobody."""
        config = self._make_database(data, self._with_people if peopled else self._empty)
        self._peopled = config if peopled else None
        return config

    @contextmanager
    def serving(self, config: Config) -> Iterator[Flask]:
        """The server over that database. Its context stays open."""
        if self._server is None or self._server.is_changed:
            self._server = TravellingServer(config)
        with self._server.at(config) as app:
            yield app

    def cast(self, app: Flask) -> Cast:
        """The people in the database of this server. They enter now, where nobody saw that they would be needed."""
        is_here = self._peopled is not None and _place(app.config["AUDITBOOK"]) == _place(self._peopled)
        return self._people.at(app) if is_here else assemble_cast(app)


class TravellingServer:
    """A server that is led to one data folder and database after another. The other settings are those it was built with."""

    def __init__(self, config: Config):
        self._built_with = config
        self._place = config
        self._app = create_app(config)
        with self._app.app_context():
            event.listen(db.engine, "do_connect", self._lead_there)
        self._settings = dict(self._app.config)
        self._parts = _parts(self._app)

    @contextmanager
    def at(self, config: Config) -> Iterator[Flask]:
        assert _beside_the_place(config) == _beside_the_place(self._built_with), (
            "other settings need a server of their own: create_app"
        )
        self._place = config
        app = self._app
        app.config.clear()
        app.config.update(self._settings, AUDITBOOK=config)
        app.extensions["auditbook_writer_lock"] = config.data_folder / "writer.lock" if config.is_sqlite else None
        # A test may add a route, which Flask allows before the first request only.
        app._got_first_request = False
        with app.app_context():
            try:
                yield app
            finally:
                db.engine.dispose()

    @property
    def is_changed(self) -> bool:
        """Somebody gave it a route or a hook, which cannot be taken away again."""
        return _parts(self._app) != self._parts

    def _lead_there(self, dialect: sa.Dialect, _record: Any, arguments: list[Any], named: dict[str, Any]) -> None:
        place, more = dialect.create_connect_args(sa.make_url(self._place.sqlalchemy_url))
        arguments[:] = place
        named.update(more)


def _place(config: Config) -> tuple[str, str]:
    return config.data, config.database_url


def _beside_the_place(config: Config) -> Config:
    return replace(config, data="", database_url="", s3_bucket="", s3_prefix="", **_NOWHERE)


def _parts(app: Flask) -> list[Any]:
    """What can be added to a server: routes, hooks and handlers of errors."""
    hooks = (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs)
    handlers = [
        handler
        for by_code in app.error_handler_spec.values()
        for by_class in by_code.values()
        for handler in by_class.values()
    ]
    return [
        dict(app.view_functions),
        [list(functions) for by_blueprint in hooks for functions in by_blueprint.values()],
        list(app.teardown_appcontext_funcs),
        handlers,
        sorted(app.extensions),
    ]
