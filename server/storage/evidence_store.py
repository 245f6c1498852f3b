"""Where evidence lies: whole files in a store, those on their way on the server's own disk."""

from server.config import Config
from server.storage.blobs import BlobStore
from server.storage.disk_blobs import DiskBlobs
from server.storage.s3_blobs import S3Blobs
from server.storage.upload_files import UploadFiles


class EvidenceFiles:
    """Both, as the settings have it."""

    def __init__(self, config: Config):
        self.blobs: BlobStore = S3Blobs(config) if config.s3_bucket else DiskBlobs(config.data_folder / "evidence")
        self.uploads = UploadFiles(config.data_folder / "uploads")
