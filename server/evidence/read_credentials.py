"""
Reads the content credentials of one file (C2PA manifest, spec.c2pa.org 2.2), in a process of its own that may die:
`read_credentials.py <original> <target>`.

A manifest is written by whoever made the file, and the library that reads it is large: so limits on memory, time and what it writes, as
in decode.py, and besides: once the file is open, no further file and no socket can be. So nothing is fetched, neither a manifest that lies
elsewhere nor a list of whom to trust, whatever the library's settings are. What is written is JSON, cut to what a page can show.
It imports nothing of ours. It ends with 0 when it has written what it found; everything else means that it hit a limit or died.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any

RECIPE = 1
"""Raised when this program reads more, or otherwise: what was read before is then read again."""
MOST_MEMORY = 1024 * 1024 * 1024
"""Bytes of address space; the library takes some 35 MB of memory, and the file is read in parts."""
MOST_SECONDS = 20
"""Of processor time: a video of 200 MB is hashed in two."""
MOST_WRITTEN = 64 * 1024
LONGEST, MOST = 200, 20
"""Characters of a text, and texts in a list."""
UNTRUSTED = "signingCredential.untrusted"
"""Said of every signer, since we keep no list of those whom we trust: it is said once, and is no fault of the file."""
SETTINGS = {
    "verify": {
        "verify_after_reading": True,
        "verify_trust": True,
        "remote_manifest_fetch": False,
        "ocsp_fetch": False,
    }
}


def main(original: str, target: str) -> None:
    limit()
    # After the limits: what the library allocates while it is being loaded counts as well.
    import c2pa

    context = c2pa.Context(c2pa.Settings.from_dict(SETTINGS))
    with Path(original).open("rb") as file, Path(target).open("w", encoding="utf-8") as written:
        open_nothing_more(max(file.fileno(), written.fileno()))
        json.dump(credentials_in(c2pa, file, context), written, ensure_ascii=False)


def limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_WRITTEN, MOST_WRITTEN))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def open_nothing_more(last: int) -> None:
    """Neither a file nor a socket gets a number above that of the last one that is open."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (last + 1, last + 1))


def credentials_in(c2pa: Any, file: Any, context: Any) -> dict[str, Any]:
    """What stands in the file: a `state`, and the words of the manifest that is said to be about this very file."""
    try:
        # The library finds out by itself what the file is: neither a name nor a media type is believed.
        with c2pa.Reader(None, file, context=context) as reader:
            store = json.loads(reader.json())
            is_embedded = reader.is_embedded()
    except (c2pa.C2paError.ManifestNotFound, c2pa.C2paError.NotSupported):
        return {"state": "none"}
    except c2pa.C2paError as problem:
        # It has no class of its own for that.
        if str(problem).startswith("Remote"):
            return {"state": "elsewhere"}
        # A file that is no picture, or was cut off: the library says no more than that it cannot parse it.
        return {"state": "unreadable", "problems": _texts([str(problem)])} if _has_manifest(file) else {"state": "none"}
    if not is_embedded:
        return {"state": "elsewhere"}
    return {"state": state_of(store), **words_of(store)}


def _has_manifest(file: Any) -> bool:
    """Of a file that cannot be read at all: whether the label of a manifest store stands in it (JUMBF, ISO 19566-5)."""
    file.seek(0)
    rest = b""
    while part := file.read(1024 * 1024):
        if b"jumdc2pa" in rest + part:
            return True
        rest = part[-7:]
    return False


def state_of(store: dict[str, Any]) -> str:
    """`valid`: signature and hashes fit the file, whoever signed."""
    return "valid" if store.get("validation_state") in ("Valid", "Trusted") else "not_valid"


def words_of(store: dict[str, Any]) -> dict[str, Any]:
    manifest = _as_dict(_as_dict(store.get("manifests")).get(store.get("active_manifest")))
    signature = _as_dict(manifest.get("signature_info"))
    actions = [
        _as_dict(action)
        for assertion in _as_list(manifest.get("assertions"))
        if str(_as_dict(assertion).get("label", "")).startswith("c2pa.actions")
        for action in _as_list(_as_dict(_as_dict(assertion).get("data")).get("actions"))
    ]
    failed = [_as_dict(status).get("code") for status in _as_list(store.get("validation_status"))]
    return {
        "signed_by": _text(signature.get("common_name")),
        "organisation": _text(signature.get("issuer")),
        "signed_at": _text(signature.get("time")),
        "is_signer_known": store.get("validation_state") == "Trusted",
        "tool": _tool(manifest),
        "actions": _texts(action.get("action") for action in actions),
        "sources": _texts(str(action.get("digitalSourceType") or "").rpartition("/")[2] for action in actions),
        "problems": _texts(code for code in failed if code != UNTRUSTED),
    }


def _tool(manifest: dict[str, Any]) -> str | None:
    """The program or camera that made the claim: name and version."""
    info = _as_list(manifest.get("claim_generator_info"))
    first = _as_dict(info[0]) if info else {}
    named = " ".join(str(first[part]) for part in ("name", "version") if isinstance(first.get(part), str))
    return _text(named) or _text(manifest.get("claim_generator"))


def _texts(values: Any) -> list[str]:
    """Each once, in their order."""
    texts = [text for text in map(_text, values) if text is not None]
    return list(dict.fromkeys(texts))[:MOST]


def _text(value: Any) -> str | None:
    """One line without control characters, or None."""
    if not isinstance(value, str):
        return None
    return "".join(one if one.isprintable() else " " for one in value[:LONGEST]).strip() or None


def _as_dict(value: Any) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
