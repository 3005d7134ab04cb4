"""Training on few documents: the corpora, which documents are drawn, one training and its score on the test split."""

import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml
from sklearn.linear_model import LogisticRegression

from benchmarks.kept_runs import Run, digest
from stages.common.core.validation import read_yaml
from stages.common.documents.card import read_card, write_card
from stages.common.documents.table import ORIGINAL, read_documents, write_documents
from stages.common.metrics.counts import overall_metrics, tally
from stages.common.model.batching import bucketed_batches, make_batch
from stages.common.model.device import compute_alike
from stages.common.model.embedding import embed
from stages.common.model.inference import Reading
from stages.common.model.loading import load_pretrained
from stages.common.model.scorer import BATCH_TOKENS, document_logits
from stages.common.model.tokenising import tokenise
from stages.common.training.optimisation import make_optimiser, rate_share, set_rate
from stages.split.dividing import divide
from stages.split.parameters import SplitParameters
from stages.split.training import place_in_class

ROOT = Path(__file__).parent.parent
PRETRAINED = ROOT / "models/fetched/pretrained"
MAX_LENGTH = 64  # tokens of a document
PENALTY = 1.0  # C of the logistic regression, scikit-learn's default
READING = Reading(max_length=MAX_LENGTH, batch_tokens=BATCH_TOKENS, truncation="head", window_overlap=0.0)
PLACES = ("catalog", "stages", "py", "models/fetched")  # what stages read that run in a folder of their own


@dataclass(frozen=True)
class Recipe:
    """How a training goes: the same for every arm of a comparison.

    Attributes:
        steps: Updates of the weights.
        learning_rate: The largest one; warm-up over the first tenth of the steps, then a linear fall.
        batch_size: Documents a step.
        class_weights: Whether a class counts in the loss by the inverse of its number of documents.
    """

    steps: int
    learning_rate: float
    batch_size: int = 8
    class_weights: bool = False


@dataclass(frozen=True)
class Corpus:
    """A cleaned dataset, divided once for all seeds; texts are cut to as many words as the encoder has tokens.

    Attributes:
        labels: The names of the classes.
        train: All documents that may be drawn.
        validation: Documents that hyperparameters are chosen on.
        test: The whole test split.
    """

    labels: list[str]
    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame


def run_stages(folder: Path, stages: Sequence[str], **changes: Any) -> None:
    """Runs stages as they are, in a folder of its own.

    Args:
        folder: Where; it keeps what was there.
        stages: Their names.
        **changes: Sections of params.yaml that are other than in the project.
    """
    for place in PLACES:
        if not (folder / place).exists():
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).symlink_to(ROOT / place)
    (folder / "params.yaml").write_text(yaml.safe_dump({**read_yaml(ROOT / "params.yaml"), **changes}))
    for stage in stages:
        subprocess.run(
            [sys.executable, "-m", f"stages.{stage}"],
            cwd=folder,
            check=True,
            stdout=sys.stderr,
            env={**os.environ, "PYTHONPATH": "."},
        )


def load_corpus(dataset: str, folder: Path) -> Corpus:
    """Downloads, cleans and divides a dataset of the catalog.

    Args:
        dataset: Its name.
        folder: Where stages can work.

    Returns:
        The corpus, as params.yaml would have it but without variants and balancing.
    """
    run_stages(folder, ["download", "annotate", "clean"], dataset=dataset)
    documents = read_documents(folder / "data/clean/documents.parquet")
    documents["text"] = [" ".join(text.split()[:MAX_LENGTH]) for text in documents["text"]]
    section = read_yaml(ROOT / "params.yaml")["split"]
    splits, _ = divide(documents, SplitParameters.model_validate({**section, "train_per_class": None}))
    return Corpus(read_card(folder / "data/clean").label_names, *(splits[s] for s in ("train", "validation", "test")))


