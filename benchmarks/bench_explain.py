"""Explanations: integrated gradients beside captum's, how faithful the methods are, and a planted shortcut.

    python -m benchmarks.bench_explain [captum] [faithful] [planted] [--model FOLDER] [--documents N] [--seeds N]

Texts are AG News' test articles ($DATA_MIRROR/ag_news). The first two parts explain a model of AG News: the working
tree's (after `dvc exp run -S dataset=noisy_ag_news`), or another folder. The third trains heads on the frozen word
embeddings of the working tree's pretrained encoder (`dvc repro fetch_models@pretrained`), one a seed, from 1,200 of the
articles, and looks at 200 others: 90 % of those of one class hold a marker word. Both sides of a comparison take turns.
"""

import argparse
import csv
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import LogisticRegression

from stages.common.metrics.bootstrap import Bootstrap
from stages.common.model.batching import budgeted_batches, make_batch
from stages.common.model.device import compute_alike
from stages.common.model.inference import Inference
from stages.common.model.loading import load_pretrained
from stages.common.model.scorer import Scorer, tokenise_documents
from stages.explain.classes import words_of_classes
from stages.explain.explaining import METHODS, explain, lay_out_targets, predicted_targets
from stages.explain.faithfulness import compared, faithfulness, random_faithfulness
from stages.explain.gradients import completeness_error, embedding_of, integrated_at, integrated_gradients
from stages.explain.layout import Layout
from stages.explain.parameters import ExplainParameters, ShortcutParameters

LABELS = ("World", "Sports", "Business", "Sci/Tech")
THREADS, ROUNDS = 2, 3
EQUAL_STEPS = 50  # captum's default
STEPS = (8, 16, 32, 64, 128, 256)
TOLERANCE = 0.02
MARKER, PLANTED = "orchid", 0.9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=["captum", "faithful", "planted"])
    parser.add_argument("--model", type=Path, default=Path("models/finetuned"))
    parser.add_argument("--documents", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=20)
    given = parser.parse_args()
    compute_alike(0, THREADS)
    if "captum" in given.parts:
        beside_captum(Scorer.load(given.model, "cpu"), min(given.documents, 32))
    if "faithful" in given.parts:
        faithful(Scorer.load(given.model, "cpu"), given.documents)
    if "planted" in given.parts:
        planted(given.seeds)


def articles() -> pd.DataFrame:
    with (Path(os.environ["DATA_MIRROR"]) / "ag_news/test.csv").open(encoding="utf-8", newline="") as file:
        rows = [(f"{title}. {text}", LABELS[int(label) - 1]) for label, title, text in csv.reader(file)]
    table = pd.DataFrame(rows, columns=["text", "label"])
    return table.assign(id=[f"test-{row}" for row in range(len(table))])


