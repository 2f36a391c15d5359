"""Random sequences of calls, and of changes between and within them: a compiled step, or Module, is what it is without compiling.

``HYPOTHESIS_PROFILE=large`` makes more than 100,000 calls, and says how many.
"""

from __future__ import annotations

import functools
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from twins import Compile, attempt, attempted, difference, itself
from worlds import CHANGES, POINTS, WITHIN, World

import tinygrad_mlp as torch

LARGE = settings().max_examples >= 1000
# In numbers of sequences and of rules in each; without the phase that explains failures, which is slow.
SETTINGS = settings(
    max_examples=1500 if LARGE else 40,
    stateful_step_count=50 if LARGE else 25,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    deadline=None,
)
CALLS: Counter[str] = Counter()

small = st.integers(0, 3)
seeds = st.integers(0, 5)
counts = st.sampled_from([4, 4, 4, 2, 3, 5, 1, 0])
happenings = st.lists(st.tuples(st.sampled_from(POINTS), st.sampled_from(list(WITHIN))), min_size=1, max_size=3)


class Sequences(RuleBasedStateMachine):
    """Two worlds, one eager and one compiled, in which the same things happen."""

    c: Compile = staticmethod(torch.compile)
    module = False

    @initialize(fusion=st.booleans(), activation=st.integers(0, 4), optimizer=small, double=st.booleans())
    def start(self, fusion: bool, activation: int, optimizer: int, double: bool) -> None:
        make = functools.partial(
            World, module=self.module, activation=activation, optimizer=optimizer, double=double or fusion, exact=not fusion
        )
        compiled = self.c if fusion else functools.partial(self.c, fusion=False)
        self.exact = not fusion  # what is fused is compared in float64, where rounding stays small over many steps
        self.worlds = [make(compiled), make(itself)]
        self.same("made", lambda w: None)

    def same(self, what: str, action: Any) -> None:
        """Let it happen in both worlds, and compare what can be seen then."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = [w.does(action) for w in self.worlds]
            seen = [attempted("result", r) + attempted("world", w.seen()) for r, w in zip(results, self.worlds, strict=True)]
        found = difference(*seen, self.exact)
        assert found is None, f"{what}: compiled and eager differ\n{found}"

    def count(self, calls: int) -> None:
        CALLS[type(self).__name__] += calls

    @rule(name=st.sampled_from(list(CHANGES)), k=small)
    def change(self, name: str, k: int) -> None:

        def act(w: World) -> None:
            CHANGES[name](w, k)

        self.same(name, act)

    @rule(seed=seeds, count=counts, times=st.integers(1, 4))
    def train(self, seed: int, count: int, times: int) -> None:
        for i in range(times):
            self.same(f"call {i}", lambda w, i=i: w.step(*w.data(seed + i, count)))
        self.count(times)

    @rule(seed=seeds, events=happenings, again=st.booleans(), times=st.integers(1, 3))
    def train_while_things_happen(self, seed: int, events: list[tuple[str, str]], again: bool, times: int) -> None:
        script = {point: [name for other, name in events if other == point] for point, _ in events}
        for i in range(times):
            for w in self.worlds:
                w.script = script if again or i == 0 else {}
            self.same(f"call {i} with {events}", lambda w, i=i: w.step(*w.data(seed + i, 4)))
        for w in self.worlds:
            w.script = {}
        self.count(times)

    @rule(seed=seeds, count=counts)
    def aliased(self, seed: int, count: int) -> None:
        """The targets are a view of the inputs."""

        def call(w: World) -> Any:
            x, _ = w.data(seed, count)
            return w.step(x, x[:, :2]), x

        self.same("aliased call", call)
        self.count(1)

    @rule(seed=seeds, count=counts, mode=st.sampled_from([torch.no_grad, torch.inference_mode, torch.enable_grad]))
    def evaluate(self, seed: int, count: int, mode: Any) -> None:
        def call(w: World) -> Any:
            with mode():
                y = w.predict(w.data(seed, count)[0])
            return y.detach().clone(), y.requires_grad

        self.same(f"{mode.__name__} call", call)
        self.count(1)

    @rule(seed=seeds)
    def in_threads(self, seed: int) -> None:
        """At once, where nothing is drawn, counted or written."""
        if self.worlds[0].handles:
            return

        def call(w: World) -> Any:
            w.model.eval()
            batches = [w.data(seed + i, 3)[0] for i in range(3)]
            with ThreadPoolExecutor(3) as pool:
                results = list(pool.map(lambda x: attempt(w.predict, x), batches))
            w.model.train()
            return results

        self.same("threads", call)
        self.count(3)


class StepSequences(Sequences):
    """The step is compiled."""


class ModuleSequences(Sequences):
    """The model is compiled."""

    module = True

    @rule(seed=seeds, count=counts)
    def take_off(self, seed: int, count: int) -> None:
        """A call whose backward pass comes later."""

        def call(w: World) -> Any:
            w.flying.append(w.forward(w.data(seed, count)[0]))
            return w.flying[-1]

        self.same("forward", call)
        self.count(1)

    @rule(k=st.integers(0, 9), retain=st.booleans())
    def land(self, k: int, retain: bool) -> None:
        def call(w: World) -> Any:
            if w.flying:
                y = w.flying[k % len(w.flying)] if retain else w.flying.pop(k % len(w.flying))
                y.tanh().sum().backward(retain_graph=retain)

        self.same("backward", call)

    @rule()
    def update(self) -> None:
        self.same("update", lambda w: w.optimizer.step())

    @rule(seed=seeds)
    def penalise(self, seed: int) -> None:
        """Second order."""

        def call(w: World) -> Any:
            x = w.data(seed, 4)[0].requires_grad_()
            (g,) = torch.autograd.grad(w.forward(x).tanh().sum(), x, create_graph=True)
            g.square().sum().backward()
            return g.detach(), x

        self.same("second order", call)
        self.count(1)


def run(machine: type[Sequences], **options: Any) -> None:
    run_state_machine_as_test(machine, settings=settings(SETTINGS, **options))


@pytest.mark.parametrize("machine", [StepSequences, ModuleSequences], ids=["step", "module"])
def test_sequences(machine: type[Sequences], capsys: pytest.CaptureFixture[str]) -> None:
    CALLS.clear()
    run(machine)
    calls = CALLS[machine.__name__]
    if LARGE:
        with capsys.disabled():
            print(f"\n{machine.__name__}: {calls:,} calls")
    assert calls > (50_000 if LARGE else 100)


# -------------------------------------------------------------------------------------------------------- the harness


@pytest.mark.parametrize("machine", [StepSequences, ModuleSequences], ids=["step", "module"])
def test_the_functions_themselves_do_not_differ(machine: type[Sequences]) -> None:
    run(type("Itself", (machine,), {"c": staticmethod(itself)}), max_examples=20)


def _forgetful(function: Any = None, **options: Any) -> Any:
    """A ``compile`` that looks at shapes alone: called with them again, it gives what it gave."""
    results: dict[Any, Any] = {}

    def replay(*args: Any) -> Any:
        key = tuple(x.shape for x in args)
        if key not in results:
            results[key] = function(*args)
        return results[key]

    return functools.partial(_forgetful, **options) if function is None else replay


@pytest.mark.parametrize("machine", [StepSequences, ModuleSequences], ids=["step", "module"])
def test_a_compile_that_is_wrong_is_found(machine: type[Sequences]) -> None:
    with pytest.raises(AssertionError, match="compiled and eager differ"):
        run(type("Forgetful", (machine,), {"c": staticmethod(_forgetful)}), phases=[Phase.generate], print_blob=False)
