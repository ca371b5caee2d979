"""Files in an S3-compatible store; needs `django-storages[s3]`, and is imported only where a bucket is set."""

from typing import Any

from botocore.config import Config
from storages.backends.s3 import S3Storage


class Bucket(S3Storage):  # type: ignore[misc]
    """One bucket. A store that is silent holds nobody's page for minutes."""

    def __init__(self, **settings: Any) -> None:
        patience = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
        super().__init__(client_config=patience, **settings)
