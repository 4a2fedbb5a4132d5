"""Misspelt names of functions, told from names of other functions.

Two names differ in spelling alone if they are the same but for case and underscores, or if they have as many words and no
word differs by more than one typing error. Short words must be the same: `affine_gn_relu` isn't `affine_bn_relu` misspelt.
"""

from __future__ import annotations

SHORT = 3
"""The most letters of a short word."""


def is_misspelt(name: str, right: str) -> bool:
    """Whether the name is the right one in another spelling."""
    words, right_words = name.lower().split("_"), right.split("_")
    if "".join(words) == "".join(right_words):
        return True
    pairs = list(zip(words, right_words, strict=False))
    return len(words) == len(right_words) and all(
        word == meant or (len(meant) > SHORT and _one_error(word, meant)) for word, meant in pairs
    )


def _one_error(word: str, meant: str) -> bool:
    """Whether one letter is missing, added or replaced, or two neighbours are exchanged."""
    same = next((i for i, (a, b) in enumerate(zip(word, meant, strict=False)) if a != b), min(len(word), len(meant)))
    word, meant = word[same:], meant[same:]
    exchanged = meant[1::-1] + meant[2:]
    return word in (meant[1:], exchanged) or word[1:] in (meant, meant[1:])