def draw(train: pd.DataFrame, sizes: int | Mapping[str, int], seed: int) -> pd.DataFrame:
    """Draws documents of each class.

    Args:
        train: Documents that may be drawn.
        sizes: How many of each class, at most. A larger number contains a smaller one.
        seed: Decides with the documents' ids which ones.
    """
    limit = train["label"].map(sizes) if isinstance(sizes, Mapping) else sizes
    return train[place_in_class(train, seed, "train_per_class") < limit]


def make_pool(documents: pd.DataFrame, folder: Path, counts: Mapping[str, int]) -> pd.DataFrame:
    """Makes variants with the stage augment.

    Args:
        documents: Of which documents.
        folder: Where :func:`load_corpus` worked.
        counts: Variants of each document by each method; methods that are not named make none.

    Returns:
        The variants that the stage kept.
    """
    clean = folder / "data/clean"
    card = read_card(clean)
    shutil.rmtree(clean)
    clean.mkdir()
    write_documents(documents, clean / "documents.parquet")
    write_card(card, clean)
    section = read_yaml(ROOT / "params.yaml")["augment"]
    for name, method in section.items():
        if isinstance(method, dict) and "count" in method:
            section[name] = {**method, "count": counts.get(name, 0)}
    run_stages(folder, ["augment"], augment=section)
    pool = read_documents(folder / "data/augmented/documents.parquet")
    return pool[pool["method"].ne(ORIGINAL)]


def describe(train: pd.DataFrame, scored: pd.DataFrame, recipe: Recipe, seed: int) -> dict[str, Any]:
    """All that a training's score depends on, with hashes for texts."""
    model = read_yaml(ROOT / "params.yaml")["model"]
    return {
        **asdict(recipe),
        "seed": seed,
        "model": model,
        "max_length": MAX_LENGTH,
        "train": _digest(train),
        "scored": _digest(scored),
    }


def make_run(train: pd.DataFrame, corpus: Corpus, split: str, recipe: Recipe, seed: int) -> Run:
    """A training and its score on a split."""
    train, scored = (rows[["id", "text", "label"]] for rows in (train, getattr(corpus, split)))
    return Run(describe(train, scored, recipe, seed), (train, scored, corpus.labels, recipe, seed))


def train_and_score(
    train: pd.DataFrame, scored: pd.DataFrame, labels: list[str], recipe: Recipe, seed: int
) -> dict[str, Any]:
    """Fine-tunes the encoder for a number of steps, without looking at validation, and scores documents once.

    One thread, matrix products in bfloat16 (what ``finetune.precision: bf16`` does), for speed: the same for all arms.

    Args:
        train: Training rows.
        scored: Documents to score.
        labels: The names of the classes.
        recipe: How it goes.
        seed: Draws the head, the order of documents and what dropout drops.

    Returns:
        Macro F1 and accuracy on the scored documents, training rows, seconds.
    """
    begin = time.perf_counter()
    compute_alike(seed, threads=1)
    section = read_yaml(ROOT / "params.yaml")["finetune"]
    number = {label: place for place, label in enumerate(labels)}
    train = train.sort_values("id")
    wanted, actual = (rows["label"].map(number).to_numpy("int64") for rows in (train, scored))
    weights = None
    if recipe.class_weights:
        counted = np.maximum(np.bincount(wanted, minlength=len(labels)), 1)
        weights = torch.from_numpy(len(wanted) / (len(labels) * counted)).float()
    model, tokenizer = load_pretrained(PRETRAINED, labels, section["dropout"], "document")
    tokens = tokenise(tokenizer, train["text"].tolist(), MAX_LENGTH, READING.truncation, READING.window_overlap)
    optimiser = make_optimiser(model, recipe.learning_rate, section["weight_decay"])
    targets = torch.tensor(wanted)
    epochs = math.ceil(recipe.steps / math.ceil(len(train) / recipe.batch_size))
    batches = [b for e in range(epochs) for b in bucketed_batches(tokens.lengths, recipe.batch_size, seed, e)]
    model.train()
    for step, rows in enumerate(batches[: recipe.steps], start=1):
        set_rate(optimiser.param_groups, recipe.learning_rate * rate_share(step, recipe.steps, section["warmup"]))
        with torch.autocast("cpu", torch.bfloat16):  # anew for each step: inside of one, cast weights are not renewed
            logits = model(**make_batch(tokens, rows, tokenizer, torch.device("cpu"))).logits.float()
        torch.nn.functional.cross_entropy(logits, targets[rows], weight=weights).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), section["clip_norm"])
        optimiser.step()
        optimiser.zero_grad()
    with torch.autocast("cpu", torch.bfloat16):
        logits = document_logits(model, tokenizer, scored["text"].tolist(), READING, "scoring")
    return {
        **metrics_of(actual, logits.argmax(axis=1), labels),
        "rows": len(train),
        "seconds": round(time.perf_counter() - begin, 1),
    }


