"""docs/torture-results.md: what the last hunt gave, over all of its lanes, and what was ever found."""

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.torture.disputes import DELETION, DISPUTED, REOPENED, RESOLVED
from tests.torture.lanes import ROOT, Part

RESULTS = ROOT / "docs" / "torture-results.md"
SIMULATORS = {
    "sqlite": "model tablets, sqlite",
    "postgresql": "model tablets, postgresql",
    "story": "the app's code, model server",
    "real-server": "the app's code, real server",
    "old-logs": "logs handed back, sqlite",
    "cuts": "a batch cut at every byte, plain and packed",
}
HUNTS = ("sqlite", "postgresql")
KILLED = {
    "test_kill_browser": "Chromium with the app's own store, between tap and commit and right after what it called saved",
    "test_kill": "the server, while tablets push, pull and send photos",
    "test_kill_worker": "the server, while its worker makes reports and mails them",
    "test_kill_points": "the server and its worker, each at the points that `points.py` names",
}
LOSSES = ("I1", "I2", "I4", "I7", "I10")
DIVERGENCES = ("I3", "I5", "I6")


@dataclass(frozen=True)
class Began:
    """The state of the code when the hunt began. What is changed while it runs may have been run or not."""

    commit: str
    changed: tuple[str, ...]
    """Files with changes that are in no commit; the page itself is none of them."""
    at: datetime

    @classmethod
    def now(cls) -> "Began":
        lines = _git("status", "--porcelain", "--untracked-files=all").splitlines()
        here = str(RESULTS.relative_to(ROOT))
        changed = tuple(name for line in lines if (name := line[3:].strip('"')) != here)
        return cls(head(), changed, datetime.now(UTC))


def head() -> str:
    return _git("rev-parse", "--short", "HEAD").strip()


def _git(*command: str) -> str:
    return subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=False).stdout


