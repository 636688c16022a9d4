"""What was tried for the model, measured on one group of authors left out: `python benchmarks/trials.py [name …]`.

Every trial trains on what the other authors wrote and ranks the questions for what this group asked; hit@1 stands
beside it. A trial of one part is shown alone and fused with the served parts by weights fitted on half of the
messages and read on the other half. Slow: a minute for most trials, up to ten. Results: results/trials.json.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from faqbot import heads, training
from faqbot.calibration import split_authors, without
from faqbot.corpus import Corpus, load_corpus
from faqbot.embedding import StaticEmbedder, unit
from faqbot.fitting import fit_fusion
from faqbot.fusion import FUSED
from faqbot.lexical import NgramFeatures, weigh
from faqbot.noise import misspell
from faqbot.settings import ROOT, Settings
from faqbot.trained import EACH, anchors, embed_rows, encoder_samples, lessons, train
from faqbot.training import EncoderPlan
from faqbot.vectors import FaissStore

RESULTS = ROOT / "benchmarks" / "results" / "trials.json"
Floats = NDArray[np.float32]
ASKED = 10_000  # messages of the group, drawn at random: a trial then takes a minute
PLANS = {
    "48 dimensions": EncoderPlan(dimension=48),
    "192 dimensions": EncoderPlan(dimension=192),
    "4,000 word pieces": EncoderPlan(pieces=4_000),
    "16,000 word pieces": EncoderPlan(pieces=16_000),
    "a loss between phrasings too": EncoderPlan(pairs=0.5),
    "no loss on the passage aimed at": EncoderPlan(aims=0.0),
    "hard negatives count more": EncoderPlan(pairs=0.5, hardness=0.5),
    "softmax temperature 0.12": EncoderPlan(temperature=0.12),
    "no misspelled copies": EncoderPlan(copies=0),
    "another seed": EncoderPlan(seed=11),
}


class Bench:
    """The left-out group, what is asked, and the evidence of the served parts."""

    def __init__(self) -> None:
        training.use_one_thread()
        self.corpus: Corpus = load_corpus(Path(Settings().corpus))
        group = split_authors(self.corpus)[0]
        self.rest = without(self.corpus, group)
        asked = [p for p in (*self.corpus.phrasings, *self.corpus.unanswerable) if p.author in group]
        order = np.random.default_rng(training.SEED).permutation(len(asked))
        self.asked = [asked[place] for place in order[:ASKED]]
        self.none = len(self.corpus.document.questions)
        self.targets = np.array([(p.question or self.none + 1) - 1 for p in self.asked])
        self.served = train(self.rest, Settings().embedder)
        search = self.served.search(self.corpus)
        self.classes = np.stack([search.evidence(p.text).classes for p in self.asked])

    def hits(self, scores: Floats, part: slice = slice(None)) -> float:
        """hit@1 over the answerable messages of a part; scores of shape (messages, classes or questions)."""
        targets = self.targets[part]
        answerable = targets < self.none
        return float((scores[part, : self.none].argmax(axis=1) == targets)[answerable].mean())

    def fused(self, classes: Floats) -> float:
        """hit@1 of a learned fusion of channels of shape (messages, classes, channels), two halves in turn."""
        half = len(classes) // 2
        parts = (slice(0, half), slice(half, None))
        found = []
        for fitted, read in (parts, parts[::-1]):
            weights, bias = fit_fusion(classes[fitted], self.targets[fitted])
            scores = classes @ np.array(weights, dtype=np.float32)
            scores[:, -1] += bias
            found.append(self.hits(scores, read))
        return float(np.mean(found))

    def beside(self, extra: Floats) -> float:
        """The served channels and one more, of shape (messages, classes)."""
        return self.fused(np.concatenate([self.classes, extra[:, :, None]], axis=2))

    def encoder(self, vectors: Callable[[Sequence[str]], Floats], *, each: int = EACH) -> Floats:
        """The dense channels of another encoder: evidence of shape (messages, classes, channels)."""
        model = _Encoder(vectors)
        rows, embedded = embed_rows(self.rest, model, each=each)
        other = dataclasses.replace(self.served, rows=rows, store=FaissStore(embedded), embedder=model)
        search = other.search(self.corpus)
        return np.stack([search.evidence(p.text).classes for p in self.asked])


@dataclasses.dataclass(frozen=True)
class _Encoder:
    vectors: Callable[[Sequence[str]], Floats]

    @property
    def dimension(self) -> int:
        return self.vectors([""]).shape[1]

    def embed(self, texts: Sequence[str]) -> Floats:
        return self.vectors(texts)


def fusions(bench: Bench) -> dict[str, dict[str, float]]:
    """Ways to put the served channels together."""
    classes = bench.classes
    ranks = np.argsort(np.argsort(-classes[:, : bench.none], axis=1, kind="stable"), axis=1)
    standard = (classes - classes.mean(axis=1, keepdims=True)) / (classes.std(axis=1, keepdims=True) + 1e-6)
    rows = {name: bench.hits(classes[:, :, place]) for place, name in enumerate(FUSED)}
    rows |= {
        "reciprocal-rank fusion (k = 60)": bench.hits((1 / (60 + ranks)).sum(axis=2)),
        "equal weights on standardised scores": bench.hits(standard.sum(axis=2)),
        "learned weights (served)": bench.fused(classes),
        "learned weights without the clauses": bench.fused(np.delete(classes, FUSED.index("clauses"), axis=2)),
        "learned ranker, 32 hidden units over all scores": ranker(bench),
    }
    return {f"fusion: {name}": {"alone": value} for name, value in rows.items()}


def ranker(bench: Bench) -> float:
    """A small network that sees every question's scores at once, two halves in turn."""
    half = len(bench.classes) // 2
    parts = (slice(0, half), slice(half, None))
    features = torch.from_numpy(bench.classes.reshape(len(bench.classes), -1))
    targets = torch.from_numpy(bench.targets)
    found = []
    for fitted, read in (parts, parts[::-1]):
        torch.manual_seed(training.SEED)
        mean, spread = features[fitted].mean(0), features[fitted].std(0) + 1e-6
        whole = (features - mean) / spread
        net = nn.Sequential(nn.Linear(whole.shape[1], 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, bench.none + 1))
        optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-2)
        for epoch in range(40):
            order = np.random.default_rng([training.SEED, epoch]).permutation(half)
            for start in range(0, half, 256):
                rows = torch.from_numpy(order[start : start + 256])
                loss = F.cross_entropy(net(whole[fitted][rows]), targets[fitted][rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        net.eval()
        with torch.no_grad():
            found.append(bench.hits(net(whole).numpy(), read))
    return float(np.mean(found))


def encoders(bench: Bench, name: str) -> dict[str, float]:
    """Another training of the encoder in place of the served one; alone: its phrasing votes."""
    started = time.monotonic()
    tokenizer, weights = training.train_encoder(
        encoder_samples(bench.rest), anchors(bench.rest), bench.none + 1, plan=PLANS[name]
    )
    seconds = time.monotonic() - started
    classes = bench.encoder(StaticEmbedder(tokenizer, weights).embed)
    return {
        "alone": bench.hits(classes[:, :, FUSED.index("phrasings")]),
        "fused": bench.fused(classes),
        "seconds": round(seconds),
    }


def prototypes(bench: Bench, each: int) -> dict[str, float]:
    """The served encoder with another number of phrasings to a vector."""
    classes = bench.encoder(bench.served.embedder.embed, each=each)
    return {"alone": bench.hits(classes[:, :, FUSED.index("phrasings")]), "fused": bench.fused(classes)}


def seeds(bench: Bench) -> dict[str, float]:
    """Two encoders of other seeds beside each other in one vector."""
    models = []
    for seed in (11, 12):
        plan = EncoderPlan(dimension=96, seed=seed)
        models.append(
            StaticEmbedder(
                *training.train_encoder(encoder_samples(bench.rest), anchors(bench.rest), bench.none + 1, plan=plan)
            )
        )
    classes = bench.encoder(lambda texts: unit(np.concatenate([model.embed(texts) for model in models], axis=1)))
    return {"alone": bench.hits(classes[:, :, FUSED.index("phrasings")]), "fused": bench.fused(classes)}


def _topics(bench: Bench) -> tuple[list[str], torch.Tensor, int]:
    """The texts that teach the topics, the right topic of each, and how many topics there are."""
    taught, labels = lessons(bench.rest)
    alone = [lesson for lesson in taught if "topic" in lesson.targets and not lesson.context]
    return (
        [lesson.text for lesson in alone],
        torch.tensor([lesson.targets["topic"] for lesson in alone]),
        len(labels["topic"]),
    )


def _scores(bench: Bench, logs: Floats) -> Floats:
    """Log probabilities over topics and kinds to classes, kinds added together."""
    rest = np.logaddexp.reduce(logs[:, bench.none :], axis=1, keepdims=True)
    return np.concatenate([logs[:, : bench.none], rest], axis=1).astype(np.float32)


def hidden_layer(bench: Bench) -> dict[str, float]:
    """The n-grams through one hidden layer of 96 instead of straight to the topics (Iyyer et al. 2015)."""
    texts, targets, topics = _topics(bench)
    torch.manual_seed(training.SEED)
    rarity, random = bench.served.classifier.rarity, Random(training.SEED)
    variants = [[weigh(text, rarity) for text in texts]]
    variants += [[weigh(misspell(text, random), rarity) for text in texts] for _ in range(2)]
    inside = nn.EmbeddingBag(len(rarity), 96, mode="sum")
    nn.init.normal_(inside.weight, std=0.05)
    outside = nn.Sequential(nn.ReLU(), nn.Dropout(0.3), nn.Linear(96, topics))

    def forward(features: list[NgramFeatures]) -> torch.Tensor:
        return outside(heads.bag(features, inside.weight))

    optimizer = torch.optim.Adam([*inside.parameters(), *outside.parameters()], lr=3e-3, fused=True)
    _fit(optimizer, outside, targets, lambda epoch, rows: forward([variants[epoch % 3][row] for row in rows]), epochs=9)
    with torch.no_grad():
        logs = [F.log_softmax(forward([weigh(p.text, rarity)]), dim=1).numpy()[0] for p in bench.asked]
    scores = _scores(bench, np.stack(logs))
    return {"alone": bench.hits(scores), "fused": bench.beside(scores)}


class _Transformer(nn.Module):
    """One layer over word pieces, from scratch; the mean of its states beside the mean of its inputs."""

    def __init__(self, pieces: int, labels: int, *, dimension: int = 128) -> None:
        super().__init__()
        self.padding = pieces
        self.embedding = nn.Embedding(pieces + 1, dimension, padding_idx=pieces)
        self.place = nn.Embedding(64, dimension)
        nn.init.normal_(self.embedding.weight, std=0.1)
        nn.init.normal_(self.place.weight, std=0.02)
        layer = nn.TransformerEncoderLayer(dimension, 4, 2 * dimension, 0.2, "gelu", batch_first=True, norm_first=True)
        self.layer = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.drop, self.head = nn.Dropout(0.2), nn.Linear(2 * dimension, labels)

    def forward(self, ids: Sequence[list[int]]) -> torch.Tensor:
        longest = max(map(len, ids))
        tokens = torch.tensor([one + [self.padding] * (longest - len(one)) for one in ids])
        empty = tokens == self.padding
        inputs = self.drop(self.embedding(tokens))
        states = self.layer(inputs + self.place(torch.arange(longest)), src_key_padding_mask=empty)
        kept = (~empty).float()[..., None]
        means = [(one * kept).sum(1) / kept.sum(1) for one in (states, inputs)]
        return self.head(self.drop(torch.cat(means, dim=1)))


def transformer(bench: Bench) -> dict[str, float]:
    """A small transformer trained from scratch on the same phrasings and misspelled copies."""
    started = time.monotonic()
    texts, targets, topics = _topics(bench)
    torch.manual_seed(training.SEED)
    tokenizer = training.train_tokenizer(texts, 6_000)

    def ids(texts: Sequence[str]) -> list[list[int]]:
        return [(one.ids or [0])[:64] for one in tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    random = Random(training.SEED)
    variants = [ids(texts)] + [ids([misspell(text, random) for text in texts]) for _ in range(4)]
    model = _Transformer(tokenizer.get_vocab_size(), topics)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
    _fit(optimizer, model, targets, lambda epoch, rows: model([variants[epoch % 5][row] for row in rows]), epochs=12)
    asked = ids([p.text for p in bench.asked])
    with torch.no_grad():
        logs = [F.log_softmax(model(asked[at : at + 256]), dim=1).numpy() for at in range(0, len(asked), 256)]
    scores = _scores(bench, np.concatenate(logs))
    seconds = round(time.monotonic() - started)
    return {"alone": bench.hits(scores), "fused": bench.beside(scores), "seconds": seconds}


def _fit(
    optimizer: torch.optim.Optimizer,
    model: nn.Module,
    targets: torch.Tensor,
    forward: Callable[[int, NDArray[np.int64]], torch.Tensor],
    *,
    epochs: int,
) -> None:
    schedule = training.Schedule(optimizer, epochs=epochs, samples=len(targets), batch=256)
    model.train()
    for epoch in range(epochs):
        for rows in schedule.batches(epoch):
            schedule.step(F.cross_entropy(forward(epoch, rows), targets[rows], label_smoothing=0.05))
    model.eval()


TRIALS: dict[str, Callable[[Bench], dict[str, float]]] = {
    **{
        f"vectors: one for {each} phrasing{'s' * (each > 1)}": lambda bench, each=each: prototypes(bench, each)
        for each in (1, 4, 40)
    },
    "lexical: a hidden layer": hidden_layer,
    **{f"encoder: {name}": lambda bench, name=name: encoders(bench, name) for name in PLANS},
    "encoder: two seeds in one vector": seeds,
    "a transformer of one layer": transformer,
}


def main(names: Sequence[str]) -> int:
    """Run all trials, or those whose name holds one of the words."""
    wanted = [name for name in TRIALS if not names or any(word in name for word in names)]
    bench = Bench()
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if names and RESULTS.exists() else {}
    results |= {"messages": {"count": len(bench.asked), "answerable": int((bench.targets < bench.none).sum())}}
    results |= fusions(bench)
    for name in wanted:
        results[name] = TRIALS[name](bench)
        rounded = {key: {k: round(v, 4) for k, v in row.items()} for key, row in results.items()}
        RESULTS.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")
        print(name, rounded[name], flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
