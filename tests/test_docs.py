"""What the documentation says exists: settings, commands, paths, refusals in every language, notices."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from server.config import Config
from server.domain.refusals import SENTENCES

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FOLDERS = ("server", "schemas", "pwa", "tests", "docs", "migrations", "scripts")
PATH = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[A-Za-z0-9_./-]*)`")


def test_every_setting_is_described():
    described = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    assert [setting.name for setting in fields(Config) if f"`{setting.name}`" not in described] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_path_that_a_document_names_exists(document: Path):
    named = PATH.findall(document.read_text(encoding="utf-8"))
    built = ("pwa/dist", "pwa/node_modules")
    assert [path for path in named if not path.startswith(built) and not (ROOT / path).exists()] == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_refusal_has_a_sentence_on_the_tablet(language: str):
    said = json.loads((ROOT / f"pwa/src/i18n/{language}.json").read_text(encoding="utf-8"))
    assert [code for code in SENTENCES if f"refusal.{code}" not in said] == []


def test_every_refusal_uses_the_same_facts_in_every_language():
    places = re.compile(r"\{(\w+)\}")
    for language in ("en", "de"):
        said = json.loads((ROOT / f"pwa/src/i18n/{language}.json").read_text(encoding="utf-8"))
        for code, sentence in SENTENCES.items():
            unknown = set(places.findall(said[f"refusal.{code}"])) - set(places.findall(sentence))
            assert not unknown, f"{language}: {code} names {unknown}"


def test_every_locked_package_stands_in_the_notices():
    notices = (ROOT / "THIRD-PARTY-NOTICES.md").read_text(encoding="utf-8")
    locked = re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name in locked if f"| {name} |" not in notices] == []
