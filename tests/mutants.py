"""Mutants of the core: one operator, comparison, constant or loop of a file is changed, and a test has to fail.

``python tests/mutants.py --sample 60 --seed 0`` draws 60 mutants of each core file by chance from the seed, no place in a file a
second time before every place had its turn, and prints how many were killed, and the survivors as diffs; name files to take
only those. It needs ``pip install cosmic-ray``, which makes the mutants; what is never run (annotations, ``TYPE_CHECKING``) is left
alone, and so are changes between ``==`` and ``is``, which differ on None and small numbers in nothing but speed.

A mutant first meets the tests that mirror its file, then, if they let it live, the wider tests (not with ``--mirrored``). Each runs
in a process forked off one that has the libraries loaded already, on a copy of the project in a temporary folder, with a limit on
time and on memory: to hang is to be killed. ``--journal FILE`` notes every outcome; what it has as killed is not run again, so
that a run can be continued, or repeated after a new test. ``EQUIVALENT`` names the mutants that no test can tell from
the original, with the reason; they are counted for themselves. So is the ``strict=True`` of a ``zip`` turned off, which in the
core is an assertion, of sequences that were compared before or made one from the other.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import importlib.util
import json
import multiprocessing
import os
import random
import re
import resource
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = ["-x", "-q", "-p", "no:cacheprovider", "-o", "addopts=", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
MEMORY = 4 * 2**30  # bytes; a mutant may ask for an array of any size

# By core file, the tests that mirror it. Of the contract of every operation, the rows of the file's own operations are taken.
CONTRACT = "tests/ops/test_contract.py"
MIRRORED: dict[str, list[str]] = {
    "core/apply.py": ["tests/core", "tests/ops/test_shape.py", "tests/autograd", "tests/test_as_in_pytorch.py"],
    "core/backward.py": ["tests/core", "tests/autograd", "tests/test_as_in_pytorch.py"],
    "core/basics.py": ["tests/core", "tests/ops/test_arithmetic.py", CONTRACT, "tests/ops/test_extremes.py"],
    "core/graph.py": ["tests/core", "tests/autograd", "tests/test_as_in_pytorch.py"],
    "core/primitive.py": ["tests/core", "tests/ops/test_shape.py", "tests/ops/test_messages.py"],
    "core/promotion.py": ["tests/core", "tests/ops/test_arithmetic.py", "tests/test_as_in_pytorch.py"],
    "core/tensor.py": ["tests/core", "tests/autograd"],
    "ops/inplace.py": ["tests/core", "tests/autograd", "tests/ops/test_indexing.py", "tests/ops/test_shape.py"],
    "grad_mode.py": ["tests/core", "tests/autograd/test_function.py", "tests/test_threads.py"],
    "autograd/function.py": ["tests/autograd/test_function.py"],
    "ops/arithmetic.py": ["tests/ops/test_arithmetic.py", CONTRACT, "tests/ops/test_extremes.py"],
    "ops/functions.py": ["tests/ops/test_functions.py", CONTRACT, "tests/ops/test_extremes.py"],
    "ops/choosing.py": ["tests/ops/test_choosing.py", CONTRACT, "tests/ops/test_extremes.py"],
    "ops/comparing.py": ["tests/ops/test_comparing.py", CONTRACT],
    "ops/memory.py": ["tests/ops/test_memory_ops.py", CONTRACT],
    "ops/linalg.py": ["tests/ops/test_linalg.py", CONTRACT],
    "ops/sums.py": ["tests/ops/test_sums.py", CONTRACT, "tests/ops/test_extremes.py"],
    "ops/order.py": ["tests/ops/test_order.py", CONTRACT, "tests/ops/test_extremes.py"],
    "ops/norms.py": ["tests/ops/test_norms.py", CONTRACT, "tests/ops/test_extremes.py"],
    "ops/products.py": ["tests/ops/test_products.py", CONTRACT],
    "ops/summing.py": ["tests/ops/test_summing.py", "tests/ops/test_sums.py"],
    "ops/dims.py": ["tests/ops/test_dims.py", "tests/ops/test_messages.py"],
    "ops/shape.py": ["tests/ops/test_shape.py", CONTRACT],
    "ops/joining.py": ["tests/ops/test_joining.py", CONTRACT],
    "ops/normalisation.py": ["tests/ops/test_normalisation_ops.py", CONTRACT, "tests/ops/test_extremes.py"],
    "ops/activations.py": ["tests/ops/test_activation_ops.py", CONTRACT, "tests/ops/test_extremes.py"],
    "ops/losses.py": ["tests/ops/test_loss_ops.py", CONTRACT, "tests/ops/test_extremes.py"],
    "ops/indexing.py": ["tests/ops/test_indexing.py", CONTRACT],
    "ops/places.py": ["tests/ops/test_indexing.py", "tests/ops/test_scattering.py", CONTRACT],
    "ops/scattering.py": ["tests/ops/test_scattering.py", CONTRACT],
    "optim/sgd.py": ["tests/optim/test_optimizers.py"],
    "optim/adam.py": ["tests/optim/test_optimizers.py"],
    "optim/optimizer.py": ["tests/optim/test_optimizers.py", "tests/optim/test_lr_scheduler.py"],
}
# Files, processes and speed are no matter of the core, and slow to test.
NOT_WIDER = [
    "test_benchmarks.py",
    "test_checkpoints.py",
    "test_cli.py",
    "test_loading_fuzz.py",
    "test_readme.py",
]

SAME = re.compile(r"_(Eq_Is|NotEq_IsNot|Is_Eq|IsNot_NotEq)$")
UNCOUNTED = re.compile(r"- (.*)strict=True(.*)\n\+ \1strict=False\2")

# Why no test can tell a mutant from the original: by file, the line as it is in the mutant.
EQUIVALENT: dict[str, dict[str, list[str]]] = {
    "a Function has no instances, and from the class it is the same function": {
        "autograd/function.py": [
            "def backward(ctx: FunctionCtx, *grad_outputs: Any) -> Any:",
            "def forward(*args: Any) -> Any:",
        ],
    },
    "every subclass gives the mode": {
        "grad_mode.py": [
            "def __init__(self, mode: bool = True) -> None:",
        ],
    },
    "there is exactly one": {
        "core/apply.py": [
            "if op.view and np.may_share_memory(out, arrays[ -1]):",
        ],
        "grad_mode.py": [
            "if args and callable(args[ -1]):  # @no_grad, without parentheses",
            "return cls()(args[ -1])",
        ],
        "ops/linalg.py": [
            "if len(operands) == 1 and isinstance(operands[ -1], list | tuple):",
        ],
    },
    "it is compared for being the same, and no more": {
        "ops/inplace.py": [
            "version.rebased += 2",
        ],
    },
    'the other name there is, "none", is less': {
        "ops/activations.py": [
            'if approximate >= "tanh":',
        ],
    },
    "0 was refused before": {
        "ops/linalg.py": [
            "if input.ndim != 1 and other.ndim > 1:",
            "if input.ndim <= 1 and other.ndim == 1:",
        ],
    },
    "result_type takes anything, has no argument with a second name, and is no method": {
        "ops/memory.py": [
            "def result_type(tensor1: Array, tensor2: Array) -> _dtype_type:",
        ],
    },
    "a shortcut: the long way gives the same": {
        "core/apply.py": [
            'if a_dtype is b_dtype and a_dtype is None and (a_dtype.kind == "f" or not floating):',
            'if a_dtype is b_dtype and a_dtype is not None and (a_dtype.kind == "f" and not floating):',
            "if not params and args and type(args[ -1]) is np.ndarray and op.takes_plainly(args):",
            'if not b_dtype is None and a_dtype is not None and a_dtype.kind == "f" and type(b) in (float, int):',
        ],
        "core/primitive.py": [
            "if self.variadic or (len(args) == self.arity and self.open is params.keys() <= self.static):  # the everyday call",
        ],
        "ops/composite.py": [
            "if params or not known.issuperset(params):",
        ],
        "ops/inplace.py": [
            "return arg is data and (arg.base is None and data.base is None) or not np.may_share_memory(arg, data)",
            "return arg is data or (arg.base is None and data.base is None) and not np.may_share_memory(arg, data)",
        ],
        "ops/choosing.py": [
            "return np.where(condition, *promote([input, other])).astype(result_dtype([input, other]), copy=True)",
        ],
        "ops/indexing.py": [
            "if len(advanced) == 0:",
        ],
        "ops/places.py": [
            "if rows.shape[0] == rows.shape[2] == 0:",
        ],
        "ops/sums.py": [
            "if dim is not None and not keepdim or shape:",
            "return _variance(input, dim, keepdim, correction).astype(input.dtype, copy=True)",
        ],
        "ops/dims.py": [
            "if input.size >= 0 and input.ndim and 0 in (input.shape[d] for d in dims_of(input.shape, dim)):",
        ],
    },
    "a counter only goes up": {
        "autograd/function.py": [
            "if self.version.count > self.count:",
        ],
    },
    "NumPy 2.4 takes the root for the power 1/2 itself": {
        "ops/arithmetic.py": [
            'if isinstance(exponent, float) and exponent in ( -0.5, -0.5) and input.dtype.kind == "f":',
        ],
    },
    "it is inf or -inf": {
        "ops/norms.py": [
            "return (_largest if ord > 1 else _smallest)(abs(x), () if dim is None else dim, keepdim)",
        ],
    },
    "the slow way of the same sum, which rounds otherwise": {
        "ops/places.py": [
            'if values.dtype.kind < "f":',
        ],
    },
    "the two are the same dimension of a vector": {
        "ops/scattering.py": [
            "return gather(input.reshape(-1), -1, indices.reshape(-1))",
        ],
    },
    "nothing is larger than inf": {
        "optim/optimizer.py": [
            'expected = f"expected a number, at least {least}" + (f" and at most {most}" if most != math.inf else "")',
        ],
    },
    "it is left out afterwards": {
        "ops/norms.py": [
            "scale = where(zero, 0.0, g / where(zero, 2.0, y) ** (ord - 1))",
        ],
    },
    "it is 1, -1, inf or -inf": {
        "ops/norms.py": [
            "return (amax if ord > -1 else amin)(sums, dims, keepdim)",
        ],
    },
    "a slice ends with the array": {
        "ops/joining.py": [
            "inside.append(slice(max(before, 0), size - max(after, -1)))",
        ],
    },
    "there are never fewer than 0": {
        "ops/joining.py": [
            "if tensor.ndim <= 0:",
        ],
    },
}


@dataclass(frozen=True)
class Mutant:
    """A changed file: ``change`` has the lines that differ, with - and +, on line number ``line``."""

    file: str
    line: int
    change: str
    code: str


def equivalent(mutant: Mutant) -> bool:
    """Whether no test can tell it from the original."""
    line = mutant.change.splitlines()[-1][2:]
    return UNCOUNTED.fullmatch(mutant.change) is not None or any(
        line in of.get(mutant.file, ()) for of in EQUIVALENT.values()
    )


def never_run(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """From where to where the source is for readers and type checkers only: annotations, ``if TYPE_CHECKING``, ``@overload``."""
    found: list[ast.expr | ast.stmt | None] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            found.append(node.returns)
            found += [d for d in node.decorator_list if isinstance(d, ast.Name) and d.id == "overload"]
        elif isinstance(node, ast.arg | ast.AnnAssign):
            found.append(node.annotation)
        elif isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            found.append(node)
    return [((n.lineno, n.col_offset), (n.end_lineno or 0, n.end_col_offset or 0)) for n in found if n is not None]


def drawn(file: str, sample: int, rng: random.Random) -> list[Mutant]:
    """Mutants of a file by chance, each at another place in the file as long as there is one."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator, operator_names

    source = (ROOT / "tinygrad_mlp" / file).read_text(encoding="utf-8")
    skipped = never_run(source)
    nodes = list(ast_nodes(get_ast(source)))
    places: dict[tuple[int, int], list[tuple[str, int]]] = defaultdict(list)
    for name in operator_names():
        if SAME.search(name) or get_operator(name).arguments():  # the latter need the names of variables
            continue
        operator = get_operator(name)()
        starts = [start for node in nodes for start, _ in operator.mutation_positions(node)]
        for occurrence, start in enumerate(starts):
            if not any(first <= start < last for first, last in skipped):
                places[start].append((name, occurrence))
    for changes in places.values():
        rng.shuffle(changes)
    rounds = []
    while places:
        rounds.append([(start, changes.pop()) for start, changes in places.items()])
        rng.shuffle(rounds[-1])
        places = {start: changes for start, changes in places.items() if changes}
    mutants = []
    text = source.splitlines()
    order = [one for turn in rounds for one in turn if text[one[0][0] - 1][one[0][1] :][:2] != "*,"]  # in a signature
    for (line, _), (name, occurrence) in order[:sample]:
        code = mutate_code(source, get_operator(name)(), occurrence)
        lines = difflib.unified_diff(source.splitlines(), code.splitlines(), lineterm="", n=0)
        change = "\n".join(f"{row[0]} {row[1:].strip()}" for row in list(lines)[2:] if re.match(r"[+-]\s*\S", row))
        if name.endswith("RemoveDecorator"):  # of what
            change += "\n  " + next(row.strip() for row in text[line:] if row.lstrip().startswith(("def ", "class ")))
        mutants.append(Mutant(file, line, change, code))
    return mutants


