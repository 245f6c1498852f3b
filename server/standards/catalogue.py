"""
Every edition's clauses and questions, read once from the YAML files beside this one and checked before anything relies on them.

Before: people wrote one file an edition; numbers and titles are facts, questions are our own words.
After:  frozen data that the API hands to the tablets and findings cite as `iso9001-2015:7.1.5.1`. A slip in a file stops the
        start of the server with a sentence that names the file and the clause, not an audit in the middle of a plant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import yaml

from server.domain.spelling import Form, is_spelled

FOLDER = Path(__file__).parent

# The C reader is several times faster and comes with every wheel; the other one reads the same.
_YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class CatalogueError(ValueError):
    """A standard's file cannot be used as it is; the message names the file and, where there is one, the clause."""


class ExclusionRule(StrEnum):
    """What it takes to judge a clause "not applicable"."""

    JUSTIFIED_EXCLUSION = "justified_exclusion"
    STATEMENT_OF_APPLICABILITY = "statement_of_applicability"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Wording:
    """One text in each language that the catalogue is kept in."""

    en: str
    de: str


@dataclass(frozen=True, slots=True)
class ExclusionPolicy:
    """The rule, the clause whose document has to carry the reason, and what the auditor is told."""

    rule: ExclusionRule
    recorded_in: str | None
    message: Wording


@dataclass(frozen=True, slots=True)
class Question:
    """A question to ask on site, with the evidence to look for and the role to ask; the id never changes once released."""

    id: str
    text: Wording
    look_for: Wording
    ask: Wording


@dataclass(frozen=True, slots=True)
class Clause:
    """A node of the tree: a heading, or an auditable leaf that findings may cite."""

    number: str
    title: Wording
    level: int
    parent: str | None
    is_auditable: bool
    is_untitled_in_standard: bool
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Standard:
    """One edition of a standard with its clauses in the standard's own order."""

    id: str
    name: str
    edition: str
    title: Wording
    status: str
    amendments: tuple[str, ...]
    confidence: str
    exclusion: ExclusionPolicy
    clauses: tuple[Clause, ...]

    def auditable_clauses(self) -> tuple[Clause, ...]:
        """The leaves, which are what a plan covers and a matrix counts."""
        return tuple(clause for clause in self.clauses if clause.is_auditable)

    def clause(self, number: str) -> Clause:
        """The clause with this number; a `LookupError` says which edition does not have it."""
        for clause in self.clauses:
            if clause.number == number:
                return clause
        raise LookupError(f"{self.id} has no clause {number}.")


class CriterionId(NamedTuple):
    """The two halves of a criterion: clause numbers alone mean different things in different standards."""

    standard: str
    number: str


@cache
def load_catalogue(folder: Path = FOLDER) -> Mapping[str, Standard]:
    """All editions by id, read and checked once for each folder."""
    standards = [_read_standard(path) for path in sorted(folder.glob("*.yaml"))]
    if not standards:
        raise CatalogueError(f"There is no standard in {folder}; the YAML files were not installed with the program.")
    return MappingProxyType({standard.id: standard for standard in standards})


def standard(standard_id: str) -> Standard:
    """One edition; a `LookupError` lists those that are known."""
    catalogue = load_catalogue()
    if standard_id not in catalogue:
        raise LookupError(f"There is no standard {standard_id!r}; known are {', '.join(catalogue)}.")
    return catalogue[standard_id]


def criterion_id(standard_id: str, number: str) -> str:
    """How a finding cites a clause: `iso9001-2015:7.1.5.1`."""
    if not standard_id or not number or ":" in standard_id + number:
        raise ValueError(f"Standard {standard_id!r} and clause {number!r} make no criterion.")
    return f"{standard_id}:{number}"


def parse_criterion_id(criterion: str) -> CriterionId:
    """The halves of a criterion; whether this catalogue has that clause is another question, since a tablet may know a newer edition."""
    standard_id, _, number = criterion.partition(":")
    if not standard_id or not number or ":" in number:
        raise ValueError(f"{criterion!r} is no criterion; one looks like iso9001-2015:7.1.5.1.")
    return CriterionId(standard_id, number)


def as_contract(standard: Standard) -> dict[str, Any]:
    """The edition as plain data, the way the API hands it to the tablet."""
    return {
        "id": standard.id,
        "standard": standard.name,
        "edition": standard.edition,
        "title": _as_dict(standard.title),
        "status": standard.status,
        "amendments": list(standard.amendments),
        "exclusion": {
            "rule": standard.exclusion.rule.value,
            "recorded_in": standard.exclusion.recorded_in,
            "message": _as_dict(standard.exclusion.message),
        },
        "clauses": [
            {
                "criterion": criterion_id(standard.id, clause.number),
                "number": clause.number,
                "title": _as_dict(clause.title),
                "level": clause.level,
                "auditable": clause.is_auditable,
                "parent": clause.parent,
                "questions": [
                    {
                        "id": question.id,
                        "text": _as_dict(question.text),
                        "look_for": _as_dict(question.look_for),
                        "ask": _as_dict(question.ask),
                    }
                    for question in clause.questions
                ],
            }
            for clause in standard.clauses
        ],
    }


