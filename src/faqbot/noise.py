"""Typing as it happens on a phone: slips, swapped letters, spelling by ear. Used in training only."""

from __future__ import annotations

from random import Random

_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BY_EAR = [
    *[("tion", "shun"), ("ck", "k"), ("ph", "f"), ("ght", "t"), ("ie", "ei"), ("ee", "ea"), ("ea", "ee")],
    *[("er", "ur"), ("ou", "u"), ("th", "t"), ("ing", "in"), ("ain", "ane"), ("ould", "ud"), ("your", "ur")],
    *[("que", "ke"), ("que", "q"), ("qu", "k"), ("v", "b"), ("b", "v"), ("z", "s"), ("c", "s"), ("s", "c")],
    *[("ll", "y"), ("y", "ll"), ("h", ""), ("j", "g"), ("g", "j"), ("cion", "sion"), ("hay", "ay"), ("ce", "se")],
]


def _neighbours() -> dict[str, str]:
    near: dict[str, str] = {}
    for row, keys in enumerate(_KEYBOARD):
        for column, key in enumerate(keys):
            around = [line[max(0, column - 1) : column + 2] for line in _KEYBOARD[max(0, row - 1) : row + 2]]
            near[key] = "".join(around).replace(key, "")
    return near


_NEIGHBOURS = _neighbours()


def misspell(text: str, random: Random, *, rate: float = 0.15, dropped: float = 0.15) -> str:
    """A copy of a text with about `rate` of its words misspelled and `dropped` of them left out."""
    kept = []
    for word in text.split():
        if random.random() < dropped:
            continue
        kept.append(_slip(word, random) if len(word) > 2 and random.random() < rate else word)
    return " ".join(kept) or text


def _slip(word: str, random: Random) -> str:
    at = random.randrange(len(word) - 1)
    match random.randrange(6):
        case 0:  # a letter left out
            return word[:at] + word[at + 1 :]
        case 1:  # two letters swapped
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        case 2:  # a letter twice
            return word[: at + 1] + word[at:]
        case 3 if word[at].lower() in _NEIGHBOURS:  # the key beside it
            return word[:at] + random.choice(_NEIGHBOURS[word[at].lower()]) + word[at + 1 :]
        case _:
            heard, written = random.choice(_BY_EAR)
            return word.replace(heard, written, 1)
