"""The clean stage on 250,000 and on a million documents: time, memory, and the planted duplicates that it finds.

    python -m benchmarks.bench_clean_scale [number of documents] ...

The documents are made of the sentences of real corpora, put together anew, so that they are all different but for the
copies that are planted. The stage runs as `dvc repro` runs it, on two worker processes, in a scratch repository.
"""

import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from benchmarks.bench_clean import ROOT, dataset, shingle_set
from stages.common.core.seeding import generator
from stages.common.documents.card import Card, write_card
from stages.common.documents.table import DocumentStream, documents_schema
from stages.common.tasks import TASKS

SEED = 20
COLUMNS = TASKS["text-classification"].columns
SCHEMA = documents_schema(COLUMNS)
CORPORA = ("bbc_news", "newsgroups20", "r8", "r52", "movie_reviews", "rotten_tomatoes", "noisy_ag_news")
COPIES, NEAR = 0.03, 0.05  # shares of the documents that are planted
SENTENCES = (6, 14)  # of a document, from and to
WORKERS = 2


def main() -> None:
    counts = [int(count) for count in sys.argv[1:]] or [250_000, 1_000_000]
    sentences = real_sentences()
    print(f"\n### Scale\n\n{len(sentences):,} sentences of {', '.join(CORPORA)}; {WORKERS} worker processes.\n")
    print("| documents | text, MiB | seconds | of all processors | peak memory of all processes, GiB | ", end="")
    print("planted copies found | planted near-duplicates found |")
    print("|---|---|---|---|---|---|---|", flush=True)
    runs = []
    for count in counts:
        with tempfile.TemporaryDirectory() as scratch:
            planted, size = build(Path(scratch), count, sentences)
            run = clean(Path(scratch))
            found = recovered(Path(scratch), planted)
        told = " | ".join(f"{sum(each) / len(each):.4f} of {len(each):,}" for each in found.values())
        print(f"| {count:,} | {size / 2**20:,.0f} | {run.seconds:,.0f} | {run.processor_seconds:,.0f} | ", end="")
        print(f"{run.memory / 2**30:.2f} | {told} |", flush=True)
        runs.append(run)
    if len(runs) > 1:
        times, work = (runs[-1][place] / runs[0][place] for place in (0, 1))
        print(f"\n{counts[-1] / counts[0]:g} times the documents take {times:.2f} times as long ", end="")
        print(f"and {work:.2f} times the processors' work.")


class Run(NamedTuple):
    """What a run of the stage took: time, time of all processors together, the most memory at one time in bytes."""

    seconds: float
    processor_seconds: float
    memory: int


class Planted(NamedTuple):
    """Two documents of which one was made from the other, by other case and white space alone or by changing words."""

    original: int
    copy: int
    exact: bool


def real_sentences() -> list[str]:
    """The sentences of the corpora, of 5 to 60 words, each once."""
    found: dict[str, None] = {}
    for name in CORPORA:
        for text in dataset(name)["text"]:
            for sentence in re.split(r"(?<=[.!?])\s+|\n\n+", text):
                if 5 <= len(sentence.split()) <= 60:
                    found[sentence] = None
    return list(found)


def build(folder: Path, count: int, sentences: list[str]) -> tuple[list[Planted], int]:
    """Makes a scratch repository whose data/annotated holds so many documents.

    Returns:
        What was planted, and the bytes of all texts.
    """
    (folder / "data/annotated").mkdir(parents=True)
    shutil.copy(ROOT / "params.yaml", folder)
    planted: list[Planted] = []
    size = 0
    with DocumentStream(folder / "data/annotated/documents.parquet", COLUMNS) as stream:
        for start in range(0, count, 10_000):
            rows = range(start, min(start + 10_000, count))
            texts = list(make_texts(rows, count, sentences, planted))
            size += sum(len(text.encode()) for text in texts)
            stream.write(as_documents(rows, texts))
    fields = dict.fromkeys(("name", "title", "licence", "citation"), "benchmark")
    card = {"task": "text-classification", "language": "en", "known_faults": [], "labels": [], "sources": []}
    write_card(Card.model_validate({**card, **fields, "rows": count}), folder / "data/annotated")
    return planted, size


