"""A dataset whose texts may not be passed on: no file that git tracks, or would track, holds any of them."""

import csv
import random

import yaml

from tests.corpus import COMMON, TOPICS, run


def make_texts(count):
    drawn = random.Random(3)
    for number in range(count):
        topic = sorted(TOPICS)[number % 3]
        words = [*drawn.choices(TOPICS[topic].split(), k=6), *drawn.choices(COMMON.split(), k=8), f"n{number}"]
        drawn.shuffle(words)
        yield " ".join(words), topic


def add_dataset(repository, folder):
    """An entry that lies outside of the repository with its texts: some are in both splits, some have a wrong label."""
    rows = list(make_texts(120))
    rows[0], rows[31] = (rows[0][0], rows[1][1]), (rows[31][0], rows[32][1])
    parts = {"train.csv": rows[:90], "test.csv": [*rows[90:], *rows[3:9]]}
    files = []
    for name, lines in parts.items():
        with (folder / name).open("w", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *lines])
        digest = run(folder, "sha256sum", name).stdout.split()[0]
        files.append({"name": name, "sha256": digest, "sources": [{"url": str(folder / name)}]})
    reader = {"format": "csv", "text": ["text"], "label": "label"}
    entry = {
        "title": "Closed",
        "task": "text-classification",
        "language": "en",
        "licence": "not to be passed on",
        "citation": "none",
        "known_faults": [],
        "labels": [{"name": name, "definition": "One of three."} for name in TOPICS],
        "files": files,
        "parts": [{"file": name, "split": name.partition(".")[0], "reader": reader} for name in parts],
    }
    path = repository / "catalog/datasets/closed.yaml"
    path.write_text(yaml.safe_dump(entry) + "redistribution: no\n")
    params = yaml.safe_load((repository / "params.yaml").read_text())
    (repository / "params.yaml").write_text(yaml.safe_dump({**params, "dataset": "closed"}, sort_keys=False))
    return path, [text for text, _ in rows]


def holding(repository, texts):
    """The files that git tracks, or would track, which hold five words in a row of a text."""
    runs = {" ".join(words[at : at + 5]) for words in map(str.split, texts) for at in range(len(words) - 4)}
    listed = run(repository, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").stdout
    found = set()
    for name in filter(None, listed.split("\0")):
        words = (repository / name).read_bytes().decode("utf-8", "replace").lower().split()
        if any(" ".join(words[at : at + 5]).rpartition(",")[2] in runs for at in range(len(words) - 4)):
            found.add(name)
    return found


def test_no_file_that_git_tracks_holds_a_text(repository, tmp_path):
    entry, texts = add_dataset(repository, tmp_path)
    run(repository, "dvc", "repro")
    assert holding(repository, texts) == set()
    for name in ("reports/audit/label_issues.csv", "reports/clean/leaks.csv"):
        with (repository / name).open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert rows, name
        assert {row["excerpt"] for row in rows} == {""}
    command = ("python", "-m", "commands.annotate")
    run(repository, *command, "guideline", "--examples", "2")
    run(repository, *command, "plan", "first", "--annotators", "a1,a2", "--items", "6", "--overlap", "2")
    run(repository, *command, "adjudicate", "--audit")
    sheets = [path.read_text() for path in (repository / "catalog/annotation/closed").rglob("tasks/*.*")]
    assert len(sheets) >= 3 and any(text in sheet for sheet in sheets for text in texts)
    assert holding(repository, texts) == set()

    entry.write_text(entry.read_text().replace("redistribution: no\n", ""))  # else it shows some: the search finds them
    run(repository, "dvc", "repro", "audit")
    assert {"reports/audit/label_issues.csv", "reports/clean/leaks.csv"} <= holding(repository, texts)
