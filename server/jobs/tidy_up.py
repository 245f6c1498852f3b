"""What nobody asks for and has to happen now and then: uploads that lead nowhere, and withdrawn files that a store did not let go."""

import structlog

from server.config import Config
from server.database import SERVER, unit_of_work
from server.evidence.upload import expire_uploads
from server.storage import erasures
from server.storage.evidence_store import EvidenceFiles

log = structlog.get_logger()


def tidy_up(config: Config) -> None:
    """To be called with an app context. Twice does no harm."""
    expired = expire_uploads(EvidenceFiles(config))
    with unit_of_work(SERVER) as session:
        erasures.remove_withdrawn_files(session)
    log.info("tidied up", expired_uploads=expired)
