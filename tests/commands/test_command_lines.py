"""What a person types is checked before anything large is imported, and mistakes end in one line."""

import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions

import pytest

from tests.corpus import environment, run
from tests.imports import ROOT

COMMANDS = sorted(path.stem for path in (ROOT / "commands").glob("*.py") if "__main__" in path.read_text())
STAGES = sorted(path.parent.name for path in (ROOT / "stages").glob("*/__main__.py"))
PROGRAMS = [*(f"commands.{name}" for name in COMMANDS), *(f"stages.{name}" for name in STAGES)]
LIGHT = {
    "annotated_types",
    "jinja2",
    "markupsafe",
    "pydantic",
    "pydantic_core",
    "tqdm",
    "typing_extensions",
    "typing_inspection",
    "yaml",
}
HEAVY = {"numpy", "onnxruntime", "pandas", "pyarrow", "safetensors", "scipy", "tokenizers", "torch", "transformers"}
# What transformers and torch import because it is there.
BEHIND_THEM = {
    "PIL",
    "accelerate",
    "charset_normalizer",
    "h11",
    "httpx2",
    "huggingface_hub",
    "sentencepiece",
    "torchgen",
}
OF_RULES = {"ftfy", "phonenumbers"}


def imported(done):
    """The packages of requirements.txt that a program imported, by what ``-X importtime`` says."""
    names = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "argparse" in names
    return names & set(packages_distributions()) - {"_distutils_hack", "commands", "stages"}


def asked_for():
    """What requirements.in names, by the names under which it is imported."""
    lines = (ROOT / "requirements.in").read_text().splitlines()
    wanted = {line.partition("=")[0].strip().lower() for line in lines if line and line[0] != "#"}
    known = packages_distributions().items()
    return {name for name, sources in known if wanted & {source.lower().replace("_", "-") for source in sources}}


def test_there_are_the_commands_that_the_readme_names():
    named = set(re.findall(r"python -m commands\.(\w+)", (ROOT / "README.md").read_text()))
    assert {"compare", "datasets", "describe"} <= named <= set(COMMANDS)


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_waits_for_no_large_package_and_changes_nothing(program, tmp_path):
    done = run(tmp_path, sys.executable, "-X", "importtime", "-m", program, "--help", PYTHONPATH=str(ROOT))
    assert done.stdout.startswith("usage: ")
    assert "--debug" in done.stdout
    assert imported(done) <= LIGHT
    assert not list(tmp_path.iterdir())


def test_three_texts_are_answered_without_more_than_that_takes(repository):
    (repository / "three.txt").write_text("boat and tide\noven\nrose\n")
    done = run(repository, sys.executable, "-X", "importtime", "-m", "commands.predict", "three.txt")
    assert done.stdout.count("\n") == 3
    assert imported(done) & asked_for() <= LIGHT | HEAVY | BEHIND_THEM | OF_RULES
    assert "transformers.modeling_utils" not in done.stderr  # two seconds, and an exported model needs none of it


