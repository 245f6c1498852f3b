"""Who serves says so, so that no backup is put back under a running server."""

from server.config import Config
from server.storage import in_use
from server.upkeep.problem import CannotBeDone


def hold_for_serving(config: Config) -> None:
    """To be called before a server or a worker begins, for as long as its process lives. Raises CannotBeDone."""
    if in_use.is_restore_unfinished(config.data_folder):
        raise CannotBeDone("A backup was put back here, and no new epoch has begun. Run `auditbook restored` first.")
    if in_use.serve_from(config.data_folder) is None:
        raise CannotBeDone(f"A backup is being put back into {config.data_folder}. Start when that is done.")