def frozen_run(trains: Sequence[tuple[pd.DataFrame, bool]], scored: pd.DataFrame, labels: list[str]) -> Run:
    """Logistic regressions on the frozen encoder's embeddings, as one run, because they share embeddings."""
    trains = [(rows[["id", "text", "label"]], weights) for rows, weights in trains]
    settings = {
        "frozen": PENALTY,
        "model": read_yaml(ROOT / "params.yaml")["model"],
        "max_length": MAX_LENGTH,
        "trains": [[_digest(rows), weights] for rows, weights in trains],
        "scored": _digest(scored),
    }
    return Run(settings, (trains, scored[["id", "text", "label"]], labels))


def frozen_scores(
    trains: Sequence[tuple[pd.DataFrame, bool]], scored: pd.DataFrame, labels: list[str]
) -> dict[str, list[dict[str, float]]]:
    """Fits logistic regressions to the encoder's embeddings as they are, and scores documents with each.

    Args:
        trains: Training rows, and whether a class counts by the inverse of its number of documents.
        scored: Documents to score.
        labels: The names of the classes.

    Returns:
        Under ``scores``, for each of the trainings, macro F1 and accuracy on the scored documents, and training rows.
    """
    texts = sorted({text for rows in (*(rows for rows, _ in trains), scored) for text in rows["text"]})
    place = {text: row for row, text in enumerate(texts)}
    with torch.autocast("cpu", torch.bfloat16):
        vectors = embed(PRETRAINED, texts, MAX_LENGTH, threads=2)
    number = {label: index for index, label in enumerate(labels)}
    seen, actual = vectors[[place[text] for text in scored["text"]]], scored["label"].map(number).to_numpy("int64")
    scores = []
    for rows, weights in trains:
        model = LogisticRegression(C=PENALTY, max_iter=1000, class_weight="balanced" if weights else None)
        model.fit(vectors[[place[text] for text in rows["text"]]], rows["label"].map(number))
        scores.append({**metrics_of(actual, model.predict(seen), labels), "rows": len(rows)})
    return {"scores": scores}


def metrics_of(actual: Any, predicted: Any, labels: list[str]) -> dict[str, float]:
    """Macro F1 and accuracy of predicted classes, by index."""
    metrics = overall_metrics(tally(actual, predicted, len(labels)).weighted(np.ones(len(actual))))
    return {name: float(metrics[name]) for name in ("macro_f1", "accuracy")}


def _digest(rows: pd.DataFrame) -> str:
    return digest(sorted(zip(rows["id"], rows["text"], rows["label"], strict=True)))


def choose_recipe(trials: Mapping[Recipe, float]) -> Recipe:
    """The recipe with the best validation metric; of equals the one with fewer steps, then the smaller rate."""
    return max(trials, key=lambda recipe: (trials[recipe], -recipe.steps, -recipe.learning_rate))