def page(parts: Sequence[Part], began: Began, ended_at: datetime, ended_on: str) -> str:
    """`ended_on`: the commit that was checked out at the end."""
    lanes: dict[str, Part] = {}
    for part in parts:
        lanes.setdefault(part.lane, Part(part.lane, part.start, 0)).add(part)
    told = [lanes[name] for name in SIMULATORS if name in lanes]
    killed = [lanes[name] for name in KILLED if name in lanes]
    hunts = [lanes[name] for name in HUNTS if name in lanes]
    lines = [
        "# What the last hunt gave",
        "",
        *_when(began, ended_at, ended_on),
        "",
        *_totals(told, killed),
        "",
        "| simulator | seeds told | of | operations | requests | server died | tablet died | failed |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in told:
        counts = [
            one.counts.get(name, "") for name in ("operations", "requests", "deaths_of_server", "deaths_of_tablet")
        ]
        cells = [SIMULATORS[one.lane], one.done, f"{one.asked} from {one.start}", *counts, _failed(one)]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    lines += ["", "| killed by `kill -9` | times lived through | of | failed |", "|---|---|---|---|"]
    lines += [f"| {KILLED[one.lane]} | {one.done} | {one.asked} | {_failed_kills(one)} |" for one in killed]
    lines += ["", *_of_the_model(hunts)]
    for heading, table, among in (
        ("fault of the line, or of the tablet's storage", "faults", told),
        ("step", "rules", told),
        ("set aside, in the end", "aside", told),
    ):
        lines += ["", f"| {heading} | {'entries' if table == 'aside' else 'times'} |", "|---|---|"]
        names = sorted({name for one in among for name in one.tables[table]})
        code = "`" if table == "aside" else ""
        lines += [f"| {code}{name}{code} | {sum(one.tables[table][name] for one in among)} |" for name in names]
    failed = [
        *(f"- {SIMULATORS[one.lane]}: seed {seed}: {_cell(what)}" for one in told for seed, what in one.failed.items()),
        *(f"- {SIMULATORS[one.lane]}: {what}" for one in told for what in one.trouble),
        *(f"- {KILLED[one.lane]}: {what}" for one in killed for what in one.trouble),
    ]
    if failed:
        lines += ["", "## Failed", "", *failed]
    return "\n".join(lines) + "\n"


def _when(began: Began, ended_at: datetime, ended_on: str) -> list[str]:
    minutes = round((ended_at - began.at).total_seconds() / 60)
    lines = [
        f"Written by `make torture`, begun on {began.at:%Y-%m-%d} at {began.at:%H:%M} UTC, at commit {began.commit}, and through "
        f"after {minutes} minutes. What it looks for stands in `testing.md`.",
    ]
    if began.changed:
        some = ", ".join(f"`{name}`" for name in began.changed[:5])
        rest = f" and {len(began.changed) - 5} more" if len(began.changed) > 5 else ""
        lines += ["", f"**Not of that commit alone**: when it began, changes to {some}{rest} were in no commit."]
    if ended_on != began.commit:
        lines += [
            "",
            f"**Not of one commit**: when it ended, {ended_on} was checked out; what began late may have run on that.",
        ]
    return lines


def _totals(told: Iterable[Part], killed: Iterable[Part]) -> list[str]:
    """Over all lanes. Nothing that failed, or was not done, can stand beside a clean sentence."""
    told, killed = list(told), list(killed)
    every = [*told, *killed]
    seeds = sum(len(one.failed) for one in told)
    untold = sum(one.not_done for one in told)
    kills = sum(_failed_kills(one) for one in killed)
    troubles = sum(len(one.trouble) for one in every)
    count = {kind: sum(one.tables["broken"][kind] for one in told) for kind in (*LOSSES, *DIVERGENCES, "I8", "I9")}
    named = {*count}
    unnamed = sum(
        not any(said.partition(":")[0] in named for said in what) for one in told for what in one.failed.values()
    )
    unknown = unnamed + troubles
    done = f"{sum(one.done for one in told)} seeds told, {sum(one.done for one in killed)} kills lived through"
    if seeds or untold or kills or troubles:
        first = f"**Failed: {seeds} seeds, {kills} kills.** {done}; seeds asked for and not told: {untold}; " + (
            f"parts or tests that failed beside seeds: {troubles}."
        )
    else:
        first = f"Failed: 0 seeds, 0 kills. {done}."
    last = (
        f"Losses: {sum(count[kind] for kind in LOSSES)}. Divergences: {sum(count[kind] for kind in DIVERGENCES)}. "
        f"Left waiting: {count['I8']}. Withdrawn and still somewhere: {count['I9']}."
    )
    if unknown:
        last += f" **Failed without a word about what was lost: {unknown}**, which are in none of these numbers."
    return [first, "", last]


def _failed(one: Part) -> str:
    more = [f"{len(one.trouble)} beside seeds"] if one.trouble else []
    return ", ".join([str(len(one.failed)), *more])


def _failed_kills(one: Part) -> int:
    """Every kill after which nobody saw that all is there; where a part failed with all of them done, the last look did not hold."""
    return one.not_done or len(one.trouble)


def _cell(what: Iterable[str]) -> str:
    return "; ".join(str(one).replace("\n", " ") for one in what)


def _of_the_model(hunts: Sequence[Part]) -> list[str]:
    def sum_of(name: str) -> int:
        return sum(one.counts[name] for one in hunts)

    def disputes(name: str) -> int:
        return sum(one.tables["disputes"][name] for one in hunts)

    return [
        "Of model tablets:",
        "",
        f"- Disputed fields: {disputes(DISPUTED)}. Deletions that met an edit: {disputes(DELETION)}. Settled by somebody: "
        f"{disputes(RESOLVED)}. Opened again by what that word had not seen: {disputes(REOPENED)}.",
        f"- Taken out by hand: {sum_of('by_hand')} entries. Evidence withdrawn: {sum_of('withdrawn')} files. Freed on tablets: "
        f"{sum_of('freed')} photos.",
        f"- Beyond saving, and not counted: {sum_of('gone')} entries and files whose every copy was destroyed; "
        f"{sum_of('lost_and_told')} that a restored server could not prove any more, told on the tablets.",
    ]


def found_so_far(finds: Iterable[Mapping[str, str]]) -> str:
    """The faults that were ever found, with their seeds, as people wrote them down in finds.yaml; and the commits that mended them."""
    lines = [
        "",
        "## What it has found so far",
        "",
        "Kept in `tests/torture/finds.yaml`. A seed tells the same story only with the same rules, so these are of the day on which they were found.",
        "",
        "| seed | what | what became of it | mended by |",
        "|---|---|---|---|",
    ]
    for find in finds:
        mend = find.get("commit")
        commit = "" if mend is None else f"{_commit_of(mend)} {mend}".strip()
        lines.append(f"| {find['seed']} | {find['what']} | {find['became']} | {commit} |")
    return "\n".join(lines) + "\n"


def _commit_of(subject: str) -> str:
    """The short hash of the commit with this subject, which outlives a rebase; empty where the history is not here."""
    history = _git("log", "--format=%h %s").splitlines()
    return next((line.partition(" ")[0] for line in history if line.partition(" ")[2] == subject), "")
