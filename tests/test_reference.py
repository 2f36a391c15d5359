"""The handwritten formulas: against numbers worked out on paper, and against central differences."""

import ast
import math
import re
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_mlp import reference
from tinygrad_mlp.reference import (
    ACTIVATIONS,
    LOSSES,
    MLP,
    PENALTIES,
    REDUCTIONS,
    averaged_momentum,
    central_difference,
    glorot,
    l2_descent,
    lasso_as_printed,
    log_softmax,
    momentum,
    numerical_gradient,
    sigmoid,
    softmax,
    softplus,
)

PENALTY_SETS = [{}, *({name: 0.3} for name in PENALTIES), dict.fromkeys(PENALTIES, 0.2)]


def problem(sizes, n, loss, seed=0):
    """Layers with random biases, a batch, and targets that the loss can take."""
    generator = np.random.default_rng(seed)
    layers = [(W, generator.normal(0, 0.5, b.shape)) for W, b in glorot(sizes, generator)]
    X = generator.normal(size=(n, sizes[0]))
    if loss == "mse":
        Y = generator.normal(size=(n, sizes[-1]))
    elif loss == "softmax_cross_entropy":
        Y = np.eye(sizes[-1])[generator.integers(sizes[-1], size=n)]
    else:
        Y = generator.integers(2, size=(n, sizes[-1])).astype(np.float64)
    return layers, X, Y


def assert_gradients_are_central_differences(mlp, layers, X, Y, epsilon=1e-5, tolerance=1e-7):
    for i, (parameters, gradients) in enumerate(zip(layers, mlp.gradients(layers, X, Y), strict=True)):
        for name, parameter, gradient in zip("Wb", parameters, gradients, strict=True):
            numerical = numerical_gradient(lambda: mlp.cost(layers, X, Y), parameter, epsilon)
            np.testing.assert_allclose(gradient, numerical, rtol=tolerance, atol=tolerance, err_msg=f"{name} of layer {i}")


# Knows nothing of the engine


def test_it_imports_numpy_alone():
    tree = ast.parse(Path(reference.__file__).read_text(encoding="utf-8"))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import on line {node.lineno}"
            imported.add(node.module.split(".")[0])
    assert imported - {"collections", "dataclasses", "itertools", "typing"} == {"numpy"}


# Numbers worked out on paper


def test_single_neuron_by_hand():
    # z = 0, p = 0.5, loss = -log 0.5, δ = 0.5 - 1, dW = δ x
    neuron = MLP("sigmoid", "sigmoid_cross_entropy", "sum")
    layers = [(np.zeros((1, 2)), np.zeros(1))]
    X, Y = np.array([[1.0, 2.0]]), np.array([[1.0]])
    assert neuron.predict(layers, X).tolist() == [[0.5]]
    assert neuron.cost(layers, X, Y) == pytest.approx(math.log(2), rel=1e-15)
    ((dW, db),) = neuron.gradients(layers, X, Y)
    assert dW.tolist() == [[-0.5, -1.0]]
    assert db.tolist() == [-0.5]
    # With the squared error δ = 2 (0.5 - 1) 0.5 (1 - 0.5) = -0.25.
    ((dW, db),) = MLP("sigmoid", "sigmoid_mse", "sum").gradients(layers, X, Y)
    assert dW.tolist() == [[-0.25, -0.5]]
    assert db.tolist() == [-0.25]


