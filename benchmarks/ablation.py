"""Does augmentation help, does balancing? The same few documents, trained on with and without, for several seeds.

    python -m benchmarks.ablation [--seeds N] [r8] [r8_uneven] [bbc_news]

R8 with up to 30 documents of each class, BBC News with 20: none, and each method that makes variants. R8 again with 240
documents drawn in the proportions of its classes: none, and each way to balance them. The seed draws the documents, the
head, the order and what dropout drops. The learning rate is chosen on validation, with a seed of its own, for training
without variants; all arms of a dataset share it. Every arm takes the same number of steps, so all cost the
same, and variants take the place of repetitions. The whole test split is scored once, after the last step.

The same rows also train a logistic regression on the frozen encoder's embeddings, which is there long before. The
method contextual is missing, because this encoder has no masked-language-model head.

Finished runs are kept in .kept_runs, so this can be stopped and started again.
"""

import argparse
import statistics
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.few_shot import (
    Corpus,
    Recipe,
    choose_recipe,
    draw,
    frozen_run,
    frozen_scores,
    load_corpus,
    make_pool,
    make_run,
    train_and_score,
)
from benchmarks.kept_runs import results
from stages.split.balance import balance
from stages.split.parameters import BalanceParameters
from stages.split.quotas import quotas

EXPERIMENTS = {"bbc_news": "bbc_news", "r8_uneven": "r8", "r8": "r8"}  # and their datasets
PER_CLASS = {"r8": 30, "bbc_news": 20}
UNEVEN = 240  # documents of R8 in the proportions of its classes; each class has one at least
NONE = "none"
VARIANTS = 3  # of each document, by each method that draws at random
METHODS = {
    "synonym": {"synonym": VARIANTS},
    "insertion": {"insertion": VARIANTS},
    "swap": {"swap": VARIANTS},
    "deletion": {"deletion": VARIANTS},
    "character noise": {"keyboard": 1, "ocr": 1, "transposition": 1},
    "back-translation": {"back_translation": 1},  # by apertium, which gives one translation
}
COUNTS = {method: count for arm in METHODS.values() for method, count in arm.items()}
BALANCE = ("oversample", "fill")
WEIGHTS = "class weights"
RECIPES = [Recipe(60, rate) for rate in (5e-5, 1e-4, 2e-4)]  # 60 steps of 8: twice the 240 documents of R8
CHOICE_SEED = 100  # draws the documents that hyperparameters are chosen with; none of the seeds that are compared


@dataclass(frozen=True)
class Arm:
    """One training: the experiment it belongs to, what it does with training rows, with which seed, and these rows."""

    dataset: str
    experiment: str
    name: str
    seed: int
    train: pd.DataFrame
    weights: bool = False  # whether classes are weighted in the loss


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what augmentation and balancing change.")
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds")
    parser.add_argument("experiments", nargs="*", help=f"some of {', '.join(EXPERIMENTS)}; all by default")
    arguments = parser.parse_args()
    seeds, wanted = range(1, arguments.seeds + 1), arguments.experiments or list(EXPERIMENTS)
    if unknown := [name for name in wanted if name not in EXPERIMENTS]:
        parser.error(f"there is no experiment {unknown[0]!r}")
    with tempfile.TemporaryDirectory() as scratch:
        corpora, arms = {}, []
        for dataset in sorted({EXPERIMENTS[name] for name in wanted}):
            place = Path(scratch) / dataset
            corpora[dataset] = load_corpus(dataset, place)
            made = make_arms(dataset, corpora[dataset], place, seeds)
            arms += [arm for arm in made if arm.experiment in wanted]
    frozen(arms, corpora)
    recipes = choose(corpora)
    arms.sort(key=lambda arm: arm.seed)  # what is there after a stop then has the same seeds for all arms
    runs = [
        make_run(
            arm.train, corpora[arm.dataset], "test", replace(recipes[arm.dataset], class_weights=arm.weights), arm.seed
        )
        for arm in arms
    ]
    scores = results(runs, train_and_score, "ablation")
    print_tables(arms, scores, "the encoder, fine-tuned", recipes)


def frozen(arms: list[Arm], corpora: Mapping[str, Corpus]) -> None:
    """Prints the tables of logistic regressions on the frozen encoder's embeddings, which are there in minutes."""
    for experiment in dict.fromkeys(arm.experiment for arm in arms):
        of_it = [arm for arm in arms if arm.experiment == experiment]
        corpus = corpora[EXPERIMENTS[experiment]]
        run = frozen_run([(arm.train, arm.weights) for arm in of_it], corpus.test, corpus.labels)
        (kept,) = results([run], frozen_scores, f"{experiment}, frozen encoder")
        print_tables(of_it, kept["scores"], "logistic regression on the frozen encoder's embeddings", {})


def choose(corpora: Mapping[str, Corpus]) -> dict[str, Recipe]:
    """Chooses steps and learning rate for each dataset, by macro F1 on its validation split."""
    trials = list(product(corpora, RECIPES))
    runs = [
        make_run(draw(corpora[d].train, PER_CLASS[d], CHOICE_SEED), corpora[d], "validation", recipe, CHOICE_SEED)
        for d, recipe in trials
    ]
    scores = [score["macro_f1"] for score in results(runs, train_and_score, "validation")]
    chosen = {}
    for dataset in corpora:
        tried = {recipe: score for (d, recipe), score in zip(trials, scores, strict=True) if d == dataset}
        chosen[dataset] = choose_recipe(tried)
        said = ", ".join(f"{r.steps} steps at {r.learning_rate:g}: {score:.4f}" for r, score in tried.items())
        print(f"{dataset}, validation macro F1 without variants (seed {CHOICE_SEED}): {said}", flush=True)
    return chosen