def own_operations(file: str) -> str:
    """pytest's ``-k`` for the rows of the contract that call an operation of the file."""
    source = (ROOT / "tinygrad_mlp" / file).read_text(encoding="utf-8")
    return " or ".join(["every_primitive", *re.findall(r"^def (\w+)\(", source, re.MULTILINE)])


def mirrored(file: str) -> list[list[str]]:
    """The arguments of pytest that run the tests of a file: a list after the other."""
    tests = [test for test in MIRRORED[file] if test != CONTRACT]
    return [tests] + [[CONTRACT, "-k", own_operations(file)]] * (CONTRACT in MIRRORED[file])


def wider(file: str) -> list[list[str]]:
    """The same of whatever else could notice: the file's doctests, then the tests of all that is built on the core."""
    top = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests").glob("test_*.py") if path.name not in NOT_WIDER)
    doctests = ["--doctest-modules", f"tinygrad_mlp/{file}"]
    return [doctests, ["tests/ops", "tests/autograd", "tests/nn", "tests/optim", *top]]


def child(tree: Path, tests: list[list[str]]) -> None:
    """Run the tests in the tree, as a process of its own, which ends with the first exit code that is not 0."""
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    os.chdir(tree)
    sys.path.insert(0, str(tree))
    import tinygrad_mlp

    assert Path(tinygrad_mlp.__file__).is_relative_to(tree)
    for arguments in tests:
        code = pytest.main([*OPTIONS, *arguments])
        if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):  # a file without doctests
            os._exit(code)
    os._exit(0)


