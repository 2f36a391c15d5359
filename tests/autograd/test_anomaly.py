"""detect_anomaly: the first NaN or infinity, forward or backward, with the line; and both lines of an in-place error."""

from __future__ import annotations

import gc
import sys
import threading
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp.autograd import detect_anomaly, set_detect_anomaly
from tinygrad_mlp.autograd.anomaly import is_anomaly_check_nan_enabled, is_anomaly_enabled
from tinygrad_mlp.core.state import state
from tinygrad_mlp.errors import AnomalyError, InplaceError, TinygradError

INF, NAN = float("inf"), float("nan")


def leaf(*values: float) -> tg.Tensor:
    return tg.tensor(values, dtype=tg.float64, requires_grad=True)


def anomaly(f: Callable[[], Any], mode: bool = True) -> AnomalyError:
    with set_detect_anomaly(mode), pytest.raises(AnomalyError) as caught:
        f()
    return caught.value


def here() -> int:
    """The number of the line that calls this."""
    return sys._getframe(1).f_lineno


# ------------------------------------------------------------------------------------------------------ the forward


def test_the_first_nan_names_the_operation_the_element_and_the_line() -> None:
    x = leaf(1.0, -1.0, 4.0, -2.0)

    def f() -> None:
        f.line = here() + 1  # type: ignore[attr-defined]
        y = x.log()
        (y * 2).sum()

    error = anomaly(f)
    assert (error.op, error.element, error.backward) == ("log", (1,), False)
    assert np.isnan(error.value)
    assert error.line == f"{__file__}:{f.line} (y = x.log())"  # type: ignore[attr-defined]
    assert str(error).startswith(
        "log returned nan at element [1] of its output, shape (4,); input in [-2, 4]. Forward line: "
    )
    assert isinstance(error, TinygradError)
    assert isinstance(error, RuntimeError)


def test_an_infinity_made_of_finite_numbers_is_an_error() -> None:
    error = anomaly(lambda: leaf(1.0, 2.0) / tg.tensor([[1.0, 1.0], [1.0, 0.0]], dtype=tg.float64))
    assert (error.op, error.element, error.value) == ("true_divide", (1, 1), INF)
    assert "input in [1, 2], other in [0, 1]" in str(error)
    assert anomaly(lambda: leaf(0.0).log()).value == -INF
    assert "other 0." in str(anomaly(lambda: leaf(1.0) / 0))


def test_an_infinity_that_came_in_passes_and_a_nan_does_not() -> None:
    x = leaf(1.0, 2.0, 3.0)
    with set_detect_anomaly(True):
        x.masked_fill(tg.tensor([True, False, False]), -INF).softmax(0)[1].backward()
        tg.where(x > 2, x, -INF).exp().sum().backward()
    assert x.grad is not None
    error = anomaly(lambda: tg.tensor([1.0, NAN]) * 2)
    assert (error.op, error.element) == ("mul", (1,))
    assert "input already held nan at element [1]" in str(error)


def test_nothing_recorded_is_looked_at_too() -> None:
    def f() -> None:
        with tg.no_grad():
            tg.ones(2).div_(tg.tensor([1.0, 0.0]))

    assert anomaly(f).op == "true_divide"
    assert anomaly(lambda: tg.zeros(2) / 0).op == "true_divide"


def test_integers_and_variadic_operations() -> None:
    with set_detect_anomaly(True):
        assert (tg.tensor([1, 2]) + 1).tolist() == [2, 3]
        assert tg.stack([tg.ones(1), tg.full((1,), INF)]).tolist() == [[1], [INF]]
    error = anomaly(lambda: tg.stack([tg.ones(1), tg.full((1,), NAN)]))
    assert "input 0 1, input 1 already held nan at element [0]" in str(error)


def test_the_line_of_a_module_is_the_one_in_the_users_forward() -> None:
    class Layer(tg.nn.Module):
        def forward(self, x: tg.Tensor) -> tg.Tensor:
            return tg.nn.functional.softmax(x - INF, dim=0)

    assert "return tg.nn.functional.softmax(x - INF, dim=0)" in str(anomaly(lambda: tg.nn.Sequential(Layer())(leaf(1.0))))


# ----------------------------------------------------------------------------------------------------- the backward


