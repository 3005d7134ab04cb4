"""Variants a second, beside nlpaug and textaugment: the same articles in one run, alternating rounds, two cores each.

    NLTK_DATA=FOLDER python -m benchmarks.bench_augment

Runs in an environment of its own, which `make bench-augment` makes: the project's packages and the others. FOLDER holds
taggers/averaged_perceptron_tagger.zip, which nlpaug tags with; WordNet is that of models/fetched/lexicon for all. The
articles are 5,000 of noisy_ag_news, cleaned (its files come from $DATA_MIRROR, where there is one).

Each measurement is a process of its own, so that its start can be counted too. What works on one text at a time shares
them between two processes; a masked language model runs in one, with two threads. Beside the time on the clock stands
the processors' time, which says more on a machine where other programs run.
"""

import json
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from multiprocessing import Barrier, Process, Queue
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
ROUNDS = 3
ARTICLES, MASKED_ARTICLES = 5_000, 64
RATE = 0.1  # share of the words that are changed, everywhere
BATCH, CANDIDATES = 32, 100  # of the masked language model
LEXICON = ROOT / "models/fetched/lexicon"
SEED = 20
COMPARISONS = {
    "synonyms": ("our synonym", "nlpaug SynonymAug"),
    "EDA": ("our synonym, insertion, swap, deletion", "textaugment EDA"),
    "masked language model": ("our contextual", "nlpaug ContextualWordEmbsAug"),
}
Augment = Callable[[list[str]], list[str]]

# The names that lexnames(5WN) gives the lexicographers' files, in its order; NLTK reads them from a file.
LEXICOGRAPHERS = """
    adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body
    noun.cognition noun.communication noun.event noun.feeling noun.food noun.group noun.location noun.motive
    noun.object noun.person noun.phenomenon noun.plant noun.possession noun.process noun.quantity noun.relation
    noun.shape noun.state noun.substance noun.time verb.body verb.change verb.cognition verb.communication
    verb.competition verb.consumption verb.contact verb.creation verb.emotion verb.motion verb.perception
    verb.possession verb.social verb.stative verb.weather adj.ppl"""
NUMBERS = {"noun": 1, "verb": 2, "adj": 3, "adv": 4}


def main() -> None:
    if not any((Path(place) / "taggers").is_dir() for place in os.environ.get("NLTK_DATA", "").split(os.pathsep)):
        sys.exit("Set NLTK_DATA to a folder that holds taggers/averaged_perceptron_tagger.zip.")
    packages = ("nlpaug", "textaugment", "nltk", "gensim", "torch", "transformers", "pandas", "lemminflect")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, ", end="")
    print(", ".join(f"{name} {version(name)}" for name in packages))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        texts = articles(folder)
        lay_out_wordnet(folder / "nltk/corpora/wordnet")
        make_masked_language_model(folder / "masked")
        for title, names in COMPARISONS.items():
            compare(title, names, texts, folder)


def articles(folder: Path) -> list[str]:
    """Cleaned articles of noisy_ag_news, as the stages make them."""
    from benchmarks.few_shot import run_stages
    from stages.common.documents.table import read_documents

    run_stages(folder, ["download", "annotate", "clean"], dataset="noisy_ag_news")
    documents = read_documents(folder / "data/clean/documents.parquet")
    texts: list[str] = documents.loc[documents["published_split"].eq("train"), "text"].tolist()
    return random.Random(SEED).sample(texts, ARTICLES)


def lay_out_wordnet(folder: Path) -> None:
    """Lays WordNet out as NLTK wants it: it seeks synsets by byte, so lines must end as Princeton's do."""
    folder.mkdir(parents=True)
    for file in LEXICON.iterdir():
        if file.name.startswith(("data.", "index.")) or file.suffix == ".exc":
            (folder / file.name).write_bytes(file.read_bytes().replace(b"\r\n", b"\n"))
    lines = (f"{n:02}\t{name}\t{NUMBERS[name.partition('.')[0]]}\n" for n, name in enumerate(LEXICOGRAPHERS.split()))
    (folder / "lexnames").write_text("".join(lines))