def test_hidden_layer_by_hand():
    # z¹ = [1 - 2, 0.5 + 1 + 0.5] = [-1, 2], a = [0, 2], z² = 2·0 + 3·2 - 1 = 5, loss = (5 - 4)² = 1, δ² = 2,
    # dW² = 2 [0, 2], δ¹ = 2 [2, 3] ⊙ [0, 1] = [0, 6], dW¹ = [[0, 0], 6 [1, 2]].
    mlp = MLP("relu", "mse", "sum")
    layers = [
        (np.array([[1.0, -1.0], [0.5, 0.5]]), np.array([0.0, 0.5])),
        (np.array([[2.0, 3.0]]), np.array([-1.0])),
    ]
    X, Y = np.array([[1.0, 2.0]]), np.array([[4.0]])
    assert [values.tolist() for values in mlp.forward(layers, X)] == [[[1.0, 2.0]], [[0.0, 2.0]], [[5.0]]]
    assert mlp.cost(layers, X, Y) == 1.0
    (dW1, db1), (dW2, db2) = mlp.gradients(layers, X, Y)
    assert (dW1.tolist(), db1.tolist()) == ([[0.0, 0.0], [6.0, 12.0]], [0.0, 6.0])
    assert (dW2.tolist(), db2.tolist()) == ([[0.0, 4.0]], [2.0])


def test_softmax_cross_entropy_by_hand():
    # z = log [1, 2, 5], p = [1, 2, 5] / 8; -log p₂ = log 4; δ = p - y.
    mlp = MLP("sigmoid", "softmax_cross_entropy", "sum")
    layers = [(np.zeros((3, 1)), np.log([1.0, 2.0, 5.0]))]
    X, Y = np.array([[7.0]]), np.array([[0.0, 1.0, 0.0]])
    np.testing.assert_allclose(mlp.predict(layers, X), [[0.125, 0.25, 0.625]], rtol=1e-15)
    assert mlp.cost(layers, X, Y) == pytest.approx(math.log(4), rel=1e-15)
    ((dW, db),) = mlp.gradients(layers, X, Y)
    np.testing.assert_allclose(db, [0.125, -0.75, 0.625], rtol=1e-15)
    np.testing.assert_allclose(dW, [[0.875], [-5.25], [4.375]], rtol=1e-15)


def test_tanh_and_sigmoid_slopes_by_hand():
    # z¹ = 0: a = 0 and f' = 1 for tanh, a = 0.5 and f' = 0.25 for sigmoid. z² = 4 a + 1, y = 0, δ² = 2 z².
    X, Y = np.array([[3.0]]), np.array([[0.0]])
    layers = [(np.zeros((1, 1)), np.zeros(1)), (np.array([[4.0]]), np.array([1.0]))]
    (dW1, _), (dW2, _) = MLP("tanh", "mse", "sum").gradients(layers, X, Y)
    assert (dW1.item(), dW2.item()) == (2.0 * 4.0 * 1.0 * 3.0, 2.0 * 0.0)
    (dW1, _), (dW2, _) = MLP("sigmoid", "mse", "sum").gradients(layers, X, Y)
    assert (dW1.item(), dW2.item()) == (6.0 * 4.0 * 0.25 * 3.0, 6.0 * 0.5)


def test_reductions_divide_the_loss_and_its_gradients_but_not_the_penalties():
    layers, X, Y = problem([3, 4, 2], 5, "mse")
    penalties = {"l1": 0.1, "l2": 0.2}
    penalty = sum(0.1 * np.abs(W).sum() + 0.1 * (W**2).sum() for W, _ in layers)
    total = MLP("tanh", "mse", "sum").cost(layers, X, Y)
    summed = MLP("tanh", "mse", "sum").gradients(layers, X, Y)
    for reduction, divisor in [("sum", 1), ("sample_mean", 5), ("element_mean", 10)]:
        mlp = MLP("tanh", "mse", reduction, penalties)
        assert mlp.cost(layers, X, Y) == pytest.approx(total / divisor + penalty, rel=1e-14)
        pairs = zip(layers, summed, mlp.gradients(layers, X, Y), strict=True)
        for (W, _), (dW_sum, db_sum), (dW, db) in pairs:
            np.testing.assert_allclose(dW, dW_sum / divisor + 0.1 * np.sign(W) + 0.2 * W, rtol=1e-13)
            np.testing.assert_allclose(db, db_sum / divisor, rtol=1e-14)


