"""Backpropagation for a multi-layer perceptron, written out by hand from the papers' formulas.

It uses NumPy only, no Tensors and no automatic differentiation, so that the engine can be compared with something that shares no
code with it. The papers, as they are cited below:

- EE6132: "Multi Layer Perceptron", EE6132 Lab 1. Equations 1 to 15.
- Neuron: "Neural Networks: Implementing a Neural Network from scratch". Equations 1 to 28.
- Grid: "Classification of MNIST image data using Backpropagation algorithm on Multi Layer Perceptron".
  Sections III and IV.
- Fashion: "Simple Neural Networks for Fashion MNIST classification from scratch". Sections 2 to 4.
- ASCII: "Implementation of MLP from scratch with regularization techniques". Sections 2.1.1 to 2.1.5.

**Shapes.** A layer is a weight `W` of shape `(out_features, in_features)` and a bias `b` of shape
`(out_features,)`; samples are the rows of `X`, `(N, in_features)`, and of `Y`, `(N, out_features)`. So
`Z = A Wᵀ + b`.

- EE6132 and Neuron have the same `W`, but samples as columns: transpose `X`, `Z`, `A` and `δ`, and their
  `W A + b` (EE6132 eq. 5, Neuron eq. 7) and `δ Aᵀ` (EE6132 eq. 9) become `A Wᵀ + b` and `δᵀ A`.
- Grid has samples as columns and writes `Wᵀ h + b`: its `W` is ours transposed. (Its backward pass prints
  `Wᵀ G` too; for its own shapes it must be `W G`, which is used here.)
- Fashion has samples as rows and writes `xᵀ δ`: its `w` is ours transposed. ASCII prints no shapes.

**Signs.** Gradients here point uphill, and the rules subtract them. Fashion and ASCII print `w + …`, which descends if `δ` and
`dw` are computed from target - output.

**Sums and means.** The papers' `δ` is that of one sample; `reduction` says how the samples of a batch are combined.

>>> import numpy as np
>>> from tinygrad_mlp import reference
>>> mlp = reference.MLP(activation="relu", loss="mse", reduction="sum")
>>> hidden = np.array([[1.0, -1.0], [0.5, 0.5]]), np.array([0.0, 0.5])
>>> output = np.array([[2.0, 3.0]]), np.array([-1.0])
>>> X, Y = np.array([[1.0, 2.0]]), np.array([[4.0]])
>>> mlp.cost([hidden, output], X, Y)  # 2 max(-1, 0) + 3 max(2, 0) - 1 = 5, and (5 - 4)² = 1
1.0
>>> for dW, db in mlp.gradients([hidden, output], X, Y):
...     print(dW.tolist(), db.tolist())
[[0.0, 0.0], [6.0, 12.0]] [0.0, 6.0]
[[0.0, 4.0]] [2.0]
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ACTIVATIONS", "LOSSES", "MLP", "PENALTIES", "REDUCTIONS", "Activation", "Loss", "Penalty", "averaged_momentum",
    "central_difference", "glorot", "l2_descent", "lasso_as_printed", "log_softmax", "momentum", "numerical_gradient",
    "sigmoid", "softmax", "softplus",
]  # fmt: skip

Array = NDArray[np.floating[Any]]
Layer = tuple[Array, Array]  # (W, b), or the gradient (dW, db)
Rule = Callable[[Array, Array, Array], tuple[Array, Array]]  # (p, gradient, velocity) -> (p, velocity)


# The functions and their derivatives


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)): EE6132 eq. 3, Neuron eq. 1. For z < 0 as exp(z) / (1 + exp(z)): no overflow."""
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))


def softplus(z: Array) -> Array:
    """log(1 + exp(z)) = -log(1 - sigmoid(z)). As max(z, 0) + log(1 + exp(-|z|)): no overflow."""
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def softmax(z: Array) -> Array:
    """exp(z_i) / Σ_j exp(z_j) over each row of z: Neuron eq. 23. Of z less the row's largest: no overflow."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def log_softmax(z: Array) -> Array:
    """z_i - log(Σ_j exp(z_j)) over each row of z. Of z less the row's largest: no overflow."""
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


class Activation(NamedTuple):
    """A hidden layer's a = function(z), EE6132 eq. 6, and its derivative f'(z) written in a: slope(a)."""

    function: Callable[[Array], Array]
    slope: Callable[[Array], Array]