def catalogue_tree(edition: Mapping[str, Any]) -> dict[str, Any]:
    """
    What of an edition, as the API hands it out, a record rests on: its name, and its clauses in their order with titles. The hash
    that records name is over the RFC 8785 form of this. Questions are left out: to ask better ones changes no record.
    pwa/src/domain/standard.ts takes the same; schemas/vectors/catalogue proves it.
    """
    clauses = [{name: clause[name] for name in _CLAUSE_IN_TREE} for clause in edition["clauses"]]
    return {**{name: edition[name] for name in _EDITION_IN_TREE}, "clauses": clauses}


_EDITION_IN_TREE = ("id", "standard", "edition", "title", "amendments")
_CLAUSE_IN_TREE = ("criterion", "number", "title", "level", "auditable", "parent")


def tree_misfit(tree: Mapping[str, Any]) -> str | None:
    """
    Why what has the shape of `catalogue_tree` is none: the same rules as for our own files, for a tree that came from elsewhere.
    None where it hangs together.
    """
    levels: dict[str, int] = {}
    parents: set[str] = set()
    for clause in tree["clauses"]:
        number, parent = clause["number"], clause["parent"]
        if clause["criterion"] != f"{tree['id']}:{number}" or number in levels:
            return f"clause {number} is named otherwise than once, by its standard and number"
        if clause["level"] != (1 if parent is None else levels.get(parent, 0) + 1):
            return f"clause {number} does not stand under the clause that it names"
        levels[number] = clause["level"]
        parents.update([parent] if parent else [])
    leaves = [clause["number"] for clause in tree["clauses"] if clause["auditable"]]
    if not leaves or parents & set(leaves):
        return "its auditable clauses are those without sub-clauses, and there is at least one"
    return None


def clause_order(number: str) -> tuple[tuple[bool, int, str], ...]:
    """Sorts numbers as a standard does: 4.10 after 4.9, annex A after clause 10."""
    return tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in number.split("."))


def _as_dict(wording: Wording) -> dict[str, str]:
    return {"en": wording.en, "de": wording.de}


# From here on: reading a file. `where` is the start of every complaint, such as "iso9001-2015.yaml, clause 4.3".

_STANDARD_KEYS = {
    "id": str,
    "standard": str,
    "edition": str,
    "title": str,
    "title_de": str,
    "status": str,
    "amendments": list,
    "confidence": str,
    "exclusion": dict,
    "clauses": list,
}
_CLAUSE_KEYS = {"number": str, "title": str, "title_de": str, "level": int, "auditable": bool}
_CLAUSE_OPTIONS = {"untitled_in_standard": bool, "questions": list}
_QUESTION_KEYS = {"id": str, "text": dict, "look_for": dict, "ask": dict}


def _read_standard(path: Path) -> Standard:
    where = path.name
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_YAML_LOADER)
    except yaml.YAMLError as error:
        raise CatalogueError(f"{where}: this is not YAML: {error}") from error
    data = _fields(raw, where, _STANDARD_KEYS)
    if data["id"] != path.stem:
        raise CatalogueError(f"{where}: the id {data['id']!r} differs from the name of the file.")
    if not all(isinstance(amendment, str) for amendment in data["amendments"]):
        raise CatalogueError(f"{where}: every amendment is a text.")
    clauses = tuple(_read_clauses(data["clauses"], data["id"], where))
    exclusion = _read_exclusion(data["exclusion"], f"{where}, exclusion")
    if exclusion.recorded_in is not None and exclusion.recorded_in not in {clause.number for clause in clauses}:
        raise CatalogueError(
            f"{where}, exclusion: recorded_in names clause {exclusion.recorded_in}, which is not in the file."
        )
    return Standard(
        id=data["id"],
        name=data["standard"],
        edition=data["edition"],
        title=Wording(data["title"], data["title_de"]),
        status=data["status"],
        amendments=tuple(data["amendments"]),
        confidence=data["confidence"],
        exclusion=exclusion,
        clauses=clauses,
    )


def _read_exclusion(raw: object, where: str) -> ExclusionPolicy:
    data = _fields(raw, where, {"rule": str, "message": dict}, {"recorded_in": str})
    if data["rule"] not in set(ExclusionRule):
        raise CatalogueError(f"{where}: {data['rule']!r} is no rule; there are {', '.join(ExclusionRule)}.")
    return ExclusionPolicy(
        ExclusionRule(data["rule"]), data.get("recorded_in"), _read_wording(data["message"], f"{where}, message")
    )