def test_l1_gradient_at_zero_is_zero():
    assert PENALTIES["l1"].gradient(np.array([[-2.0, 0.0, 3.0]])).tolist() == [[-1.0, 0.0, 1.0]]


# Against central differences


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("penalties", PENALTY_SETS, ids=str)
def test_gradients_are_central_differences(activation, loss, penalties):
    for seed, reduction in enumerate(REDUCTIONS):
        mlp = MLP(activation, loss, reduction, penalties)
        assert_gradients_are_central_differences(mlp, *problem([4, 5, 3, 3], 6, loss, seed))


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 5), min_size=2, max_size=5),
    n=st.integers(1, 4),
    # The kink of ReLU is left to the fixed cases: a drawn z can come too close to it.
    activation=st.sampled_from(["tanh", "sigmoid"]),
    loss=st.sampled_from(list(LOSSES)),
    reduction=st.sampled_from(list(REDUCTIONS)),
    seed=st.integers(0, 2**32 - 1),
)
def test_gradients_for_any_sizes(sizes, n, activation, loss, reduction, seed):
    mlp = MLP(activation, loss, reduction)
    layers, X, Y = problem(sizes, n, loss, seed)
    shapes = [(dW.shape, db.shape) for dW, db in mlp.gradients(layers, X, Y)]
    assert shapes == [((j, i), (j,)) for i, j in pairwise(sizes)]
    assert_gradients_are_central_differences(mlp, layers, X, Y)


@pytest.mark.parametrize("slope", [lambda a: 1 - a, lambda a: np.ones_like(a), lambda a: -a * (1 - a)])
def test_a_wrong_derivative_is_found(slope, monkeypatch):
    monkeypatch.setitem(ACTIVATIONS, "sigmoid", ACTIVATIONS["sigmoid"]._replace(slope=slope))
    mlp = MLP("sigmoid", "mse", "sum")
    with pytest.raises(AssertionError, match=r"W of layer 0"):
        assert_gradients_are_central_differences(mlp, *problem([2, 3, 1], 4, "mse"))


def test_central_difference_error_is_of_second_order():
    mlp = MLP("tanh", "softmax_cross_entropy", "sample_mean")
    layers, X, Y = problem([6, 5, 3], 10, "softmax_cross_entropy")
    W, exact = layers[0][0], mlp.gradients(layers, X, Y)[0][0][2, 3]
    coarse, fine = (
        abs(central_difference(lambda: mlp.cost(layers, X, Y), W, (2, 3), epsilon) - exact) for epsilon in (0.02, 0.01)
    )
    assert coarse / fine == pytest.approx(4, rel=0.01)


def test_numerical_gradient_puts_the_parameter_back():
    w = np.array([[0.1, -0.3], [1e9, 1e-9]])
    before = w.copy()
    numerical_gradient(lambda: float(w.sum()), w)
    np.testing.assert_array_equal(w, before)

    def fails():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        numerical_gradient(fails, w)
    np.testing.assert_array_equal(w, before)


# Update rules


def test_momentum_by_hand():
    # v = 2, p = 10 - 0.5·2 = 9; then v = 0.5·2 + 4 = 5, p = 9 - 0.5·5 = 6.5.
    assert momentum(10.0, 2.0, 0.0, lr=0.5, mu=0.5) == (9.0, 2.0)
    assert momentum(9.0, 4.0, 2.0, lr=0.5, mu=0.5) == (6.5, 5.0)
    assert momentum(9.0, 4.0, 2.0, lr=0.5) == (7.0, 4.0)  # plain gradient descent


def test_averaged_momentum_by_hand():
    # v = 0.25·0.5·2 = 0.25, p = 10 - 0.25; then v = 0.75·0.25 + 0.25·0.5·4 = 0.6875.
    assert averaged_momentum(10.0, 2.0, 0.0, lr=0.5, gamma=0.75) == (9.75, 0.25)
    assert averaged_momentum(9.75, 4.0, 0.25, lr=0.5, gamma=0.75) == (9.0625, 0.6875)


