"""
Which bytes of a file a request asks for (RFC 9110, section 14), and whether the reader still means this very file (section 13.1.5).

One range or the whole: several at once are answered with the whole file, as the RFC allows; so is what it says a server ignores.
"""

import re

from werkzeug.datastructures import Headers

from server.domain.refusals import Refusal, Refused

_ONE = re.compile(r"bytes[ \t]*=[ \t]*(?:,[ \t]*)*(\d{0,18})-(\d{0,18})(?:[ \t]*,)*[ \t]*", re.IGNORECASE)


def asked_range(headers: Headers, etag: str, size: int) -> tuple[int, int] | None:
    """
    The first byte and how many; None for all of them. `etag`: the strong one of the file, with its quotes.

    Raises `Refused` (`evidence.range`) where the file has none of these bytes.
    """
    asked = _ONE.fullmatch(headers.get("Range", "").strip())
    if asked is None or headers.get("If-Range", etag).strip() != etag:
        return None
    first, last = asked.groups()
    if not first:
        if not last:
            return None
        start, end = max(size - int(last), 0), size
    else:
        if last and int(last) < int(first):
            return None
        start, end = int(first), min(int(last) + 1, size) if last else size
    if start >= end:
        raise Refused(Refusal("evidence.range", {"size": size}))
    return start, end - start
