"""S3 when it goes wrong: a wrong bucket or key, nobody there, a line that breaks or changes bytes. Refused with a word, and nothing half there counts."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from server.config import Config
from server.domain.refusals import Refused
from server.storage.blobs import BlobKey
from server.storage.identifiers import new_id
from server.storage.s3_blobs import S3Blobs
from tests.e2e.serving import free_port
from tests.links import Fault, Link
from tests.objects import READER, READERS_SECRET, SECRET, Objects

pytestmark = pytest.mark.slow

DATA = os.urandom(300_000)
KEY = BlobKey(new_id(), new_id(), hashlib.sha256(DATA).hexdigest())
VERBS: dict[str, Callable[[S3Blobs], object]] = {
    "probe": lambda blobs: blobs.probe(),
    "exists": lambda blobs: blobs.exists(KEY),
    "size": lambda blobs: blobs.size(KEY),
    "read": lambda blobs: list(blobs.chunks(KEY)),
    "held": lambda blobs: blobs.held(KEY.workspace, KEY.audit),
    "audits": lambda blobs: list(blobs.audits()),
    "beside": lambda blobs: blobs.read_beside(KEY, "report.jpg"),
    "remains": lambda blobs: blobs.remains(KEY),
    "delete": lambda blobs: blobs.delete(KEY),
}


@pytest.fixture
def config(objects: Objects, tmp_path: Path) -> Config:
    return objects.settings(Config(data=str(tmp_path / "data")))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "arriving"
    path.write_bytes(DATA)
    return path


def through(link: Link, config: Config) -> Config:
    return replace(config, s3_endpoint=link.address)


def port_of(objects: Objects) -> int:
    return urlsplit(objects.endpoint).port or 0


def refusal_of(do: Callable[[], object]) -> tuple[str, dict[str, object]]:
    with pytest.raises(Refused) as refused:
        do()
    # What it was made of names the request; the person is told neither that nor a key.
    assert refused.value.__suppress_context__
    assert SECRET not in refused.value.refusal.sentence
    return refused.value.refusal.code, dict(refused.value.refusal.facts)


@pytest.mark.parametrize("verb", VERBS)
def test_where_nobody_answers_nothing_is_taken_for_gone(config, verb):
    blobs = S3Blobs(replace(config, s3_endpoint=f"http://127.0.0.1:{free_port()}"))
    assert refusal_of(lambda: VERBS[verb](blobs)) == ("server.store_unreachable", {})


@pytest.mark.parametrize("verb", ["probe", "exists", "read", "held", "delete"])
@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"s3_secret_access_key": "another"}, "SignatureDoesNotMatch"),
        ({"s3_access_key_id": "nobody"}, "InvalidAccessKeyId"),
    ],
    ids=["secret", "key"],
)
def test_a_wrong_key_is_refused_by_name(config, verb, wrong, why):
    code, facts = refusal_of(lambda: VERBS[verb](S3Blobs(replace(config, **wrong))))
    assert code == "server.store_refuses"
    # An answer to HEAD has no body.
    assert facts["why"] in (why, "PermissionDenied")


def test_a_wrong_bucket_is_refused_by_name(config, source):
    blobs = S3Blobs(replace(config, s3_bucket="another-bucket"))
    for do in (blobs.probe, lambda: blobs.held(KEY.workspace, KEY.audit), lambda: blobs.put(KEY, source)):
        assert refusal_of(do) == ("server.store_refuses", {"why": "NoSuchBucket"})
    assert source.read_bytes() == DATA


def test_a_key_that_may_only_read_is_found_out_at_once(config, source):
    blobs = S3Blobs(replace(config, s3_access_key_id=READER, s3_secret_access_key=READERS_SECRET))
    assert not blobs.exists(KEY)
    for do in (blobs.probe, lambda: blobs.put(KEY, source)):
        assert refusal_of(do) == ("server.store_refuses", {"why": "AccessDenied"})
    assert source.read_bytes() == DATA


def test_bytes_that_change_on_their_way_do_not_count(objects, config, source):
    def change(data: bytes) -> bytes:
        """One bit in the middle of whatever is not the head of a request."""
        middle = len(data) // 2
        is_head = b"HTTP/1.1" in data
        return data if is_head else data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]

    with Link(port_of(objects), change=change) as link:
        code, _ = refusal_of(lambda: S3Blobs(through(link, config)).put(KEY, source))
    assert code in ("server.store_refuses", "server.store_unreachable")
    assert not S3Blobs(config).remains(KEY)
    assert source.read_bytes() == DATA


@pytest.mark.parametrize("how", ["closed", "reset"])
def test_a_line_that_breaks_once_is_tried_again(objects, config, source, how):
    with Link(port_of(objects), [Fault(how, 150_000)]) as link:
        S3Blobs(through(link, config)).put(KEY, source)
        assert link.happened == [how]
    assert b"".join(S3Blobs(config).chunks(KEY)) == DATA


def test_a_line_that_goes_on_breaking_leaves_nothing_that_counts(objects, config, source):
    with Link(port_of(objects), [Fault("reset", 150_000)] * 10) as link:
        assert refusal_of(lambda: S3Blobs(through(link, config)).put(KEY, source))[0] == "server.store_unreachable"
    blobs = S3Blobs(config)
    assert not blobs.remains(KEY)
    assert source.read_bytes() == DATA
    blobs.put(KEY, source)
    assert b"".join(blobs.chunks(KEY)) == DATA


def test_neither_settings_nor_log_show_a_secret(config, capsys, caplog):
    wrong = replace(config, s3_secret_access_key="another-secret", smtp_password="of the mail server")
    refusal_of(S3Blobs(wrong).probe)
    said = capsys.readouterr()
    everything = f"{said.out}{said.err}{caplog.text}{wrong!r}"
    assert "SignatureDoesNotMatch" in everything
    assert not [secret for secret in ("another-secret", "of the mail server", SECRET) if secret in everything]
