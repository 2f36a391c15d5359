"""Small programs, a row each, that must end as in PyTorch: the same values, dtypes and shapes, or the same class of error."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_mlp

# Each leaves its outcome in r; a \n in it is a new line.
PROGRAMS = r"""
x = torch.ones(4, requires_grad=True); h = x * 2; h.retain_grad(); h[0] = 0.0; (h * h).sum().backward(); r = h.grad, x.grad
x = torch.ones(4, requires_grad=True); h = x * 2; h.retain_grad(); h += 1; h.relu_(); (h * h).sum().backward(); r = h.grad
a = torch.tensor([True, True]); b = a; a &= torch.tensor([True, False]); a |= torch.tensor([False, False]); r = a, b
a = torch.tensor([True, True]); b = a; a ^= torch.tensor([True, False]); r = b
r = torch.add(torch.ones(2), 1.0, alpha=np.float64(0.5))
r = F.leaky_relu(torch.tensor([-1.0]), np.float64(0.2))
r = F.leaky_relu(torch.tensor([-1.0]), torch.tensor(0.2))
r = F.huber_loss(torch.ones(2), torch.zeros(2), delta=np.float64(0.5))
r = F.softmax(torch.ones(2), torch.tensor(0).item())
w = torch.ones(2, requires_grad=True); o = torch.optim.Adam([w], lr=torch.tensor(0.5)); w.sum().backward(); o.step(); r = w
w = torch.ones(2, requires_grad=True); o = torch.optim.SGD([w], lr=np.float64(0.5)); w.sum().backward(); o.step(); r = w
o = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1, foreach=False, fused=None); r = o.param_groups[0]["lr"]
o = torch.optim.AdamW([torch.ones(1, requires_grad=True)], foreach=True, capturable=False, differentiable=False); r = o.defaults["eps"]
o = torch.optim.RMSprop([torch.ones(1, requires_grad=True)], vectorized=True)
r = nn.Linear(2, 1)(torch.ones(1, 2, dtype=torch.float64))
r = nn.Linear(2, 1)(torch.ones(1, 2, dtype=torch.int64))
r = torch.ones(2, 2, dtype=torch.float64) @ torch.ones(2, 2)
r = torch.dot(torch.ones(2, dtype=torch.int64), torch.ones(2))
r = torch.lerp(torch.ones(2), torch.ones(2, dtype=torch.float64), 0.5)
r = nn.BatchNorm1d(2)(torch.ones(3, 2, dtype=torch.float64))
r = nn.LayerNorm(2)(torch.ones(3, 2, dtype=torch.float64))
torch.set_default_dtype("float")
r = torch.zeros(1, dtype="float")
r = torch.ones(2).to(float)
r = torch.ones(2, dtype=int)
x = torch.tensor([-1.0, 2.0], requires_grad=True); (g,) = torch.autograd.grad(F.relu(x).sum(), x, create_graph=True); r = g.requires_grad
x = torch.tensor([-1.0, 2.0], requires_grad=True); (g,) = torch.autograd.grad(F.relu(x).sum(), x, create_graph=True); r = torch.autograd.grad(g.sum(), x)
x = torch.tensor([-1.0, 2.0], requires_grad=True); (g,) = torch.autograd.grad(F.leaky_relu(x).sum(), x, create_graph=True); r = torch.autograd.grad(g.sum(), x)
x = torch.tensor([-1.0, 0.5], requires_grad=True); (g,) = torch.autograd.grad(F.hardtanh(x).sum(), x, create_graph=True); r = torch.autograd.grad(g.sum(), x)
x = torch.tensor([math.nan, 1.0], requires_grad=True); F.relu(x).backward(torch.ones(2)); r = x.grad
r = torch.Tensor(5).shape
r = torch.Tensor(2, 3).shape
r = torch.Tensor([1, 2])
r = torch.Tensor().shape
r = nn.Parameter(torch.Tensor([1, 2]))
r = torch.Tensor(torch.ones(2))
r = F.cross_entropy(torch.ones(3), torch.tensor([1]), reduction="none")
r = F.nll_loss(torch.ones(3), torch.tensor(1), reduction="none")
x = torch.tensor([0.0, 1.0, 2.0], requires_grad=True); (0.0**x).sum().backward(); r = x.grad
x = torch.zeros(1, requires_grad=True); y = torch.zeros(1, requires_grad=True); torch.atan2(x, y).backward(); r = x.grad, y.grad
r = torch.tensor([2, 3, 1, -1, 0]) ** torch.tensor([1, -1, -2, -3, -1])
r = torch.tensor([2, 3]) ** -1
r = torch.remainder(torch.tensor([2, 3]), 0)
r = torch.fmod(torch.tensor([2, 3]), torch.tensor([1, 0]))
r = torch.remainder(torch.tensor([2.0, 3.0]), 0)
r = torch.tensor([True, False]).square()
r = torch.tensor([True, False]).sign()
r = torch.tensor([math.nan, -2.0, 0.0, math.inf]).sign()
x = torch.tensor([math.nan, -2.0], requires_grad=True); x.abs().sum().backward(); r = x.grad
r = torch.cumsum(torch.ones(2))
r = torch.softmax(torch.ones(2))
r = torch.ones(2).sum("a")
r = torch.ones(2).cumsum("a")
r = torch.ones(2).transpose(0, "a")
r = torch.ones(2) + None
r = torch.ones(2) < None
r = torch.ones(2) + "a"
r = ~torch.ones(2)
r = F.cross_entropy(torch.ones(2, 3), [0, 1])
r = F.cross_entropy([[0.0, 1.0]], torch.tensor([0]))
r = nn.Embedding(3, 2)([1])
r = nn.Linear(2, 2)(None)
r = nn.Linear(2, 2)([[1.0, 2.0]])
r = nn.LayerNorm(2)(None)
r = nn.Dropout(0.5)(None)
r = torch.stack([1.0, 2.0])
r = torch.cat([torch.ones(2), 1])
r = F.one_hot([1])
r = torch.mm(torch.ones(2, 2), [[1.0]])
r = torch.flatten([1.0])
r = torch.squeeze([1.0])
r = torch.gather([1.0], 0, torch.tensor([0]))
r = torch.index_select([1.0], 0, torch.tensor([0]))
r = torch.einsum("i,i->i", [1.0], torch.ones(1))
r = torch.ones(2, 3).shape[1:].numel()
r = type(torch.ones(2, 3).shape + (4,)) is torch.Size
r = copy.copy(torch.ones(2))
x = torch.ones(2); y = copy.copy(x); y[0] = 5.0; r = x
@torch.no_grad()\ndef f():\n    while (yield torch.is_grad_enabled()) != 2: pass\ng = f(); r = [next(g), torch.is_grad_enabled(), g.send(1)]
class A(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x): return x * 2\nA.apply(torch.ones(1, requires_grad=True)).backward()
class A(torch.autograd.Function): pass\nA.apply(torch.ones(1, requires_grad=True))
x = torch.tensor([3.0, -3.0]); x.div_(2, rounding_mode="floor"); r = x
x = torch.tensor([3.0, -3.0]); x.div_(2, rounding_mode="trunc"); r = x
x = torch.ones(2); x.div_(2, rounding_mode="up")
r = torch.ones(2).clamp()
r = torch.tensor(None)
r = torch.tensor([None])
r = float(torch.ones(2))
r = torch.ones(3).mT
y = torch.ones(3, requires_grad=True) * 2; y.backward([1.0, 1.0, 1.0])
r = torch.ones(3).sum(torch.tensor(0))
r = torch.ones(3).argmax(torch.tensor(0))
r = torch.arange(3).roll(torch.tensor(1))
class A(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x): return x * 2\n    @staticmethod\n    @torch.autograd.function.once_differentiable\n    def backward(ctx, g): return g * 2\nx = torch.ones(1, requires_grad=True); (r,) = torch.autograd.grad(A.apply(x), x)
r = torch.numel(torch.ones(2, 3))
r = torch.is_floating_point(torch.ones(2))
r = torch.inner(torch.ones(2, 3), torch.arange(12.0).reshape(2, 2, 3))
r = torch.inner(torch.ones(2, 3), torch.tensor(2.0))
r = torch.inner(torch.ones(3), torch.arange(3.0))
r = torch.inner(torch.ones(2, 3), torch.arange(3.0))
r = str(torch.result_type(torch.ones(2), 1)).split(".")[1]
r = torch.ones(2).add(np.array(["a", "b"]))
x = torch.ones(2, requires_grad=True); x.register_hook(lambda g: g * 3); x.data = torch.ones(2) * 2; (x * x).sum().backward(); r = x.grad
x = torch.tensor([1.0, 2.0], requires_grad=True); r = [[type(f).__name__, i] for y in (x * 2, x * x, x.exp(), x / 3, x.sum(), x.sin() * x) for f, i in y.grad_fn.next_functions]
x = torch.tensor([1.0, 2.0], requires_grad=True); r = [type(y.grad_fn).__name__ for y in (x * 2, x + x, x - 2, x.exp(), x.sum(), x.sin(), x.tanh(), x.sigmoid(), x.clone(), x.relu())]
r = torch.tensor([[torch.tensor([1.0])], [torch.tensor([2.0])]]).shape
r = torch.tensor([torch.tensor([1.0, 3.0]), torch.tensor([2.0, 4.0])])
r = torch.tensor([[[torch.tensor([[1]])]], [[torch.tensor(2)]]])
m = nn.BatchNorm1d(2); r = [m(torch.zeros(0, 2)).shape, m.running_mean, m.running_var]
m = nn.Module(); m.a = torch.zeros(4); m.b = m.a[:2]; c = copy.deepcopy(m); c.a.fill_(1.0); r = c.b, m.b
p, q = (torch.ones(1, requires_grad=True) for _ in range(2)); o = torch.optim.SGD([p], lr=1.0); s = torch.optim.lr_scheduler.ReduceLROnPlateau(o, patience=0); o.add_param_group({"params": [q]}); [s.step(1.0) for _ in range(4)]; r = [g["lr"] for g in o.param_groups]
with torch.inference_mode(): m = nn.Linear(2, 2)\nr = m.weight.requires_grad, m.weight.is_inference()
x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True); y = x * 2; v = y[:2]; v.retain_grad(); y.mul_(3); v.sum().backward(); r = v.grad, v.retains_grad, x.grad
x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True); y = x * 2; v = y[:2]; v.retain_grad(); y[1:].mul_(3); (v * v).sum().backward(); r = v.grad, x.grad
x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True); y = x * 2; v = y[:2]; v.retain_grad(); v.mul_(3); (v * v).sum().backward(); r = v.grad, x.grad
x = torch.ones(2, requires_grad=True)\nwith torch.inference_mode(), torch.enable_grad(): y = x * 2; z = torch.ones(2).mul_(x)\nr = y.requires_grad, y.is_inference(), z.requires_grad
r = torch.zeros(3).broadcast_to(2, 3)
r = torch.tensor([1, 2]).addcmul_(torch.tensor([1, 2]), torch.tensor([3, 4]))
r = torch.zeros(0).median()
r = F.cosine_similarity(torch.tensor([[1, 2]]), torch.tensor([[2, 1]]))
x = torch.ones(2, requires_grad=True); r = torch.autograd.grad(x.sum(), None)
torch.set_grad_enabled(False); r = torch.is_grad_enabled(); torch.set_grad_enabled(True)
f = torch.set_grad_enabled(False)(lambda: torch.is_grad_enabled()); r = [torch.is_grad_enabled(), f(), torch.is_grad_enabled()]
@torch.set_grad_enabled(False)\ndef f(): return torch.is_grad_enabled()\nr = [torch.is_grad_enabled(), f(), torch.is_grad_enabled()]
with torch.set_grad_enabled(False): r = [torch.is_grad_enabled()]\nr.append(torch.is_grad_enabled())
with torch.no_grad():\n    with torch.set_grad_enabled(True): r = [torch.is_grad_enabled()]\n    r.append(torch.is_grad_enabled())
r = [torch.zeros(2).is_cuda, torch.zeros(2).get_device(), torch.zeros(2).is_pinned()]
r = torch.addcdiv(torch.tensor([1.0]), torch.tensor([1.0]), torch.tensor([2]))
r = torch.addcdiv(torch.tensor([1]), torch.tensor([1.0]), torch.tensor([2.0]))
r = F.bilinear(torch.ones(2, 3), torch.ones(2, 4, dtype=torch.float64), torch.ones(5, 3, 4))
r = F.bilinear(torch.ones(2, 3), torch.ones(2, 4), torch.ones(5, 3, 4), torch.ones(5, dtype=torch.float64))
r = torch.zeros(2, dtype=torch.ones(2))
r = torch.zeros(2).to(dtype=torch.tensor(1.0))
x = torch.ones(3, requires_grad=True); i, s = torch.tensor([0, 2]), torch.ones(2, requires_grad=True); (g,) = torch.autograd.grad((x.index_add(-1, i, s) ** 3).sum(), x, create_graph=True); g.sum().backward(); r = x.grad, s.grad
""".strip().splitlines()


def run(library: Any, program: str) -> Any:
    names: dict[str, Any] = {
        "torch": library,
        "nn": library.nn,
        "F": library.nn.functional,
        "np": np,
        "math": math,
        "copy": __import__("copy"),
    }
    library.manual_seed(0)
    exec(program.replace(r"\n", "\n"), names)
    return names.get("r")


def outcome(value: Any) -> Any:
    """What can be compared: dtype, shape and values of tensors, in whatever holds them."""
    if hasattr(value, "requires_grad") and not isinstance(value, bool):
        return str(value.dtype).split(".")[1], tuple(value.shape), (value.detach().numpy() + 0).tolist()  # no -0
    if isinstance(value, list | tuple):
        return [outcome(item) for item in value]
    return value


def error_of(call: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        return call(), None
    except Exception as error:
        return None, error


@pytest.mark.parametrize("program", PROGRAMS)
def test_ends_as_in_pytorch(program: str) -> None:
    torch = pytest.importorskip("torch", reason="the outcomes are PyTorch's")
    expected, theirs = error_of(lambda: outcome(run(torch, program)))
    got, ours = error_of(lambda: outcome(run(tinygrad_mlp, program)))
    if theirs is not None:
        assert ours is not None, f"PyTorch raises {theirs!r}"
        expected_class = next(c for c in type(theirs).__mro__ if c.__module__ == "builtins")
        assert isinstance(ours, expected_class), f"{ours!r}, but PyTorch raises {theirs!r}"
        assert len(str(ours)) > 15
        assert type(ours).__module__.startswith("tinygrad_mlp") or type(ours) in (
            ValueError,
            NotImplementedError,
            RuntimeError,
        )
        return
    if ours is not None:
        raise ours
    np.testing.assert_equal(got, expected)
