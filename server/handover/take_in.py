"""
Take in what an opened file holds: batches as if a colleague had brought them (`server/sync/carry.py`), then the photos.

Everything may come any number of times. The log in the file is the server's own, which has it: it serves only to put entries right
whose bytes have rotted on the server's disk.
"""

import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from server.database import SERVER, reading
from server.domain.operation import ChainKey
from server.domain.refusals import Refusal, Refused
from server.evidence.bring import bring_evidence
from server.handover.read import GivenAudit, Handover
from server.storage import accounts
from server.storage.evidence_store import EvidenceFiles
from server.sync.carry import bring_by_hand, is_known
from server.sync.push import Batch
from server.sync.put_right import put_right_from_copy

_AT_ONCE = 500
"""Entries of a log in one transaction."""


@dataclass(slots=True)
class Taken:
    """What became of one audit in the file."""

    audit: str
    title: str | None
    new: int = 0
    known: int = 0
    quarantined: Counter[str] = field(default_factory=Counter)
    """How many went to quarantine, by code."""
    refused: Counter[str] = field(default_factory=Counter)
    """How many were not taken, by code: they are in the file alone."""
    put_right: list[int] = field(default_factory=list)
    """The numbers of entries that had rotted here."""
    sentences: dict[str, str] = field(default_factory=dict)
    """Of each code the sentence, with the facts of the first."""
    vouched: int = 0
    """Of the new ones those of tablets that were unknown here, taken in on the word of whoever runs the server."""
    photos: int = 0
    photos_known: int = 0
    photos_refused: int = 0


def take_in(handover: Handover, files: EvidenceFiles, vouch_for: str | None = None) -> list[Taken]:
    """
    All of it, audit by audit. `vouch_for`: whoever runs the server says that what unknown tablets wrote under the account with this
    address is that person's own. Raises Refused where nobody has it; nothing is taken in then.
    """
    account = None if vouch_for is None else _account_of(vouch_for)
    taken = []
    for audit in handover.audits:
        done = Taken(audit.id, audit.title)
        # First of all: what is brought may be judged by what stands in the log.
        if audit.has_log:
            _put_log_right(handover, audit, done)
        _take_batches(handover, audit, done, account)
        _take_photos(handover, audit, files, done)
        taken.append(done)
    return taken


def _put_log_right(handover: Handover, audit: GivenAudit, done: Taken) -> None:
    copies = handover.copies_in_log(audit.id)
    while some := list(itertools.islice(copies, _AT_ONCE)):
        done.put_right += put_right_from_copy(audit.id, some)


def _account_of(email: str) -> str:
    with reading(SERVER) as session:
        found = accounts.account_by_email(session, email)
    if found is None:
        raise Refused(Refusal("handover.nobodys", {"email": email}))
    return found.id


def _take_batches(handover: Handover, audit: GivenAudit, done: Taken, vouched_account: str | None) -> None:
    strange = {chain for chain, _ in audit.batches if not is_known(chain)}
    for chain, given in audit.batches:
        operations = given["operations"]
        try:
            answer = bring_by_hand(chain, _batch(chain, given), vouched_account, handover.key_of(chain))
        except Refused as refused:
            done.refused[refused.refusal.code] += len(operations)
            done.sentences.setdefault(refused.refusal.code, refused.refusal.sentence)
            continue
        duplicates = sum(verdict.verdict == "duplicate" for verdict in answer.verdicts)
        aside = [verdict.reason for verdict in answer.verdicts if verdict.verdict != "duplicate" and verdict.reason]
        done.known += duplicates
        done.new += len(operations) - duplicates - len(aside)
        if chain in strange and chain.account == vouched_account:
            done.vouched += len(operations) - duplicates - len(aside)
        for reason in aside:
            done.quarantined[reason.code] += 1
            done.sentences.setdefault(reason.code, reason.sentence)


def _batch(chain: ChainKey, given: dict[str, Any]) -> Batch:
    announced = given["announced"]
    return Batch(chain.audit, announced["dseq"], announced["digest"], given["head_signature"], given["operations"])


def _take_photos(handover: Handover, audit: GivenAudit, files: EvidenceFiles, done: Taken) -> None:
    for one in handover.evidence:
        if one.audit != audit.id:
            continue
        try:
            is_new = bring_evidence(files, one.audit, one.sha256, one.size, one.media_type, handover.chunks(one.sha256))
        except Refused:
            done.photos_refused += 1
            continue
        done.photos += is_new
        done.photos_known += not is_new
