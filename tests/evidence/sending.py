"""Evidence as a tablet names, announces, sends and asks for it, through the server's real routes."""

import base64
import hashlib
import os
from io import BytesIO

from server.storage.blobs import BlobKey
from server.storage.identifiers import new_id
from tests.devices import Device

PICTURE = os.urandom(200_000)
SHA256 = hashlib.sha256(PICTURE).hexdigest()


def announce(
    device: Device, data: bytes = PICTURE, sha256: str | None = None, person=None, length=None, media_type="image/jpeg"
):
    sha256 = sha256 or hashlib.sha256(data).hexdigest()
    metadata = {"sha256": sha256, "audit": device.audit, "media_type": media_type}
    return (person or device.person).post(
        "/api/evidence/uploads",
        headers={
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(len(data) if length is None else length),
            "Upload-Metadata": ",".join(
                f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in metadata.items()
            ),
        },
    )


def append(device: Device, address: str, offset: int, data: bytes, promised: int | None = None, person=None):
    return (person or device.person).api.patch(
        address,
        input_stream=BytesIO(data),
        headers={
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
        },
        environ_overrides={"CONTENT_LENGTH": str(len(data) if promised is None else promised)},
    )


def offset_of(device: Device, address: str, person=None) -> int:
    answer = (person or device.person).api.head(address, headers={"Tus-Resumable": "1.0.0"})
    assert answer.status_code == 204, answer.status_code
    assert answer.headers["Cache-Control"] == "no-store"
    return int(answer.headers["Upload-Offset"])


def known(device: Device, *hashes: str) -> list[str]:
    answer = device.person.post(f"/api/audits/{device.audit}/evidence/known", json={"sha256": list(hashes)})
    return answer.json["stored"]


def key_of(device: Device, sha256: str = SHA256) -> BlobKey:
    """Where the bytes lie on the server."""
    return BlobKey(device.person.workspace, device.audit, sha256)


def name_picture(device: Device, data: bytes = PICTURE, media_type: str = "image/jpeg") -> str:
    """Say in the log that there is such a picture. Its hash; no byte of it is sent."""
    sha256 = hashlib.sha256(data).hexdigest()
    device.add(
        f"evidence/{new_id()}",
        kind="photo",
        sha256=sha256,
        size=len(data),
        media_type=media_type,
        source="camera_still",
        captured_at="2026-11-24T09:41:07.250Z",
    )
    device.push()
    return sha256


def send(device: Device, data: bytes = PICTURE, media_type: str = "image/jpeg") -> None:
    """The bytes, in one go."""
    append(device, announce(device, data, media_type=media_type).headers["Location"], 0, data)


def bring(device: Device, data: bytes = PICTURE, media_type: str = "image/jpeg") -> str:
    sha256 = name_picture(device, data, media_type)
    send(device, data, media_type)
    return sha256
