"""The figures: what is drawn, and that matplotlib's global state is left alone."""

from __future__ import annotations

import sys

import matplotlib as mpl
import numpy as np

from tinygrad_mlp.experiments.plots import draw_curves, draw_matrix, new_figure


def test_pyplot_is_not_touched() -> None:
    backend = mpl.rcParams._get("backend")
    loaded = "matplotlib.pyplot" in sys.modules
    _, (axes,) = new_figure("title", 1)
    draw_curves(axes, {"a": ([1, 2], [3.0, 4.0])}, "t", "x", "y")
    assert mpl.rcParams._get("backend") == backend
    assert ("matplotlib.pyplot" in sys.modules) == loaded


def test_new_figure() -> None:
    figure, axes = new_figure("title", columns=3, rows=2, width=4, height=3)
    assert tuple(figure.get_size_inches()) == (12, 6)
    assert len(axes) == 6
    assert figure.get_suptitle() == "title"


def test_curves() -> None:
    _, (axes,) = new_figure("", 1)
    noisy = list(np.tile([0.0, 2.0], 500))
    draw_curves(axes, {"short": ([1, 2], [3.0, 4.0]), "long": (range(1, 1001), noisy)}, "t", "x", "y")
    short, faint, mean = axes.get_lines()
    assert short.get_marker() == "."
    np.testing.assert_array_equal(faint.get_ydata(), noisy)
    np.testing.assert_allclose(mean.get_ydata(), 1.0)
    assert (mean.get_xdata()[0], mean.get_xdata()[-1]) == (11, 991)  # the middle of each 20
    assert len(mean.get_xdata()) == len(mean.get_ydata())
    assert faint.get_color() == mean.get_color() != short.get_color()
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["short", "long"]


def test_matrix_shows_its_counts_by_row_and_column() -> None:
    _, (axes,) = new_figure("", 1)
    draw_matrix(axes, np.array([[9, 1], [0, 0]]), "t", "predicted", "true", ["a", "b"])
    assert [(text.get_text(), text.get_position()) for text in axes.texts] == [("9", (0, 0)), ("1", (1, 0))]
    assert [text.get_color() for text in axes.texts] == ["white", "black"]
    (image,) = axes.get_images()
    np.testing.assert_allclose(image.get_array(), [[0.9**0.5, 0.1**0.5], [0, 0]])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