def read_by_nobody(folder, *arguments):
    """Runs a program whose output goes into a pipe that nobody reads any more; gives its code what it said."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", *arguments]
    told = environment(PYTHONPATH=str(ROOT))
    done = subprocess.run(command, cwd=folder, stdout=write, stderr=subprocess.PIPE, text=True, env=told, timeout=120)
    os.close(write)
    return done.returncode, done.stderr


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_that_nobody_reads_to_its_end_is_no_error(program, tmp_path):
    assert read_by_nobody(tmp_path, program, "--help") == (141, "")


@pytest.mark.parametrize("arguments", [["stages.split", "splits"], ["stages.fetch_models", "lexica"]])
def test_a_stage_refuses_arguments_that_it_has_not_before_it_imports_anything_large(arguments, tmp_path):
    command = [sys.executable, "-X", "importtime", "-m", *arguments]
    done = run(tmp_path, *command, check=False, PYTHONPATH=str(ROOT))
    assert done.returncode == 2
    assert f"usage: python -m {arguments[0]} " in done.stderr
    assert imported(done) <= LIGHT


def test_nor_where_output_is_not_gathered(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    assert read_by_nobody(tmp_path, "commands.graph", "--help") == (141, "")


@pytest.mark.parametrize("command", [["datasets"], ["describe", "catalog/datasets/my_data.csv"], ["tables", "results"]])
def test_output_that_nobody_reads_to_its_end_is_no_error(command):
    assert read_by_nobody(ROOT, f"commands.{command[0]}", *command[1:]) == (141, "")


def test_a_run_that_nobody_reads_is_no_error(repository):
    (repository / "three.txt").write_text("boat and tide\noven\nrose\n")
    for command in (["trace"], ["predict", "three.txt"], ["compare", "workspace", "HEAD"]):
        assert read_by_nobody(repository, f"commands.{command[0]}", *command[1:]) == (141, ""), command


def no_file(folder):
    (folder / "requirements.txt").unlink()


def a_folder(folder):
    (folder / "pins.yaml").mkdir()


def a_full_disk(folder):
    (folder / "pins.yaml").symlink_to("/dev/full")


def a_loop(folder):
    (folder / "requirements.txt").unlink()
    (folder / "requirements.txt").symlink_to("requirements.txt")


def a_file_in_place_of_a_folder(folder):
    (folder / "pins.yaml").symlink_to("requirements.txt/pins.yaml")


def no_right_to_read(folder):
    (folder / "requirements.txt").chmod(0)


def no_right_to_write(folder):
    folder.chmod(0o555)


def run_without_rights(folder, module, code, unprivileged=True):
    """Runs a module in a folder as a user who is not root, for root may read and write everything."""
    command = [sys.executable, "-m", *module]
    if os.geteuid() == 0 and unprivileged:
        for part in (folder, *folder.parents):
            if part.stat().st_mode & 0o005 != 0o005:
                part.chmod(0o755)
        command = ["setpriv", "--reuid=65534", "--clear-groups", *command]
    return run(folder, *command, check=False, PYTHONPATH=str(code), PYTHONDONTWRITEBYTECODE="1")


@pytest.mark.parametrize(
    ("module", "path"),
    [
        ("stages.split", "stages/split/balance.py"),
        ("stages.split", "stages/common/documents/table.py"),
        ("stages.split", "params.yaml"),
        ("commands.trace", "commands/records.py"),
        ("commands.tables", "stages/common/core/parameters.py"),
    ],
)
def test_a_file_of_the_code_or_the_parameters_that_cannot_be_read_ends_in_one_line(tmp_path, module, path):
    for package in ("stages", "commands"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "params.yaml", tmp_path)
    (tmp_path / path).chmod(0)
    done = run_without_rights(tmp_path, [module], tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    said = re.fullmatch(r"error: (\S+): permission denied\. Give yourself the right to it .*\n", done.stderr)
    assert said[1].endswith(path)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (no_file, "error: requirements.txt: no such file or directory. Check the path"),
        (a_folder, "error: pins.yaml: is a directory. Name a file."),
        (a_full_disk, "error: The disk is full."),
        (a_loop, "error: requirements.txt: too many levels of symbolic links. Mend that and run it again."),
        (a_file_in_place_of_a_folder, "error: pins.yaml: not a directory. Check the path."),
        (no_right_to_read, "error: requirements.txt: permission denied. Give yourself the right to it"),
        (no_right_to_write, "error: pins.yaml: permission denied. Give yourself the right to it"),
    ],
)
def test_what_the_system_refuses_ends_in_one_line(tmp_path, spoil, said):
    folder = tmp_path / "with spaces and ä"
    folder.mkdir()
    shutil.copy(ROOT / "requirements.txt", folder)
    spoil(folder)
    done = run_without_rights(
        folder, ["commands.pins"], ROOT, unprivileged=spoil in (no_right_to_read, no_right_to_write)
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1


def test_too_many_open_files_end_in_one_line(tmp_path):
    program = (
        "import resource, sys; from stages.common.core.entry import run_program\n"
        "from pathlib import Path; kept = []\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))\n"
        "run_program(lambda: [kept.append(Path('x').open('w')) for _ in range(99)], debug=False)\n"
    )
    done = run(tmp_path, sys.executable, "-c", program, check=False, PYTHONPATH=str(ROOT))
    assert done.returncode == 1
    assert done.stderr == "error: x: too many open files. Raise the limit (`ulimit -n 4096`) and run it again.\n"
