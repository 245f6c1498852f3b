"""Signatures of the demonstration: strokes as the pad gives them."""

from server.demo.handwriting import signature


def test_the_same_name_on_the_same_occasion_gives_the_same_strokes_and_each_person_writes_differently():
    lena = signature("Lena Brandt", "stage-1")
    assert lena == signature("Lena Brandt", "stage-1")
    assert lena != signature("Lena Brandt", "stage-2")
    assert lena != signature("Thomas Reiter", "stage-1")


def test_points_stay_on_the_pad_and_time_runs_forward():
    for name in ("Lena Brandt", "Thomas Reiter"):
        points = [point for stroke in signature(name, "stage-2") for point in stroke["points"]]
        assert all(0 <= x <= 1000 and 0 <= y <= 400 for x, y, _ in points)
        times = [at for _, _, at in points]
        assert times == sorted(times)
        assert max(x for x, _, _ in points) > 500