def test_a_gradient_names_its_operation_and_the_forward_line() -> None:
    x = leaf(4.0, 0.0)
    with set_detect_anomaly(True):
        line = here() + 1
        y = x.sqrt()
        z = y.sum() * 2
    error = anomaly(z.backward)
    assert (error.op, error.element, error.value, error.backward) == ("sqrt", (1,), INF, True)
    assert error.line == f"{__file__}:{line} (y = x.sqrt())"
    assert str(error).startswith(
        "Function 'SqrtBackward0' returned infinite values in its 0th output: the gradient of argument 'input' is inf at "
        "element [1], shape (2,); the gradient of the output in [2, 2]. Forward line: "
    )


def test_the_input_is_told_apart_and_nan_has_pytorchs_words() -> None:
    a, b = leaf(1.0), leaf(0.0)
    y = tg.where(b > 0, a / b, 0.0)
    error = anomaly(y.sum().backward)
    assert "Function 'TrueDivideBackward0' returned nan values in its 0th output: the gradient of argument 'input'" in str(
        error
    )
    assert error.line is not None
    assert error.line.endswith("(y = tg.where(b > 0, a / b, 0.0))")  # though the forward pass was not looked at
    quotient = tg.where(b > 0, a.detach() / b, 0.0)
    assert "in its 1th output: the gradient of argument 'other'" in str(anomaly(quotient.sum().backward))


def test_the_same_tensor_twice_is_two_inputs() -> None:
    x = leaf(-1.0)
    with set_detect_anomaly(True):
        y = x**x  # d(a^b)/db has log(-1)
    assert "in its 1th output: the gradient of argument 'exponent'" in str(anomaly(y.sum().backward))


def test_under_create_graph_the_line_is_that_of_the_forward() -> None:
    x = leaf(4.0, 0.0)
    with set_detect_anomaly(True):
        line = here() + 1
        y = (x**1.5).sum()
        (g,) = tg.autograd.grad(y, x, create_graph=True)
    error = anomaly(g.sum().backward)
    assert error.line == f"{__file__}:{line} (y = (x**1.5).sum())"


def test_a_gradient_that_begins_as_nan_or_passes_an_infinity() -> None:
    x = leaf(1.0)
    assert "the gradient of the output already held nan" in str(anomaly(lambda: (x * 2).backward(tg.tensor([NAN]).double())))
    with set_detect_anomaly(True):
        (x * 2).backward(tg.tensor([INF], dtype=tg.float64))
    assert x.grad is not None
    assert x.grad.item() == INF


def test_users_own_operations() -> None:
    class Bad(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: tg.Tensor) -> tg.Tensor:
            return x + 1

        @staticmethod
        def backward(ctx: Any, g: tg.Tensor) -> tg.Tensor:
            return g * NAN

    assert "Function 'BadBackward' returned nan values" in str(anomaly(Bad.apply(leaf(1.0)).backward))


def test_any_other_error_of_a_backward_pass_has_the_line_as_a_note() -> None:
    x = leaf(1.0)
    with set_detect_anomaly(True):
        y = x.exp()
        y.backward()
        with pytest.raises(RuntimeError, match="a second time") as caught:
            y.backward()
    assert caught.value.__notes__ == [
        f"In the backward pass of ExpBackward0. Forward line: {__file__}:{here() - 5} (y = x.exp())"
    ]


# ----------------------------------------------------------------------------------------------------- on and off


def test_detect_anomaly_warns_and_nests_as_in_pytorch() -> None:
    assert not is_anomaly_enabled()
    with pytest.warns(UserWarning, match="Anomaly Detection has been enabled"):
        outer = detect_anomaly()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        inner = detect_anomaly(check_nan=False)
    with outer:
        assert is_anomaly_enabled()
        assert is_anomaly_check_nan_enabled()
        with set_detect_anomaly(True, check_nan=False):
            assert not is_anomaly_check_nan_enabled()
            tg.tensor([0.0]).log()  # not looked at
            with set_detect_anomaly(False):
                assert not is_anomaly_enabled()
            assert is_anomaly_enabled()
        assert is_anomaly_check_nan_enabled()
        with pytest.raises(AnomalyError):
            tg.tensor([0.0]).log()
    with inner:  # goes back to what was when it was made, not when it was entered
        assert not is_anomaly_check_nan_enabled()
    assert not is_anomaly_enabled()


def test_set_detect_anomaly_is_at_once() -> None:
    set_detect_anomaly(True)
    try:
        assert is_anomaly_enabled()
    finally:
        set_detect_anomaly(False)
    assert not is_anomaly_enabled()
    assert state.observers == ()


