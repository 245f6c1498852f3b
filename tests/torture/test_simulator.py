"""A few of the stories that `make torture` tells by the thousand."""

import pytest
from flask import Flask

from tests.torture.simulator import tell


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_whatever_happens_nothing_is_lost_and_everybody_sees_the_same(app: Flask, tmp_path, seed):
    told = tell(app, tmp_path, seed)
    assert told.broken == []
