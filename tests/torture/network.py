"""
Between a tablet and the server: answers that get lost, requests that come twice, late, cut or to somebody else, and a server that dies
while it works.
"""

import json
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

FAULTS = (
    "no network",
    "answer lost",
    "twice",
    "late",
    "cut",
    "hotel page",
    "empty json",
    "empty 204",
    "proxy 502",
    "proxy 413",
    "dies at statement",
    "dies before commit",
    "dies after commit",
    "busy",
)


class Unreachable(Exception):
    """Nobody answered."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """None where it is not JSON, as a hotel's page."""
        if "json" not in self.headers.get("Content-Type", ""):
            return None
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    token: str | None


class Far(Protocol):
    """The other end."""

    def deliver(self, request: Request, cut: int | None = None, fault: tuple[str, int] | None = None) -> Answer:
        """Raises Unreachable where it dies in it."""


@dataclass
class Network:
    far: Far
    plan: dict[int, tuple[str, int]] = field(default_factory=dict)
    """By the number of the request in this run of a sync: what happens to it, and a number to do it by."""
    late: list[Request] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    cut_hand_backs: set[str | None] | None = None
    """Sessions whose first hand-back was cut, where that of each is; None where they get through."""
    _number: int = 0

    def begin(self, plan: dict[int, tuple[str, int]]) -> None:
        self.plan, self._number = plan, 0

    def ask(self, request: Request) -> Answer:
        self._number += 1
        self.requests += 1
        kind, n = self.plan.get(self._number, ("", 0))
        cut = self.cut_hand_backs
        if cut is not None and request.path.endswith("/handed-back") and request.token not in cut:
            cut.add(request.token)
            kind = "no network"
        if kind:
            self.happened[kind] += 1
        match kind:
            case "no network":
                raise Unreachable
            case "answer lost":
                self.far.deliver(request)
                raise Unreachable
            case "twice":
                self.far.deliver(request)
            case "late":
                self.late.append(request)
                raise Unreachable
            case "cut":
                if not request.body:
                    raise Unreachable
                self.far.deliver(request, cut=n % len(request.body))
                raise Unreachable
            case "hotel page":
                return Answer(200, {"Content-Type": "text/html"}, b"<html>Please sign in to HotelNet</html>")
            case "empty json":
                return Answer(200, {"Content-Type": "application/json"}, b"{}")
            case "empty 204":
                return Answer(204, {}, b"")
            case "proxy 502":
                return Answer(502, {"Content-Type": "text/html"}, b"<html>Bad gateway</html>")
            case "proxy 413":
                if len(request.body) > 2000:
                    return Answer(413, {"Content-Type": "text/html"}, b"<html>Too large</html>")
            case "dies at statement":
                return self.far.deliver(request, fault=("statement", 1 + n % 40))
            case "dies before commit":
                return self.far.deliver(request, fault=("commit", 1 + n % 2))
            case "dies after commit":
                return self.far.deliver(request, fault=("committed", 1 + n % 2))
            case "busy":
                return self.far.deliver(request, fault=("busy", 1 + n % 20))
        return self.far.deliver(request)

    def deliver_late(self, chance: random.Random) -> None:
        """What was on its way arrives after all, in any order; nobody waits for the answers."""
        waiting, self.late = self.late, []
        chance.shuffle(waiting)
        for request in waiting:
            try:
                self.far.deliver(request)
            except Unreachable:
                continue
