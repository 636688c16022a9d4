"""Authored phrasings to an encoder, and what all training shares.

Everything is seeded and single-threaded where order of addition could matter, so that two trainings on one
machine give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from faqbot.noise import misspell

SEED = 7
Progress = Callable[[Any, str], Any]  # wraps an iterable with a progress bar of that title


@dataclass(frozen=True, slots=True)
class Sample:
    """A text that teaches the encoder. `target` is its class, `aims` the anchors it aims at if it is that precise."""

    text: str
    target: int
    aims: tuple[int, ...] = ()


def use_one_thread() -> None:
    """Keep torch on one core: the order of additions is then fixed, and two trainings can run side by side."""
    torch.set_num_threads(1)


@dataclass(frozen=True, slots=True)
class EncoderPlan:
    """The size and the course of a training; chosen in docs/decisions/0001."""

    dimension: int = 96
    pieces: int = 8_000
    epochs: int = 5
    copies: int = 4
    rate: float = 0.01
    temperature: float = 0.07
    aims: float = 0.5  # weight of the loss on the passage or sentence aimed at
    pairs: float = 0.0  # weight of the loss on other texts of the class (Khosla et al. 2020): it gained nothing
    hardness: float = 0.0  # how much more a near text of another class counts (Robinson et al. 2021)
    none_prototypes: int = 16
    seed: int = SEED


@dataclass(frozen=True, slots=True)
class Anchor:
    """A text of the document that phrasings are drawn to, with the class that it belongs to."""

    text: str
    target: int


def train_tokenizer(texts: Sequence[str], pieces: int) -> Tokenizer:
    """WordPiece over folded text, learned from the texts and a misspelled copy of each."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=60))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKD(), normalizers.Lowercase(), normalizers.StripAccents(), normalizers.Replace("’", "'")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    random = Random(SEED)
    lines = [*texts, *texts, *texts, *(misspell(text, random) for text in texts)]
    # The trainer numbers letters as it meets them in a hash map, anew in every run, and breaks ties by number:
    # naming them beforehand as special tokens fixes the numbers. The rebuilt model knows them as pieces only.
    letters = sorted({letter for line in lines for letter in tokenizer.normalizer.normalize_str(line)} - {" "})
    trainer = trainers.WordPieceTrainer(
        vocab_size=pieces,
        special_tokens=["[UNK]", *(f"##{letter}" for letter in letters)],
        min_frequency=2,
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines, trainer)
    learned = Tokenizer(models.WordPiece(tokenizer.get_vocab(), unk_token="[UNK]", max_input_chars_per_word=60))
    learned.normalizer, learned.pre_tokenizer = tokenizer.normalizer, tokenizer.pre_tokenizer
    return learned