class Loss(NamedTuple):
    """An output layer p = output(z), its loss value(z, y), the local gradient delta(p, y) = ∂(Σ value)/∂z.

    All are `(N, out_features)`: the loss is not yet summed over outputs and samples.
    """

    output: Callable[[Array], Array]
    value: Callable[[Array, Array], Array]
    delta: Callable[[Array, Array], Array]


class Penalty(NamedTuple):
    """What one weight matrix adds to the cost, and the gradient of that, `(out_features, in_features)`."""

    value: Callable[[Array], Any]
    gradient: Callable[[Array], Array]


ACTIVATIONS: Mapping[str, Activation] = {
    # EE6132 eq. 1; f'(0) = 0.
    "relu": Activation(lambda z: np.maximum(z, 0), lambda a: (a > 0).astype(a.dtype)),
    # EE6132 eq. 2.
    "tanh": Activation(np.tanh, lambda a: 1 - a * a),
    # EE6132 eq. 3, Neuron eq. 1; the derivative is the one in Grid section IV.
    "sigmoid": Activation(sigmoid, lambda a: a * (1 - a)),
}

LOSSES: Mapping[str, Loss] = {
    # -Σ y log p: EE6132 eq. 4. δ = p - y: EE6132 eq. 8, Neuron eq. 28; each row of Y sums to one.
    "softmax_cross_entropy": Loss(softmax, lambda z, y: -y * log_softmax(z), lambda p, y: p - y),
    # -Σ [y log p + (1 - y) log(1 - p)]: Neuron eq. 2. δ = p - y: Grid section IV, and from Neuron eq. 13.
    "sigmoid_cross_entropy": Loss(sigmoid, lambda z, y: y * softplus(-z) + (1 - y) * softplus(z), lambda p, y: p - y),
    # Σ (p - y)²: ASCII section 2.1.2, Neuron section V.B. δ = dJ/dA dA/dZ, as in Neuron eq. 13.
    "sigmoid_mse": Loss(sigmoid, lambda z, y: (sigmoid(z) - y) ** 2, lambda p, y: 2 * (p - y) * p * (1 - p)),
    # Σ (p - y)² with the linear output p = z.
    "mse": Loss(lambda z: z, lambda z, y: (z - y) ** 2, lambda p, y: 2 * (p - y)),
}

# What the losses of N samples of C outputs, summed, are divided by.
REDUCTIONS: Mapping[str, Callable[[int, int], int]] = {
    "sum": lambda n, c: 1,
    "sample_mean": lambda n, c: n,
    "element_mean": lambda n, c: n * c,
}

PENALTIES: Mapping[str, Penalty] = {
    # ½ ‖W‖²: EE6132 eq. 14. Fashion section 4 writes no ½ in the loss, and λ W in the update.
    "l2": Penalty(lambda w: 0.5 * np.sum(w * w), lambda w: w),
    # ‖W‖₁, the usual lasso; sign(0) = 0. For the rule that ASCII prints see lasso_as_printed.
    "l1": Penalty(lambda w: np.sum(np.abs(w)), np.sign),
}


# The network


