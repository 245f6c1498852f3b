"""ETag and If-Match (RFC 9110, 8.8.3 and 13.1.1): the version of a record, in the headers."""

import re

from flask import request

from server.domain.refusals import Refusal, Refused

# Weak ones too: a proxy that compresses makes `W/"3"` of "3".
_ONE_ETAG = re.compile(r'\s*(?:W/)?"([0-9]{1,9})"\s*')


def etag(version: int) -> dict[str, str]:
    """The header under which an answer names the version that it shows."""
    return {"ETag": f'"{version}"'}


def replaced_version() -> int:
    """
    The version that this request was made from. Raises Refused when it names none: `*` and lists do not say what was seen.
    """
    given = _ONE_ETAG.fullmatch(request.headers.get("If-Match", ""))
    if given is None:
        raise Refused(Refusal("request.needs_version"))
    return int(given[1])
