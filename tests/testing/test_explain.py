"""explain_backward: norms, formulas and names are right, the drawing is well-formed, a wrong gradient is traced to its rule."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import tinygrad_mlp as tg
from tinygrad_mlp.autograd import set_detect_anomaly
from tinygrad_mlp.core.primitive import PRIMITIVES
from tinygrad_mlp.core.state import state
from tinygrad_mlp.errors import ArgumentError, GraphError, ShapeError
from tinygrad_mlp.testing import explain
from tinygrad_mlp.testing.explain import Explanation, explain_backward, keep_values

F = tg.nn.functional
SVG = "{http://www.w3.org/2000/svg}"


def network() -> tuple[tg.nn.Module, tg.Tensor, dict[str, tg.Tensor]]:
    """A model, its loss with weight decay (a second way to the first weight), and the tensors on the way."""
    tg.manual_seed(1)
    model = tg.nn.Sequential(tg.nn.Linear(3, 4), tg.nn.Tanh(), tg.nn.Linear(4, 4), tg.nn.ReLU(), tg.nn.Linear(4, 2)).double()
    tensors = {}
    with keep_values():
        h = tg.randn(5, 3, dtype=tg.float64)
        for k, layer in enumerate(model):
            h = tensors[f"h{k}"] = layer(h)
        loss = F.cross_entropy(h, tg.tensor([0, 1, 0, 1, 1])) + (model[0].weight ** 2).sum()
    return model, loss, dict(model.named_parameters()) | tensors


def gradients(loss: tg.Tensor, tensors: dict[str, tg.Tensor]) -> dict[str, np.ndarray]:
    found = tg.autograd.grad(loss, list(tensors.values()), retain_graph=True)
    return {name: g.numpy().copy() for name, g in zip(tensors, found, strict=True)}


def step(explanation: Explanation, label: str) -> explain.BackwardStep:
    return next(s for s in explanation.steps if s.label == label)


# ------------------------------------------------------------------------------------------------------------- steps


def test_every_step_has_its_norms_shapes_and_inputs() -> None:
    _, loss, tensors = network()
    explanation = explain_backward(loss, names=tensors)
    expected = gradients(loss, tensors)
    for name, tensor in tensors.items():
        found = next(s for s in explanation.steps if s.label.split()[-1] == name)
        assert found.shape == tuple(tensor.shape)
        assert found.dtype == "float64"
        np.testing.assert_allclose(found.value_norm, np.linalg.norm(tensor.detach().numpy()), rtol=1e-12)
        np.testing.assert_allclose(found.gradient_norm, np.linalg.norm(expected[name]), rtol=1e-12)
    first = explanation.steps[0]
    assert (first.label, first.operation, first.depth, first.gradient_norm) == ("#1", "add", 0, 1.0)
    linear = next(s for s in explanation.steps if s.label.endswith("h4"))
    assert (linear.operation, linear.formula) == ("linear", "input @ weight.T + bias")
    assert [name for name, _ in linear.inputs] == ["input", "weight", "bias"]
    assert [label.split()[-1] for _, label in linear.inputs] == ["h3", "4.weight", "4.bias"]
    assert linear.line is not None
    assert linear.line.endswith('(h = tensors[f"h{k}"] = layer(h))')


def test_depth_is_the_longest_way_and_leaves_come_last() -> None:
    _, loss, tensors = network()
    explanation = explain_backward(loss, names=tensors)
    depth = {s.label: s.depth for s in explanation.steps}
    for s in explanation.steps:
        assert all(depth[label] > s.depth for _, label in s.inputs)
    assert depth["0.weight"] == 7  # through the network, not through the weight decay
    kinds = [bool(s.operation) for s in explanation.steps]
    assert kinds == sorted(kinds, reverse=True)


def test_nothing_is_changed() -> None:
    model, loss, tensors = network()
    before = gradients(loss, tensors)
    explain_backward(loss, before, names=tensors)
    assert all(p.grad is None for p in model.parameters())
    assert not tg.autograd.anomaly.is_anomaly_enabled()
    loss.backward()
    for name, p in model.named_parameters():
        assert p.grad is not None
        np.testing.assert_array_equal(p.grad.numpy(), before[name])
    with pytest.raises(GraphError, match="a second time"):
        explain_backward(loss)


def test_what_the_graph_did_not_keep_is_unknown() -> None:
    x = tg.tensor([3.0, 4.0], requires_grad=True)
    y = (x + 1) + 2  # addition keeps nothing
    explanation = explain_backward(y.exp().sum())
    assert [s.value_norm is None for s in explanation.steps] == [True, False, True, True, False]
    assert "?: not kept" in explanation.text
    with keep_values():
        y = (x + 1) + 2
        loss = y.exp().sum()
    explanation = explain_backward(loss)
    assert "?" not in explanation.text
    assert [s.value_norm for s in explanation.steps[3:]] == [pytest.approx(np.hypot(4, 5)), 5.0]


def test_kept_values_are_those_of_the_time_and_go_with_the_graph() -> None:
    assert state.observers == ()
    x = tg.tensor([3.0, 4.0], requires_grad=True)
    with keep_values():
        y = x * 1
        loss = y.sum()
        y.detach().zero_()
    assert state.observers == ()
    assert explain_backward(loss).steps[1].value_norm == 5.0
    kept = len(explain._kept)
    gc.disable()  # nothing waits for the cycle collector
    try:
        del loss, y
        assert len(explain._kept) == kept - 2
    finally:
        gc.enable()


def test_keeping_and_detecting_go_together() -> None:
    x = tg.tensor([4.0], requires_grad=True)
    with set_detect_anomaly(True), keep_values():
        loss = (x + 0).sqrt().sum()
        assert tg.autograd.anomaly.is_anomaly_enabled()
    assert [s.value_norm for s in explain_backward(loss).steps] == [2, 2, 4, 4]


def test_many_inputs_views_users_functions_and_a_leaf_alone() -> None:
    class Twice(tg.autograd.Function):
        """2 x. Not more."""

        @staticmethod
        def forward(ctx: Any, x: tg.Tensor) -> tg.Tensor:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: tg.Tensor) -> tg.Tensor:
            return g * 2

    x = tg.ones(2, 3, requires_grad=True)
    loss = tg.cat([Twice.apply(x).reshape(6), x[0] * x[0]]).sum()
    explanation = explain_backward(loss)
    assert "Twice" in explanation.text
    assert "2 x" in [s.formula for s in explanation.steps]
    joined = next(s for s in explanation.steps if s.operation == "_cat")
    assert [name for name, _ in joined.inputs] == ["0", "1"]
    leaf = explanation.steps[-1]
    assert (leaf.label, leaf.gradient_norm) == ("leaf 1", pytest.approx(np.sqrt(3 * 16 + 3 * 4)))
    (alone,) = explain_backward(tg.ones((), requires_grad=True)).steps
    assert (alone.operation, alone.gradient_norm, alone.value_norm) == ("", 1.0, 1.0)


def test_a_loss_that_is_no_scalar_takes_a_gradient() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    explanation = explain_backward(x * 3, gradient=tg.tensor([1.0, 0.0]))
    assert explanation.steps[-1].gradient_norm == 3.0
    with pytest.raises(GraphError, match="scalar"):
        explain_backward(x * 3)


def test_every_operation_that_users_see_has_a_formula() -> None:
    without = [
        name
        for name, op in PRIMITIVES.items()
        if not name.startswith("_") and not explain._formula(type("Fake", (), {"op": op})())  # type: ignore[arg-type]
    ]
    assert not without
    assert explain._formula(type("Fake", (), {"op": PRIMITIVES["matrix_product"]})()).startswith("The product of matrices")  # type: ignore[arg-type]


# ----------------------------------------------------------------------------------------------------------- the forms


def test_the_text_is_a_table() -> None:
    _, loss, tensors = network()
    lines = str(explain_backward(loss, names=tensors)).splitlines()
    header = lines[0]
    assert header.split() == ["operation", "formula", "shape", "dtype", "|value|", "|gradient|", "inputs", "line"]
    assert len(lines) == 1 + 15
    row = next(line for line in lines if line.startswith("#5 h4"))
    assert row[header.index("formula") :].startswith("input @ weight.T + bias  ")
    assert row[header.index("inputs") :].startswith("input=#6 h3 weight=4.weight bias=4.bias")
    assert re.search(r"test_explain\.py:\d+$", row)


def test_the_dot_graph_has_every_edge_and_escapes_its_text() -> None:
    x = tg.tensor([1.0], requires_grad=True)
    dot = explain_backward((x * x).sum(), names={'a "b" \\n <c>': x}).dot
    assert dot.startswith("digraph backward {\n")
    assert dot.endswith("}\n")
    assert 'label="a \\"b\\" \\\\n <c>\\n(1,) float32\\n' in dot
    assert re.findall(r"(n\d) -> (n\d);", dot) == [("n1", "n0"), ("n2", "n1"), ("n2", "n1")]


def boxes(svg: str) -> list[tuple[str, float, float, float, float]]:
    """The first line, left, top, right and bottom of every box in a drawing."""
    found = []
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        rect, text = group.find(f"{SVG}rect"), group.find(f"{SVG}text")
        assert rect is not None
        assert text is not None
        x, y, width, height = (float(rect.get(key, "nan")) for key in ("x", "y", "width", "height"))
        found.append((text.text or "", x, y, x + width, y + height))
        for line in group.iter(f"{SVG}text"):  # the text is in its box, at the width that monospace letters have
            assert x < float(line.get("x", "nan")) < x + width - 6.6 * len(line.text or "")
            assert y < float(line.get("y", "nan")) < y + height
    return found


def test_the_drawing_is_legible() -> None:
    _, loss, tensors = network()
    explanation = explain_backward(loss, names=tensors)
    svg = explanation.svg
    assert svg == explanation._repr_svg_()
    placed = boxes(svg)
    assert len(placed) == len(explanation.steps) == 15
    for k, (_, left, top, right, bottom) in enumerate(placed):
        for _, other_left, other_top, other_right, other_bottom in placed[:k]:
            assert right <= other_left or other_right <= left or bottom <= other_top or other_bottom <= top, "no overlap"
    at = {name.split(" ")[0] if name.startswith("#") else name: top for name, _, top, _, _ in placed}
    for s in explanation.steps:  # what is used is above what uses it
        for _, label in s.inputs:
            assert at[label.split(" ")[0] if label.startswith("#") else label] < at[s.label.split(" ")[0]]
    root = ElementTree.fromstring(svg)
    left, _, width, height = map(float, (root.get("viewBox") or "").split())
    assert all(left <= x and right <= left + width and y >= 0 and bottom <= height for _, x, y, right, bottom in placed)
    paths = [path for path in root.iter(f"{SVG}path") if path.get("marker-end")]
    assert len(paths) == sum(len(s.inputs) for s in explanation.steps)


def test_a_long_line_passes_beside_the_boxes() -> None:
    _, loss, tensors = network()
    svg = explain_backward(loss, names=tensors).svg
    placed = boxes(svg)
    for path in ElementTree.fromstring(svg).iter(f"{SVG}path"):
        points = [tuple(map(float, pair.split(","))) for pair in re.findall(r"[-\d.]+,[-\d.]+", path.get("d") or "")]
        for (x, y), (other_x, other_y) in pairwise(points):
            if x == other_x and other_y - y > 20:  # a straight piece through a layer
                assert all(not (left < x < right and top < other_y and bottom > y) for _, left, top, right, bottom in placed)


def test_the_drawing_escapes_its_text() -> None:
    x = tg.tensor([1.0], requires_grad=True)
    name = "<b>\n&\"'\x00c"
    explanation = explain_backward((x * x).sum(), {name: [-2.0]}, names={name: x})
    assert "<b>?&\"'?c" in [title for title, *_ in boxes(explanation.svg)]


def test_names_that_look_like_labels_stay_apart() -> None:
    x, y, z = (tg.ones((), requires_grad=True) for _ in range(3))
    explanation = explain_backward(x * y * z, names={"#1": x, "leaf 1": y})
    labels = [s.label for s in explanation.steps]
    assert len(set(labels)) == len(labels) == 5
    assert len(boxes(explanation.svg)) == 5


@pytest.mark.parametrize("ending", ["svg", "dot", "txt"])
def test_saving_goes_by_ending(ending: str, tmp_path: Path) -> None:
    x = tg.tensor([1.0], requires_grad=True)
    explanation = explain_backward((x * x).sum())
    path = tmp_path / f"graph.{ending}"
    explanation.save(path)
    assert (
        path.read_text(encoding="utf-8") == {"svg": explanation.svg, "dot": explanation.dot, "txt": explanation.text}[ending]
    )
    with pytest.raises(ArgumentError, match=r"\.svg, \.dot or \.txt; got '.*graph\.png'"):
        explanation.save(tmp_path / "graph.png")


# ----------------------------------------------------------------------------------------------- handwritten gradients


def test_right_gradients_agree() -> None:
    model, loss, tensors = network()
    explanation = explain_backward(loss, gradients(loss, tensors), names=tensors)
    assert explanation.difference is None
    assert len(explanation.compared) == len(tensors)
    assert explanation.text.endswith("4.bias, 4.weight, #7 h2, #8 h1, 2.bias, 2.weight, #9 h0, 0.bias, 0.weight.")
    assert explain_backward(loss, gradients(loss, dict(model.named_parameters())), names=model).difference is None


def wrong(change: Callable[[dict[str, np.ndarray]], None]) -> explain.GradientDifference:
    _, loss, tensors = network()
    given = gradients(loss, tensors)
    change(given)
    explanation = explain_backward(loss, given, names=tensors)
    assert explanation.difference is not None
    assert explanation.text.endswith(explanation.difference.text)
    return explanation.difference


def test_the_first_difference_from_the_loss_is_named() -> None:
    def change(given: dict[str, np.ndarray]) -> None:
        given["2.weight"][1, 2] += 0.5
        given["0.weight"] *= 2  # further from the loss, and so not the first

    difference = wrong(change)
    assert (difference.tensor, difference.operation, difference.input) == ("2.weight", "#7 h2 linear", "weight")
    assert difference.element == (1, 2)
    assert difference.given == pytest.approx(difference.computed + 0.5)
    assert f"at element [1, 2] the given number is {difference.given:.9g}" in difference.text
    assert f"the computed one {difference.computed:.9g}; 1 of 16 elements differ." in difference.text
    assert difference.text.endswith("The gradient of the output of #7 h2 linear was given and agrees, so it is this step.")


def test_a_wrong_intermediate_comes_before_the_weights_behind_it() -> None:
    def change(given: dict[str, np.ndarray]) -> None:
        given["h2"] *= 0.5
        given["2.weight"] *= 0.5
        given["2.bias"] *= 0.5

    difference = wrong(change)
    assert (difference.tensor, difference.operation, difference.input) == ("#7 h2", "#6 h3 relu", "input")
    assert "It is 0.5 times the computed one." in difference.text


def test_usual_mistakes_are_recognised() -> None:
    def transpose(given: dict[str, np.ndarray]) -> None:
        given["2.weight"] = given["2.weight"].T.copy()

    assert "Its sign is the opposite one." in wrong(lambda given: given.update({"4.bias": -given["4.bias"]})).text
    assert "It is 5 times the computed one." in wrong(lambda given: given.update({"4.bias": 5 * given["4.bias"]})).text
    assert "It is 0 everywhere." in wrong(lambda given: given.update({"4.bias": 0 * given["4.bias"]})).text
    assert "It is the computed one transposed." in wrong(transpose).text
    _, _, tensors = network()
    decay = 2 * tensors["0.weight"].detach().numpy()
    assert (
        "The term that comes from #3 pow is missing"
        not in wrong(lambda given: given.update({"0.weight": given["0.weight"] - 0.5 * decay})).text
    )
    missing = wrong(lambda given: given.update({"0.weight": given["0.weight"] - decay}))
    assert re.search(r"The term that comes from #\d+ pow is missing\.", missing.text)


def test_what_lies_between_is_suspected_where_less_is_given() -> None:
    model, loss, _ = network()
    given = gradients(loss, dict(model.named_parameters()))
    given["2.bias"] += 1
    difference = explain_backward(loss, {"2.bias": given["2.bias"]}, names=model).difference
    assert difference is not None
    assert difference.operation == "#7 linear"
    assert "It passed through #1 add, #4 class_cross_entropy, #5 linear, #6 relu, #7 linear" in difference.text


def test_nan_is_a_difference_and_rounding_is_not() -> None:
    x = tg.tensor([1.0, 2.0, 0.0], requires_grad=True)
    loss = (x * x).sum()
    assert explain_backward(loss, {x: np.array([2.0, 4.0, 0.0]) * (1 + 1e-5) + 1e-5}).difference is None
    assert explain_backward(loss, {x: np.array([2.0, 4.0, 0.0]) * (1 + 1e-5)}, rtol=1e-7).difference is not None
    difference = explain_backward(loss, {x: [2.0, np.nan, 0.0]}).difference
    assert difference is not None
    assert difference.element == (1,)
    (x.sqrt() * 0).sum().backward()  # nan at 0
    both = explain_backward((x.sqrt() * 0).sum(), {x: [0.0, 0.0, np.nan]})
    assert both.difference is None


def test_a_wrong_gradient_of_the_loss_itself() -> None:
    x = tg.tensor(2.0, requires_grad=True)
    loss = x * x
    difference = explain_backward(loss, {loss: 2.0, x: 4.0}).difference
    assert difference is not None
    assert (difference.tensor, difference.operation) == ("#1", "the loss")


def test_errors_say_what_was_wrong() -> None:
    x, other = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
    loss = (x * x).sum()
    with pytest.raises(GraphError, match="has no graph"):
        explain_backward(tg.ones(()))
    with pytest.raises(ArgumentError, match=r"'w', which is not in names \(x\)"):
        explain_backward(loss, {"w": [1.0]}, names={"x": x})
    with pytest.raises(ArgumentError, match="a key of type int"):
        explain_backward(loss, {3: [1.0]})  # type: ignore[dict-item]
    with pytest.raises(GraphError, match="does not depend on the given tensor"):
        explain_backward(loss, {other: [1.0, 1.0]})
    with pytest.raises(ShapeError, match=r"given for x has shape \(1,\), but the tensor \(2,\)"):
        explain_backward(loss, {"x": [1.0]}, names={"x": x})