def test_l2_descent_by_hand_and_as_a_penalty():
    assert l2_descent(8.0, 2.0, 3.0, lr=0.5, beta=0.25) == (6.0, 3.0)  # (1 - 0.125)·8 - 1
    layers, X, Y = problem([3, 4, 2], 5, "mse")
    plain, penalised = MLP("tanh", "mse", "sum"), MLP("tanh", "mse", "sum", {"l2": 0.25})
    descent = partial(momentum, lr=0.01)
    batches = [(X, Y)] * 10
    direct = plain.train(layers, batches, partial(l2_descent, lr=0.01, beta=0.25), descent)
    through_penalty = penalised.train(layers, batches, descent, descent)
    for step in zip(direct, through_penalty, strict=True):
        for (W, b), (W_penalty, b_penalty) in zip(*step, strict=True):
            np.testing.assert_allclose(W, W_penalty, rtol=1e-13)
            np.testing.assert_allclose(b, b_penalty, rtol=1e-13)


def test_lasso_as_printed_by_hand():
    # v = 0.5·2 + 4 = 5; p + 2·0.25·sign(p) - 0.5·5.
    for p, expected in [(9.0, 7.0), (-9.0, -12.0), (0.0, -2.5)]:
        stepped, v = lasso_as_printed(np.array(p), 4.0, 2.0, lr=0.5, lam=0.25, mu=0.5)
        assert (stepped, v) == (expected, 5.0)


def test_training_lowers_the_cost_and_leaves_the_first_layers_alone():
    mlp = MLP("tanh", "softmax_cross_entropy", "sample_mean")
    layers, X, Y = problem([4, 8, 3], 20, "softmax_cross_entropy")
    before = [(W.copy(), b.copy()) for W, b in layers]
    rule = partial(momentum, lr=0.1, mu=0.9)
    costs = [mlp.cost(step, X, Y) for step in mlp.train(layers, [(X, Y)] * 200, rule, rule)]
    assert len(costs) == 200
    assert costs[-1] < 0.1 * costs[0]
    for old, new in zip(before, layers, strict=True):
        np.testing.assert_array_equal(old[0], new[0])
        np.testing.assert_array_equal(old[1], new[1])


def test_biases_move_by_their_own_rule():
    mlp = MLP("tanh", "mse", "sum")
    layers, X, Y = problem([2, 3, 1], 4, "mse")
    (trained,) = mlp.train(layers, [(X, Y)], partial(momentum, lr=0.1), lambda p, g, v: (p, v))
    for (W, b), (W_new, b_new) in zip(layers, trained, strict=True):
        np.testing.assert_array_equal(b, b_new)
        assert not np.array_equal(W, W_new)


