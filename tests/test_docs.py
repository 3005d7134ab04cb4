"""Each command that README and docs show is run by a test or by .ci/run, or stands here with the reason why not."""

import re
import shlex
from pathlib import Path

import pytest

from tests.imports import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
GROUPS = {"exp", "queue", "remote", "metrics", "plots", "cache", "config", "artifacts"}  # of dvc: a subcommand follows

# Commands that nothing runs, each with the reason.
EXCEPTIONS = {
    "cd": "goes into a folder",
    "curl": "tests/serving asks the same of the same address",
    "cat": "stands for any program that prints texts",
    "echo": "stands for any program that prints texts",
    "python models/exported/predict.py": "tests/export/test_stage.py runs it with all else kept from it",
    "dask": "tests/clean/test_cluster.py starts the same programs as modules",
    "make search": "a test runs what it calls, commands.search",
    "make mend": "a test runs what it calls, commands.mend",
    "make verify CLAIM": "a test runs what it calls, commands.verify with a claim",
    "dvc config --local cache": "DVC's own settings, which need a second machine to matter",
    "dvc cache": "DVC's own settings, which need a second machine to matter",
    "dvc checkout": "DVC's own, after these settings",
}


def commands(page):
    """The commands of a page's fenced sh blocks, without comments, pipes and redirections."""
    for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").splitlines():
            plain = re.sub(r"(^|\s)#.*", "", line).strip()
            for part in re.split(r"&&|\|", re.sub(r"'[^']*'", lambda quoted: quoted[0].replace("|", "\0"), plain)):
                words = shlex.split(re.sub(r">.*|<[^>]*>", "", part).replace("\0", "|"))
                while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
                    words.pop(0)  # an environment variable
                if words:
                    yield words


def what_is_run():
    """Each test file, and .ci/run, as text in which a list of arguments reads like a command line."""
    tests = [path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)]
    return [re.sub(r"""["']\s*,\s*f?["']""", " ", path.read_text()) for path in [*tests, ROOT / ".ci/run"]]


def signature(words):
    """The words that say which command it is: `dvc exp run`, `python -m commands.predict`, `make repro`."""
    program = words[0].removeprefix(".venv/bin/")
    if program == "dvc" and len(words) > 2 and words[1] in GROUPS:
        return " ".join(["dvc", *words[1:3]])
    length = {"python": 3, "dvc": 2, "git": 2, "make": 2}.get(program, 1)
    return " ".join([program, *words[1:length]])


def excused(words):
    return any(" ".join(words).startswith(known) for known in EXCEPTIONS)


RUN = what_is_run()
SHOWN = [(page.name, words) for page in PAGES for words in commands(page)]


@pytest.mark.parametrize(("page", "words"), SHOWN, ids=[f"{page}: {' '.join(words)}" for page, words in SHOWN])
def test_a_command_that_is_shown_is_run(page, words):
    if excused(words):
        return
    found = [text for text in RUN if re.search(re.escape(signature(words)) + r"\b", text)]
    assert found, f"{page}: nothing runs `{signature(words)}`"
    for option in (word for word in words if re.fullmatch(r"--?[A-Za-z][\w-]*", word) and word != "-m"):
        assert any(re.search(option + r"\b", text) for text in found), f"nothing runs `{signature(words)} {option}`"


def test_every_exception_is_needed():
    for known in EXCEPTIONS:
        assert any(" ".join(words).startswith(known) for _, words in SHOWN), known


def test_the_pages_that_are_linked_exist():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
