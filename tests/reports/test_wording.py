"""The report's sentences: complete in every language, with the same facts in their places."""

import json
import re
from pathlib import Path
from string import Formatter

import pytest

from server.domain.vocabulary import (
    Acknowledgement,
    AuditType,
    EvidenceKind,
    FindingGrade,
    FollowUpResult,
    JudgementResult,
    RecommendationOutcome,
    SigningOutcome,
    SigningParty,
    TeamRole,
)
from server.reports.material import ReportState
from server.reports.wording import LANGUAGES, Words, catalogue
from server.sealing.seals import SealState

ROOT = Path(__file__).resolve().parents[2]
REPORTS = ROOT / "server" / "reports"
FAMILIES = {
    "type": AuditType,
    "grade": FindingGrade,
    "result": JudgementResult,
    "role": TeamRole,
    "outcome": RecommendationOutcome,
    "party": SigningParty,
    "signing": SigningOutcome,
    "acknowledgement": Acknowledgement,
    "follow_up": FollowUpResult,
    "evidence": EvidenceKind,
    "state": ReportState,
    "seals": SealState,
}


def places(sentence: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in Formatter().parse(sentence) if name}


def test_every_language_says_everything():
    assert set(catalogue("en")) == set(catalogue("de"))


def test_every_sentence_has_the_same_places_in_every_language():
    for key, sentence in catalogue("en").items():
        if not key.startswith("date."):
            assert places(catalogue("de")[key]) == places(sentence), key


def test_no_key_stands_twice():
    for language in LANGUAGES:
        pairs = json.loads(
            (REPORTS / "words" / f"{language}.json").read_text(encoding="utf-8"), object_pairs_hook=lambda pairs: pairs
        )
        assert len(pairs) == len({key for key, _ in pairs})


@pytest.mark.parametrize("family", FAMILIES)
def test_every_word_of_the_vocabulary_is_translated(family: str):
    for language in LANGUAGES:
        missing = [value for value in FAMILIES[family] if not Words(language).knows(f"{family}.{value}")]
        assert missing == []


def test_every_key_that_the_code_names_is_there():
    named = set()
    for path in REPORTS.glob("*.py"):
        source = path.read_text(encoding="utf-8")
        named |= set(re.findall(r'\b(?:say|template)\(\s*"([a-z0-9_.]+)"', source))
        named |= {
            f"{key}.{number}"
            for key in re.findall(r'\bcount\(\s*"([a-z0-9_.]+)"', source)
            for number in ("one", "other")
        }
    assert sorted(named - set(catalogue("en"))) == []


def test_days_and_times_are_written_as_the_language_writes_them():
    english, german = Words("en", "Europe/Berlin"), Words("de", "Europe/Berlin")
    assert english.day("2026-11-04") == "4 November 2026"
    assert german.day("2026-11-04") == "4. November 2026"
    assert german.short_day("2026-11-04") == "04.11.2026"
    assert english.instant("2026-07-24T09:41:07.250Z") == "24 Jul 2026, 11:41 CEST"
    assert english.period("2026-11-24", "2026-11-24") == "24 November 2026"
    assert (english.size(81_234), german.size(2_450_000)) == ("81.2 kB", "2,5 MB")


def test_an_unknown_language_reads_english_and_an_unknown_zone_utc():
    assert Words.of("de-AT").language == "de"
    assert Words.of("fr") == Words.of(None) == Words("en", "UTC")
    assert Words.of("en", "Mars/Olympus").zone == "UTC"
    assert Words.of("en", "../../etc/passwd").zone == "UTC"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("outcome", RecommendationOutcome)
def test_a_recommendation_is_printed_in_the_words_that_people_signed_on_the_glass(language: str, outcome: str):
    on_the_glass = json.loads((ROOT / "pwa/src/i18n" / f"{language}.json").read_text(encoding="utf-8"))
    assert catalogue(language)[f"outcome.{outcome}"] == on_the_glass[f"recommendation.{outcome}"]