@dataclass(frozen=True)
class MLP:
    """Fully connected layers: forward pass, cost, and gradients by backpropagation.

    The fields are the choices: activation of the hidden layers (a name in ACTIVATIONS), loss with its output
    layer (in LOSSES), reduction over the batch (in REDUCTIONS), and penalties: a coefficient for each name
    in PENALTIES (β in EE6132 eq. 14), for weights, not biases, and divided by no reduction. The parameters
    are passed to each method as a list of layers, which is never written to; a single layer makes Neuron's
    single neuron. The dtype of the results follows the arguments. Raises ValueError for an unknown name, and
    for shapes that do not fit.
    """

    activation: str
    loss: str
    reduction: str
    penalties: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_name("activation", self.activation, ACTIVATIONS)
        _check_name("loss", self.loss, LOSSES)
        _check_name("reduction", self.reduction, REDUCTIONS)
        for name in self.penalties:
            _check_name("penalty", name, PENALTIES)

    def forward(self, layers: Sequence[Layer], X: Array) -> list[Array]:
        """[X, A, …, A, Z]: the input of each layer, then the output layer's Z; `(N, features)` each.

        Z = A Wᵀ + b and A = f(Z): EE6132 eqs. 5 and 6, Neuron eqs. 7 to 9, Grid section III.A.
        """
        _check_layers(layers, X)
        f = ACTIVATIONS[self.activation].function
        *hidden, (W, b) = layers
        inputs = [X]
        for W_hidden, b_hidden in hidden:
            inputs.append(f(inputs[-1] @ W_hidden.T + b_hidden))
        return [*inputs, inputs[-1] @ W.T + b]

    def predict(self, layers: Sequence[Layer], X: Array) -> Array:
        """The network's output p, `(N, out_features)`: Neuron eqs. 10 and 27."""
        return LOSSES[self.loss].output(self.forward(layers, X)[-1])

    def cost(self, layers: Sequence[Layer], X: Array, Y: Array) -> float:
        """The loss of the batch, reduced, plus β times the penalty of each weight matrix: EE6132 eq. 14."""
        z = self.forward(layers, X)[-1]
        _check_targets(z, Y)
        cost = LOSSES[self.loss].value(z, Y).sum() / REDUCTIONS[self.reduction](*z.shape)
        for name, beta in self.penalties.items():
            cost += beta * sum(PENALTIES[name].value(W) for W, _ in layers)
        return float(cost)

    def gradients(self, layers: Sequence[Layer], X: Array, Y: Array) -> list[Layer]:
        """(∂cost/∂W, ∂cost/∂b) of each layer: EE6132 eqs. 7 to 10, Neuron eqs. 13 to 20, Grid III.B."""
        *inputs, z = self.forward(layers, X)
        _check_targets(z, Y)
        loss, slope = LOSSES[self.loss], ACTIVATIONS[self.activation].slope

        # δ of the output layer (EE6132 eq. 8), then of each one before it: δ = (δ W) ⊙ f'(Z) (EE6132 eq. 7).
        deltas = [loss.delta(loss.output(z), Y) / REDUCTIONS[self.reduction](*z.shape)]
        for (W, _), A in zip(layers[:0:-1], inputs[:0:-1], strict=True):
            deltas.append(deltas[-1] @ W * slope(A))
        deltas.reverse()

        # dW = δᵀ A and db = Σ δ over the samples (EE6132 eqs. 9, 10); β ∂Ω/∂W is added to dW (EE6132 eq. 15).
        gradients: list[Layer] = []
        for (W, _), A, delta in zip(layers, inputs, deltas, strict=True):
            dW = delta.T @ A
            for name, beta in self.penalties.items():
                dW = dW + beta * PENALTIES[name].gradient(W)
            gradients.append((dW, delta.sum(axis=0)))
        return gradients

    def train(
        self,
        layers: Sequence[Layer],
        batches: Iterable[tuple[Array, Array]],
        weight_rule: Rule,
        bias_rule: Rule,
    ) -> Iterator[list[Layer]]:
        """The layers after each batch (X, Y), every parameter moved by its rule; velocities start at zero.

        >>> import numpy as np
        >>> from functools import partial
        >>> from tinygrad_mlp.reference import MLP, momentum
        >>> neuron = MLP(activation="sigmoid", loss="sigmoid_cross_entropy", reduction="sum")
        >>> batch = np.array([[1.0, 2.0]]), np.array([[1.0]])
        >>> rule = partial(momentum, lr=0.1)
        >>> for layers in neuron.train([(np.zeros((1, 2)), np.zeros(1))], [batch], rule, rule):
        ...     print(layers)  # δ = 0.5 - 1
        [(array([[0.05, 0.1 ]]), array([0.05]))]
        """
        velocities = [(np.zeros_like(W), np.zeros_like(b)) for W, b in layers]
        for X, Y in batches:
            moved = [
                (weight_rule(W, dW, vW), bias_rule(b, db, vb))
                for (W, b), (dW, db), (vW, vb) in zip(layers, self.gradients(layers, X, Y), velocities, strict=True)
            ]
            layers = [(W, b) for (W, _), (b, _) in moved]
            velocities = [(vW, vb) for (_, vW), (_, vb) in moved]
            yield layers


def _check_name(kind: str, name: str, table: Mapping[str, Any]) -> None:
    if name not in table:
        raise ValueError(f"unknown {kind} {name!r}: expected one of {', '.join(table)}")


