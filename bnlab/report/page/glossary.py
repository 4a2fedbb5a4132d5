"""Words that a newcomer needs, each explained once: below the text in which it first stands."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple


class Word(NamedTuple):
    """A word, how texts write it (a regular expression), and what it means."""

    word: str
    written: str
    meaning: str


WORDS = (
    Word(
        "claim",
        r"claims?",
        "A statement that a study tests. Its measure and its margin are fixed before the runs.",
    ),
    Word(
        "verdict",
        r"verdicts?",
        "Supported: the interval lies wholly where the claim says. Contradicted: it lies wholly elsewhere. Undecided: "
        "anything else, and it means that these runs don't show whether the claim holds, not that there is no difference.",
    ),
    Word(
        "replicate",
        r"replicates?|replicated",
        "The same training once more, with other random numbers. Replicates show how much of a difference is chance.",
    ),
    Word(
        "interval",
        r"intervals?",
        "The range in which the true mean difference lies, as far as the replicates tell. More of them make it narrower.",
    ),
    Word(
        "confidence",
        r"confidence|\d+ % intervals?",
        "How often such intervals hold the true value: of a hundred 95 % intervals, about 95 do.",
    ),
    Word(
        "paired",
        r"paired",
        "Each replicate of one arm is held against the same replicate of the other, which starts from the same draws. What "
        "chance does to both alike is not in their difference.",
    ),
    Word("margin", r"margins?", "The smallest difference that matters, chosen before the runs."),
    Word("run", r"runs?", "One training of one net, from its initial weights to its last update."),
    Word("arm", r"arms?", "The runs of a study that have the same settings and differ in their replicate alone."),
    Word("seed", r"seeds?", "The number that all random numbers of a run come from. The same seed gives the same run."),
    Word(
        "batch normalization (batchnorm)",
        r"batchnorm|batch normalization",
        "A layer that gives each feature mean 0 and standard deviation 1 over the images of a minibatch, then scales and "
        "shifts it by two learnt numbers.",
    ),
    Word(
        "layer normalization (layernorm)",
        r"layernorm|layer normalization",
        "The same over the features of each single image, whatever else is in the minibatch.",
    ),
    Word(
        "group normalization (groupnorm)",
        r"(spatial )?groupnorm|group normalization",
        "The same over groups of channels of each single image.",
    ),
    Word(
        "dropout",
        r"dropout",
        "A layer that sets units to zero at random during training, and keeps each with the probability that is named.",
    ),
    Word("minibatch", r"minibatch(es)?", "The few training images that one update of the weights is computed from."),
    Word(
        "batch size", r"batch sizes?|batch(es)?(?= \d)|large batches|small batches", "The number of images in a minibatch."
    ),
    Word(
        "epoch",
        r"epochs?",
        "As many minibatches as the training images fill once. After ten epochs, each image has been used about ten times.",
    ),
    Word("loss", r"loss(es)?", "The number that training makes smaller: how wrong the net's scores are, 0 at best."),
    Word(
        "training accuracy",
        r"training accuracy|train accuracy",
        "The share of the training images that the net classifies rightly.",
    ),
    Word(
        "validation accuracy",
        r"validation accuracy|validation",
        "The same for images that the net was not trained on. It tells what the net has learnt beyond its training images.",
    ),
    Word(
        "overfitting",
        r"overfitting|overfits?",
        "A net fits its training images better than others; the measure is training minus validation accuracy.",
    ),
    Word(
        "weight scale",
        r"weight scales?|initial weights",
        "The standard deviation of the random numbers that the weights start as.",
    ),
    Word("learning rate", r"learning rates?", "How large a step each update takes."),
    Word(
        "update rule",
        r"update rules?|adam|rmsprop|sgd",
        "How a gradient becomes a change of the weights: sgd, adam and others.",
    ),
    Word(
        "hidden layer",
        r"hidden layers?",
        "A layer between the input and the scores. Its outputs are its units, or features.",
    ),
    Word("decade", r"decades?", "A factor of ten."),
    Word(
        "gradient",
        r"gradients?",
        "The slopes of the loss by each weight. Training moves the weights against them.",
    ),
    Word(
        "backward pass",
        r"backward pass(es)?",
        "The computation of all gradients, from the loss back to the first layer.",
    ),
    Word(
        "diverged",
        r"diverged?|divergence",
        "The loss, or a weight, was no finite number any more, and the run ended there.",
    ),
)

STATUSES = {
    "agrees": "Ours is the published number, as far as its printed digits and rounding tell; an error is small enough.",
    "disagrees": "Ours is another number.",
    "skipped": "Not computed or not judged, since something that it takes was not there, such as the images of CIFAR-10.",
    "reported": "A ratio of two times. It depends on the machine, so nothing is judged.",
    "drawn": "A point of a training log. Rounding errors grow during a training, so it is drawn and not judged.",
}
"""What becomes of a published number, and what that means."""


class Glossary:
    """Remembers which words have been explained."""

    def __init__(self) -> None:
        self._left = list(WORDS)

    def new(self, *texts: object) -> list[Word]:
        """The words in these texts that haven't been explained yet."""
        text = " ".join(map(str, _flat(texts)))
        found = [word for word in self._left if re.search(rf"\b({word.written})\b", text, re.IGNORECASE)]
        self._left = [word for word in self._left if word not in found]
        return found


def _flat(texts: Iterable[object]) -> Iterable[object]:
    for text in texts:
        if isinstance(text, list | tuple):
            yield from _flat(text)
        else:
            yield text
