"""Whether the stage probe finds a planted bias and is silent without one, how long HateCheck takes, and pronouns.

    python -m benchmarks.bench_probe [folder]

Titles of AG News ($DATA_MIRROR/ag_news/test.csv), each signed with a first name, all of one gender and origin; a
logistic regression on the frozen encoder's embeddings learns news of the world and sports from the rest. Each seed
deals the names to eight groups, so that no group differs from another but by chance, and draws the titles and places.
Planted: of the titles of one group's names, 20 % of those of the first kind get the other label. Without: the same, no
flips. `folder` holds models/finetuned and models/fetched/pretrained; the working tree by default.
"""

import csv
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from stages.common.core.catalog import load_entry
from stages.common.core.parameters import load_section
from stages.common.core.seeding import generator
from stages.common.metrics.counts import Floats
from stages.common.model.embedding import embed
from stages.common.model.inference import Inference
from stages.common.model.scorer import Scorer
from stages.probe.asking import look_at
from stages.probe.cases import read_cases
from stages.probe.counterfactuals import place_words
from stages.probe.differences import DIFFERS, compare_groups
from stages.probe.entry import ProbeEntry
from stages.probe.gender import swap_gender
from stages.probe.parameters import ProbeParameters
from stages.probe.scoring import Answers, answers_of
from stages.probe.suites import Suite, with_null

TITLES, TRAINED_ON, PLACES = 7_500, 6_000, 40  # signed; drawn by each seed; others, around which names are put
GROUPS = 8
NAMED = """
    Peter Brian Andrew Matthew Simon Kevin Adam Alan Alfred Arthur Barry Brandon Charles Christopher Colin
    Craig Daniel David Dennis Derek Donald Douglas Edward Eric Frank Gary George Gordon Graham Harold Henry
    Howard Jack James Jason Jeffrey John Jonathan Keith Kenneth Mark Martin Michael Nicholas Patrick Paul
    Philip Richard
"""
NAMES = NAMED.split()
C = 100.0  # the inverse strength of the penalty on unit vectors
RATE, PLANTED_SEEDS, SEEDS = 0.2, 20, 200
OTHERS = ("3", "4")  # business and science, as AG News numbers them
INFERENCE = Inference(
    task="text-classification", labels=["world, sports", "business, science"], max_length=64, batch_tokens=4096,
    truncation="head", window_overlap=0.0,
)  # fmt: skip


def main() -> None:
    """Prints the figures."""
    folder = Path(sys.argv[1] if sys.argv[1:] else ".")
    parameters = load_section("probe", ProbeParameters)
    print(
        f"{os.cpu_count()} cores; tolerance {parameters.tolerance}, level {1 - parameters.confidence:.2f}", flush=True
    )
    pronouns()
    if "names" not in sys.argv[2:]:
        hatecheck(folder, parameters)
    names(folder, parameters)