def make_texts(rows: range, count: int, sentences: list[str], planted: list[Planted]) -> Iterator[str]:
    for number in rows:
        share = kind_of(number)
        if share >= COPIES + NEAR:
            yield original(number, sentences)
            continue
        drawn = generator(SEED, "original", number)
        while kind_of(source := drawn.randrange(count)) < COPIES + NEAR:
            pass
        text = original(source, sentences)
        if share < COPIES:
            yield text.upper().replace(" ", "  ")
            planted.append(Planted(source, number, exact=True))
        else:
            yield replace_words(text, drawn)
            planted.append(Planted(source, number, exact=False))


def kind_of(number: int) -> float:
    """From 0 to 1; it decides whether a document is planted."""
    return generator(SEED, "kind", number).random()


def original(number: int, sentences: list[str]) -> str:
    drawn = generator(SEED, "text", number)
    return " ".join(drawn.choices(sentences, k=drawn.randint(*SENTENCES)))


def replace_words(text: str, drawn: random.Random) -> str:
    words = text.split()
    for place in drawn.sample(range(len(words)), drawn.randint(1, max(1, len(words) // 40))):
        words[place] = f"planted{drawn.randrange(10**9)}"
    return " ".join(words)


def as_documents(rows: range, texts: list[str]) -> pa.Table:
    ids = [f"{number:08}" for number in rows]
    columns = {name: pa.nulls(len(rows), field.type) for name, field in zip(SCHEMA.names, SCHEMA, strict=True)}
    columns |= {"id": ids, "text": texts, "group": ids, "derived_from": [[name] for name in ids]}
    return pa.table(columns | {"method": ["original"] * len(rows)}, schema=SCHEMA)


def clean(folder: Path) -> Run:
    """Runs the stage in a scratch repository."""
    settings = {"PYTHONPATH": str(ROOT), "PLUMBLINE_WORKERS": str(WORKERS)}
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    stage = subprocess.Popen([sys.executable, "-m", "stages.clean"], cwd=folder, env=os.environ | settings)
    memory = 0
    while stage.poll() is None:
        memory = max(memory, resident(psutil.Process(stage.pid)))
        time.sleep(0.1)
    if stage.returncode:
        raise SystemExit(f"the stage failed with exit code {stage.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    work = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(time.perf_counter() - begin, work, memory)


def resident(process: psutil.Process) -> int:
    """Resident memory of a process and all its children; pages that they share are counted for each."""
    total = 0
    try:
        for each in [process, *process.children(recursive=True)]:
            total += each.memory_info().rss
    except psutil.NoSuchProcess:
        pass
    return total


def recovered(folder: Path, planted: list[Planted]) -> dict[str, list[bool]]:
    """Whether each pair got one group: those of copies, and those of texts that are similar after the repairs.

    Pairs of which a filter took one, such as a text with undecodable characters, were not compared and do not count.
    """
    wanted = {number for pair in planted for number in (pair.original, pair.copy)}
    groups, shingles = {}, {}
    for table in ("documents.parquet", "rejected.parquet"):
        file = pq.ParquetFile(folder / "data/clean" / table)
        compared = ds.field("rule").isin(["duplicates", "near_duplicates"]) if "rule" in file.schema.names else True
        for batch in file.iter_batches(10_000):
            rows = pa.Table.from_batches([batch]).filter(compared) if compared is not True else batch
            for name, text, group in zip(
                *(rows[column].to_pylist() for column in ("id", "text", "group")), strict=True
            ):
                if int(name) in wanted:
                    groups[int(name)] = group
                    shingles[int(name)] = {hash(each) for each in shingle_set(re.findall(r"\w+", text.lower()))}
    found: dict[str, list[bool]] = {"copies": [], "near": []}
    for pair in planted:
        if pair.original in groups and pair.copy in groups:
            one, other = shingles[pair.original], shingles[pair.copy]
            if pair.exact or len(one & other) >= 0.8 * len(one | other):
                found["copies" if pair.exact else "near"].append(groups[pair.original] == groups[pair.copy])
    return found


if __name__ == "__main__":
    main()
