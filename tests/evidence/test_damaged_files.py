"""
Files that were damaged at random, each from its seed: sent, kept and decoded as far as that goes, and nothing falls over.

A few are ordinary tests; `FUZZ_CASES=5000` makes it many, `FUZZ_START` begins at another seed.
"""

import os
import random
from collections import Counter
from hashlib import sha256

import pytest
from PIL import Image

from server.config import Config
from server.evidence.decode import Reason
from server.evidence.derivatives import LONG_EDGE, report_picture
from server.storage.evidence_store import EvidenceFiles
from tests.devices import new_audit
from tests.evidence.pictures import as_file, corpus, lies, quartered
from tests.evidence.sending import announce, append, key_of, known

pytestmark = pytest.mark.slow

CASES, START = int(os.environ.get("FUZZ_CASES", "12")), int(os.environ.get("FUZZ_START", "1"))
SMALL = 150_000
"""Bytes. What a large file does when it is damaged, a small one does as well, and sooner."""
FORESEEN = {Reason.NOT_A_PICTURE, Reason.DAMAGED, Reason.TOO_MANY_PIXELS, Reason.TOO_MUCH_MEMORY, Reason.TOO_SLOW}


def sound_files() -> list[bytes]:
    """In each format, and the small ones of the corpus where it is given."""
    turned = Image.Exif()
    turned[0x0112] = 6
    picture = quartered()
    made = [
        as_file(picture, "JPEG", exif=turned),
        as_file(picture, "JPEG", progressive=True),
        as_file(quartered(mode="CMYK"), "JPEG"),
        as_file(picture, "PNG", exif=turned),
        as_file(quartered(mode="P"), "PNG"),
        as_file(picture, "WEBP", exif=turned),
        as_file(picture, "HEIF", exif=turned),
    ]
    return made + [path.read_bytes() for path in corpus().values() if path.stat().st_size <= SMALL]


def damaged(sound: bytes, chance: random.Random) -> bytes:
    """Bytes changed, left out, put in, or the end cut off; half of the time where the headers are."""
    data = bytearray(sound)
    end = len(data) if chance.random() < 0.5 else min(len(data), 2048)
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        place = chance.randrange(end)
        match chance.choice(("flip", "flip", "set", "drop", "insert", "repeat")):
            case "flip":
                data[place] ^= 1 << chance.randrange(8)
            case "set":
                data[place] = chance.choice((0x00, 0x7F, 0x80, 0xFF))
            case "drop":
                del data[place : place + chance.randrange(1, 9)]
            case "insert":
                data[place:place] = chance.randbytes(chance.randrange(1, 9))
            case "repeat":
                data[place:place] = data[place : place + chance.randrange(1, 65)]
        end = min(end, len(data))
    if chance.random() < 0.25:
        del data[chance.randrange(len(data)) :]
    return bytes(data)


def test_whatever_happened_to_a_file_it_is_kept_and_nothing_falls_over(lena, app):
    config: Config = app.config["AUDITBOOK"]
    files, device = EvidenceFiles(config), new_audit(lena)
    device.push()
    sound, ended = sound_files(), Counter[str]()
    for seed in range(START, START + CASES):
        chance = random.Random(seed)
        data = damaged(chance.choice(sound), chance)
        digest = sha256(data).hexdigest()
        key = key_of(device, digest)
        created = announce(device, data)
        assert created.status_code == 201, seed
        if data:
            assert append(device, created.headers["Location"], 0, data).status_code == 204, seed
        assert known(device, digest) == [digest], seed
        made = report_picture(files, key)
        ended[str(made.reason)] += 1
        if made.name is None:
            assert made.reason in FORESEEN, f"seed {seed}: {made.reason}"
        else:
            with Image.open(lies(files, made), formats=("JPEG",)) as picture:
                picture.load()
                assert picture.mode == "RGB" and max(picture.size) <= LONG_EDGE, seed
        assert b"".join(files.blobs.chunks(key)) == data, seed
        files.blobs.delete(key)
    print(f"\n{CASES} cases from seed {START}: {dict(ended.most_common())}")  # noqa: T201