def make_masked_language_model(folder: Path) -> None:
    """A BERT of the pretrained encoder's size with random weights, which are as fast as others."""
    import torch
    from transformers import AutoConfig, BertForMaskedLM

    torch.manual_seed(SEED)
    pretrained = ROOT / "models/fetched/pretrained"
    BertForMaskedLM(AutoConfig.from_pretrained(pretrained)).save_pretrained(folder)
    for file in pretrained.iterdir():
        if file.suffix != ".safetensors" and file.name != "config.json":
            shutil.copy(file, folder)


def compare(title: str, names: tuple[str, ...], texts: list[str], folder: Path) -> None:
    """Measures contenders in alternating rounds and prints what came of it."""
    measured: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        for name in names:
            measured[name].append(measure(name, texts[:MASKED_ARTICLES] if name in IN_ONE_PROCESS else texts, folder))
    print(f"\n### {title}\n")
    print(
        "| | articles | variants a second | ours: times | with start | ours: times | a processor second | ours: times |"
    )
    print("|---" * 8 + "|")
    for name, each in measured.items():
        cells = [f"{name} | {each[0]['articles']:,.0f}"]
        for figure in ("rate", "rate_with_start", "rate_of_processors"):
            ratios = [ours[figure] / other[figure] for ours, other in zip(measured[names[0]], each, strict=True)]
            cells += [spread([one[figure] for one in each], ",.1f"), spread(ratios, ".1f")]
        print(f"| {' | '.join(cells)} |", flush=True)


def spread(values: list[float], form: str) -> str:
    return f"{statistics.median(values):{form}} ({min(values):{form}} to {max(values):{form}})"


