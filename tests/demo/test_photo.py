"""The pictures of the demonstration: real JPEG files, the same each time, and small."""

import io

import pytest
from PIL import Image

from server.demo import photo


@pytest.mark.slow
def test_pictures_are_jpegs_of_a_camera_and_the_same_each_time():
    for draw in (lambda: photo.caliper("9 Sep"), photo.drum, photo.whiteboard, photo.furnace_chart, photo.wall_planner):
        data = draw()
        assert data == draw()
        assert len(data) < 200_000
        picture = Image.open(io.BytesIO(data))
        assert (picture.format, picture.size) == ("JPEG", photo.SIZE)


@pytest.mark.slow
def test_the_label_of_the_caliper_says_its_date():
    assert photo.caliper("9 Sep") != photo.caliper("10 Sep")
