"""A tiny repository of its own: this one's code with a made-up corpus, a small lexicon and an untrained encoder."""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import yaml

from tests.imports import ROOT

TOPICS = {
    "kitchen": "oven butter flour bake dough spoon recipe stir sugar pan",
    "garden": "seed soil rose prune lawn spade grow leaf water bloom",
    "harbour": "boat anchor sail crane tide dock cargo rope fish captain",
}
COMMON = "the quick old small man woman finds takes makes sees big happy day night house street now again"
LEXICON = {"quick": ["fast", "rapid"], "small": ["little"], "big": ["large"], "happy": ["glad"], "house": ["home"]}


def make_texts(per_topic: int) -> list[tuple[str, str]]:
    """Member names and texts, the same each time; every tenth text is a repeat of the one before in another dress."""
    drawn = random.Random(0)
    texts = []
    for topic, words in TOPICS.items():
        for number in range(per_topic):
            chosen = [*drawn.choices(words.split(), k=5), *drawn.choices(COMMON.split(), k=9), f"n{number}"]
            drawn.shuffle(chosen)
            text = texts[-1][1].upper().replace(" ", "&#32; ") if number % 10 == 9 else " ".join(chosen)
            texts.append((f"{topic}/{number:04}.txt", text))
    return texts


def make_repository(folder: Path, per_topic: int = 40) -> Path:
    """A git repository with this one's code, committed and ready for `dvc repro`, which takes about half a minute."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    for name in listed.stdout.splitlines():
        of_another_run = name == "dvc.lock" or (name.startswith("claims/") and name != "claims/paths.yaml")
        if (
            name.startswith(("tests/", "docs/", "benchmarks/", "reports/"))
            or of_another_run
            or not (ROOT / name).exists()
        ):
            continue
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)
    _add_corpus(folder, per_topic)
    _add_lexicon(folder)
    _add_encoder(folder)
    params = (folder / "params.yaml").read_text()
    loaded = yaml.safe_load(params)
    loaded |= {"dataset": "tiny", "model": "tiny"}
    loaded["split"]["augmented"] = 0.05
    loaded["finetune"] |= {
        "method": "full",
        "keep": "best",
        "epochs": 2,
        "max_length": 16,
        "batch_size": 16,
        "learning_rate": "auto",
        "threads": 1,
    }
    loaded["evaluate"]["threads"] = 1
    loaded["export"]["threads"] = 1
    (folder / "params.yaml").write_text(yaml.safe_dump(loaded, sort_keys=False))
    run(folder, "git", "init", "--quiet", "--initial-branch", "main")
    run(folder, "git", "config", "user.name", "Tests")
    run(folder, "git", "config", "user.email", "tests@example.org")
    commit(folder, "start")
    return folder


def commit(folder: Path, message: str) -> None:
    """Commits all that git does not ignore."""
    run(folder, "git", "add", "--all")
    run(folder, "git", "commit", "--quiet", "--allow-empty", "--message", message)


def environment(**more: str) -> dict[str, str]:
    """What the programs of a tiny repository run in: this environment's Python, dvc first on PATH, one thread."""
    scripts = str(Path(sys.executable).parent)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DVC_", "GIT_", "PLUMBLINE_"))}
    path = f"{scripts}{os.pathsep}{os.environ['PATH']}"
    return {**kept, "PATH": path, "VIRTUAL_ENV": sys.prefix, "OMP_NUM_THREADS": "1", **more}


def run(folder: Path, *command: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs a program in a tiny repository and shows what it said if it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment(**more))
    assert not check or done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def run_until_killed(folder: Path, where: str, *command: str) -> None:
    """Runs DVC in a repository until it is killed with every process below it; tests/commands/killing.py says where."""
    killing = folder.parent / "killing"
    killing.mkdir(exist_ok=True)
    shutil.copy(ROOT / "tests/commands/killing.py", killing / "sitecustomize.py")
    variables = environment(PYTHONPATH=str(killing), KILL=where)
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, start_new_session=True)
    assert done.returncode == -signal.SIGKILL, f"{where}: {done.stdout} {done.stderr}"


def _pin(folder: Path, name: str, members: list[tuple[str, str | bytes]]) -> dict[str, object]:
    (folder / "sources").mkdir(exist_ok=True)
    path = folder / "sources" / name
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members:
            archive.writestr(zipfile.ZipInfo(member), content)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"name": name, "sha256": digest, "sources": [{"url": str(path)}]}


def _add_corpus(folder: Path, per_topic: int) -> None:
    texts = make_texts(per_topic)
    entry = {
        "title": "Tiny",
        "task": "text-classification",
        "language": "en",
        "licence": "none",
        "citation": "none",
        "known_faults": [],
        "labels": [{"name": topic, "definition": f"About the {topic}."} for topic in TOPICS],
        "files": [_pin(folder, "tiny.zip", [(f"texts/{name}", text) for name, text in texts])],
        "parts": [{"file": "tiny.zip", "reader": {"format": "folder", "members": "texts/*/*.txt"}}],
    }
    (folder / "catalog/datasets/tiny.yaml").write_text(yaml.safe_dump(entry))


def _add_lexicon(folder: Path) -> None:
    index, data = [], []
    for number, (word, synonyms) in enumerate(sorted(LEXICON.items())):
        offset = f"{number:08}"
        lemmas = [word, *synonyms]
        data.append(f"{offset} 00 a {len(lemmas):02x} {' '.join(f'{lemma} 0' for lemma in lemmas)} 000 | a gloss")
        index += [f"{lemma} a 1 0 1 0 {offset}" for lemma in lemmas]
    files = {f"{kind}.{part}": "" for kind in ("index", "data") for part in ("noun", "verb", "adj", "adv")}
    files |= {"cntlist.rev": "", "index.adj": "\n".join(sorted(index)) + "\n", "data.adj": "\n".join(data) + "\n"}
    _add_packed(folder, "lexicons/wordnet", {name: text.encode() for name, text in files.items()})


def _add_encoder(folder: Path) -> None:
    import torch
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    words = sorted(
        {*" ".join(TOPICS.values()).split(), *COMMON.split(), *(w for group in LEXICON.values() for w in group)}
    )
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "n", *(f"##{digit}" for digit in range(10)), *words]
    made = folder / "encoder"
    made.mkdir()
    (made / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    BertWordPieceTokenizer(str(made / "vocab.txt")).save(str(made / "tokenizer.json"))
    BertTokenizerFast(str(made / "vocab.txt"), tokenizer_file=str(made / "tokenizer.json")).save_pretrained(made)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(made)
    _add_packed(folder, "models/tiny", {path.name: path.read_bytes() for path in sorted(made.iterdir())})
    shutil.rmtree(made)


def _add_packed(folder: Path, entry: str, files: dict[str, bytes]) -> None:
    archive = _pin(
        folder, f"{Path(entry).parent.name}.zip", [(f"packed/{name}", content) for name, content in files.items()]
    )
    members = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    said = {"title": "Tiny", "licence": "none", "citation": "none", "archive": archive, "folder": "packed"}
    (folder / "catalog" / f"{entry}.yaml").write_text(yaml.safe_dump({**said, "members": members}))
