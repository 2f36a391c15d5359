"""The experiments: each the work of one report, in one file that reads like a script for PyTorch.

An experiment's module has a function `run(settings, folder)`, which trains, writes its tables, figures and
model to the folder, and returns what it measured as rows, each with the report's number beside it. What two
experiments share is in the modules beside them: :mod:`~tinygrad_mlp.experiments.data`,
:mod:`~tinygrad_mlp.experiments.training`, :mod:`~tinygrad_mlp.experiments.plots` and
:mod:`~tinygrad_mlp.experiments.results`.

They need the libraries of the extra `experiments`.
"""

__all__ = ["EXPERIMENTS"]

# Name on the command line (the module's, with dashes) and what it is, in one line.
EXPERIMENTS: dict[str, str] = {
    "ee6132-lab": "MNIST digits by a 784-500-250-100-10 network: sigmoid, tanh and ReLU, mini-batch SGD",
}
