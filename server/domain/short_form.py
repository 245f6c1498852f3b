"""
Operations as they travel: what the receiver can work out is not sent.

Two fifths of a packed batch would be digests of operations that travel in the same list: each names the one before it (`prev`), and those
whose value it replaces (`bases`). In the short form such a digest in a header stands as `"~3"`: the operation three places further up
in the list. What is hashed, signed and kept are always the whole bytes. pwa/src/domain/short-form.ts does the same;
schemas/vectors/short_form holds both together.
"""

import re
from collections.abc import Callable, Sequence
from functools import partial

from server.domain.operation import MAX_BASES

_DIGEST = re.compile(r'"([0-9a-f]{64})"')
_BACK = re.compile(r'"~([0-9]{1,6})"')
_MOST = MAX_BASES + 1
"""Digests in one header. More would only make a text that nobody takes."""


def shorten(texts: Sequence[str], digests: Sequence[str]) -> list[str] | None:
    """
    `texts` are whole operations, or headers of erased ones, or empty where one is only named; `digests` say what each is called.
    None where one of them looks as if it were short already, or could not be made whole again: then the list travels whole.
    """
    places: dict[str, int] = {}
    short = []
    for place, (text, digest) in enumerate(zip(texts, digests, strict=True)):
        header, line_break, content = text.partition("\n")
        if _BACK.search(header):
            return None
        named = _DIGEST.sub(partial(_back, places, place), header)
        if named.count('"~') > _MOST:
            return None
        short.append(named + line_break + content)
        places[digest] = place
    return short


def _back(places: dict[str, int], at: int, found: re.Match[str]) -> str:
    place = places.get(found[1])
    return found[0] if place is None else f'"~{at - place}"'


def lengthen(texts: Sequence[str], digest_at: Callable[[int, str], str]) -> list[str]:
    """
    The whole texts again. `digest_at` says what the operation at a place is called, given its whole text. ValueError where a
    place is named that is not there.
    """
    digests: list[str] = []
    whole = []
    for place, text in enumerate(texts):
        header, line_break, content = text.partition("\n")
        if header.count('"~') > _MOST:
            raise ValueError("more places than a header may name")
        whole.append(_BACK.sub(partial(_digest, digests), header) + line_break + content)
        digests.append(digest_at(place, whole[-1]))
    return whole


def _digest(before: Sequence[str], found: re.Match[str]) -> str:
    back = int(found[1])
    if not 1 <= back <= len(before):
        raise ValueError("a place that is not there")
    return f'"{before[-back]}"'
