"""The figures that the experiments share: curves, and a matrix of counts as a heat map.

They are drawn by matplotlib's objects alone, so no backend is chosen and no state of pyplot is touched.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .._tensor import Tensor
from ..utils.data import TensorDataset

__all__ = [
    "Curve", "counted", "draw_curves", "draw_histories", "draw_history", "draw_images", "draw_matrix", "draw_misclassified",
    "draw_wrong", "new_figure",
]  # fmt: skip

Curve = tuple[Sequence[float], Sequence[float]]  # x, y
Values = Mapping[str, Sequence[float]]  # of a training's curves, an epoch each

_POINTS = 500  # beyond that many points a noisy curve is drawn with its moving average
_DOTS = 30  # below that many points each has a dot


def new_figure(
    title: str, columns: int, rows: int = 1, width: float = 5.0, height: float = 4.0
) -> tuple[Figure, list[Axes]]:
    """An empty figure and its axes, row by row; each is `width` by `height` inches."""
    figure = Figure(figsize=(columns * width, rows * height), layout="constrained")
    figure.suptitle(title)
    return figure, list(figure.subplots(rows, columns, squeeze=False).flat)


def draw_curves(axes: Axes, curves: Mapping[str, Curve], title: str, xlabel: str, ylabel: str) -> None:
    """Draw curves over whole numbers, each named in the legend; long ones faintly, below their moving average."""
    for name, (x, y) in curves.items():
        if len(y) > _POINTS:
            width = len(y) // 50
            (faint,) = axes.plot(x, y, linewidth=0.5, alpha=0.25)
            mean = np.convolve(y, np.full(width, 1 / width), mode="valid")
            axes.plot(x[width // 2 : width // 2 + len(mean)], mean, color=faint.get_color(), label=name)
        else:
            axes.plot(x, y, label=name, marker="." if len(y) < _DOTS else None)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
    axes.grid(alpha=0.3)
    axes.legend()


def counted(values: Sequence[float]) -> Curve:
    """A curve over 1, 2, 3, …"""
    return range(1, len(values) + 1), values


def draw_history(
    axes: Axes, history: Values, quantity: str, title: str, ylabel: str = "", lowest: float | None = None
) -> None:
    """Draw all curves of a quantity over the epochs: those that are named after it, such as `"train loss"` of `"loss"`.

    `lowest` is where an axis in % begins.
    """
    curves = {
        name.removesuffix(f" {quantity}"): counted(values)
        for name, values in history.items()
        if name == quantity or name in (f"train {quantity}", f"validation {quantity}", f"test {quantity}")
    }
    draw_curves(axes, curves, title, "epoch", ylabel)
    if lowest is not None:
        axes.set_ylim(lowest, 100.4)


def draw_histories(
    title: str, histories: Mapping[str, Values], loss: str = "cross-entropy", lowest: float | None = None
) -> Figure:
    """A figure of loss and accuracy over the epochs, side by side: a row for each training, with its name."""
    figure, panels = new_figure(title, columns=2, rows=len(histories), height=3.2)
    for (name, history), left, right in zip(histories.items(), panels[::2], panels[1::2], strict=True):
        draw_history(left, history, "loss", f"{name}: loss", loss)
        draw_history(right, history, "accuracy", f"{name}: accuracy", "accuracy in %", lowest)
    return figure


def draw_matrix(
    axes: Axes, counts: npt.NDArray[np.int64], title: str, xlabel: str, ylabel: str, names: Sequence[str]
) -> None:
    """Draw a matrix of counts `(len(names), len(names))` as a heat map with the counts in it.

    The colour is a count's share of its row, by its square root, so that rare entries show.
    """
    shares = np.sqrt(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            color = "white" if shares[row, column] > 0.6 else "black"
            axes.text(column, row, str(count), ha="center", va="center", fontsize=7, color=color)
    axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)


def draw_images(images: npt.NDArray[np.float32], captions: Sequence[str], title: str) -> Figure:
    """A figure of images `(N, 784)` in 0..1, 28 pixels wide, each below its caption, 8 in a row."""
    high = 30 + 9 * max((caption.count("\n") + 1 for caption in captions), default=1)  # pixels for an image and its caption
    wide, columns, rows = 36, 8, max(1, -(-len(images) // 8))
    sheet = np.zeros((rows * high, columns * wide), np.float32)
    figure, (axes,) = new_figure(title, columns=1, width=columns * 1.1, height=rows * 1.1 * high / wide)
    for i, (image, caption) in enumerate(zip(images, captions, strict=True)):
        y, x = i // columns * high + high - 28, i % columns * wide + 4
        sheet[y : y + 28, x : x + 28] = image.reshape(28, 28)
        axes.text(x + 14, y - 2, caption, ha="center", va="bottom", fontsize=8)
    axes.imshow(sheet, cmap="gray_r", vmin=0, vmax=1)
    axes.set_axis_off()
    return figure


def draw_misclassified(
    data: TensorDataset, predictions: Tensor, names: Sequence[object] = range(10), to: str = " as ", count: int = 24
) -> Figure:
    """A figure of the first images whose predicted class is not their label, each below both names, such as `"4 as 9"`."""
    labels, predicted = data.tensors[1].numpy(), predictions.numpy()
    title = "The first test images that are misclassified"
    return draw_wrong(data, labels != predicted, lambda i: f"{names[labels[i]]}{to}{names[predicted[i]]}", title, count)


def draw_wrong(
    data: TensorDataset, wrong: npt.NDArray[np.bool_], caption: Callable[[int], str], title: str, count: int = 24
) -> Figure:
    """A figure of the first `count` images of a set that are wrong, each below the caption for its position in the set."""
    shown = np.flatnonzero(wrong)[:count]
    return draw_images(data.tensors[0].numpy()[shown], [caption(i) for i in shown.tolist()], title)
