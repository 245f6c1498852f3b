"""
The one place where the parts are joined. Read this first.

A request comes in through server/web (one thin blueprint a noun), is decided by a use case (server/sync, evidence, reports,
identity, certification), which opens the transaction and asks server/storage. What takes longer is a job (server/jobs).
docs/data-flow.md follows one finding through all of it.
"""

from urllib.parse import urlsplit

from flask import Flask
from flask_smorest import Api
from werkzeug.middleware.proxy_fix import ProxyFix

from schemas.problem import ProblemSchema
from server.config import Config, load_config
from server.database import init_database
from server.sealing.log_key import load_log_key
from server.web import (
    chain,
    client,
    erasure,
    evidence,
    installation,
    invitation,
    mail,
    password_reset,
    person,
    pwa,
    reports,
    session,
    settings,
    standard,
    state,
    sync,
)
from server.web.problems import init_problems
from server.web.request_log import configure_log, init_request_log
from server.web.security import init_security

MAX_BODY = 16 * 1024 * 1024
"""Bytes. Room for a full batch of operations; an upload goes in chunks."""

NOUNS = (
    session,
    installation,
    invitation,
    password_reset,
    person,
    client,
    settings,
    standard,
    sync,
    evidence,
    chain,
    erasure,
    reports,
    mail,
    state,
)


class AuditbookApi(Api):
    """flask-smorest with our shape of a refusal."""

    ERROR_SCHEMA = ProblemSchema

    def _register_responses(self) -> None:
        # Read from here for every answer; refusals alone are of this type.
        self.DEFAULT_RESPONSE_CONTENT_TYPE = "application/problem+json"
        super()._register_responses()
        del self.DEFAULT_RESPONSE_CONTENT_TYPE


def create_app(config: Config | None = None) -> Flask:
    """The server as a WSGI application. Without settings, those of the environment."""
    config = config or load_config()
    configure_log()
    app = Flask("server", static_folder=None)
    app.config.update(
        AUDITBOOK=config,
        PUBLIC_URL=config.public_url,
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=64 * 1024,
        TRUSTED_HOSTS=_trusted_hosts(config),
        API_TITLE="Auditbook",
        API_VERSION="1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
    )
    if hops := int(config.trusted_proxies):
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops, x_port=hops
        )
    # Words as they were written; a reader of JSON knows UTF-8.
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    init_database(app, config)
    # Made on first start; one that is set and cannot be used must not be found out in the middle of a sync.
    load_log_key(config)
    init_request_log(app)
    init_security(app)
    api = AuditbookApi(app)
    init_problems(app)
    for noun in NOUNS:
        api.register_blueprint(noun.blueprint)
    app.register_blueprint(pwa.blueprint)
    return app


def _trusted_hosts(config: Config) -> list[str] | None:
    """With a public address: it and this machine itself, so that a forged Host cannot get into a link."""
    host = urlsplit(config.public_url).hostname
    return [host, "localhost", "127.0.0.1", "[::1]"] if host else None
