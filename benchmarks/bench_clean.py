"""Cleaning and the label audit, measured on real corpora beside what people use otherwise.

    python -m benchmarks.bench_clean [near_duplicates] [text_rules] [wrong_labels] [private_data]

Datasets come as the stage download gets them (ag_news' files from $DATA_MIRROR, where there is one). datasketch is
installed beside the project's own packages by `make bench-clean`, text-dedup into `.bench`, an environment of its own.
What is compared runs on two cores each, in processes that were started before.
"""

import html
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache, partial
from importlib.metadata import version
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.planted_private_data import private_data
from stages.audit.probabilities import Integers
from stages.clean.parameters import CleanParameters, NearDuplicates
from stages.common.documents.partitions import Workers

CORES = 2
os.environ["PLUMBLINE_WORKERS"] = str(CORES)
ROOT = Path(__file__).parent.parent
TEXT_DEDUP = ROOT / ".bench/bin/python"
ROUNDS = 3
SEED = 20


def main() -> None:
    tables = {
        "near_duplicates": near_duplicates,
        "text_rules": text_rules,
        "wrong_labels": wrong_labels,
        "private_data": lambda: private_data(dataset("bbc_news")["text"], SEED),
    }
    packages = (
        "numpy",
        "pandas",
        "pyarrow",
        "dask",
        "duckdb",
        "datasketch",
        "scikit-learn",
        "ftfy",
        "cleanlab",
        "phonenumbers",
    )
    print(f"{processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, ", end="")
    print(", ".join(f"{name} {version(name)}" for name in packages))
    for name in sys.argv[1:] or tables:
        print(f"\n### {name.replace('_', ' ').capitalize()}\n", flush=True)
        tables[name]()


def processor() -> str:
    listing = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.+)", listing.read_text()) if listing.exists() else []
    return names[0] if names else platform.machine()


def dataset(name: str) -> pd.DataFrame:
    """The documents of a dataset, and the side table of annotations where there is one, as download makes them."""
    from stages.common.documents.table import read_documents
    from stages.download import __main__ as download

    with tempfile.TemporaryDirectory() as scratch:
        before = Path.cwd()
        (Path(scratch) / "catalog").symlink_to(ROOT / "catalog")
        (Path(scratch) / "params.yaml").write_text(f"dataset: {name}\ndownload: {{most_rejected: 100}}\n")
        os.chdir(scratch)
        try:
            download.main()
            documents = read_documents(Path("data/raw/documents.parquet"))
            annotations = Path("data/raw/annotations.parquet")
            if annotations.exists():
                documents.attrs["annotations"] = pd.read_parquet(annotations)
        finally:
            os.chdir(before)
    return documents


def parameters() -> CleanParameters:
    from stages.common.core.validation import read_yaml

    return CleanParameters.model_validate(read_yaml(ROOT / "params.yaml")["clean"])


def spread(values: list[float], form: str = ",.0f") -> str:
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    done = work()
    return time.perf_counter() - begin, done


# Near-duplicates


def near_duplicates() -> None:
    from multiprocessing import get_context

    from stages.common.documents.partitions import start_workers

    settings = parameters().near_duplicates
    documents = dataset("newsgroups20")
    words = [re.findall(r"\w+", text.lower()) for text in documents["text"]]
    ids = documents["id"].tolist()
    true = similar_pairs(ids, [shingle_set(text) for text in words], settings.threshold)
    speeds, found = {"this project": [], "datasketch": [], "text-dedup": []}, {}
    with tempfile.TemporaryDirectory() as scratch, start_workers(len(documents)) as workers:
        table = Path(scratch) / "documents.parquet"
        documents.to_parquet(table)
        with get_context("fork").Pool(CORES) as pool:
            for _ in range(ROUNDS):
                for name, work in (
                    ("this project", lambda: our_pairs(table, settings, workers)),
                    ("datasketch", lambda: datasketch_pairs(documents, settings.threshold, pool)),
                ):
                    seconds, found[name] = timed(work)
                    speeds[name].append(len(documents) / seconds)
                seconds, left = text_dedup(table, settings.threshold)
                speeds["text-dedup"].append(len(documents) / seconds)
        print(f"newsgroups20, {len(documents):,} documents, {len(true)} true pairs by brute force; ", end="")
        print(f"{ROUNDS} alternating rounds, {CORES} cores each\n")
        print("| | documents a second: median (least to most) | this project is so many times as fast | ", end="")
        print("pairs | recall | precision |\n|---|---|---|---|---|---|")
        for name, each in speeds.items():
            ratios = [mine / other for mine, other in zip(speeds["this project"], each, strict=True)]
            told = "| | |"
            if name in found:
                shared = len(found[name] & true)
                told = f"{len(found[name])} | {shared / len(true):.3f} | {shared / max(len(found[name]), 1):.3f} |"
            print(f"| {name} | {spread(each)} | {spread(ratios, '.1f')} | {told}")
        print(f"\ntext-dedup verifies no pairs; it keeps {left:,} documents.")
        planted(documents, settings, workers)