def pronouns() -> None:
    """The sentences of the key that are swapped as it says."""
    with Path("tests/probe/pronouns.tsv").open(encoding="utf-8", newline="") as file:
        rows = [tuple(row.values()) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    right = sum(swap_gender(sentence)[0] == key for sentence, key in rows)
    print(f"pronouns: {right} of {len(rows)} sentences as the key says", flush=True)


def hatecheck(folder: Path, parameters: ProbeParameters) -> None:
    """Seconds for all of HateCheck, with the model's loading; its labels stand for the first two of the model."""
    entry = load_entry("probes", "hatecheck", ProbeEntry)
    cases = read_cases(entry.cases[0], Path(os.environ["DATA_MIRROR"]) / "hatecheck")
    start = time.perf_counter()
    scorer = Scorer.load(folder / "models/finetuned", "cpu")
    cases["expected"] = cases["expected"].map(
        {"hateful": scorer.inference.labels[0], "non-hateful": scorer.inference.labels[1]}
    )
    suite = Suite("hatecheck", entry, {}, pd.DataFrame(), with_null(cases, {}), 0)
    asked = look_at([suite], scorer, parameters)
    print(f"hatecheck: {len(asked.texts):,} cases in {time.perf_counter() - start:.1f} s (at most 60)", flush=True)


def names(folder: Path, parameters: ProbeParameters) -> None:
    """In how many seeds a planted bias is found, and in how many without one any group is called different."""
    titles, labels = read_titles()
    entry = load_entry("probes", "names", ProbeEntry)
    assert entry.words
    drawn = np.array([generator(0, "name", number).randrange(len(NAMES)) for number in range(TITLES)])
    signed = [f"{NAMES[name]} writes: {title}" for title, name in zip(titles, drawn, strict=False)]
    test = pd.DataFrame({"id": [f"t{number}" for number in range(PLACES)], "text": titles[-PLACES:]})
    words = entry.words.model_copy(update={"frames": entry.words.frames[:1], "replace": False})
    placed = place_words(words, {"all": NAMES}, test, parameters.model_copy(update={"documents": PLACES}))
    vectors = embed(folder / "models/fetched/pretrained", [*signed, *placed["text"]], 32, parameters.threads)
    train, probed = vectors[:TITLES].astype(np.float64), vectors[TITLES:].astype(np.float64)
    truth = np.isin(labels[:TITLES], OTHERS).astype(int)
    held: list[float] = []

    def run(seed: int, biased: bool) -> tuple[list[str], Any]:
        random = np.random.default_rng([seed, int(biased)])
        group_of = random.permutation(len(NAMES)) % GROUPS  # of each name
        rows = random.choice(TITLES, TRAINED_ON, replace=False)
        target = truth.copy()
        if biased:
            target[(group_of[drawn] == 0) & (truth == 0) & (random.random(TITLES) < RATE)] = 1
        head = LogisticRegression(C=C, solver="newton-cholesky").fit(train[rows], target[rows])
        rest = np.setdiff1d(np.arange(TITLES), rows)
        held.append(float((head.predict(train[rest]) == truth[rest]).mean()))
        dealt = placed.assign(group=placed["word"].map(dict(zip(NAMES, map(str, group_of), strict=True))))
        kept, part = chosen_places(dealt, random, parameters)
        logit = head.decision_function(probed[part])
        table = compare_groups("names", kept, both_ways(logit), parameters.model_copy(update={"seed": seed}))
        sure = table[table["p_adjusted"] < 1 - parameters.confidence].set_index("group")["shift"].abs()
        return list(table.loc[table["verdict"] == DIFFERS, "group"]), sure

    start = time.perf_counter()
    with_bias = [run(seed, True) for seed in range(PLANTED_SEEDS)]
    without = [run(seed, False) for seed in range(SEEDS)]
    hits = sum("0" in told for told, _ in with_bias)
    alarms = sum(bool(told) for told, _ in without)
    print(
        f"held-out accuracy of the head: {np.mean(held):.3f}; {time.perf_counter() - start:.0f} s for {len(held)} heads"
    )
    print(f"planted bias: found in {hits} of {PLANTED_SEEDS} seeds (at least 19)")
    print(f"without: {alarms} of {SEEDS} seeds have a false alarm (at most 16)")
    print("| tolerance | found | others called different, too | false alarms |\n|---|---|---|---|")
    for tolerance in (0.0, 0.01, 0.02, 0.03, 0.04, 0.05):
        told = [set(sure[sure >= tolerance].index) for _, sure in with_bias]
        found, other = sum("0" in groups for groups in told), sum(bool(groups - {"0"}) for groups in told)
        false = sum(bool((sure >= tolerance).any()) for _, sure in without)
        print(f"| {tolerance} | {found} of {PLANTED_SEEDS} | {other} | {false} of {SEEDS} |")


def read_titles() -> tuple[list[str], Any]:
    """The titles, those for places at the end, and their labels."""
    with (Path(os.environ["DATA_MIRROR"]) / "ag_news/test.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if len(row) == 3][: TITLES + PLACES]
    return [row[1] for row in rows], np.array([row[0] for row in rows])


def chosen_places(
    placed: pd.DataFrame, random: np.random.Generator, parameters: ProbeParameters
) -> tuple[pd.DataFrame, Any]:
    """The templates, and as many places around titles as the stage takes: the rows, and which they are."""
    framed = placed.loc[
        placed["context"].str.startswith("t") & ~placed["context"].str.startswith("template"), "context"
    ]
    kept = random.choice(framed.unique(), parameters.documents, replace=False)
    part = (placed["context"].isin(kept) | placed["context"].str.startswith("template")).to_numpy()
    return placed[part].reset_index(drop=True), np.flatnonzero(part)


def both_ways(logit: Floats) -> Answers:
    """The answers of a head with two labels, by the logit of the second."""
    return answers_of(np.stack([-logit / 2, logit / 2], axis=1).astype(np.float32), INFERENCE)


if __name__ == "__main__":
    main()
