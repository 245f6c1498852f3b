"""Sign in, who am I, sign out."""

from typing import Any

from flask import request

from schemas.account import SessionSchema, SignInSchema
from server.database import reading
from server.identity.sign_in import sign_in, sign_out
from server.identity.signed_in import SignedIn
from server.storage.clock import as_instant, now_ms
from server.storage.workspaces import workspaces_of
from server.sync.carry import brought_in_name_of
from server.web.blueprint import Blueprint
from server.web.security import (
    current_account,
    drop_session_cookie,
    give_session_cookie,
    remote_address,
    session_token,
)

blueprint = Blueprint("session", __name__, url_prefix="/api/session", description="Signing in and out.")


@blueprint.route("", methods=["POST"])
@blueprint.arguments(SignInSchema)
@blueprint.response(200, SessionSchema)
def create_session(given: dict[str, Any]) -> dict[str, Any]:
    """Sign in. The session is a cookie that no script can read."""
    device = request.headers.get("User-Agent", "")
    token, signed_in = sign_in(given["email"], given["password"], address=remote_address(), device=device)
    give_session_cookie(token)
    return session_answer(signed_in)


@blueprint.route("", methods=["GET"])
@blueprint.response(200, SessionSchema)
def show_session() -> dict[str, Any]:
    """Who is signed in, with which roles."""
    return session_answer(current_account())


@blueprint.route("", methods=["DELETE"])
@blueprint.response(204)
def end_session() -> None:
    """Sign out. Works also when the session has ended already; nothing on the tablet is touched."""
    if token := session_token():
        sign_out(token)
    drop_session_cookie()


def session_answer(signed_in: SignedIn) -> dict[str, Any]:
    """The session as the app keeps it, to work offline with."""
    with reading(signed_in.scope()) as session:
        workspaces = workspaces_of(session, signed_in.account)
    return {
        "account": signed_in.account,
        "email": signed_in.email,
        "name": signed_in.name,
        "language": signed_in.language,
        "installation": signed_in.installation,
        "workspaces": workspaces,
        "server_time": as_instant(now_ms()),
        "brought_in_name": 0 if signed_in.is_blocked else brought_in_name_of(signed_in.account),
    }
