"""
Who is asking, whether this site is asking, and the headers that every answer carries.

Cross-site requests are told by `Sec-Fetch-Site`, which every current browser sends and no page can forge, and by `Origin` where it
is missing (plain HTTP). A request with neither comes from no browser, so nobody's cookie can be misused by it.
"""

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, after_this_request, current_app, request

from server.domain.permissions import PERMITTED, Action
from server.domain.refusals import Refusal, Refused
from server.identity.sign_in import SESSION_LIFE, session_of
from server.identity.signed_in import SignedIn

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BODY_TYPES = frozenset({"application/json", "application/offset+octet-stream", "image/jpeg"})
"""What the API takes. Neither can be sent by a form of another site."""

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "worker-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ]
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(self), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS = "max-age=63072000"
OPEN_TO_BLOCKED = frozenset(
    {
        "session.show_session",
        "sync.post_operations",
        "evidence.post_known",
        "evidence.post_upload",
        "evidence.head_upload",
        "evidence.patch_upload",
        "evidence.post_overriding",
    }
)
"""
Endpoints that the session of a blocked tablet may still use, beside those that ask nobody to sign in: it learns that it is blocked,
and hands in what was recorded on it, which is kept aside. It receives nothing, not even the catalogue: whatever is new belongs on
other tablets, and one rule without exceptions is one that can be checked. Whatever is not named here is closed.
"""
_SIGNED_IN = "auditbook.signed_in"


def init_security(app: Flask) -> None:
    """Check every request before it is handled, and give every answer its headers."""
    app.before_request(_refuse_cross_site)
    app.before_request(_refuse_other_bodies)
    app.after_request(_add_headers)


def current_account() -> SignedIn:
    """
    Who is signed in. Raises Refused when nobody is (401), and on a blocked tablet but for what `OPEN_TO_BLOCKED` names (403);
    what the tablet holds is not touched by either.
    """
    # Kept at the request, not in `g`: a test's app context outlives its requests.
    signed_in: SignedIn | None = request.environ.get(_SIGNED_IN)
    if signed_in is None:
        token = session_token()
        known = session_of(token) if token else None
        if token is None or known is None:
            raise Refused(Refusal("account.sign_in_needed"))
        if known.is_renewed:
            give_session_cookie(token)
        signed_in = request.environ[_SIGNED_IN] = known.signed_in
    if signed_in.is_blocked and request.endpoint not in OPEN_TO_BLOCKED:
        raise Refused(Refusal("account.installation_revoked"))
    return signed_in


def permitted(workspace: object, *actions: Action) -> SignedIn:
    """
    Who is signed in, if a role in this workspace allows one of the actions. Raises Refused: 401 for nobody, 404 for somebody
    who is not of this workspace (it is not even said to exist), 403 for the wrong role.
    """
    signed_in = current_account()
    if str(workspace) not in signed_in.roles:
        raise Refused(Refusal("request.not_found"))
    if not any(signed_in.may(str(workspace), action) for action in actions):
        raise Refused(not_permitted(*actions))
    return signed_in


def not_permitted(*actions: Action) -> Refusal:
    """The refusal that names who could."""
    able = [role.value.replace("_", " ") for role, allowed in PERMITTED.items() if allowed.intersection(actions)]
    return Refusal("account.not_permitted", {"who": "the " + " or the ".join(able)})


def session_token() -> str | None:
    return request.cookies.get(cookie_name())


def cookie_name() -> str:
    """Over HTTPS a name that no other host and no plain HTTP can set (RFC 6265bis, `__Host-`)."""
    return "__Host-auditbook" if request.is_secure else "auditbook"


def give_session_cookie(token: str) -> None:
    """Let the answer to this request carry the session."""

    def give(answer: Response) -> Response:
        answer.set_cookie(cookie_name(), token, max_age=SESSION_LIFE // 1000, **_cookie_rules())
        return answer

    after_this_request(give)


def drop_session_cookie() -> None:
    """Let the browser forget the session."""

    def drop(answer: Response) -> Response:
        answer.delete_cookie(cookie_name(), **_cookie_rules())
        return answer

    after_this_request(drop)


def _cookie_rules() -> dict[str, Any]:
    return {"path": "/", "secure": request.is_secure, "httponly": True, "samesite": "Lax"}


def remote_address() -> str:
    """The address that attempts are counted by; of IPv6 the network, since one machine has many addresses in it."""
    address = request.remote_addr or "unknown"
    return ":".join(address.split(":")[:4]) if ":" in address else address


def _refuse_cross_site() -> None:
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        is_own = site in ("same-origin", "none")
    else:
        origin = request.headers.get("Origin")
        is_own = origin is None or urlsplit(origin).netloc in _own_hosts()
    if not is_own:
        raise Refused(Refusal("request.cross_site"))


def _own_hosts() -> set[str]:
    public_url: str = current_app.config["PUBLIC_URL"]
    return {request.host, urlsplit(public_url).netloc} - {""}


def _refuse_other_bodies() -> None:
    has_body = request.content_length or "Transfer-Encoding" in request.headers
    if has_body and request.mimetype not in BODY_TYPES:
        raise Refused(Refusal("request.media_type", {"media_type": request.mimetype or "a body without a media type"}))


def _add_headers(answer: Response) -> Response:
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if request.is_secure:
        answer.headers.setdefault("Strict-Transport-Security", HSTS)
    if request.path.startswith("/api"):
        answer.headers.setdefault("Cache-Control", "no-store")
    return answer
