"""What is measured still runs: the rules of the log change, and a workload that they set aside would measure something else."""

import json

import pytest

from tests.bench import sync
from tests.bench.logs import write_audit
from tests.bench.node import build
from tests.devices import new_audit, verdicts


@pytest.mark.slow
def test_three_tablets_of_the_workload_agree_and_nothing_is_set_aside(tmp_path):
    build()
    steps = json.loads(sync.same_shape(tmp_path / "whole.json", 1).read_text())
    some = tmp_path / "some.json"
    some.write_text(json.dumps(steps[:60]))
    assert sync.session(some, through_proxy=False)["operations"] > 60


def test_a_long_audit_counts_from_end_to_end(lena):
    device = new_audit(lena)
    write_audit(device, 40)
    assert {said["verdict"] for said in verdicts(device.push())} == {"stored"}