def test_the_same_semantics_as_torch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")

    def trace(library: Any, enabled: Any, check: Any) -> list[tuple[bool, bool]]:
        seen = []
        look = lambda: seen.append((enabled(), check()))  # noqa: E731 - two words, used nine times
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            a, b = library.autograd.detect_anomaly(), library.autograd.detect_anomaly(False)
        look()
        with a:
            look()
            with b:
                look()
            look()
        look()
        with library.autograd.set_detect_anomaly(True):
            look()
            with library.autograd.set_detect_anomaly(False):
                look()
            look()
        look()
        return seen

    ours = trace(tg, is_anomaly_enabled, is_anomaly_check_nan_enabled)
    theirs = trace(torch, torch.is_anomaly_enabled, torch.is_anomaly_check_nan_enabled)
    assert [on for on, _ in ours] == [on for on, _ in theirs]
    assert [check for on, check in ours if on] == [check for on, check in theirs if on]


def test_detection_is_of_one_thread() -> None:
    found: list[Any] = []

    def other() -> None:
        found.append((is_anomaly_enabled(), tg.tensor([0.0]).log().item()))

    with set_detect_anomaly(True):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert found == [(False, -INF)]


def test_values_and_gradients_are_the_same_under_detection() -> None:
    def run() -> list[np.ndarray]:
        tg.manual_seed(0)
        model = tg.nn.Sequential(tg.nn.Linear(3, 4), tg.nn.ReLU(), tg.nn.Linear(4, 2))
        optimizer = tg.optim.Adam(model.parameters(), weight_decay=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            tg.nn.functional.cross_entropy(model(tg.ones(5, 3)), tg.tensor([0, 1, 0, 1, 1])).backward()
            optimizer.step()
        return [p.detach().numpy() for p in model.parameters()]

    plain = run()
    with set_detect_anomaly(True):
        watched = run()
    for a, b in zip(plain, watched, strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_is_recorded_in_a_backward_pass_has_the_forward_line() -> None:
    x = leaf(2.0)
    with set_detect_anomaly(True):
        y = x.exp()
        (g,) = tg.autograd.grad(y, x, create_graph=True)
    assert y.grad_fn is not None
    assert g.grad_fn is not None
    assert g.grad_fn.origin == y.grad_fn.origin


# ------------------------------------------------------------------------------------------- errors of in-place writes


def overwritten(detect: bool) -> tuple[str, int]:
    """The error of a value overwritten; and the line where it is saved, the one before that where it is written."""
    x = leaf(1.0)
    with set_detect_anomaly(detect):
        line = here() + 1
        h = x.exp()
        h += 1
        with pytest.raises(InplaceError) as caught:
            h.sum().backward()
    return str(caught.value), line


@pytest.mark.parametrize("detect", [False, True])
def test_an_inplace_error_names_both_lines(detect: bool) -> None:
    message, line = overwritten(detect)
    assert f"Written at {__file__}:{line + 1} (h += 1). Saved at {__file__}:{line} (h = x.exp())." in message


def test_the_line_of_a_write_by_an_optimizer_is_its_step() -> None:
    w, x = leaf(1.0), leaf(2.0)
    loss = (w * x).sum()
    loss.backward(retain_graph=True)
    tg.optim.SGD([w], lr=0.1).step()
    with pytest.raises(InplaceError, match=r"tg\.optim\.SGD\(\[w\], lr=0\.1\)\.step\(\)"):
        loss.backward()


def test_a_write_in_a_view_is_found_through_its_owner() -> None:
    h = leaf(1.0, 2.0) * 1
    y = h * h
    h[0].zero_()
    with pytest.raises(InplaceError, match=r"Written at .*\(h\[0\]\.zero_\(\)\)"):
        y.sum().backward()


def test_a_line_keeps_no_variable_alive() -> None:
    class Big:
        pass

    def write() -> tuple[tg.Tensor, Any]:
        big = Big()
        h = tg.ones(2)
        h += 1
        return h, weakref.ref(big)

    gc.disable()
    try:
        h, big = write()
        assert big() is None
        assert h.tolist() == [2, 2]
    finally:
        gc.enable()


def test_a_write_by_a_bare_thread_has_a_line_too() -> None:
    h = tg.ones(2)
    thread = threading.Thread(target=h.add_, args=(1.0,))
    thread.start()
    thread.join()
    assert h._version is not None
    assert h._version.origin is not None
