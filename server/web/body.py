"""
Reading a request's body: so much and no more, whole, unpacked within a limit, and checked against its checksum.

A radio link that dies sends no end: without a limit on waiting, a handful of dead tablets would hold every thread of the server.
"""

import base64
import binascii
import contextlib
import hashlib
import json
import socket
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from flask import request
from werkzeug.exceptions import ClientDisconnected

from server.domain.refusals import Refusal, Refused

MAX_SENT = 16 * 1024 * 1024
"""The largest operation is 4 MiB, three times that where JSON escapes its every letter, and it must get through on its own."""
MAX_UNPACKED = 16 * 1024 * 1024
CHUNK = 16 * 1024
"""A read waits until it is full: where the connection breaks without an end, up to so many bytes are lost."""
LONGEST_SILENCE = 20
"""Seconds without a byte, after which a connection counts as dead."""


def limit_silence() -> None:
    """To be called before a body is read."""
    connection = request.environ.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(LONGEST_SILENCE)


def interrupter() -> Callable[[], None] | None:
    """Ends the reading of this request from another thread; None where the server does not show its connections."""
    connection = request.environ.get("gunicorn.socket")
    if connection is None:
        return None

    def interrupt() -> None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RD)

    return interrupt


def arriving_chunks(limit: int) -> Iterator[bytes]:
    """The body as it comes, at most `limit` bytes. Ends silently where the connection does: compare with what was promised."""
    limit_silence()
    request.max_content_length = None  # The limit stands here; an upload has another one than a batch.
    room = limit
    while room > 0:
        try:
            chunk = request.stream.read(min(CHUNK, room))
        except (ClientDisconnected, OSError):
            return
        if not chunk:
            return
        room -= len(chunk)
        yield chunk


def checked_body() -> bytes:
    """The unpacked body, exactly as it was sent. Raises Refused if it is too large, or not what its checksum says."""
    expected = _announced_digest()
    if (request.content_length or 0) > MAX_SENT:
        raise Refused(Refusal("request.too_large", {"limit": MAX_SENT}))
    sent = b"".join(arriving_chunks(MAX_SENT + 1))
    if len(sent) > MAX_SENT:
        raise Refused(Refusal("request.too_large", {"limit": MAX_SENT}))
    body = _unpacked(sent)
    if hashlib.sha256(body).digest() != expected:
        raise Refused(Refusal("request.digest_mismatch"))
    return body


def checked_json() -> Any:
    """
    The body as JSON, whatever is in its strings: what cannot be stored in one of them is that string's matter alone,
    and must not refuse the others.
    """
    try:
        return json.loads(checked_body())
    except (ValueError, RecursionError) as problem:
        raise Refused(Refusal("request.malformed", {"why": "not JSON"})) from problem


def _announced_digest() -> bytes:
    """`Content-Digest: sha-256=:<base64>:` (RFC 9530, section 2); other algorithms may stand beside it."""
    for part in request.headers.get("Content-Digest", "").split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "sha-256" and len(value) > 2 and value[0] == value[-1] == ":":
            try:
                return base64.b64decode(value[1:-1], validate=True)
            except binascii.Error:
                break
    raise Refused(Refusal("request.malformed", {"why": "Content-Digest with sha-256 is missing"}))


def _unpacked(sent: bytes) -> bytes:
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    if encoding == "identity":
        return sent
    if encoding != "gzip":
        raise Refused(Refusal("request.malformed", {"why": "Content-Encoding is gzip or none"}))
    unpacker = zlib.decompressobj(wbits=31)
    try:
        body = unpacker.decompress(sent, MAX_UNPACKED)
    except zlib.error as problem:
        raise Refused(Refusal("request.digest_mismatch")) from problem
    if unpacker.unconsumed_tail:
        raise Refused(Refusal("request.too_large", {"limit": MAX_UNPACKED}))
    if not unpacker.eof or unpacker.unused_data:
        raise Refused(Refusal("request.digest_mismatch"))
    return body
