"""Weights that are fitted on held-aside messages: of the fusion, and of the choice of a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from faqbot.training import nearest_loss


def fit_fusion(classes: NDArray[np.float32], targets: NDArray[np.int64]) -> tuple[tuple[float, ...], float]:
    """Maximum-likelihood weights of a softmax over `classes @ weights`, with a bias for the last class.

    Args:
        classes: shape (messages, classes, channels).
        targets: shape (messages,).
    """
    features, wanted = torch.from_numpy(classes), torch.from_numpy(targets)
    weights = torch.full((classes.shape[2],), 0.5, requires_grad=True)
    bias = torch.zeros(1, requires_grad=True)

    def loss() -> torch.Tensor:
        logits = features @ weights
        logits = torch.cat([logits[:, :-1], logits[:, -1:] + bias], dim=1)
        return F.cross_entropy(logits, wanted) + 1e-4 * weights.square().sum()

    _minimise(loss, [weights, bias])
    return tuple(round(value, 4) for value in weights.tolist()), round(float(bias.detach()), 4)


def fit_choice(groups: Sequence[tuple[NDArray[np.float32], NDArray[np.bool_]]]) -> tuple[float, ...]:
    """Conditional logit: weights that put the softmax mass of each group on its right members.

    Each group is (clues of shape (members, clues), which members are right).
    """
    longest = max(len(right) for _, right in groups)
    clues = np.zeros((len(groups), longest, groups[0][0].shape[1]), dtype=np.float32)
    member, positive = (np.zeros((len(groups), longest), dtype=bool) for _ in range(2))
    for row, (own, right) in enumerate(groups):
        clues[row, : len(own)], positive[row, : len(own)], member[row, : len(own)] = own, right, True
    padded, outside, wanted = torch.from_numpy(clues), torch.from_numpy(~member), torch.from_numpy(positive)
    weights = torch.zeros(padded.shape[2], requires_grad=True)

    def loss() -> torch.Tensor:
        scores = (padded @ weights).masked_fill(outside, -1e9)
        return nearest_loss(scores, wanted) + 1e-4 * weights.square().sum()

    _minimise(loss, [weights])
    return tuple(round(value, 4) for value in weights.tolist())


def _minimise(loss: Callable[[], torch.Tensor], parameters: list[torch.Tensor]) -> None:
    optimizer = torch.optim.LBFGS(parameters, max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        value = loss()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(closure)  # type: ignore[no-untyped-call]