def _check_layers(layers: Sequence[Layer], X: Array) -> None:
    if not layers:
        raise ValueError("got no layers: expected at least one pair (W, b)")
    if X.ndim != 2:
        raise ValueError(f"X has shape {X.shape}: expected (N, in_features), a sample in each row")
    features = X.shape[1]
    for i, (W, b) in enumerate(layers):
        if W.ndim != 2 or W.shape[1] != features:
            raise ValueError(f"W of layer {i} has shape {W.shape}: expected (out_features, {features})")
        features = W.shape[0]
        if b.shape != (features,):
            raise ValueError(f"b of layer {i} has shape {b.shape}: expected ({features},)")


def _check_targets(z: Array, Y: Array) -> None:
    if Y.shape != z.shape:
        raise ValueError(f"Y has shape {Y.shape}: expected {z.shape}, as the output; classes as one-hot rows")


def glorot(sizes: Sequence[int], generator: np.random.Generator) -> list[Layer]:
    """Layers between sizes such as [784, 50, 10]: W ~ U[-d, d], d = sqrt(6 / (fan_in + fan_out)), and b = 0.

    EE6132 eq. 11, in float64. Raises ValueError for fewer than two sizes.
    """
    if len(sizes) < 2:
        raise ValueError(f"sizes is {list(sizes)}: expected at least two, the input's and the output's")
    layers: list[Layer] = []
    for fan_in, fan_out in pairwise(sizes):
        d = np.sqrt(6 / (fan_in + fan_out))
        layers.append((generator.uniform(-d, d, (fan_out, fan_in)), np.zeros(fan_out)))
    return layers


# The rules: from a parameter p, its gradient g and its velocity v to p and v after the step


def momentum(p: Array, g: Array, v: Array, *, lr: float, mu: float = 0.0) -> tuple[Array, Array]:
    """v = μ v + g; p = p - lr v.

    PyTorch's SGD, and the momentum of ASCII section 2.1.1. μ = 0 is plain gradient descent: EE6132 eqs. 12
    and 13, Neuron eqs. 21 and 22. lr = α / N is the "ridge" rule as ASCII section 2.1.4 prints it,
    w + (1/N) α dw.
    """
    v = mu * v + g
    return p - lr * v, v


def averaged_momentum(p: Array, g: Array, v: Array, *, lr: float, gamma: float) -> tuple[Array, Array]:
    """v = γ v + (1 - γ) lr g; p = p - v. Fashion section 3, whose ∂E/∂w is added and so points downhill."""
    v = gamma * v + (1 - gamma) * lr * g
    return p - v, v


def l2_descent(p: Array, g: Array, v: Array, *, lr: float, beta: float) -> tuple[Array, Array]:
    """p = (1 - β lr) p - lr g: EE6132 eq. 15, with g the gradient without the penalty. v is passed on."""
    return (1 - beta * lr) * p - lr * g, v


def lasso_as_printed(p: Array, g: Array, v: Array, *, lr: float, lam: float, mu: float = 0.0) -> tuple[Array, Array]:
    """v = μ v + g; p = p + 2 λ sign(p) - lr v. ASCII section 2.1.5 as printed, with dw = -v.

    With λ > 0 it drives weights away from zero, the reverse of a lasso penalty; λ < 0 shrinks them.
    """
    v = mu * v + g
    return p + 2 * lam * np.sign(p) - lr * v, v


# Numerical gradients


def central_difference(cost: Callable[[], float], parameter: Array, index: tuple[int, ...], epsilon: float = 0.01) -> float:
    """(E(w + ε) - E(w - ε)) / 2ε for the single weight or bias w = parameter[index]: Fashion section 2.

    cost() must read parameter anew at each call: w is changed in place, and put back. The error is O(ε²); the
    default ε is the paper's.

    >>> import numpy as np
    >>> from tinygrad_mlp.reference import central_difference
    >>> w = np.array([3.0, 5.0])
    >>> round(central_difference(lambda: float(w[0] ** 2 * w[1]), w, (0,)), 9)
    30.0
    """
    w = parameter[index]
    try:
        parameter[index] = w + epsilon
        above = cost()
        parameter[index] = w - epsilon
        below = cost()
    finally:
        parameter[index] = w
    return (above - below) / (2 * epsilon)


def numerical_gradient(cost: Callable[[], float], parameter: Array, epsilon: float = 0.01) -> Array:
    """The central difference of every entry of parameter, in its shape; calls cost() twice for each."""
    gradient = np.empty_like(parameter)
    for index in np.ndindex(parameter.shape):
        gradient[index] = central_difference(cost, parameter, index, epsilon)
    return gradient