# Numerically stable, in the dtype that comes in


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_functions_where_the_plain_formula_overflows(dtype):
    z = np.array([[-1e4, -1.0, 0.0, 1.0, 1e4]], dtype)
    e = math.e
    for got, expected in [
        (sigmoid(z), [[0, 1 / (1 + e), 0.5, e / (1 + e), 1]]),
        (softplus(z), [[0, math.log1p(1 / e), math.log(2), math.log1p(e), 1e4]]),
        (softmax(z), [[0, 0, 0, 0, 1]]),
        (log_softmax(z), z - 1e4),
    ]:
        assert got.dtype == dtype
        np.testing.assert_allclose(got, expected, rtol=4 * np.finfo(dtype).eps)
    # Small values keep their relative accuracy.
    small = np.array([-40.0], dtype)
    np.testing.assert_allclose(sigmoid(small), math.exp(-40), rtol=4 * np.finfo(dtype).eps)
    np.testing.assert_allclose(softplus(small), math.exp(-40), rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("loss", LOSSES)
def test_extreme_inputs_stay_finite(loss):
    layers, X, Y = problem([3, 4, 2], 5, loss)
    mlp = MLP("tanh", loss, "sum")
    layers[-1] = (layers[-1][0] * 1e5, layers[-1][1])
    assert math.isfinite(mlp.cost(layers, X, Y))
    for gradient in mlp.gradients(layers, X, Y):
        assert all(np.isfinite(values).all() for values in gradient)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_float32_stays_float32(activation, loss):
    layers, X, Y = problem([3, 4, 2], 5, loss)
    layers = [(W.astype(np.float32), b.astype(np.float32)) for W, b in layers]
    mlp = MLP(activation, loss, "element_mean", {"l1": 0.1, "l2": 0.1})
    rules = [
        partial(momentum, lr=0.1, mu=0.9),
        partial(averaged_momentum, lr=0.1, gamma=0.9),
        partial(l2_descent, lr=0.1, beta=0.1),
        partial(lasso_as_printed, lr=0.1, lam=0.1, mu=0.9),
    ]
    X, Y = X.astype(np.float32), Y.astype(np.float32)
    assert mlp.predict(layers, X).dtype == np.float32
    for rule in rules:
        (trained,) = mlp.train(layers, [(X, Y)], rule, rule)
        assert {parameter.dtype for layer in trained for parameter in layer} == {np.dtype(np.float32)}


# Initial values


def test_glorot_is_uniform_within_its_bound():
    layers = glorot([300, 200, 10], np.random.default_rng(0))
    assert [(W.shape, b.shape) for W, b in layers] == [((200, 300), (200,)), ((10, 200), (10,))]
    for W, b in layers:
        bound = math.sqrt(6 / sum(W.shape))
        assert np.abs(W).max() < bound
        assert np.abs(W).max() > 0.99 * bound
        assert W.std() == pytest.approx(bound / math.sqrt(3), rel=0.03)
        assert not b.any()


# Errors


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        (("gelu", "mse", "sum"), "unknown activation 'gelu': expected one of relu, tanh, sigmoid"),
        (
            ("relu", "hinge", "sum"),
            "unknown loss 'hinge': expected one of softmax_cross_entropy, sigmoid_cross_entropy, sigmoid_mse, mse",
        ),
        (
            ("relu", "mse", "mean"),
            "unknown reduction 'mean': expected one of sum, sample_mean, element_mean",
        ),
        (("relu", "mse", "sum", {"l3": 1.0}), "unknown penalty 'l3': expected one of l2, l1"),
    ],
)
def test_unknown_names(choices, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        MLP(*choices)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda layers, X, Y: ([], X, Y), "got no layers: expected at least one pair (W, b)"),
        (
            lambda layers, X, Y: (layers, X[0], Y),
            "X has shape (3,): expected (N, in_features), a sample in each row",
        ),
        (
            lambda layers, X, Y: (layers, X[:, :2], Y),
            "W of layer 0 has shape (4, 3): expected (out_features, 2)",
        ),
        (
            lambda layers, X, Y: ([layers[0], (layers[1][0].T, layers[1][1])], X, Y),
            "W of layer 1 has shape (4, 2): expected (out_features, 4)",
        ),
        (
            lambda layers, X, Y: ([(layers[0][0], layers[0][1][:, None]), layers[1]], X, Y),
            "b of layer 0 has shape (4, 1): expected (4,)",
        ),
        (
            lambda layers, X, Y: (layers, X, Y.argmax(axis=1)),
            "Y has shape (5,): expected (5, 2), as the output; classes as one-hot rows",
        ),
    ],
)
@pytest.mark.parametrize("method", [MLP.cost, MLP.gradients])
def test_shapes_that_do_not_fit(change, message, method):
    mlp = MLP("relu", "sigmoid_mse", "sum")
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        method(mlp, *change(*problem([3, 4, 2], 5, "sigmoid_mse")))


def test_glorot_needs_two_sizes():
    with pytest.raises(ValueError, match=re.escape("sizes is [784]: expected at least two")):
        glorot([784], np.random.default_rng(0))