def our_pairs(table: Path, settings: NearDuplicates, workers: Workers) -> set[tuple[str, str]]:
    """The pairs that the stage finds, with all its other rules off; copies of a text are pairs too."""
    from stages.clean.corpus import load_facts, open_corpus
    from stages.clean.duplicates import match_texts
    from stages.clean.near_duplicates import find_near_duplicates
    from stages.clean.parts import cut
    from stages.clean.rows import clean_part

    off = {"urls": "keep", "emails": "keep", "near_duplicates": settings.model_dump()}
    section = parameters().model_dump()
    for name, value in section.items():
        if isinstance(value, bool):
            off[name] = False
        elif "enabled" in value and name != "near_duplicates":
            off[name] = value | {"enabled": False}
    only_pairs = partial(clean_part, parameters=CleanParameters.model_validate(section | off), language="en")
    with tempfile.TemporaryDirectory() as scratch, open_corpus(Path(scratch)) as corpus:
        parts = cut(corpus, table, Path(scratch))
        workers.map(only_pairs, parts, "signatures")
        load_facts(corpus, parts)
        match_texts(corpus)
        find_near_duplicates(corpus, parts, workers, settings)
        return set(
            corpus.sql("""
                SELECT least(a.id, b.id), greatest(a.id, b.id)
                FROM pairs JOIN texts AS a ON a.key = one JOIN texts AS b ON b.key = other
                UNION ALL SELECT a.id, b.id FROM texts AS a JOIN texts AS b USING (key)
                JOIN documents ON documents.number = key WHERE a.id < b.id AND shingles > 0
            """).fetchall()
        )