def make_arms(dataset: str, corpus: Corpus, place: Path, seeds: range) -> Iterator[Arm]:
    """All trainings on a dataset."""
    sizes = corpus.train["label"].value_counts()
    proportions = quotas(sizes.to_dict(), UNEVEN / len(corpus.train))
    draws = {seed: draw(corpus.train, PER_CLASS[dataset], seed) for seed in seeds}
    uneven = {seed: draw(corpus.train, proportions, seed) for seed in seeds} if dataset == "r8" else {}
    used = pd.concat([*draws.values(), *uneven.values()]).drop_duplicates("id")
    pool = make_pool(used, place, COUNTS)
    for seed, drawn in draws.items():
        yield Arm(dataset, dataset, NONE, seed, drawn)
        of_drawn = pool[pool["derived_from"].str[0].isin(drawn["id"])]
        for name, methods in METHODS.items():
            yield Arm(dataset, dataset, name, seed, pd.concat([drawn, of_drawn[of_drawn["method"].isin(methods)]]))
    for seed, drawn in uneven.items():
        yield Arm(dataset, f"{dataset}_uneven", NONE, seed, drawn)
        waiting = pool[pool["derived_from"].str[0].isin(drawn["id"])].assign(rule="augmented", reason="")
        for method in BALANCE:
            settings = BalanceParameters.model_validate({"method": method, "counts": None})
            yield Arm(dataset, f"{dataset}_uneven", method, seed, balance(drawn, waiting, settings, seed).train)
        yield Arm(dataset, f"{dataset}_uneven", WEIGHTS, seed, drawn, weights=True)


def print_tables(arms: list[Arm], scores: list[dict[str, Any]], learner: str, recipes: Mapping[str, Recipe]) -> None:
    """Prints a table for each experiment."""
    names = pd.DataFrame(
        {"dataset": a.dataset, "experiment": a.experiment, "arm": a.name, "seed": a.seed} for a in arms
    )
    for (dataset, experiment), rows in names.join(pd.DataFrame(scores)).groupby(["dataset", "experiment"], sort=False):
        recipe = recipes.get(str(dataset))
        how = f"; {recipe.steps} steps of {recipe.batch_size}, rate {recipe.learning_rate:g}" if recipe else ""
        print_table(f"{describe(experiment, dataset)}: {learner}{how}", rows)


def describe(experiment: str, dataset: str) -> str:
    """What an experiment trains on, in words."""
    if experiment == dataset:
        return f"{dataset} with {PER_CLASS[dataset]} documents of each class"
    return f"{dataset} with {UNEVEN} documents in the proportions of its classes"


def print_table(title: str, rows: pd.DataFrame) -> None:
    """Mean macro F1 of each arm, and its paired difference to training without variants, over the same seeds."""
    scores = rows.pivot(index="seed", columns="arm", values="macro_f1")
    others = [arm for arm in rows["arm"].unique() if arm != NONE]
    tests = {arm: stats.ttest_rel(scores[arm], scores[NONE]) for arm in others}
    adjusted = holm({arm: float(test.pvalue) for arm, test in tests.items()})
    print(f"\n### {title}\n\n{len(scores)} seeds; 95 % t intervals over seeds; p of a paired t test, by Holm\n")
    print("| | training rows | macro F1 | each seed | difference to none, seed by seed | p |")
    print("|---|---|---|---|---|---|", flush=True)
    for arm in [NONE, *others]:
        low, high = interval(scores[arm])
        each = ", ".join(f"{score:.3f}" for score in scores[arm])
        size = statistics.median(rows.loc[rows["arm"].eq(arm), "rows"])
        cells = [arm, f"{size:,.0f}", f"{scores[arm].mean():.4f} ({low:.4f} to {high:.4f})", each, "", ""]
        if arm != NONE:
            difference = scores[arm] - scores[NONE]
            low, high = interval(difference)
            cells[4:] = [
                f"{difference.mean():+.4f} ({low:+.4f} to {high:+.4f})",
                f"{adjusted[arm]:.3f}" if adjusted[arm] >= 0.001 else "< 0.001",
            ]
        print(f"| {' | '.join(cells)} |")


def interval(scores: "pd.Series[float]") -> tuple[float, float]:
    """The 95 % t interval of a mean over seeds."""
    half = float(stats.t.ppf(0.975, len(scores) - 1) * scores.std(ddof=1) / np.sqrt(len(scores)))
    return float(scores.mean()) - half, float(scores.mean()) + half


def holm(values: Mapping[str, float]) -> dict[str, float]:
    """P values corrected for how many there are (Holm 1979)."""
    corrected, largest = {}, 0.0
    for place, name in enumerate(sorted(values, key=values.__getitem__)):
        largest = max(largest, min(1.0, (len(values) - place) * values[name]))
        corrected[name] = largest
    return corrected


if __name__ == "__main__":
    main()
