"""An age file around anything, as somebody who has the passphrase can make it; quick, where the app is slow by intent."""

import base64
import os

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt


def sealed(content: bytes, passphrase: str) -> bytes:
    """The age file around this content."""

    def text(raw: bytes) -> bytes:
        return base64.b64encode(raw).rstrip(b"=")

    def derived(key: bytes, salt: bytes | None, purpose: bytes) -> bytes:
        return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=purpose).derive(key)

    salt, file_key, nonce = os.urandom(16), os.urandom(16), os.urandom(16)
    key = Scrypt(salt=b"age-encryption.org/v1/scrypt" + salt, length=32, n=2**4, r=8, p=1).derive(passphrase.encode())
    body = ChaCha20Poly1305(key).encrypt(bytes(12), file_key, None)
    header = b"age-encryption.org/v1\n-> scrypt " + text(salt) + b" 4\n" + text(body) + b"\n---"
    mac = hmac.HMAC(derived(file_key, None, b"header"), hashes.SHA256())
    mac.update(header)
    cipher = ChaCha20Poly1305(derived(file_key, nonce, b"payload"))
    parts = [content[at : at + 65536] for at in range(0, len(content), 65536)] or [b""]
    payload = b"".join(
        cipher.encrypt(number.to_bytes(11, "big") + bytes([number == len(parts) - 1]), part, None)
        for number, part in enumerate(parts)
    )
    return header + b" " + text(mac.finalize()) + b"\n" + nonce + payload