def planted(documents: pd.DataFrame, settings: NearDuplicates, workers: Workers) -> None:
    """2,000 pairs: a real text, and the same with so many words replaced that the similarity is known."""
    drawn = random.Random(SEED)
    texts = [text.split() for text in documents["text"] if 60 <= len(text.split()) <= 600]
    rows = []
    for number, words in enumerate(drawn.sample(texts, 2000)):
        changed = list(words)
        for place in drawn.sample(range(len(words)), drawn.randint(0, max(1, len(words) // 25))):
            changed[place] = f"planted{number}x{place}"
        rows += [(f"{number:04}a", " ".join(words)), (f"{number:04}b", " ".join(changed))]
    table = documents.iloc[: len(rows)].copy()
    table["id"], table["text"] = zip(*rows, strict=True)
    sets = [shingle_set(re.findall(r"\w+", text.lower())) for text in table["text"]]
    true = {
        (rows[n][0], rows[n + 1][0])
        for n in range(0, len(rows), 2)
        if len(sets[n] & sets[n + 1]) >= settings.threshold * len(sets[n] | sets[n + 1])
    }
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "documents.parquet"
        table.to_parquet(path)
        found = {pair for pair in our_pairs(path, settings, workers) if pair[0][:4] == pair[1][:4]}
    print(f"\n2,000 planted pairs, {len(true)} of them at or above the threshold: ", end="")
    print(f"recall {len(found & true) / len(true):.4f}, precision {len(found & true) / len(found):.4f}")


def shingle_set(words: list[str]) -> set[str]:
    return {" ".join(words[start : start + 5]) for start in range(len(words) - 4)}


def similar_pairs(ids: list[str], sets: list[set[str]], threshold: float) -> set[tuple[str, str]]:
    """All pairs at or above the threshold, by counting what every two sets share."""
    from scipy.sparse import csr_array

    numbers: dict[str, int] = {}
    columns = [numbers.setdefault(shingle, len(numbers)) for each in sets for shingle in each]
    sizes = np.array([len(each) for each in sets])
    table = csr_array(
        (np.ones(len(columns), dtype=np.int32), columns, np.concatenate([[0], np.cumsum(sizes)])),
        shape=(len(sets), len(numbers)),
    )
    found = set()
    for start in range(0, len(sets), 500):
        shared = (table[start : start + 500] @ table.T).tocoo()
        rows = shared.row + start
        similar = (rows < shared.col) & (shared.data >= threshold * (sizes[rows] + sizes[shared.col] - shared.data))
        found |= {tuple(sorted((ids[a], ids[b]))) for a, b in zip(rows[similar], shared.col[similar], strict=True)}
    return found


def datasketch_pairs(documents: pd.DataFrame, threshold: float, pool: Pool) -> set[tuple[str, str]]:
    """datasketch's MinHash + LSH as its documentation shows it, each candidate verified by its true similarity."""
    from datasketch import MinHash, MinHashLSH

    lsh = MinHashLSH(threshold=threshold, num_perm=128)
    texts = dict(zip(documents["id"], documents["text"], strict=True))
    values = pool.map(sketch, texts.values(), chunksize=500)
    sketches = {
        name: MinHash(num_perm=128, hashvalues=each, scheme="affine32")  # the default when they are made from texts
        for name, each in zip(texts, values, strict=True)
    }
    for name, each in sketches.items():
        lsh.insert(name, each)
    near = {name: others for name, each in sketches.items() if len(others := lsh.query(each)) > 1}
    sets = {name: shingle_set(re.findall(r"\w+", texts[name].lower())) for name in near}
    found = set()
    for name, others in near.items():
        for other in others:
            if other > name and len(sets[name] & sets[other]) >= threshold * len(sets[name] | sets[other]) > 0:
                found.add((name, other))
    return found


def sketch(text: str) -> Any:
    from datasketch import MinHash

    made = MinHash(num_perm=128)
    made.update_batch([shingle.encode() for shingle in shingle_set(re.findall(r"\w+", text.lower()))])
    return made.hashvalues


def text_dedup(table: Path, threshold: float) -> tuple[float, int]:
    """text-dedup's MinHash: the seconds that it says it took in all, and how many documents it keeps."""
    with tempfile.TemporaryDirectory() as scratch:
        load = "import datasets, sys; datasets.Dataset.from_parquet(sys.argv[1], columns=['text']).save_to_disk('in')"
        subprocess.run([TEXT_DEDUP, "-c", load, table], cwd=scratch, check=True, capture_output=True)
        command = [TEXT_DEDUP, "-m", "text_dedup.minhash", "--path", "in", "--local", "--output", "out"]
        asked = {"threshold": threshold, "ngram": 5, "num_perm": 128, "num_proc": CORES, "column": "text"}
        options = [part for name, value in asked.items() for part in (f"--{name}", str(value))]
        wide = os.environ | {"COLUMNS": "200"}  # or else its log breaks lines
        done = subprocess.run([*command, *options], cwd=scratch, env=wide, check=True, capture_output=True, text=True)
        said = re.sub(r"\s+", " ", done.stdout + done.stderr)
    return float(re.search(r"Total\s*: ([\d.]+)", said)[1]), int(re.search(r"After\s*: (\d+)", said)[1])


# Text rules


def text_rules() -> None:
    from multiprocessing import get_context

    print(f"Rules: {', '.join(parameters().text_rules())}; {ROUNDS} alternating rounds, {CORES} cores each\n")
    head = ["corpus", "documents a second, column by column", "`apply`, once", "`apply`, until nothing changes"]
    print(f"| {' | '.join([*head, 'ratio to once', 'ratio to until', 'same texts'])} |")
    print("|---|---|---|---|---|---|---|")
    with get_context("fork").Pool(CORES) as pool:
        for name in ("noisy_ag_news", "bbc_news", "newsgroups20"):
            texts = dataset(name)["text"]
            pieces = [texts.iloc[start : start + 500] for start in range(0, len(texts), 500)]
            speeds = {by_column: [], by_apply_once: [], by_apply_until: []}
            made = {}
            for _ in range(ROUNDS):
                for way, each in speeds.items():
                    seconds, made[way] = timed(lambda: pool.map(way, pieces))  # noqa: B023 - it is run at once
                    each.append(len(texts) / seconds)
            fast, once_, until = speeds.values()
            ratios = [[a / b for a, b in zip(fast, slow, strict=True)] for slow in (once_, until)]
            same = (pd.concat(made[by_column]).to_numpy() == pd.concat(made[by_apply_until]).to_numpy()).mean()
            cells = " | ".join([*map(spread, speeds.values()), *(spread(each, ".1f") for each in ratios)])
            print(f"| {name}, {len(texts):,} | {cells} | {same:.2%} |", flush=True)
    texts = dataset("noisy_ag_news")["text"]
    from stages.common.text_rules.mojibake import fix_mojibake

    mine, _ = timed(lambda: fix_mojibake(texts))
    theirs, _ = timed(lambda: texts.apply(fix_all))
    print(
        f"\nftfy alone, on noisy_ag_news: {len(texts) / theirs:,.0f} documents a second if called on every text, ",
        end="",
    )
    print(f"{len(texts) / mine:,.0f} if only where there are signs of damage")


def by_column(texts: pd.Series) -> pd.Series:
    from stages.common.text_rules.chain import apply_rules

    return apply_rules(texts, parameters_once().text_rules())[0]


def by_apply_once(texts: pd.Series) -> pd.Series:
    return texts.apply(once)


def by_apply_until(texts: pd.Series) -> pd.Series:
    return texts.apply(until_stable)


def fix_all(text: str) -> str:
    import ftfy

    from stages.common.text_rules.mojibake import DECODING_ONLY

    return ftfy.fix_text(text, DECODING_ONLY)


def once(text: str) -> str:
    """The same rules as one would write them for a single text, one after the other."""
    import unicodedata

    from stages.common.text_rules import characters, mojibake, reduction, remains, tags

    agencies = "|".join(map(re.escape, parameters_once().datelines.agencies))
    from stages.common.text_rules.datelines import DASH, OPENS, PLACE

    text = remains._undo(text)
    text = html.unescape(text)
    text = remains._break(text)
    text = mojibake._fix(text)
    text = tags._strip(text)
    text = unicodedata.normalize("NFC", text)
    text = characters.CONTROLS.sub("", characters.SEPARATORS.sub(" ", text))
    text = characters.ZERO_WIDTH.sub("", text)
    text = re.sub(rf"{OPENS}[ \t]{{0,2}}(?:(?:{PLACE}\s{{1,2}})?\((?:{agencies})\)|(?:{agencies})){DASH}", "", text)
    text = reduction.REPEATED.sub(lambda run: run[0][:3], text)
    return characters._plain_spaces(text)


def until_stable(text: str) -> str:
    while (after := once(text)) != text:
        text = after
    return text


@cache
def parameters_once() -> CleanParameters:
    return parameters()


# Wrong labels


def wrong_labels() -> None:
    from cleanlab.filter import find_label_issues
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics import average_precision_score

    from stages.audit import probabilities as classifiers
    from stages.audit.issues import judge_labels
    from stages.audit.parameters import AuditParameters
    from stages.common.core.validation import read_yaml
    from stages.common.model.embedding import embed
    from stages.common.text_rules.chain import apply_rules

    settings = AuditParameters.model_validate(read_yaml(ROOT / "params.yaml")["audit"])
    documents = dataset("noisy_ag_news_crowd")
    true_names = documents.attrs["annotations"].set_index("id")["gt"]
    documents["text"], _ = apply_rules(documents["text"], parameters().text_rules())
    train, test = (documents[documents["published_split"].eq(name)] for name in ("train", "test"))
    names = sorted(train["label"].unique())
    number = {name: place for place, name in enumerate(names)}
    given, true = (np.asarray(column.map(number)) for column in (train["label"], train["id"].map(true_names)))
    wrong = given != true
    folds = classifiers.make_folds(train["group"], train["label"], settings.folds, settings.seed)
    texts, groups = train["text"].tolist(), np.arange(len(train))
    features = classifiers.tfidf_features(texts)
    plain = classifiers.regression(features, given, len(names), folds, 1.0)
    tfidf = classifiers.regression(features, given, len(names), folds, settings.tfidf_c)
    vectors = embed(ROOT / "models/fetched/pretrained", texts, settings.max_length, 1)
    near = settings.neighbours
    votes = classifiers.nearest_neighbours(vectors, given, len(names), groups, near.count, near.temperature)
    first = np.random.default_rng(0).permutation(len(train)) < len(train) // 2  # seeded halves, which show the spread
    print(f"{len(train):,} training articles, {wrong.mean():.2%} of the labels wrong\n")
    print(
        "| probabilities from | average precision: one half, the other | flags on the other half: precision, recall |"
    )
    print("|---|---|---|")
    ours = classifiers.blend([(0.1, tfidf), (0.9, votes)])
    for title, probability in (
        ("cleanlab on TF-IDF, C = 1", plain),
        (f"TF-IDF, C = {settings.tfidf_c:g} (the default)", tfidf),
        (f"{near.count} nearest neighbours", votes),
        ("blend: 0.1 TF-IDF, 0.9 neighbours", ours),
    ):
        quality = probability[np.arange(len(given)), given]
        scores = [average_precision_score(wrong[half], -quality[half]) for half in (first, ~first)]
        flags = find_label_issues(given, probability, filter_by=settings.flag, n_jobs=1)
        hits = (flags & wrong)[~first].sum()
        print(
            f"| {title} | {scores[0]:.3f}, {scores[1]:.3f} | "
            f"{hits / flags[~first].sum():.3f}, {hits / wrong[~first].sum():.3f} |"
        )
    judged = judge_labels(train, names, given, ours, settings.flag).set_index("id").loc[train["id"]]
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    learners = {
        "TF-IDF": (vectorizer.fit_transform(texts), vectorizer.transform(test["text"])),
        "frozen encoder": (
            vectors,
            embed(ROOT / "models/fetched/pretrained", test["text"].tolist(), settings.max_length, 1),
        ),
    }
    suggested = np.asarray(judged["suggested"].map(number))
    truth = np.asarray(test["label"].map(number))
    compare_training(learners, truth, given, judged["flagged"].to_numpy(), suggested)


def compare_training(
    learners: dict[str, Any], truth: Integers, given: Integers, flagged: np.ndarray, suggested: Integers
) -> None:
    """Logistic regressions on the crowd's labels and on what the audit makes of them, on AG News' test file."""
    from sklearn.linear_model import LogisticRegression

    print(f"\nLogistic regression (C = 1) trained on these labels, on {len(truth):,} test articles:\n")
    print("| features | labels | accuracy | difference to the crowd's, 95 % paired bootstrap |")
    print("|---|---|---|---|")
    drawn = np.random.default_rng(SEED).integers(len(truth), size=(1000, len(truth)))
    every = np.ones(len(given), dtype=bool)
    for learner, (features, seen) in learners.items():
        right = {}
        for title, rows, labels in (
            ("crowd", every, given),
            ("flagged dropped", ~flagged, given),
            ("flagged relabelled", every, np.where(flagged, suggested, given)),
        ):
            model = LogisticRegression(C=1.0, max_iter=1000).fit(features[rows], labels[rows])
            right[title] = model.predict(seen) == truth
            differences = (right[title].astype(int) - right["crowd"])[drawn].mean(axis=1)
            low, high = np.percentile(differences, [2.5, 97.5])
            shown = "" if title == "crowd" else f"{differences.mean():+.4f} ({low:+.4f} to {high:+.4f})"
            print(f"| {learner} | {title} | {right[title].mean():.4f} | {shown} |")


if __name__ == "__main__":
    main()
