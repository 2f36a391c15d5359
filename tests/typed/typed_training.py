# pyright: strict
"""A training as users write it, which strict type checkers accept: data, model, optimizer, schedule, evaluation, files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import tinygrad_mlp as torch
from tinygrad_mlp import Tensor, nn
from tinygrad_mlp.nn import functional as F
from tinygrad_mlp.utils.data import DataLoader, Dataset, TensorDataset, random_split


class Rings(Dataset[tuple[Tensor, Tensor]]):
    """Points of a plane, and which of three rings around zero each is in."""

    def __init__(self, count: int, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.points = torch.randn(count, 2, generator=generator)
        radius = (self.points**2).sum(dim=1).sqrt()
        self.rings = (radius > 0.8).long() + (radius > 1.6).long()

    def __len__(self) -> int:
        return self.points.shape[0]

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.points[index], self.rings[index]


class Net(nn.Module):
    """A perceptron of two hidden layers."""

    def __init__(self, hidden: int = 32) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, hidden), nn.ReLU(), nn.Dropout(0.1), nn.Linear(hidden, hidden), nn.Tanh())
        self.head = nn.Linear(hidden, 3)
        self.scale = nn.Parameter(torch.ones(1))
        nn.init.xavier_uniform_(self.head.weight)

    def forward(self, x: Tensor) -> Tensor:
        hidden: Tensor = self.body(x)
        scores: Tensor = self.head(hidden)
        return scores * self.scale


def train_epoch(model: Net, loader: DataLoader[tuple[Tensor, Tensor]], optimizer: torch.optim.Optimizer) -> float:
    """One pass over the data; returns the mean loss."""
    model.train()
    total = 0.0
    seen = 0
    for points, rings in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(points), rings)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item() * len(points)
        seen += len(points)
    return total / seen


@torch.no_grad()
def accuracy(model: Net, loader: DataLoader[tuple[Tensor, Tensor]]) -> float:
    """The fraction of points whose ring is found."""
    model.eval()
    right = 0
    seen = 0
    for points, rings in loader:
        values, found = model(points).max(dim=1)
        right += int((found == rings).sum())
        seen += values.numel()
    return right / seen


def gradients(model: Net) -> Iterator[tuple[str, float]]:
    """The largest gradient of each parameter."""
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            yield name, float(parameter.grad.abs().max())


def main(folder: Path, epochs: int = 3) -> float:
    """Train, save, load, and return the accuracy."""
    torch.manual_seed(0)
    training, validation = random_split(Rings(240), [200, 40])
    loader = DataLoader(training, batch_size=20, shuffle=True)
    check = DataLoader(validation, batch_size=40)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, weight_decay=1e-4)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    for epoch in range(epochs):
        loss = train_epoch(model, loader, optimizer)
        scheduler.step()
        print(f"{epoch}: loss {loss:.3f}, accuracy {accuracy(model, check):.2f}, rate {scheduler.get_last_lr()[0]}")
    path = folder / "model.safetensors.json"
    torch.save(model.state_dict(), path)
    again = Net()
    again.load_state_dict(torch.load(path))
    again.eval()
    with torch.no_grad():
        sample = torch.tensor([[0.1, 0.2], [2.0, 2.0]])
        probabilities = torch.softmax(again(sample), dim=-1)
        rows: list[list[float]] = probabilities.tolist()
    pairs = TensorDataset(sample, probabilities.argmax(dim=1))
    print(rows, len(pairs), dict(gradients(model)), sample.shape.numel(), sample.numpy().dtype)
    return accuracy(again, check)
