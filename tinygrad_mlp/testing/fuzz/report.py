"""A run of the fuzzer over many programs: what it found, and the command line."""

from __future__ import annotations

import argparse
import re
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from ..random_programs import Seeded, write
from ..random_programs.program import RandomProgram, pytorch
from .comparing import Mismatch, compare
from .shrinking import script, shrink

__all__ = ["Report", "fuzz", "main", "program_number"]


@dataclass
class Report:
    """What a run found: counts, and per kind of difference how often and one shrunk script."""

    programs: int = 0
    seconds: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    scripts: dict[str, str] = field(default_factory=dict)

    @property
    def mismatches(self) -> int:
        """How many programs differed."""
        return self.seen.total()

    def add(self, other: Report) -> None:
        """Take another report's findings in."""
        self.programs += other.programs
        self.counts += other.counts
        self.seen += other.seen
        self.scripts = other.scripts | self.scripts

    def __str__(self) -> str:
        lines = [
            f"{self.programs} programs, {1e3 * self.seconds / max(self.programs, 1):.2f} ms each: {self.mismatches} mismatches"
        ]
        lines += [f"  {count:8} {name}" for name, count in sorted(self.counts.items())]
        for signature, count in self.seen.most_common():
            lines += ["", f"{count} x {signature}", "", self.scripts.get(signature, "")]
        return "\n".join(lines)


def program_number(number: int, seed: int = 0) -> RandomProgram:
    """The program with this number: it follows from the two alone.

    >>> program_number(3) == program_number(3)
    True
    """
    choices = Seeded(f"{seed}:{number}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return write(choices, length=choices.integer(1, 12), smooth=False, grid=choices.integer(0, 9) >= 7)


def _signature(found: Mismatch, program: RandomProgram) -> str:
    """What two reports of the same difference have in common: its kind and the operations of the shrunk program."""
    operations = [re.sub(r"\b[xv]\d+\b", "_", s.expression) for s in program.lines]
    return f"{found.kind}: " + "; ".join(re.sub(r"-?\d+(\.\d+)?", "#", text)[:60] for text in operations)


def fuzz(numbers: Iterable[int], seed: int = 0, *, scripts: int = 50) -> Report:
    """Compare the programs with these numbers.

    Args:
        numbers: Which programs.
        seed: Of which series.
        scripts: How many different differences are shrunk; further ones are counted as they are.
    """
    pytorch().set_num_threads(1)
    report = Report()
    start = time.perf_counter()
    for number in numbers:
        report.programs += 1
        program = program_number(number, seed)
        found = compare(program, report.counts)
        if found is None:
            continue
        shrunk = shrink(program, found.kind) if len(report.scripts) < scripts else program
        found = compare(shrunk) or found
        signature = _signature(found, shrunk)
        report.seen[signature] += 1
        title = f"{found}\n\nProgram {number} of seed {seed}, shrunk.\n"
        report.scripts.setdefault(signature, script(shrunk, title))
    report.seconds = time.perf_counter() - start
    return report


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 1 if there were mismatches."""
    parser = argparse.ArgumentParser(
        prog="python -m tinygrad_mlp.testing.fuzz", description="Compare random programs with PyTorch."
    )
    parser.add_argument("--programs", type=int, default=1000, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="of which series")
    parser.add_argument("--first", type=int, default=0, help="the first one's number")
    parser.add_argument("--only", type=int, help="this one alone: print it and what it does")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    options = parser.parse_args(arguments)
    if options.only is not None:
        print(program_number(options.only, options.seed))
    numbers = range(options.first, options.first + options.programs) if options.only is None else [options.only]
    report = Report()
    start = time.perf_counter()
    if options.jobs == 1:
        report.add(fuzz(numbers, options.seed))
    else:
        with ProcessPoolExecutor(options.jobs) as pool:
            parts = [numbers[k :: options.jobs] for k in range(options.jobs)]
            for part in pool.map(fuzz, parts, [options.seed] * options.jobs):
                report.add(part)
    report.seconds = time.perf_counter() - start
    print(report)
    return 1 if report.mismatches else 0
