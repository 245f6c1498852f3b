"""
The built tablet app. Screens are told apart by the part of the address behind `#`, so there is one page.

Files under /assets carry a hash in their names and never change; everything else is asked for anew each time, or an update would
never arrive.
"""

from pathlib import Path

from flask import Blueprint, Response, current_app, send_from_directory
from werkzeug.exceptions import NotFound

from server.config import Config

blueprint = Blueprint("pwa", __name__)

FOREVER = "public, max-age=31536000, immutable"
ASK_FIRST = "no-cache"
NOT_BUILT = """Auditbook's server is running, but the tablet app is not built yet.

    make run      builds it and starts the server
    make dev      serves it with reload while you work on it

The app is looked for in {folder}.
"""


@blueprint.get("/")
@blueprint.get("/index.html")
def index() -> Response:
    """The app's one page. Two plain answers, no redirect: the service worker keeps both."""
    folder = _folder()
    if not (folder / "index.html").is_file():
        return Response(NOT_BUILT.format(folder=folder), content_type="text/plain; charset=utf-8")
    return _file("index.html", ASK_FIRST)


@blueprint.get("/assets/<path:name>")
def asset(name: str) -> Response:
    return _file(f"assets/{name}", FOREVER)


@blueprint.get("/<path:name>")
def other_file(name: str) -> Response:
    """Service worker, manifest, icons."""
    if name == "api" or name.startswith("api/"):
        raise NotFound
    return _file(name, ASK_FIRST)


def _file(name: str, cache_control: str) -> Response:
    answer = send_from_directory(_folder(), name, conditional=True)
    answer.headers["Cache-Control"] = cache_control
    return answer


def _folder() -> Path:
    config: Config = current_app.config["AUDITBOOK"]
    return config.pwa_folder
