"""Sign a laid-out report: the places that layout found, the stamp in the report's own words and fonts, the key from sealing/."""

from datetime import datetime

from server.reports.parts import ReportContent
from server.reports.render import Rendered, instant_of, render_stamp, stamp_text
from server.reports.wording import Words
from server.sealing import pades
from server.sealing.pades import RELEASE_FIELD, TEAM_LEADER_FIELD, Signed, Signer, StampFacts

FIELDS = (TEAM_LEADER_FIELD, RELEASE_FIELD)


def certify_report(rendered: Rendered, content: ReportContent, signer: Signer, signed_at: datetime) -> Signed:
    """The audit team leader's signature. Afterwards only the field for the release can be filled."""
    places = {name: pades.Place(place.page, place.box) for name, place in rendered.places.items()}
    return pades.certify(
        rendered.pdf,
        signer,
        places,
        reason=content.signatures.reason,
        signed_at=signed_at,
        stamp=lambda facts: _stamp(content, facts, is_release=False),
    )


def release_report(pdf: bytes, content: ReportContent, signer: Signer, signed_at: datetime) -> Signed:
    """The certification body's signature under a report that was certified before."""
    return pades.release(
        pdf,
        signer,
        reason=content.signatures.release_reason,
        signed_at=signed_at,
        stamp=lambda facts: _stamp(content, facts, is_release=True),
    )


def _stamp(content: ReportContent, facts: StampFacts, *, is_release: bool) -> bytes:
    words = Words(content.language, content.zone)
    text = stamp_text(
        content.stamp,
        is_release=is_release,
        signer=facts.signer,
        at=words.instant(instant_of(facts.signed_at)),
        level=facts.level,
        has_timestamp=facts.level != "B-B",
        is_for_development=facts.is_for_development,
        sha256=content.report_sha256,
    )
    return render_stamp(text, facts.width, facts.height)
