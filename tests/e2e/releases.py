"""Versions of the built app, one after the other at the same server: what the next one brings, and how its delivery can fail."""

import base64
import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

BUILT = Path(__file__).parents[2] / "pwa" / "dist"
HASHED = re.compile(r"-[\w-]{8}\.(?:js|css)$")
TEXTS = {".js", ".css", ".html"}


class Releases:
    """
    The folder that a server gives out. It begins with what was built; `next` puts a version there in which every file is new.

    A browser looks for news by itself as well, a second after each page, so a version is there whole or not at all.
    """

    def __init__(self, folder: Path):
        self.given_out = folder
        self._number = 1
        self._sound = ""
        shutil.copytree(BUILT, self.folder)
        self._give_out()

    @property
    def folder(self) -> Path:
        """Of the version that is given out, or about to be."""
        return self.given_out.with_name(f"{self.given_out.name}-{self._number}")

    def next(self, *, that_does_not_start: bool = False, mended: bool = False) -> None:
        before = self.folder
        self._number += 1
        shutil.copytree(before, self.folder)
        if mended:
            (self.folder / self.entry).write_text(self._sound, encoding="utf-8")
        names = {
            file.name: self._renamed(file.name)
            for file in (self.folder / "assets").iterdir()
            if HASHED.search(file.name)
        }
        for file in [one for one in self.folder.rglob("*") if one.suffix in TEXTS]:
            text = file.read_text(encoding="utf-8")
            for old, new in names.items():
                text = text.replace(old, new)
            file.unlink()
            (file.parent / names.get(file.name, file.name)).write_text(text, encoding="utf-8")
        page = self.folder / "index.html"
        page.write_text(self._marked(page.read_text(encoding="utf-8")), encoding="utf-8")
        if that_does_not_start:
            entry = self.folder / self.entry
            self._sound = entry.read_text(encoding="utf-8")
            entry.write_text("throw new Error('this version does not start');", encoding="utf-8")
        self._describe()
        self._give_out()

    def _give_out(self) -> None:
        link = self.given_out.with_name("next")
        link.symlink_to(self.folder)
        link.replace(self.given_out)

    @property
    def entry(self) -> str:
        """The script that the page begins with."""
        found = re.search(r'<script type="module"[^>]* src="/(assets/[^"]+)"', (self.folder / "index.html").read_text())
        assert found
        return found[1]

    def _renamed(self, name: str) -> str:
        stem, _, ending = name.rpartition(".")
        return f"{stem[:-2]}{self._number:02}.{ending}"

    def _marked(self, page: str) -> str:
        page = re.sub(r'<meta name="release"[^>]*>', "", page)
        return page.replace("</head>", f'<meta name="release" content="{self._number}"></head>')

    def _describe(self) -> None:
        """What the worker is to fetch, and what each file must be."""
        worker = self.folder / "service-worker.js"
        text = worker.read_text(encoding="utf-8")
        listed = re.search(r'\[\{[^\[\]]*"url":[^\[\]]*\}\]', text)
        assert listed
        files: list[dict[str, Any]] = json.loads(listed[0])
        for one in files:
            content = (self.folder / one["url"]).read_bytes()
            if one.get("revision"):
                one["revision"] = hashlib.md5(content, usedforsecurity=False).hexdigest()
            if "integrity" in one:
                one["integrity"] = f"sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}"
        worker.write_text(text.replace(listed[0], json.dumps(files)), encoding="utf-8")
