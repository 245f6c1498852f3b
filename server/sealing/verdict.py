"""What was found about a report: single checks, and the one sentence that has to be right when nobody reads on."""

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from server.sealing.development import DEVELOPMENT_MARK


class Weight(StrEnum):
    GOOD = "good"
    NOTE = "note"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: a stable code, how much it weighs, and the sentence a colleague would say."""

    code: str
    weight: Weight
    sentence: str


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature in the file. `authority` is trusted, unknown, development, expired, revoked or unsuitable."""

    field: str
    signer: str
    signed_at: str | None
    timestamp_at: str | None
    is_intact: bool
    authority: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything that was found. `is_intact` speaks of the file, `is_trusted` of the authority behind the signatures."""

    path: str
    is_readable: bool
    is_intact: bool
    is_trusted: bool
    is_trust_demanded: bool
    report: str | None
    revision: int | None
    signatures: tuple[Signature, ...]
    checks: tuple[Check, ...]

    @property
    def exit_code(self) -> int:
        if not self.is_readable:
            return 2
        return 0 if self.is_intact and (self.is_trusted or not self.is_trust_demanded) else 1

    @property
    def headline(self) -> str:
        """The one sentence that has to be right when nobody reads on."""
        if not self.is_readable:
            return "This file cannot be read as a signed report, so nothing can be said about it."
        if not self.is_intact:
            return "NOT INTACT. Do not rely on this file; ask the certification body for the report again."
        if any(DEVELOPMENT_MARK in signature.signer for signature in self.signatures):
            return "Intact, but signed with a key for trying out: it proves that nothing changed, not who signed."
        if self.is_trusted:
            return "Intact, and signed under an authority that you trust."
        if self.is_trust_demanded:
            return (
                "Intact, but NOT signed under the authority that you named. Do not take it for that authority's report."
            )
        return "Intact. Nothing changed since it was signed; who signed it is for you to judge (see the warnings)."

    def as_json(self) -> str:
        return json.dumps(
            asdict(self) | {"headline": self.headline, "exit_code": self.exit_code}, indent=2, ensure_ascii=False
        )


@dataclass(slots=True)
class Findings:
    checks: list[Check] = field(default_factory=list)

    def good(self, code: str, sentence: str) -> None:
        self.checks.append(Check(code, Weight.GOOD, sentence))

    def note(self, code: str, sentence: str) -> None:
        self.checks.append(Check(code, Weight.NOTE, sentence))

    def warn(self, code: str, sentence: str) -> None:
        self.checks.append(Check(code, Weight.WARNING, sentence))

    def broken(self, code: str, sentence: str) -> None:
        self.checks.append(Check(code, Weight.BROKEN, sentence))

    def expect(self, holds: bool, code: str, good: str, broken: str) -> None:
        if holds:
            self.good(code, good)
        else:
            self.broken(code, broken)
