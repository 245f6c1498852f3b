"""How often people contradicted each other in a story, how often somebody settled it, and how often that was opened again."""

from collections import Counter
from collections.abc import Iterable, Sequence

from server.domain.fold import EntityView, Entry, fold_log
from server.domain.vocabulary import ON_OPERATIONS, OperationKind

DISPUTED, RESOLVED, REOPENED, DELETION = "disputed", "resolved", "reopened", "deletion against edit"
KINDS = (DISPUTED, DELETION, RESOLVED, REOPENED)


def count_disputes(entries: Iterable[Entry], aside: Iterable[str] = ()) -> Counter[str]:
    """
    In the order of the log, each thing for itself: the moments in which a field became disputed, in which a person's word ended that,
    and in which it was disputed again after such a word; also where an edit that the word had not seen came before it. A deletion that
    meets an edit is counted apart, and may be settled as well.
    """
    aside, things = set(aside), dict[str, list[Entry]]()
    for entry in sorted(entries, key=lambda one: one.seq or 0):
        if entry.operation.kind not in ON_OPERATIONS:
            things.setdefault(entry.operation.entity, []).append(entry)
    counted: Counter[str] = Counter()
    for of_thing in things.values():
        counted += _of_one(of_thing, aside)
    return counted


def _of_one(entries: Sequence[Entry], aside: set[str]) -> Counter[str]:
    counted: Counter[str] = Counter()
    open_now, settled = set[str](), set[str]()
    for place, entry in enumerate(entries, start=1):
        name = entry.operation.field
        if entry.operation.digest in aside:
            continue
        view = fold_log(entries[:place], aside).entity(entry.operation.entity)
        is_open = set() if view is None else _disputed(view)
        says_so = entry.operation.kind is OperationKind.RESOLVE or name == "deleted"
        for field in is_open - open_now:
            if field in settled:
                counted[REOPENED] += 1
            else:
                counted[DELETION if field == "deleted" else DISPUTED] += 1
        if says_so and name in open_now:
            counted[RESOLVED] += 1
            counted[REOPENED] += name in is_open
            settled.add(name)
        open_now = is_open
    return counted


def _disputed(view: EntityView) -> set[str]:
    found = {name for name, shown in view.fields.items() if shown.is_disputed}
    return found | {"deleted"} if view.is_deletion_disputed else found