def measure(name: str, texts: list[str], folder: Path) -> dict[str, float]:
    """Runs a contender in a process of its own."""
    (folder / "texts.json").write_text(json.dumps(texts))
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "benchmarks.bench_augment", name, str(folder)],
        cwd=ROOT,
        env={**os.environ, "NLTK_DATA": f"{folder / 'nltk'}{os.pathsep}{os.environ['NLTK_DATA']}"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{name}: {done.stderr[-3000:]}")
    wall = time.perf_counter() - begin
    said = json.loads(done.stdout.splitlines()[-1])
    return {
        "articles": len(texts),
        "rate": said["variants"] / said["seconds"],
        "rate_with_start": said["variants"] / wall,
        "rate_of_processors": said["variants"] / said["processors"],
    }


# One contender, in its own process


def contend(name: str, folder: Path) -> None:
    """Runs a contender over the texts and prints how many variants it made, in how many seconds."""
    texts = json.loads((folder / "texts.json").read_text())
    load = CONTENDERS[name]
    parts = [texts] if name in IN_ONE_PROCESS else [texts[0::2], texts[1::2]]
    ready, finished = Barrier(len(parts) + 1), Queue()
    workers = [Process(target=work, args=(load, part, folder, ready, finished)) for part in parts]
    for worker in workers:
        worker.start()
    ready.wait()
    begin = time.perf_counter()
    done = [finished.get() for _ in workers]
    seconds = time.perf_counter() - begin
    variants, processors = (sum(column) for column in zip(*done, strict=True))
    print(json.dumps({"variants": variants, "seconds": seconds, "processors": processors}))


def work(load: Callable[[Path], Augment], texts: list[str], folder: Path, ready: Any, finished: Any) -> None:
    """Loads, waits until all have loaded, works."""
    try:
        augment = load(folder)
        augment(texts[:2])  # what is loaded at the first use
    except BaseException:
        ready.abort()
        raise
    ready.wait()
    begin = time.process_time()
    variants = len(augment(texts))
    finished.put((variants, time.process_time() - begin))


def our_rules(*methods: str) -> Callable[[Path], Augment]:
    """Methods of the stage augment, with its gate against copies."""

    def load(_: Path) -> Augment:
        from stages.augment.parameters import MethodParameters
        from stages.augment.variants import make_variants

        settings = {name: MethodParameters(count=1, rate=RATE) for name in methods}

        def augment(texts: list[str]) -> list[str]:
            made = make_variants(table(texts), settings, seed=SEED, lexicon=LEXICON, donors=None)
            return made.loc[made["rule"].isna(), "text"].tolist()

        return augment

    return load


def our_contextual(folder: Path) -> Augment:
    from stages.augment.contextual import MaskedLanguageModel, substitute
    from stages.augment.parameters import ContextualParameters
    from stages.common.core.validation import read_yaml

    section = read_yaml(ROOT / "params.yaml")["augment"]["contextual"]
    section |= {"count": 1, "rate": RATE, "candidates": CANDIDATES, "batch_size": BATCH, "threads": 2}
    parameters = ContextualParameters.model_validate(section)
    model = MaskedLanguageModel(folder / "masked", parameters)
    return lambda texts: [a.text for a in substitute(table(texts), parameters, model, SEED) if a.text is not None]


def table(texts: list[str]) -> Any:
    """Texts as a document table."""
    import pandas as pd

    ids = [f"d{number}" for number in range(len(texts))]
    frame = pd.DataFrame({"id": ids, "text": texts, "label": "a", "published_split": "train", "group": ids})
    return frame.assign(tokens=None, tags=None, method="original", derived_from=[[i] for i in ids])


def nlpaug_synonym(_: Path) -> Augment:
    from nlpaug.augmenter.word import SynonymAug

    augmenter = SynonymAug(aug_src="wordnet", aug_p=RATE, aug_max=None)
    return lambda texts: [augmenter.augment(text)[0] for text in texts]


def textaugment_eda(_: Path) -> Augment:
    import nltk

    nltk.download = lambda *_, **__: True  # it would look for data on the network each time
    from textaugment import EDA

    from stages.common.words.function_words import FUNCTION_WORDS

    eda = EDA(stop_words=list(FUNCTION_WORDS), random_state=SEED)

    def augment(texts: list[str]) -> list[str]:
        made = []
        for text in texts:
            changes = max(1, round(RATE * len(text.split())))
            made += [
                eda.synonym_replacement(text, n=changes),
                eda.random_insertion(text, n=changes),
                eda.random_swap(text, n=changes),
                eda.random_deletion(text, p=RATE),
            ]
        return made

    return augment


def nlpaug_contextual(folder: Path) -> Augment:
    import torch
    from nlpaug.augmenter.word import ContextualWordEmbsAug
    from transformers import BertTokenizer

    # nlpaug 1.1.11 calls them by the names that they had before transformers 5
    BertTokenizer._convert_token_to_id = BertTokenizer.convert_tokens_to_ids
    BertTokenizer._convert_id_to_token = BertTokenizer.convert_ids_to_tokens
    torch.set_num_threads(2)
    augmenter = ContextualWordEmbsAug(
        model_path=str(folder / "masked"),
        model_type="bert",
        aug_p=RATE,
        aug_max=None,
        top_k=CANDIDATES,
        batch_size=BATCH,
        device="cpu",
    )
    return lambda texts: list(augmenter.augment(texts))


CONTENDERS: dict[str, Callable[[Path], Augment]] = {
    "our synonym": our_rules("synonym"),
    "nlpaug SynonymAug": nlpaug_synonym,
    "our synonym, insertion, swap, deletion": our_rules("synonym", "insertion", "swap", "deletion"),
    "textaugment EDA": textaugment_eda,
    "our contextual": our_contextual,
    "nlpaug ContextualWordEmbsAug": nlpaug_contextual,
}
IN_ONE_PROCESS = {"our contextual", "nlpaug ContextualWordEmbsAug"}


if __name__ == "__main__":
    if len(sys.argv) == 3:
        contend(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
