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
    "ascii-bits": "MNIST digits as 4 bits of their ASCII codes by a 784-392-196-4 network, full-batch gradient descent",
    "ee6132-lab": "MNIST digits by a 784-500-250-100-10 network: activations, regularization, noise, HOG features",
    "fashion": "Fashion-MNIST by a 784-50-10 network: numerical gradients, momentum, L2, activations, architectures",
    "neuron-to-multiclass": "MNIST digits by a single neuron, 64 hidden units and softmax, full-batch gradient descent",
    "grid-search": "MNIST digits by a 784-20-10 sigmoid network: grid search in parallel, then training on more images",
    "recipe": "Beyond the papers: each one's network on its own training images, distorted at random, AdamW, one cycle",
}
