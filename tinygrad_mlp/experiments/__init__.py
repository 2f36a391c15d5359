"""The experiments: each the work of one report, in one file that reads like a script for PyTorch.

An experiment's module has a function `run(lab)`, which trains, and gives the :class:`~tinygrad_mlp.experiments.lab.Lab`
what it measures: rows with the report's number beside each, figures, tables and models. What experiments share is in the
modules beside them: `data`, `training`, `augment` and `plots`. `runs` does a run from its start to its `report`; `check`
compares gradients.

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
