"""
Read a file that was encrypted by age with a passphrase, as a stream: age-encryption.org/v1, recipient `scrypt`, STREAM over
ChaCha20-Poly1305 in parts of 64 KiB. The specification is https://c2sp.org/age.

pyrage, the usual binding, decrypts with a passphrase only in memory, and such a file may hold gigabytes of photos.
"""

import base64
import binascii
import re
from typing import BinaryIO

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from server.domain.refusals import Refusal, Refused

_HEADER = re.compile(
    rb"(age-encryption\.org/v1\n"
    rb"-> scrypt (?P<salt>[A-Za-z0-9+/]{22}) (?P<work>[1-9][0-9]?)\n"
    rb"(?P<body>[A-Za-z0-9+/]{43})\n"
    rb"---) (?P<mac>[A-Za-z0-9+/]{43})\n"
)
_LONGEST_HEADER = 400
MOST_WORK = 18
"""2^18 rounds are 256 MiB of memory, which age itself takes; a file that wants more is not one of ours."""
_NONCE = 16
_PART = 64 * 1024
_TAG = 16


def decrypt(source: BinaryIO, target: BinaryIO, passphrase: str) -> int:
    """
    Write what is inside to `target`; the number of bytes. `source` must be seekable.

    Raises `Refused`: `handover.not_a_handover` where it is no such file, `handover.wrong_passphrase`, and `handover.damaged` where a
    part is not what was written, or the end lacks.
    """
    start = source.read(_LONGEST_HEADER)
    header = _HEADER.match(start)
    if header is None or int(header["work"]) > MOST_WORK:
        raise Refused(Refusal("handover.not_a_handover"))
    file_key = _file_key(header, passphrase)
    source.seek(header.end())
    nonce = source.read(_NONCE)
    if len(nonce) < _NONCE:
        raise Refused(Refusal("handover.damaged"))
    return _decrypt_parts(source, target, ChaCha20Poly1305(_derived(file_key, nonce, b"payload")))


def _file_key(header: re.Match[bytes], passphrase: str) -> bytes:
    salt = b"age-encryption.org/v1/scrypt" + _decoded(header["salt"])
    key = Scrypt(salt=salt, length=32, n=2 ** int(header["work"]), r=8, p=1).derive(passphrase.encode())
    try:
        file_key = ChaCha20Poly1305(key).decrypt(bytes(12), _decoded(header["body"]), None)
        check = hmac.HMAC(_derived(file_key, b"", b"header"), hashes.SHA256())
        check.update(header[1])
        check.verify(_decoded(header["mac"]))
    except (InvalidTag, InvalidSignature) as problem:
        raise Refused(Refusal("handover.wrong_passphrase")) from problem
    return file_key


def _decrypt_parts(source: BinaryIO, target: BinaryIO, cipher: ChaCha20Poly1305) -> int:
    written, number = 0, 0
    part = source.read(_PART + _TAG)
    while True:
        following = source.read(_PART + _TAG)
        is_last = not following
        try:
            plain = cipher.decrypt(number.to_bytes(11, "big") + bytes([is_last]), part, None)
        except InvalidTag as problem:
            raise Refused(Refusal("handover.damaged")) from problem
        if is_last and not plain and number:
            raise Refused(Refusal("handover.damaged"))
        written += target.write(plain)
        if is_last:
            return written
        part, number = following, number + 1


def _derived(key: bytes, salt: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt or None, info=purpose).derive(key)


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error as problem:
        raise Refused(Refusal("handover.not_a_handover")) from problem
