"""The chain of custody of one file of evidence, as far as the server alone knows it."""

from typing import Any
from uuid import UUID

from flask import current_app

from schemas.base import sha256_hex
from schemas.chain import ChainOfCustodySchema
from server.config import Config
from server.evidence.chain import Chain, chain_of
from server.evidence.upload import Sender
from server.storage.clock import as_instant
from server.storage.evidence_store import EvidenceFiles
from server.web.blueprint import Blueprint
from server.web.security import current_account

blueprint = Blueprint("chain", __name__, url_prefix="/api", description="Where evidence has been.")


@blueprint.get("/audits/<uuid:audit>/evidence/<sha256>/chain")
@blueprint.response(200, ChainOfCustodySchema)
def get_chain(audit: UUID, sha256: str) -> dict[str, Any]:
    """Who sent it, since when it is held, what was made of it, who was handed it, and its content credentials."""
    config: Config = current_app.config["AUDITBOOK"]
    signed_in = current_account()
    reader = Sender(signed_in.account, signed_in.roles)
    files = EvidenceFiles(config)
    return _shown(chain_of(files, reader, str(audit), sha256_hex().deserialize(sha256)))


def _shown(chain: Chain) -> dict[str, Any]:
    stored = chain.stored
    return {
        "sha256": chain.sha256,
        "is_withdrawn": chain.is_withdrawn,
        "stored": stored
        and {
            "verified_at": as_instant(stored.verified_at),
            "size": stored.size,
            "is_backed_up": stored.is_backed_up,
        },
        "sendings": [
            {
                "account": one.account,
                "began_at": as_instant(one.began_at),
                "arrived_at": as_instant(one.arrived_at),
            }
            for one in chain.sendings
        ],
        "pictures": chain.pictures,
        "openings": [{"account": one.account, "at": as_instant(one.at)} for one in chain.openings],
        "credentials": chain.credentials,
        "names": chain.names,
    }
