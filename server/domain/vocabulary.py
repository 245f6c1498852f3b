"""
The words of the field, as enumerations. One spelling from table to screen.

Sources: ISO 9000:2015 and ISO 19011:2026 for the terms, ISO/IEC 17021-1:2015 for grades, roles and audit types.
The values are part of the wire contract: once released, a value is never renamed.
"""

from enum import StrEnum


class AuditType(StrEnum):
    GAP_ANALYSIS = "gap_analysis"
    INTERNAL = "internal"
    PRE_ASSESSMENT = "pre_assessment"
    STAGE_1 = "stage_1"
    STAGE_2 = "stage_2"
    SURVEILLANCE = "surveillance"
    RECERTIFICATION = "recertification"
    SPECIAL = "special"
    SUPPLIER = "supplier"


class FindingGrade(StrEnum):
    """ISO/IEC 17021-1:2015, 3.11 to 3.13 and 9.4.5; `AREA_OF_CONCERN` belongs to stage 1 alone (9.3.1.2)."""

    MAJOR_NONCONFORMITY = "major_nonconformity"
    MINOR_NONCONFORMITY = "minor_nonconformity"
    OPPORTUNITY_FOR_IMPROVEMENT = "opportunity_for_improvement"
    POSITIVE = "positive"
    AREA_OF_CONCERN = "area_of_concern"


class JudgementResult(StrEnum):
    """What one auditor says of one criterion in one process, site and shift. `finding` is said by a finding, not here."""

    CONFORMS = "conforms"
    NOT_SEEN = "not_seen"
    NOT_PLANNED = "not_planned"
    NOT_APPLICABLE = "not_applicable"


class TeamRole(StrEnum):
    """ISO/IEC 17021-1:2015, 3.8 to 3.10 and 9.2.2: who goes along, and as what."""

    AUDIT_TEAM_LEADER = "audit_team_leader"
    AUDITOR = "auditor"
    AUDITOR_IN_TRAINING = "auditor_in_training"
    TECHNICAL_EXPERT = "technical_expert"
    INTERPRETER = "interpreter"
    OBSERVER = "observer"


class WorkspaceKind(StrEnum):
    """The two sides of the wall between advising and certifying (ISO/IEC 17021-1:2015, 5.2.5 to 5.2.9)."""

    CERTIFICATION_BODY = "certification_body"
    AUDIT_CLIENT = "audit_client"


class Role(StrEnum):
    """What an account may do in a workspace. What a person is in one audit team is `TeamRole`."""

    ADMINISTRATOR = "administrator"
    PROGRAMME_MANAGER = "programme_manager"
    LEAD_AUDITOR = "lead_auditor"
    AUDITOR = "auditor"
    TECHNICAL_REVIEWER = "technical_reviewer"
    QUALITY_MANAGER = "quality_manager"
    READER = "reader"


class EvidenceKind(StrEnum):
    """A document is seen and a record is sampled: what is the client's is named, and stays where it is."""

    PHOTO = "photo"
    FILE = "file"
    DOCUMENT = "document"
    RECORD = "record"
    INTERVIEW = "interview"
    OBSERVATION = "observation"
    VOICE_NOTE = "voice_note"
    DRAWING = "drawing"


class EvidenceMethod(StrEnum):
    """How audit evidence was collected (ISO 19011, 6.4: interviews, observation, review of documented information)."""

    DOCUMENTATION = "documentation"
    INTERVIEW = "interview"
    OBSERVATION = "observation"


class PhotoPolicy(StrEnum):
    """Whether photos may be taken in an area of the auditee."""

    ALLOWED = "allowed"
    ASK = "ask"
    FORBIDDEN = "forbidden"


class PositionUse(StrEnum):
    """Whether evidence of an audit says where on earth the tablet was. Nothing of it leaves the team unless the audit says so."""

    OFF = "off"
    KEPT = "kept"
    IN_REPORT = "in_report"


class AnnotationKind(StrEnum):
    """What is drawn on a photo. `REDACT` covers what is nobody's business: a face, a badge, a screen."""

    ARROW = "arrow"
    BOX = "box"
    PEN = "pen"
    TEXT = "text"
    REDACT = "redact"


class AnnotationColour(StrEnum):
    """Each has an edge of the other tone, so that it is seen on any ground, in the sun, and in black and white."""

    RED = "red"
    YELLOW = "yellow"
    BLUE = "blue"
    BLACK = "black"


class EvidenceSource(StrEnum):
    """Where the bytes came from; recorded by the app, never read from the file."""

    CAMERA_STILL = "camera_still"
    CAMERA_FRAME = "camera_frame"
    SYSTEM_CAMERA = "system_camera"
    FILE = "file"
    MICROPHONE = "microphone"


class RecordingEnd(StrEnum):
    """How a voice note came to its end. `RECOVERED`: the browser was gone, and what had been kept until then was found at its next start."""

    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    RECOVERED = "recovered"


class SlotState(StrEnum):
    PLANNED = "planned"
    DONE = "done"
    NOT_HELD = "not_held"


class SealPurpose(StrEnum):
    """A seal under a closing record is none under a report."""

    CLOSING = "closing"
    REPORT = "report"


class SigningParty(StrEnum):
    AUDIT_TEAM_LEADER = "audit_team_leader"
    AUDITEE_REPRESENTATIVE = "auditee_representative"


class SigningOutcome(StrEnum):
    """None of them blocks sealing."""

    SIGNED = "signed"
    DECLINED = "declined"
    ABSENT = "absent"
    REMOTE = "remote"


class Acknowledgement(StrEnum):
    """The auditee's word on one finding at the closing meeting (ISO/IEC 17021-1:2015, 9.4.7.3)."""

    ACKNOWLEDGED = "acknowledged"
    DISSENT = "dissent"


class FollowUpResult(StrEnum):
    EFFECTIVE = "effective"
    NOT_EFFECTIVE = "not_effective"
    NOT_VERIFIED = "not_verified"


class RecommendationOutcome(StrEnum):
    """The team recommends, the certification body decides (ISO/IEC 17021-1:2015, 9.4.8.2 p)."""

    RECOMMENDED = "recommended"
    RECOMMENDED_AFTER_CLOSURE = "recommended_after_closure"
    NOT_RECOMMENDED = "not_recommended"


class OperationKind(StrEnum):
    ADD = "add"
    SET = "set"
    DELETE = "del"
    RESOLVE = "resolve"
    SEAL = "seal"
    VERDICT = "verdict"
    ERASURE = "erasure"
    ISSUANCE = "issuance"
    """A report was issued from the sealed record whose seal it speaks of."""


ON_OPERATIONS = frozenset({OperationKind.VERDICT, OperationKind.ERASURE, OperationKind.ISSUANCE})
"""What the server alone writes: these speak of an operation (`ent` is `operation/<digest>`), not of the audit."""


class Origin(StrEnum):
    """
    Who appended an entry to the log: a device pushed it, or the server wrote it. Never read from the bytes, which could
    claim it, but part of the running hash.
    """

    DEVICE = "device"
    SERVER = "server"
