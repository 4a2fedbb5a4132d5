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

    def stands_in(self, text: str) -> bool:
        """Whether the text has it."""
        return re.search(rf"\b({self.written})\b", text, re.IGNORECASE) is not None


WORDS = (
    Word("claim", r"claims?", "A statement that a study tests, fixed before any training, and so is what is measured."),
    Word("margin", r"margins?", "The smallest difference that matters, chosen before any training."),
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
        "verdict",
        r"verdicts?",
        "Supported: the interval lies wholly where the claim says. Contradicted: it lies wholly elsewhere. Undecided: "
        "anything else, and it means that the replicates don't show whether the claim holds, not that there is no "
        "difference.",
    ),
    Word(
        "confidence",
        r"confidence|\d+ % intervals?",
        "How often such intervals hold the true value: of a hundred 95 % intervals, about 95 do.",
    ),
    Word(
        "net, layer, weight",
        r"nets?|layers?|weights?",
        "A neural net is a chain of layers, which turns an image into a score for each kind of image. The numbers that it "
        "learns in training are its weights.",
    ),
    Word("loss", r"loss(es)?", "The number that training makes smaller: how wrong the net's scores are, 0 at best."),
    Word(
        "gradient",
        r"gradients?",
        "The slopes of the loss by each weight: how fast it grows when the weight grows.",
    ),
    Word("update", r"updates?", "One step of the training: all weights are changed a little, against the gradient."),
    Word("learning rate", r"learning rates?", "How large a step each update takes."),
    Word(
        "update rule",
        r"update rules?|adam|rmsprop|sgd",
        "How an update is computed from the gradient: sgd, adam and others.",
    ),
    Word("minibatch", r"minibatch(es)?", "The few training images that one update is computed from."),
    Word(
        "batch size", r"batch sizes?|batch(es)?(?= \d)|large batches|small batches", "The number of images in a minibatch."
    ),
    Word(
        "epoch",
        r"epochs?",
        "As many minibatches as the training images fill once. After ten epochs, each image has been used about ten times.",
    ),
    Word("run", r"runs?", "One training of one net, from its first update to its last."),
    Word("arm", r"arms?", "The runs of a study that have the same settings and differ in their replicate alone."),
    Word(
        "paired",
        r"paired",
        "Each replicate of one arm is held against the same replicate of the other, which starts from the same draws. What "
        "chance does to both alike is not in their difference.",
    ),
    Word("seed", r"seeds?", "The number that all random numbers of a run come from. The same seed gives the same run."),
    Word(
        "weight scale",
        r"weight scales?|initial weights",
        "The standard deviation of the random numbers that the weights start as.",
    ),
    Word("unit, feature", r"units?|features?", "One of the numbers that a layer hands on to the next one."),
    Word(
        "hidden layer", r"hidden layers?", "A layer between the image and the scores. Its width is the number of its units."
    ),
    Word(
        "batch normalization (batchnorm)",
        r"batchnorm|batch normalization",
        "A layer that gives each feature mean 0 and standard deviation 1 over the images of a minibatch, then scales and "
        "shifts it by two learnt numbers. For the output of a convolution, spatial batchnorm does so channel by channel.",
    ),
    Word(
        "layer normalization (layernorm)",
        r"layernorm|layer normalization",
        "A layer that gives the features of each single image mean 0 and standard deviation 1, whatever else is in the "
        "minibatch, then scales and shifts each feature by two learnt numbers.",
    ),
    Word(
        "group normalization (groupnorm)",
        r"(spatial )?groupnorm|group normalization",
        "A layer that gives each group of channels, the pictures that a convolution makes of an image, mean 0 and standard "
        "deviation 1, for each single image; then scales and shifts each channel by two learnt numbers.",
    ),
    Word(
        "dropout",
        r"dropout",
        "A layer that sets units to zero at random during training, and keeps each with the probability that is named.",
    ),
    Word(
        "training accuracy",
        r"training accuracy|train accuracy",
        "The share of the training images that the net classifies rightly.",
    ),
    Word(
        "validation accuracy",
        r"validation accuracy|validation",
        "The share that the net classifies rightly of images that it was not trained on. It tells what the net has learnt "
        "beyond its training images.",
    ),
    Word(
        "overfitting",
        r"overfitting|overfits?",
        "A net fits its training images better than others; the measure is training minus validation accuracy.",
    ),
    Word(
        "mean over the run",
        r"over the run|mean over the run",
        "The mean of all checks of the accuracy from the first update to the last. It is high if the accuracy rises early.",
    ),
    Word(
        "time to 90 % of its own best",
        r"time to \d+ % of its own best",
        "How many epochs pass until a check finds at least 90 % of the highest validation accuracy of that run.",
    ),
    Word("decade", r"decades?", "A factor of ten."),
    Word(
        "slope against log2",
        r"slope (of [\w ]+ )?against log2",
        "How much the measure grows each time the setting doubles, by the straight line that fits best. The absolute slope "
        "is its size, whether up or down: the dependence on the setting.",
    ),
    Word(
        "minus that at",
        r"minus that at",
        "A difference along one curve: the mean over the settings named first, less the mean over those named last. It is "
        "below 0 where the curve is worse at the first ones, and the lower, the more it loses there.",
    ),
    Word(
        "at its own best",
        r"at its own best",
        "Each curve is measured at the setting that is best for it. In each replicate the other replicates choose that "
        "setting, so that luck in the choice doesn't count.",
    ),
    Word(
        "of at least 80 % of the highest",
        r"of at least \d+ % of the highest",
        "The settings at which a curve comes to that share of its own highest value, in decades: how wide their range is, "
        "or how far up it goes.",
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
"""A meaning uses no word that comes after its own."""

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
        """The words that haven't been explained yet, in these texts and in the meanings of the words found."""
        text = " ".join(map(str, _flat(texts)))
        found: list[Word] = []
        for word in reversed(self._left):
            if word.stands_in(text):
                found.insert(0, word)
                text = f"{text} {word.meaning}"  # which uses only words that come before
        self._left = [word for word in self._left if word not in found]
        return found


def _flat(texts: Iterable[object]) -> Iterable[object]:
    for text in texts:
        if isinstance(text, list | tuple):
            yield from _flat(text)
        else:
            yield text