def _read_clauses(raw_clauses: list[object], standard_id: str, file_name: str) -> Iterator[Clause]:
    """Check each clause against those before it: parents first, in the standard's order, none twice."""
    levels: dict[str, int] = {}
    previous: Clause | None = None
    for position, raw in enumerate(raw_clauses, start=1):
        where = f"{file_name}, clause {raw.get('number') if isinstance(raw, dict) else f'in place {position}'}"
        clause = _read_clause(raw, standard_id, where)
        if clause.level > 1 and (clause.parent is None or levels.get(clause.parent) != clause.level - 1):
            raise CatalogueError(
                f"{where}: at level {clause.level} it needs a parent at level {clause.level - 1} before it in the file."
            )
        if previous is not None and clause_order(previous.number) >= clause_order(clause.number):
            raise CatalogueError(
                f"{where}: it stands after {previous.number}; clauses are in the standard's order, each once."
            )
        if previous is not None and previous.is_auditable and clause.parent == previous.number:
            raise CatalogueError(
                f"{file_name}, clause {previous.number}: it has sub-clauses, so it is a heading and not auditable."
            )
        levels[clause.number] = clause.level
        previous = clause
        yield clause


def _read_clause(raw: object, standard_id: str, where: str) -> Clause:
    data = _fields(raw, where, _CLAUSE_KEYS, _CLAUSE_OPTIONS)
    criterion = f"{standard_id}:{data['number']}"
    if not is_spelled(Form.CRITERION, criterion):
        raise CatalogueError(
            f"{where}: {criterion} is not written as findings cite clauses (server/domain/spelling.py)."
        )
    # The id says where a question was born, which also catches the one that was copied and forgotten.
    prefix = f"{standard_id.removeprefix('iso').partition('-')[0]}-{data['number']}-"
    questions = tuple(_read_question(question, prefix, where) for question in data.get("questions", []))
    if data["auditable"] and not questions:
        raise CatalogueError(f"{where}: an auditable clause needs at least one question.")
    if questions and not data["auditable"]:
        raise CatalogueError(f"{where}: a heading has no questions; they belong to its sub-clauses.")
    ids = [question.id for question in questions]
    if len(set(ids)) < len(ids):
        raise CatalogueError(f"{where}: two questions share an id among {', '.join(ids)}.")
    return Clause(
        number=data["number"],
        title=Wording(data["title"], data["title_de"]),
        level=data["level"],
        # Level 1 has none, also where an annex number has a dot in it ("A.5" in ISO/IEC 27001).
        parent=data["number"].rpartition(".")[0] or None if data["level"] > 1 else None,
        is_auditable=data["auditable"],
        is_untitled_in_standard=data.get("untitled_in_standard", False),
        questions=questions,
    )


def _read_question(raw: object, prefix: str, clause: str) -> Question:
    where = f"{clause}, question {raw.get('id') if isinstance(raw, dict) else raw}"
    data = _fields(raw, where, _QUESTION_KEYS)
    letter = data["id"].removeprefix(prefix)
    if not data["id"].startswith(prefix) or len(letter) != 1 or letter not in "abcdefghijklmnopqrstuvwxyz":
        raise CatalogueError(f"{where}: its id is {prefix} and one small letter.")
    text, look_for, ask = (_read_wording(data[key], f"{where}, {key}") for key in ("text", "look_for", "ask"))
    return Question(data["id"], text, look_for, ask)


def _read_wording(raw: object, where: str) -> Wording:
    data = _fields(raw, where, {"en": str, "de": str})
    return Wording(data["en"], data["de"])


def _fields(
    raw: object, where: str, required: Mapping[str, type], optional: Mapping[str, type] | None = None
) -> dict[str, Any]:
    """The mapping, once it has exactly the keys it may have and each value has its type; a misspelt key is never ignored."""
    if not isinstance(raw, dict):
        raise CatalogueError(f"{where}: expected keys and values.")
    known = {**required, **(optional or {})}
    missing = [key for key in required if key not in raw]
    if missing:
        raise CatalogueError(f"{where}: {' and '.join(missing)} missing.")
    for key, value in raw.items():
        if key not in known:
            raise CatalogueError(f"{where}: {key!r} is unknown; known are {', '.join(known)}.")
        # Exact types: an unquoted 4.10 would arrive as the number 4.1 and nobody would notice.
        if type(value) is not known[key]:
            raise CatalogueError(f"{where}: {key} is {value!r}, expected {known[key].__name__}; put numbers in quotes.")
        if value == {} or (isinstance(value, str) and not value.strip()):
            raise CatalogueError(f"{where}: {key} is empty.")
    return raw
