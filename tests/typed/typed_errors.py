# pyright: strict
"""Mistakes that strict type checkers find, one a line that ends in "# error". Nothing here is run."""

from __future__ import annotations

import tinygrad_mlp as torch
from tinygrad_mlp import Tensor, nn
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.utils.data import DataLoader, TensorDataset


def mistakes(x: Tensor, model: nn.Linear) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loss = F.mse_loss(model(x), x)
    nn.Linear("3", 4)  # error
    x.sofmax(dim=1)  # error
    "text" + x  # error
    x.sum(dims=1)  # error
    print(x.grad.sum())  # error
    loss.backwards()  # error
    optimizer.steps()  # error
    print(x.shape.foo)  # error
    torch.zeros("3")  # error
    DataLoader(TensorDataset(x), batch_sise=3)  # error
    model.parameter()  # error
    with torch.no_grads():  # error
        pass
    number: int = torch.tensor(3)  # error
    print(x["first"], number)  # error
    torch.relu("text")  # error
    F.cross_entropy(x)  # error
    x.max(dim=1).values.softmaxx(1)  # error
    torch.sort(x).indexes.tolist()  # error
    torch.optim.Adam(model.parameters(), learning_rate=0.1)  # error


def returned(x: Tensor) -> str:
    return x.tanh()  # error
