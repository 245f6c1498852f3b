"""Logs of any length, as an audit writes them: findings and notes that are edited again and again."""

import random

from server.storage.identifiers import new_id
from tests.devices import Device

WORDS = (
    "label missing on drum near bay door record signed by supervisor calibration overdue sample taken from line".split()
)
FIELDS = ("title", "requirement", "failure", "objective_evidence", "grade_reason")


def write_audit(device: Device, count: int) -> None:
    """`count` further operations: one in eight brings a finding into the world, the others write its fields, some of them anew."""
    chance = random.Random(count)
    findings: list[str] = []
    for number in range(count):
        if number % 8 == 0:
            findings.append(f"finding/{new_id()}")
            device.add(findings[-1], raised_at="2026-11-24T09:41:07.250Z", raised_by=device.person.account)
            continue
        text = " ".join(chance.choices(WORDS, k=chance.randrange(3, 18)))
        device.set(chance.choice(findings[-20:]), chance.choice(FIELDS), text)
