"""Look for what would spoil a training or its figures: broken files, leaks, contradictions, give-aways."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from unmask.core.events import Listener, ignore
from unmask.datasets.confounds import Confound, find_confounds
from unmask.datasets.duplicates import near_pairs
from unmask.datasets.facts import Facts, measure
from unmask.datasets.manifest import Row


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of trouble.

    Attributes:
        name: missing, corrupt, label_conflict, duplicate, near_duplicate, leak, person, confound, or repeat.
        message: What it is and what to do, for people.
        count: How often.
        examples: Files, groups or faults; each entry is one case.
        is_serious: False for what only wastes time.
    """

    name: str
    message: str
    count: int
    examples: tuple[str, ...]
    is_serious: bool = True


@dataclass(frozen=True, slots=True)
class Findings:
    """What a check found.

    Attributes:
        media: Rows looked at.
        sides: Rows by side; without any side, nothing can leak.
        problems: Troubles.
        confounds: How well the form of files tells the label, by kind, also where it is no problem.
    """

    media: int
    sides: dict[str, int]
    problems: tuple[Problem, ...]
    confounds: tuple[Confound, ...]

    @property
    def is_clean(self) -> bool:
        """Whether nothing serious was found."""
        return not any(problem.is_serious for problem in self.problems)


def check(rows: Sequence[Row], *, workers: int = 1, listener: Listener = ignore) -> Findings:
    """Examine every medium of a manifest.

    Args:
        rows: All rows; those with a side are checked for leaks between sides.
        workers: Processes.
        listener: Hears progress.
    """
    facts = list(measure(rows, decode=True, workers=workers, stage="check", listener=listener))
    confounds = find_confounds(rows, facts, listener=listener)
    sides: dict[str, int] = {}
    for row in rows:
        sides[row.split] = sides.get(row.split, 0) + 1
    problems = [*_faults(facts), *_same_bytes(rows, facts), *_alike(rows, facts, listener), *_leaks(rows)]
    problems += [_of_confound(confound) for confound in confounds if confound.is_problem]
    return Findings(len(rows), sides, tuple(problems), tuple(confounds))


def _faults(facts: Sequence[Facts]) -> Iterator[Problem]:
    missing = [fact.fault for fact in facts if fact.is_missing]
    corrupt = [fact.fault for fact in facts if fact.fault and not fact.is_missing]
    yield from _problem("missing", "Files are not there: finish the download, or index the dataset again.", missing)
    yield from _problem("corrupt", "Files cannot be used: download them again, or drop their rows.", corrupt)


def _same_bytes(rows: Sequence[Row], facts: Sequence[Facts]) -> Iterator[Problem]:
    same: dict[str, list[Row]] = {}
    for row, fact in zip(rows, facts, strict=True):
        if fact.sha256:
            same.setdefault(fact.sha256, []).append(row)
    conflicts: list[str] = []
    across: list[str] = []
    repeats: list[str] = []
    for twins in same.values():
        if len(twins) > 1:
            names = " = ".join(str(row.path) for row in twins)
            if len({row.label for row in twins}) > 1:
                conflicts.append(names)
            (across if len({row.split for row in twins}) > 1 else repeats).append(names)
    yield from _problem("label_conflict", "The same bytes are called real and fake: settle which is right.", conflicts)
    yield from _problem("duplicate", "The same bytes stand on several sides: split again, by group.", across)
    yield from _problem("repeat", "Files come more than once on one side; they count double.", repeats, serious=False)


def _alike(rows: Sequence[Row], facts: Sequence[Facts], listener: Listener) -> Iterator[Problem]:
    """Pairs of equal bytes are left to `_same_bytes`."""
    pairs = [
        f"{rows[first].path} ~ {rows[second].path}"
        for first, second in near_pairs([fact.phash for fact in facts], [row.split for row in rows], listener=listener)
        if facts[first].sha256 != facts[second].sha256
    ]
    message = "Pictures that look the same stand on several sides: give each such pair one group and split again."
    yield from _problem("near_duplicate", message, pairs)


def _leaks(rows: Sequence[Row]) -> Iterator[Problem]:
    sides: dict[str, set[str]] = {}
    for row in rows:
        if row.split:
            sides.setdefault(row.group, set()).add(row.split)
    torn = [f"{group}: {', '.join(sorted(names))}" for group, names in sides.items() if len(names) > 1]
    message = "People or source videos stand on several sides: figures of such a split are too good."
    yield from _problem("leak", message, torn)


def _of_confound(confound: Confound) -> Problem:
    telling = [f"{name} {value:.2f}" for name, value in confound.alone.items()]
    message = (
        f"The form of {confound.kind} files alone tells the label (AUC {confound.together}, chance is 0.5): a detector "
        "will learn it. Crop, scale and encode both labels alike before training."
    )
    return Problem("confound", message, confound.media, tuple(telling))


def _problem(name: str, message: str, cases: list[str], *, serious: bool = True) -> Iterator[Problem]:
    if cases:
        yield Problem(name, message, len(cases), tuple(cases), serious)
