"""The true gradient by differences, and which gradients differ from it."""

import numpy as np

from tinygrad_mlp.testing.diagnosis.truth import differing, numerical

X = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 4.0]])
PARAMS = {"W": np.array([[0.3, -0.2], [0.1, 0.5]]), "b": np.array([[0.1, -0.4]])}


def loss(p):
    return np.tanh(X @ p["W"] + p["b"]).sum()


def right():
    d = 1 - np.tanh(X @ PARAMS["W"] + PARAMS["b"]) ** 2
    return {"W": X.T @ d, "b": d.sum(axis=0, keepdims=True)}


def test_right_gradients_pass_and_the_parameters_stay():
    before = {k: v.copy() for k, v in PARAMS.items()}
    assert differing(right(), *numerical(loss, PARAMS)) == ()
    assert all(np.array_equal(PARAMS[k], before[k]) for k in before)


def test_a_transposed_weight_and_a_bias_of_another_shape_are_named():
    truth = numerical(loss, PARAMS)
    assert differing(right() | {"W": right()["W"].T}, *truth) == ("W",)
    assert differing(right() | {"b": right()["b"].repeat(3, axis=0)}, *truth) == ("b",)


def test_a_kink_within_the_step_is_no_fault():
    params = {"w": np.array([3e-5, 1.0])}
    truth = numerical(lambda p: np.maximum(p["w"], 0).sum(), params)
    assert differing({"w": np.array([1.0, 1.0])}, *truth) == ()
    assert differing({"w": np.array([1.0, 2.0])}, *truth) == ("w",)
