"""
Every reason to say no: a stable code, a sentence that says what to do, and the facts that belong to it.

A refusal is a value, not an exception. web/problems.py turns it into HTTP; the tablet translates it by its code.
A code once released is never used again for something else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason from `SENTENCES` with its facts, which fill the places in the sentence."""

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.code not in SENTENCES:
            raise ValueError(f"{self.code} is not listed in refusals.py")

    @property
    def sentence(self) -> str:
        return SENTENCES[self.code].format_map(_Spoken(self.facts))


class Refused(Exception):
    """Carries a `Refusal` out of a transaction, so that the transaction is rolled back. Caught once, in web/problems.py."""

    def __init__(self, refusal: Refusal):
        super().__init__(refusal.code)
        self.refusal = refusal

    def __reduce__(self) -> tuple[type["Refused"], tuple[Refusal]]:
        """It goes from one process to another whole."""
        return type(self), (self.refusal,)


class _Spoken(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


SENTENCES: dict[str, str] = {
    # What a request may look like
    "request.malformed": "The request does not have the shape that this address expects: {why}. Please update the app and try again.",
    "request.too_large": "The request is larger than {limit} bytes. Send it in smaller parts.",
    "request.digest_mismatch": "What arrived is not what was sent: the checksum differs. Send it again.",
    "request.cross_site": "This request came from another site, so it was not carried out. Open Auditbook itself and try there.",
    "request.not_found": "There is nothing at this address, or it is not yours to see.",
    "request.method": "This address does not take {method} requests.",
    "request.media_type": "This address does not take {media_type}.",
    "request.too_many": "Too many attempts. Please wait {seconds} seconds and try again.",
    "request.stale": "Somebody else changed this in the meantime. Compare both versions and save again.",
    "request.needs_version": "Say which version you are changing (If-Match), so that nobody's work is overwritten.",
    "server.busy": "The server is busy. Nothing was lost; please try again in a moment.",
    "server.full": "The server has no room left. Nothing was lost: what you recorded stays on this tablet and is sent again. Tell whoever runs the server.",
    "server.store_unreachable": "The place where this server keeps photos and files does not answer. Nothing is lost: what is on this tablet stays there and is sent again.",
    "server.store_refuses": "The place where this server keeps photos and files refuses the server ({why}). Nothing is lost: what is on this tablet stays there and is sent again. Whoever runs the server has to look at its bucket and key.",
    "server.fault": "Something went wrong on our side. Nothing that you recorded is lost. Quote {reference} when you ask for help.",
    # Who is asking
    "account.sign_in_needed": "Please sign in again. Everything on this tablet is kept meanwhile.",
    "account.wrong_credentials": "Address and password do not fit together. Check both, or have a new password sent to you.",
    "account.not_permitted": "Your role in this workspace does not allow this. Ask {who} to do it or to give you the right.",
    "account.weak_password": "The password is shorter than {least} characters. Three or four unrelated words make a good one.",
    "account.token_spent": "This code is spent or too old. Ask for a new one.",
    "account.first_needs_address": "This code makes the first account here. Say that you are the first one, and write your address and your organization.",
    "account.address_taken": "There is an account with this address already. Sign in with it, or have a new password sent.",
    "account.installation_unknown": "This tablet is not enrolled for your account. Sign in on it once while the network is there.",
    "account.installation_revoked": "This tablet was blocked. What it sends is kept aside for the lead auditor; it receives nothing.",
    # What an operation may look like: reasons for quarantine, never for loss
    "envelope.too_large": "This entry is {bytes} bytes long; {limit} is the limit. It is kept, but not shown in the audit.",
    "envelope.not_plain_json": "This entry cannot be read ({why}). It is kept as it came, but not shown in the audit.",
    "envelope.not_an_object": "This entry cannot be read. It is kept as it came, but not shown in the audit.",
    "envelope.unknown_version": "This entry was written by a newer app (version {version}). It is kept and will be shown after the server's update.",
    "envelope.unknown_key": "This entry was written by a newer app (it says something about {key}). It is kept and will be shown after the server's update.",
    "envelope.malformed": "This entry is not complete ({key}). It is kept as it came, but not shown in the audit.",
    "operation.unknown_kind": "This entry is of a kind that the server does not know yet ({entity}.{field}). It is kept and will be shown after the server's update.",
    "operation.value_unfit": "The value of {entity}.{field} does not fit: {why}. It is kept; the lead auditor can correct it.",
    "operation.not_permitted": "The author had no right to change {entity}.{field} in this audit. It is kept; the lead auditor decides.",
    "operation.in_anothers_name": "This says something in the name of somebody else in the team ({entity}.{field}). It is kept; only that person can say it.",
    "operation.not_yours": "This entry names another author, tablet or audit than the one that sent it. It is kept, and counts as soon as its author's own tablet sends it; where that tablet is lost, its author takes the file in while signed in.",
    "operation.content_missing": "The content of this entry was erased before it came, and nobody here decided so. Its place is kept; it shows nothing.",
    "operation.already_born": "Something else with this number was recorded before, and what it began with never changes. Both are kept; the lead auditor decides.",
    "operation.servers_own": "This batch holds an entry of the server's own, which no tablet sends. Nothing of it was stored; leave that entry out and send the rest again.",
    "operation.reserved": "Only the server writes entries of this kind. It is kept, but not shown in the audit.",
    "operation.without_words": "A deletion and a seal hold no words, so there is nothing to erase in them. Erase what was deleted or sealed.",
    "operation.without_content": "This entry cannot be read, and no part of it can be taken out without breaking the proof of the log. It stays aside and is not shown in the audit.",
    "operation.damaged": "Entry {seq} of this audit is damaged on the server, so nothing of it can be erased yet. Whoever runs the server can put it right: with a file that a tablet of the team writes under Sync (`auditbook import`), or from a backup. Then erase it again.",
    "chain.forked": "This tablet sent two different entries under one number, as after a restored backup. Both are kept; the lead auditor decides.",
    "chain.prev_mismatch": "This entry does not follow on from the one before it. It is kept; the lead auditor decides.",
    "audit.not_assigned": "Its author is not in the team of this audit. It is kept; the lead auditor decides.",
    "audit.too_much_waiting": "{limit} of your entries are set aside in this audit already, and no more can wait there. Nothing is lost: the tablet keeps the rest and sends it once the audit team leader has put you into the team, or has let those that wait count.",
    # Sync as a whole
    "chain.gap": "The server has {expected} as the next number of this tablet, but {got} came first. The tablet sends from there.",
    "sync.epoch_changed": "The server was restored from a backup. The tablet sends again what the server lacks; nothing is lost.",
    "sync.cursor_ahead": "The tablet has seen more than this server holds. The tablet sends again what the server lacks; nothing is lost.",
    "sync.stretch_unproved": "What the tablet hands back is not what this server has signed. Nothing of it was taken in.",
    "sync.stretch_incomplete": "What the tablet hands back has a gap. Nothing of it was taken in; it is sent again from the gap on.",
    "sync.receipt_of_another_key": "What the tablet hands back was signed with another key than this server has. Nothing of it was taken in; ask whoever runs the server for its old key.",
    "sync.short_form": "An operation of the batch names another one by a place that is not there. Nothing of it was taken in; the tablet has to send it whole.",
    "sync.entry_damaged": "Entry {seq} of this audit is damaged on the server, so neither it nor what follows can be given out. What this tablet sends is taken, and nothing on it is lost. Please tell whoever runs the server.",
    "sync.protocol": "This app speaks sync version {got}, the server {expected}. Update the app; nothing is lost meanwhile.",
    # Taken out by hand
    "handover.not_a_handover": "This is no file that Auditbook has written to be taken out by hand. Choose another one.",
    "handover.other_version": "This file was written by an app of another version ({version}). Update the app here, then take it in again.",
    "handover.wrong_passphrase": "The passphrase does not fit this file. Type it exactly as the other tablet showed it.",
    "handover.damaged": "The file is damaged or not complete. Nothing of it was taken in; copy it once more, or write it anew on the other tablet.",
    "handover.unknown_tablet": "The server does not know the tablet that wrote this, and has no audit in which it could wait. Its author takes the file in on another tablet while signed in; or, if you know whose work it is, import it again with --vouch-for and that person's address.",
    "handover.nobodys": "Nobody has an account with the address {email}. Nothing was taken in; give the address with which the author signs in.",
    "handover.malformed": "The file does not say what it should ({where}). Nothing of it was taken in; write it anew on the other tablet.",
    # Evidence
    "evidence.hash_mismatch": "The file that arrived is not the one that was announced. The tablet still has it and sends it again.",
    "evidence.checksum_mismatch": "These bytes are not the ones that their checksum says. None of them was kept; send them again.",
    "evidence.checksum_unknown": "The checksum of an upload is sha1 or sha256, in base64.",
    "evidence.tus_version": "Uploads speak tus {version}.",
    "evidence.range": "The file has {size} bytes, and none of them was asked for.",
    "evidence.offset": "The upload stands at byte {offset}. It goes on from there.",
    "evidence.too_large": "The file is larger than {limit} bytes.",
    "evidence.not_stored": "The bytes of this evidence have not reached the server yet.",
    "evidence.withdrawn": "This evidence was withdrawn from the audit for good. Its file is not taken in any more; the tablet drops it.",
    "evidence.covered": "Parts of this photo are covered for privacy, so only the audit team leader and the programme manager may open the original, and each opening is noted. Ask one of them, or look at the annotated picture in the report.",
    "evidence.not_a_picture": "What goes ahead of a photo is a JPEG of at most {limit} bytes. The photo itself follows all the same.",
    "evidence.no_picture": "The server can make no picture of this file. The file itself is kept as it is.",
    "evidence.upload_gone": "This upload is not known here any more. The tablet starts it anew.",
    # Closing and report
    "closing.nonconformity_incomplete": "Finding {number} is a nonconformity and lacks: {missing}. Complete it before anything is sealed.",
    "closing.grade_missing": "Finding {number} has no grade yet.",
    "closing.conflict_open": "Two people wrote different things about {what}. Choose one before the closing record is sealed.",
    "closing.recommendation_missing": "The team's recommendation for {standard} is missing.",
    "closing.recommendation_outdated": "The team's recommendation for {standard} was given over other nonconformities than those that stand now (findings: {findings}). Confirm it, or recommend otherwise.",
    "closing.signature_missing": "Say for both parties whether they signed, declined or were absent.",
    "closing.record_outdated": "Something changed after the closing record was shown. Show it again before it is signed.",
    "closing.reason_missing": "Say why there is a new closing record. It stands in the record and in the report.",
    "closing.counts_still": "This is the closing record that counts, and it numbers the findings. Seal a new one in its place first; then it can be erased.",
    "report.closing_superseded": "This report rests on a closing record that another one has taken the place of. Synchronise, then seal the next revision of the report.",
    "report.closing_erased": "Words that the closing record shows were erased since it was sealed, so it is not printed. Make a new closing record without them, then seal the next revision of the report.",
    "report.catalogue_unknown": "A record names a catalogue of {standard} that neither this server nor this tablet has. Ask for the report on the tablet on which the record was sealed; if it is gone, seal the next revision, and a new closing record first if that one names it.",
    "report.catalogue_unfit": "What was sent is not the catalogue that a record names ({why}), so it is not kept.",
    "report.revision_taken": "Revision {revision} of the report was asked for from another tablet. Synchronise, then seal the next revision.",
    "report.not_the_next": "This report does not follow on the last one that was made (revision {revision}). Synchronise, then seal the next revision.",
    "report.content_erased": "Words that this report shows were erased since it was sealed, so it is not printed. Synchronise, then seal the next revision of the report.",
    "report.closing_seal_missing": "The closing meeting has not been sealed yet, so there is nothing to report on.",
    "report.reference_missing": "The audit has no reference yet, so the report has no number. Enter it in the set-up.",
    "report.content_missing": "The report lacks: {missing}.",
    "report.conflict_open": "Two people wrote different things about {what}. Choose one before the report is sealed.",
    "report.seal_does_not_match": "The sealed report does not agree with the audit as the server has it ({what}). Synchronise and seal it again.",
    "report.device_signature_invalid": "The tablet's signature under the seal does not verify, so no report was made.",
    "report.evidence_pending": "{count} pictures that belong in the report have not reached the server yet.",
    "report.script_unsupported": "The report cannot set text that runs from right to left yet (first: {letter}). Write it in another script, or attach the original as evidence.",
    "report.signing_unavailable": "The server cannot sign reports at the moment ({why}). Whoever runs the server has to repair that; then ask for the report again.",
    "report.recipient_missing": "The workspace has no address for reports yet. Enter it in the settings.",
}
