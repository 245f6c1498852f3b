"""Whatever a test of sync did to a log, the doctor finds nothing wrong with it."""

from collections.abc import Iterator

import pytest

from server.cli import _is_signed
from server.upkeep.examine import examine_logs

_OVER_A_DATABASE = {"app", "config", "cast", "lena", "database"}


@pytest.fixture(autouse=True)
def _sound_logs(request: pytest.FixtureRequest) -> Iterator[None]:
    if not _OVER_A_DATABASE & set(request.fixturenames):
        yield
        return
    request.getfixturevalue("app")
    yield
    assert [(one.log.name, one.complaints) for one in examine_logs(_is_signed) if one.complaints] == []