def train_encoder(
    samples: Sequence[Sample],
    anchors: Sequence[Anchor],
    classes: int,
    *,
    plan: EncoderPlan | None = None,
    progress: Progress | None = None,
) -> tuple[Tokenizer, NDArray[np.float32]]:
    """Learn token vectors such that a text's mean vector lies near the anchors and phrasings of its class.

    Two losses are added: the class by its nearest anchors (log-sum-exp over a class's anchors), and the anchors
    aimed at where a text is that precise; a plan can ask for a third, between texts of a class. Class `classes - 1`
    is "none of these": it has free prototypes instead of anchors and its texts need not be near one another.

    Returns:
        The tokenizer and float32 weights of shape (tokens, dimension).
    """
    plan = plan or EncoderPlan()
    torch.manual_seed(plan.seed)
    random = Random(plan.seed)
    texts = [sample.text for sample in samples]
    tokenizer = train_tokenizer([*texts, *(anchor.text for anchor in anchors)], plan.pieces)
    bag = torch.nn.EmbeddingBag(tokenizer.get_vocab_size(), plan.dimension, mode="mean")
    torch.nn.init.normal_(bag.weight, std=0.1)
    prototypes = torch.nn.Parameter(torch.randn(plan.none_prototypes, plan.dimension) * 0.1)
    variants = [_token_ids(tokenizer, texts)]
    variants += [_token_ids(tokenizer, [misspell(text, random) for text in texts]) for _ in range(plan.copies)]
    anchor_ids = _token_ids(tokenizer, [anchor.text for anchor in anchors])
    none = classes - 1
    owner = torch.tensor([anchor.target for anchor in anchors] + [none] * plan.none_prototypes)
    belongs = owner[None, :] == torch.arange(classes)[:, None]
    targets = torch.tensor([sample.target for sample in samples])
    aims = torch.zeros(len(samples), len(owner), dtype=torch.bool)
    for row, sample in enumerate(samples):
        aims[row, list(sample.aims)] = True
    precise = aims.any(dim=1)

    schedule = Schedule(
        torch.optim.Adam([bag.weight, prototypes], lr=plan.rate, fused=True),
        epochs=plan.epochs,
        samples=len(samples),
        batch=256,
    )
    for epoch in with_progress(range(plan.epochs), progress, "encoder"):
        ids = variants[epoch % len(variants)]
        for rows in schedule.batches(epoch):
            queries = _encode(bag, [ids[row] for row in rows])
            places = torch.cat([_encode(bag, anchor_ids), F.normalize(prototypes, dim=1)])
            similar = queries @ places.T / plan.temperature
            target = targets[rows]
            loss = nearest_loss(similar, belongs[target])
            aimed = precise[rows]
            if aimed.any():
                loss = loss + plan.aims * nearest_loss(similar[aimed], aims[rows][aimed])
            if plan.pairs:
                loss = loss + plan.pairs * _pair_loss(queries, target, none, plan)
            schedule.step(loss)
    return tokenizer, bag.weight.detach().numpy()


def _pair_loss(queries: torch.Tensor, target: torch.Tensor, none: int, plan: EncoderPlan) -> torch.Tensor:
    """Supervised contrastive loss among the texts of a batch."""
    among = (queries @ queries.T / plan.temperature).fill_diagonal_(-1e9)
    same = ((target[:, None] == target[None, :]) & (target[:, None] != none)).fill_diagonal_(False)
    paired = same.any(dim=1)
    among = among + plan.hardness * among.masked_fill(same, 0)
    return nearest_loss(among[paired], same[paired]) if paired.any() else queries.sum() * 0


def save_encoder(tokenizer: Tokenizer, weights: NDArray[np.float32], folder: Path) -> None:
    """Write an ordinary SentenceTransformer folder."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights)], device="cpu")
    model.save_pretrained(str(folder), create_model_card=False)


def nearest_loss(similar: torch.Tensor, positive: torch.Tensor) -> torch.Tensor:
    """Mean of -ln of the softmax mass that lies on the positives."""
    mass = torch.logsumexp(similar.masked_fill(~positive, -1e9), dim=1)
    return (torch.logsumexp(similar, dim=1) - mass).mean()


def _token_ids(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    return [encoding.ids or [0] for encoding in tokenizer.encode_batch(list(texts), add_special_tokens=False)]


def _encode(bag: torch.nn.EmbeddingBag, ids: Sequence[list[int]]) -> torch.Tensor:
    offsets = np.cumsum([0, *(len(one) for one in ids)])[:-1]
    return F.normalize(bag(torch.tensor(list(chain.from_iterable(ids))), torch.from_numpy(offsets)), dim=1)


class Schedule:
    """Shuffled batches and a learning rate that falls linearly to zero."""

    def __init__(self, optimizer: torch.optim.Optimizer, *, epochs: int, samples: int, batch: int) -> None:
        self._optimizer, self._samples, self._batch = optimizer, samples, batch
        self._rate = optimizer.param_groups[0]["lr"]
        self._steps, self._done = epochs * -(-samples // batch), 0

    def batches(self, epoch: int) -> Iterator[NDArray[np.int64]]:
        order = np.random.default_rng([SEED, epoch]).permutation(self._samples)
        for start in range(0, self._samples, self._batch):
            yield order[start : start + self._batch]

    def step(self, loss: torch.Tensor) -> None:
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate * (1 - self._done / self._steps)
        self._done += 1
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()


def with_progress(steps: range, progress: Progress | None, title: str) -> Any:
    """The steps, with a bar if there is one."""
    return progress(steps, title) if progress else steps
