"""How much more training documents help: AG News from 8 articles of each class on, on the whole test split.

    python -m benchmarks.learning_curve [--seeds N]

Training articles are drawn from noisy_ag_news with their true labels; the test split is AG News' own 7,600 articles.
The seed draws the articles, the head, the order and what dropout drops. Beside the fine-tuned encoder stands a logistic
regression on the frozen encoder's embeddings, which costs next to nothing once the articles are embedded. The learning
rate is chosen on 500 of the other training articles, with 16 of each class and a seed of its own.

Finished runs are kept in .kept_runs, so this can be stopped and started again. $DATA_MIRROR may hold the articles.
"""

import argparse
import statistics
import tempfile
from itertools import product
from pathlib import Path

from benchmarks.few_shot import (
    Corpus,
    Recipe,
    choose_recipe,
    draw,
    frozen_run,
    frozen_scores,
    load_corpus,
    make_run,
    train_and_score,
)
from benchmarks.kept_runs import results

SIZES = (8, 16, 64)
FROZEN_SIZES = (8, 16, 64, 256)
LEAST_STEPS, LEAST_EPOCHS = 60, 3
RATES = (5e-5, 1e-4, 2e-4)
CHOICE_SEED, CHOICE_SIZE, VALIDATION = 100, 16, 125
SETFIT = {8: "83.1"}  # as quoted for this encoder; docs/benchmarks.md says what is known of it


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what more training documents change.")
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds")
    seeds = range(1, parser.parse_args().seeds + 1)
    with tempfile.TemporaryDirectory() as scratch:
        corpus = load_corpus("noisy_ag_news", Path(scratch))
    sizes = list(product(FROZEN_SIZES, seeds))
    frozen = frozen_run([(draw(corpus.train, size, seed), False) for size, seed in sizes], corpus.test, corpus.labels)
    (kept,) = results([frozen], frozen_scores, "frozen encoder")
    collected: dict[int, list[float]] = {size: [] for size in FROZEN_SIZES}
    for (size, _), score in zip(sizes, kept["scores"], strict=True):
        collected[size].append(score["accuracy"])
    print_table("frozen encoder + logistic regression", collected)
    rate = choose_rate(corpus)
    wanted = list(product(seeds, SIZES))
    runs = [make_run(draw(corpus.train, size, seed), corpus, "test", recipe(size, rate), seed) for seed, size in wanted]
    scores = results(runs, train_and_score, "learning curve")
    tuned: dict[int, list[float]] = {size: [] for size in SIZES}
    for (_, size), score in zip(wanted, scores, strict=True):
        tuned[size].append(score["accuracy"])
    print_table(f"fine-tuned, learning rate {rate:g}", tuned)


def recipe(size: int, rate: float) -> Recipe:
    """Three epochs, but at least 60 steps: few documents need many passes."""
    return Recipe(max(LEAST_STEPS, LEAST_EPOCHS * size * 4 // Recipe.batch_size), rate)


def choose_rate(corpus: Corpus) -> float:
    """Chooses the learning rate on training articles that are not drawn then."""
    train = draw(corpus.train, CHOICE_SIZE, CHOICE_SEED)
    validation = draw(corpus.validation, VALIDATION, CHOICE_SEED)
    corpus = Corpus(corpus.labels, corpus.train, validation, corpus.test)
    recipes = [recipe(CHOICE_SIZE, rate) for rate in RATES]
    runs = [make_run(train, corpus, "validation", one, CHOICE_SEED) for one in recipes]
    scores = [score["accuracy"] for score in results(runs, train_and_score, "validation")]
    said = ", ".join(f"{one.learning_rate:g}: {score:.4f}" for one, score in zip(recipes, scores, strict=True))
    print(f"accuracy on {len(validation)} validation articles by learning rate: {said}", flush=True)
    return choose_recipe(dict(zip(recipes, scores, strict=True))).learning_rate


def print_table(title: str, scores: dict[int, list[float]]) -> None:
    print(f"\n### {title}\n\n| articles of each class | accuracy, mean | standard deviation | each seed | SetFit |")
    print("|---|---|---|---|---|")
    for size, each in scores.items():
        shown = ", ".join(f"{100 * score:.1f}" for score in each)
        deviation = f"{100 * statistics.stdev(each):.1f}" if len(each) > 1 else ""
        print(f"| {size} | {100 * statistics.mean(each):.1f} | {deviation} | {shown} | {SETFIT.get(size, '')} |")


if __name__ == "__main__":
    main()