def passes(tree: Path, tests: list[list[str]], limit: float) -> bool:
    """Whether the tests pass in the tree, within the time."""
    process = multiprocessing.get_context("fork").Process(target=child, args=(tree, tests))
    process.start()
    process.join(limit)
    if process.is_alive():
        process.kill()
        process.join()
    return process.exitcode == 0


def load_libraries() -> None:
    """Load what every forked process needs, once; and before that say that there be no threads, which a fork would lose."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    for name in ("numpy", "hypothesis", "torch"):
        if importlib.util.find_spec(name):  # tests against PyTorch are skipped without it
            importlib.import_module(name)


class Tree:
    """A copy of the project to be mutated, with what it takes to run its tests there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("tinygrad_mlp", "tests", "docs", "benchmarks"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "setup.cfg", "README.md"):
            shutil.copy(ROOT / name, folder / name)
        self.limits: dict[str, float] = {}

    def limit(self, tests: list[list[str]]) -> float:
        """Five times the seconds that the tests take on the original."""
        key = json.dumps(tests)
        if key not in self.limits:
            sys.dont_write_bytecode = False  # what is not mutated is compiled once
            start = time.perf_counter()
            if not passes(self.folder, tests, 600.0):
                raise SystemExit(f"these fail without a mutant: {' '.join(map(' '.join, tests))}")
            self.limits[key] = 5 * (time.perf_counter() - start)
            sys.dont_write_bytecode = True
        return self.limits[key]

    def survives(self, mutant: Mutant, tests: list[list[str]]) -> bool:
        """Whether the tests pass on the mutant."""
        limit = self.limit(tests)
        path = self.folder / "tinygrad_mlp" / mutant.file
        original = path.read_text(encoding="utf-8")
        for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):  # the mutant may have the same time and size
            compiled.unlink()
        path.write_text(mutant.code, encoding="utf-8")
        try:
            return passes(self.folder, tests, limit)
        finally:
            path.write_text(original, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the mutants, run them, and print who lives; the exit code is 1 if a mutant that is not equivalent does."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", metavar="FILES", help=f"of {', '.join(MIRRORED)} (all)")
    parser.add_argument("--sample", type=int, default=60, help="mutants of each file (60)")
    parser.add_argument("--seed", type=int, default=0, help="of the choice (0)")
    parser.add_argument("--mirrored", action="store_true", help="leave out the wider tests")
    parser.add_argument("--journal", type=Path, help="notes outcomes; what it has as killed is not run again")
    options = parser.parse_args(arguments)
    if unknown := set(options.files) - set(MIRRORED):
        parser.error(f"no core file: {', '.join(sorted(unknown))}; choose from {', '.join(MIRRORED)}")
    if importlib.util.find_spec("cosmic_ray") is None:
        parser.error("cosmic-ray is not installed, which makes the mutants: pip install cosmic-ray")
    load_libraries()
    killed_before = set()
    if options.journal and options.journal.exists():
        notes = [json.loads(line) for line in options.journal.read_text(encoding="utf-8").splitlines()]
        killed_before = {(note["file"], note["line"], note["change"]) for note in notes if note["outcome"] == "killed"}
    totals = [0, 0, 0]
    with tempfile.TemporaryDirectory(prefix="mutants") as folder:
        tree = Tree(Path(folder))
        for file in options.files or MIRRORED:
            counts = [0, 0, 0]
            for mutant in drawn(file, options.sample, random.Random(f"{options.seed} {file}")):
                outcome = "killed"
                if equivalent(mutant):
                    outcome = "equivalent"
                elif (file, mutant.line, mutant.change) not in killed_before:
                    lives = tree.survives(mutant, mirrored(file))
                    if lives and (options.mirrored or tree.survives(mutant, wider(file))):
                        outcome = "survived"
                        print(f"--- tinygrad_mlp/{file}:{mutant.line} survived\n{mutant.change}", flush=True)
                counts[("killed", "equivalent", "survived").index(outcome)] += 1
                if options.journal:
                    note = {"file": file, "line": mutant.line, "change": mutant.change, "outcome": outcome}
                    with options.journal.open("a", encoding="utf-8") as journal:
                        journal.write(json.dumps(note) + "\n")
            show(file, counts)
            totals = [total + count for total, count in zip(totals, counts)]
    show("all", totals)
    return int(totals[2] > 0)


def show(name: str, counts: Sequence[int]) -> None:
    """A line of the table."""
    killed, equivalent, survived = counts
    share = killed / max(1, killed + survived)
    print(f"{name:22} {killed}/{sum(counts)} killed, {equivalent} equivalent, {survived} survived: {share:.1%}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