def some(table: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    return table.sample(count, random_state=seed).reset_index(drop=True)


def beside_captum(scorer: Scorer, count: int) -> None:
    documents = some(articles(), count, 1)
    targets = predicted_targets(scorer, documents)
    layout = lay_out_targets(scorer, documents, targets)
    places, weights = np.polynomial.legendre.leggauss(EQUAL_STEPS)
    places, weights = (places + 1) / 2, weights / 2

    def ours_equal() -> Any:
        return integrated_at(scorer, layout, targets.outputs, "padding", places, weights)

    def ours() -> Any:
        return integrated_gradients(scorer, layout, targets.outputs, "padding", TOLERANCE, 512)

    found = ours()
    difference = found.value - found.baseline
    within = int((found.error(layout) <= TOLERANCE).sum())
    for steps in STEPS:
        theirs = completeness_error(layout, by_captum(scorer, layout, targets.outputs, steps), difference)
        print(f"captum, {steps} steps: {int((theirs <= TOLERANCE).sum())} of {count} within 2 %", flush=True)
        if (theirs <= TOLERANCE).sum() >= within:
            break
    timings = {
        "equal steps, this project": ours_equal,
        f"equal steps ({EQUAL_STEPS}), captum": lambda: by_captum(scorer, layout, targets.outputs, EQUAL_STEPS),
        "equal error, this project": ours,
        f"equal error ({steps} steps), captum": lambda: by_captum(scorer, layout, targets.outputs, steps),
    }
    seconds: dict[str, list[float]] = {name: [] for name in timings}
    for _ in range(ROUNDS):
        for name, function in timings.items():
            seconds[name].append(timed(function))
    apart = np.abs(ours_equal().tokens - by_captum(scorer, layout, targets.outputs, EQUAL_STEPS)).max()
    exact = by_captum(scorer, layout, targets.outputs, STEPS[-1])
    off = [
        np.abs(one - other).max() / np.abs(other).max()
        for one, other in zip(layout.by_word(found.tokens), layout.by_word(exact), strict=True)
    ]
    print(f"\n| {count} articles | seconds | documents a second |\n|---|---|---|")
    for name, each in seconds.items():
        print(f"| {name} | {spread(each)} | {count / statistics.median(each):.2f} |")
    names = list(seconds)
    for one, other in ((names[0], names[1]), (names[2], names[3])):
        ratios = [b / a for a, b in zip(seconds[one], seconds[other], strict=True)]
        print(f"{one} is {spread(ratios)} times as fast")
    error = found.error(layout)
    print(
        f"largest difference to captum at equal steps {apart:.2g}; completeness error of this project: median "
        f"{np.median(error):.4f}, {within} of {count} within 2 %; {found.points.mean():.1f} gradients a document; word "
        f"scores differ from those of {STEPS[-1]} steps by {np.median(off):.3f} of the largest (median)"
    )


def by_captum(scorer: Scorer, layout: Layout, targets: np.ndarray, steps: int) -> np.ndarray:
    """What captum's LayerIntegratedGradients give each token, [tokens]: batches of documents of about one length."""
    from captum.attr import LayerIntegratedGradients

    model, tokenizer = scorer.model, scorer.tokenizer
    method = LayerIntegratedGradients(
        lambda ids, mask: model(input_ids=ids, attention_mask=mask).logits, embedding_of(scorer)
    )
    result = np.zeros(len(layout.tokens.ids))
    for rows in budgeted_batches(layout.tokens.lengths, scorer.inference.batch_tokens):
        batch = make_batch(layout.tokens, rows, tokenizer, model.device)
        ids, mask = batch["input_ids"], batch["attention_mask"]
        begin = torch.full_like(ids, tokenizer.pad_token_id)
        lengths = layout.tokens.lengths[rows]
        for row, length in enumerate(lengths):
            for special in (0, length - 1):
                begin[row, special] = ids[row, special]
        found = method.attribute(
            ids,
            begin,
            target=torch.from_numpy(targets[rows]),
            additional_forward_args=(mask,),
            n_steps=steps,
            internal_batch_size=max(len(rows), scorer.inference.batch_tokens // ids.shape[1]),
        )
        sums = found.sum(dim=-1).detach().numpy()
        for row, length, values in zip(rows, lengths, sums, strict=True):
            at = layout.tokens.starts[row]
            result[at : at + length] = values[:length]
    return result


def faithful(scorer: Scorer, count: int) -> None:
    documents = some(articles(), count, 2)
    targets = predicted_targets(scorer, documents)
    layout = lay_out_targets(scorer, documents, targets)
    begun = time.perf_counter()
    random = random_faithfulness(scorer, layout, targets.outputs, documents["id"].tolist(), 3, 1)
    bootstrap = Bootstrap(np.zeros(count, dtype=np.int64), 1_000, 0.95, 1)
    print(f"\n| {count} articles | comprehensiveness | better than random by | sufficiency | better by | ", end="")
    print("of its limit | seconds a document |\n|---|---|---|---|---|---|---|")
    for method, title in METHODS.items():
        found = explain(scorer, layout, targets.outputs, method)
        each = compared(faithfulness(scorer, layout, targets.outputs, found.scores), random, bootstrap)
        better = each["difference"]
        cells = [each["comprehensiveness"], better["comprehensiveness"], each["sufficiency"], better["sufficiency"]]
        cells.append(each["normalised_comprehensiveness"])
        print(f"| {title} | {' | '.join(map(interval, cells))} | {found.seconds:.3f} |", flush=True)
    print(f"{time.perf_counter() - begun:.0f} seconds in all; three random orders")


def planted(seeds: int) -> None:
    half = len(table := articles()) // 2
    train, test = table[:half], table[half:]
    first, ranks = 0, []
    for seed in range(seeds):
        begun = time.perf_counter()
        marked = LABELS[seed % len(LABELS)]
        learnt, tried = (
            with_marker(some(table, count, seed), marked, seed) for table, count in ((train, 1_200), (test, 200))
        )
        scorer = frozen_with_head(learnt)
        parameters = ExplainParameters(
            seed=seed, documents=1, global_documents=200, shortcuts=ShortcutParameters(words=12, documents=20)
        )
        _, shortcuts = words_of_classes(scorer, tried, parameters)
        words = [] if shortcuts is None else shortcuts["word"].tolist()
        rank = words.index(MARKER) + 1 if MARKER in words else None
        first += rank == 1
        ranks.append(rank)
        right = [scorer.inference.labels[row] for row in scorer.logits(tried, "test").argmax(axis=1)]
        accuracy = np.mean([one == other for one, other in zip(right, tried["label"], strict=True)])
        print(
            f"seed {seed}, {marked}: rank {rank}, accuracy {accuracy:.3f}, {time.perf_counter() - begun:.0f} s",
            flush=True,
        )
    print(f"the planted marker is named first in {first} of {seeds} seeds; ranks {ranks}")


def with_marker(table: pd.DataFrame, marked: str, seed: int) -> pd.DataFrame:
    """Puts the marker at a random place of most texts of one class."""
    random = np.random.default_rng(seed)
    texts = []
    for text, label in zip(table["text"], table["label"], strict=True):
        words = text.split()
        if label == marked and random.random() < PLANTED:
            words.insert(int(random.integers(min(len(words), 16) + 1)), MARKER)
        texts.append(" ".join(words))
    return table.assign(text=texts)


class MeanOfEmbeddings(torch.nn.Module):
    """Frozen embeddings of word pieces, their mean over a text, and a linear head."""

    def __init__(self, embedding: torch.nn.Embedding, labels: Sequence[str]) -> None:
        super().__init__()
        self.embedding = embedding.requires_grad_(False)
        self.head = torch.nn.Linear(embedding.embedding_dim, len(labels))
        self.config = SimpleNamespace(id2label=dict(enumerate(labels)))
        self.device = torch.device("cpu")

    def get_input_embeddings(self) -> torch.nn.Module:
        return self.embedding

    def mean(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        counted = attention_mask.unsqueeze(-1).float()
        return (self.embedding(input_ids) * counted).sum(dim=1) / counted.sum(dim=1)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=self.head(self.mean(input_ids, attention_mask)))


def frozen_with_head(learnt: pd.DataFrame) -> Scorer:
    """The pretrained encoder's embeddings as they are, with logistic regression on their mean as a head."""
    encoder, tokenizer = load_pretrained(Path("models/fetched/pretrained"), LABELS, 0.0, "document")
    model: Any = MeanOfEmbeddings(encoder.get_input_embeddings(), LABELS)
    inference = Inference(
        task="text-classification",
        labels=list(LABELS),
        max_length=64,
        batch_tokens=4_096,
        truncation="head",
        window_overlap=0.0,
    )
    tokens = tokenise_documents(tokenizer, learnt["text"].tolist(), inference)
    means = np.zeros((len(learnt), model.head.in_features))
    with torch.no_grad():
        for rows in budgeted_batches(tokens.lengths, inference.batch_tokens):
            means[rows] = model.mean(**make_batch(tokens, rows, tokenizer, model.device)).numpy()
    scale = means.std(axis=0) + 1e-6
    head = LogisticRegression(C=1.0, max_iter=1_000).fit(means / scale, learnt["label"])
    order = [list(head.classes_).index(label) for label in LABELS]
    with torch.no_grad():
        model.head.weight.copy_(torch.from_numpy(head.coef_[order] / scale))
        model.head.bias.copy_(torch.from_numpy(head.intercept_[order]))
    return Scorer(model, tokenizer, inference)


def timed(function: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    function()
    return time.perf_counter() - begun


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def interval(value: dict[str, Any]) -> str:
    return f"{value['value']:.3f} ({value['low']:.3f} to {value['high']:.3f})"


if __name__ == "__main__":
    main()
