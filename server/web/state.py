"""What the app says about its server, signed in or not."""

from typing import Any

import segno
from flask import Response, current_app

from schemas.report import ServerStateSchema
from server.config import Config
from server.database import SERVER, reading
from server.domain.refusals import Refusal, Refused
from server.sealing.log_key import load_log_key
from server.storage.server_state import server_identity, version
from server.web.blueprint import Blueprint

blueprint = Blueprint("state", __name__, url_prefix="/api/state", description="The server itself.")


@blueprint.route("", methods=["GET"])
@blueprint.response(200, ServerStateSchema)
def show_state() -> dict[str, Any]:
    """Version and epoch, and what here is only for trying out."""
    config: Config = current_app.config["AUDITBOOK"]
    with reading(SERVER) as session:
        identity = server_identity(session)
    return {
        "version": version(),
        "epoch": identity.epoch,
        "installation": identity.installation,
        "log_key": load_log_key(config).public_text,
        "is_signing_for_development": not config.signing_pkcs12,
        "is_mail_sent": bool(config.smtp_host),
        "public_url": config.public_url or None,
    }


@blueprint.route("/address.svg", methods=["GET"])
def show_address() -> Response:
    """The public address as a QR code, for the camera of another tablet. Without a public address there is none to show."""
    config: Config = current_app.config["AUDITBOOK"]
    if not config.public_url:
        raise Refused(Refusal("request.not_found"))
    code = segno.make(config.public_url, error="m").svg_inline(scale=8, border=4, dark="#000", light="#fff")
    return Response(code, mimetype="image/svg+xml")
