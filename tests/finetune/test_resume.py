"""Runs of the stage that are killed, and what the next one makes of what they left."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from tests.finetune.conftest import PARAMETERS, fill, put_texts, write_parameters
from tests.imports import ROOT

pytestmark = pytest.mark.slow

SETTINGS = {"epochs": 12, "early_stopping_patience": 12}
STEPS = 12 * 9  # 72 documents in batches of 8
UNLIMITED = 2**40
SERVER = """
import os, resource, sys
from transformers import BertForSequenceClassification, PreTrainedTokenizerFast  # imported late otherwise
from stages.common.core.entry import run_program
from stages.common.training import checkpoints
from stages.finetune.__main__ import main

for line in sys.stdin:
    folder, checkpoint_steps, largest_file, seconds = line.split()
    process = os.fork()
    if process == 0:
        os.chdir(folder)
        os.environ["PLUMBLINE_CHECKPOINT_STEPS"] = checkpoint_steps
        checkpoints.LONGEST = float(seconds)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest_file), resource.RLIM_INFINITY))
        for number, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
        run_program(main, debug=False)
    print(process, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""


class Run:
    """The stage in a process of its own, as DVC runs it, forked from a server that has imported everything already."""

    def __init__(self, server, folder, checkpoint_steps, largest_file, seconds):
        self.server, self.folder = server, folder
        server.stdin.write(f"{folder} {checkpoint_steps} {largest_file} {seconds}\n")
        server.stdin.flush()
        self.process = int(server.stdout.readline())

    def finish(self):
        assert int(self.server.stdout.readline()) == 0, (self.folder / "stderr").read_text()

    def kill_at(self, step):
        """Kills it once it has taken a step, at whatever it is just doing."""
        assert self._stop_at(step, signal.SIGKILL) == -signal.SIGKILL

    def interrupt_at(self, step):
        """Presses Ctrl-C once it has taken a step."""
        assert self._stop_at(step, signal.SIGINT) == 1

    def _stop_at(self, step, how):
        deadline = time.monotonic() + 120
        while steps_done(self.folder) < step and time.monotonic() < deadline:
            time.sleep(0.001)
        os.kill(self.process, how)
        return int(self.server.stdout.readline())


def steps_done(folder):
    """The steps that the running stage has recorded."""
    table = folder / "reports/.finetune.partial/live/plots/metrics/train/loss.tsv"
    try:
        return len(table.read_text().splitlines()) - 1
    except FileNotFoundError:  # not begun, or just removed by a run that follows a killed one
        return 0


@pytest.fixture(scope="module")
def start():
    command = [sys.executable, "-c", SERVER]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True) as server:
        yield lambda folder, checkpoint_steps=3, largest_file=UNLIMITED, seconds=60: Run(
            server, folder, checkpoint_steps, largest_file, seconds
        )
        server.stdin.close()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, encoder, start):
    folder = prepare(tmp_path_factory.mktemp("undisturbed"), encoder)
    start(folder).finish()
    return folder


def prepare(folder, encoder):
    fill(folder, encoder)
    write_parameters(folder, **SETTINGS)
    return folder


def checkpoints(folder):
    return sorted((folder / ".checkpoints").rglob("step-*.safetensors"))


def said_by(folder):
    """What the runs in a folder said, without the line that each epoch has."""
    lines = (folder / "stderr").read_text().splitlines()
    return [line for line in lines if not line.startswith("finetune: epoch ")]


def made_by(folder):
    files = (path for place in ("models/finetuned", "reports") for path in sorted((folder / place).rglob("*")))
    return {str(p.relative_to(folder)): p.read_bytes() for p in files if p.is_file() and p.name != "environment.json"}


def test_a_run_killed_at_five_random_moments_ends_with_the_bytes_of_one_that_was_not(
    tmp_path, encoder, start, undisturbed
):
    folder = prepare(tmp_path, encoder)
    for step in sorted(random.Random(6).sample(range(4, STEPS - 6), 5)):
        start(folder).kill_at(step)
        assert not (folder / "models/finetuned").exists()
    start(folder).finish()
    assert (folder / "stderr").read_text().count("goes on after step") >= 4  # a kill may come before a first checkpoint
    assert made_by(folder) == made_by(undisturbed)
    assert not (folder / ".checkpoints").exists()


def test_contrastive_training_that_was_killed_ends_with_the_same_bytes(tmp_path, encoder, start):
    pairs = {"loss": "supervised", "pairs": 4, "temperature": 0.1}  # 3 classes of 24 documents: 144, 18 steps an epoch
    folders = [fill(tmp_path / name, encoder) for name in ("killed", "undisturbed")]
    for folder in folders:
        write_parameters(folder, method="contrastive", epochs=4, early_stopping_patience=4, contrastive=pairs)
    for step in (16, 47):
        start(folders[0]).kill_at(step)
    for folder in folders:
        start(folder).finish()
    assert (folders[0] / "stderr").read_text().count(" of 72, the last one") == 2
    assert made_by(folders[0]) == made_by(folders[1])


def test_rounds_of_self_training_that_were_killed_end_with_the_same_bytes(tmp_path, encoder, start):
    rounds = {**PARAMETERS["unlabelled"], "method": "both", "rounds": 2, "share": 1.0, "most_drift": 1.0}
    folders = [fill(tmp_path / name, encoder) for name in ("killed", "undisturbed")]
    for folder in folders:
        put_texts(folder, 10, variants=1)  # 72 documents and 60 texts: 17 steps a round, after 18 with labels alone
        write_parameters(folder, keep="last", unlabelled=rounds)
    for step in (7, 26, 46):  # in each of the three trainings
        start(folders[0]).kill_at(step)
        assert not (folders[0] / "models/finetuned").exists()
    for folder in folders:
        start(folder).finish()
    said = (folders[0] / "stderr").read_text()
    assert said.count(" of 18, the last one") == 3 and said.count(" of 17, the last one") == 3
    assert made_by(folders[0]) == made_by(folders[1])
    assert not (folders[0] / ".checkpoints").exists()


def test_a_student_whose_training_was_killed_ends_with_the_same_bytes(tmp_path, encoder, start):
    folders = [fill(tmp_path / name, encoder) for name in ("killed", "undisturbed")]
    rounds = {**PARAMETERS["unlabelled"], "method": "self_training", "share": 1.0, "most_drift": 1.0}
    for folder in folders:
        put_texts(folder, 10)  # 72 documents and 30 texts: 18 steps of the teacher's, 13 of a round, 26 of the student
        write_parameters(folder, method="distil", keep="last", unlabelled=rounds)
    for step in (7, 26, 37, 50):  # in the teacher's training, in the round, and twice in the student's
        start(folders[0]).kill_at(step)
        assert not (folders[0] / "models/finetuned").exists()
    for folder in folders:
        start(folder).finish()
    said = (folders[0] / "stderr").read_text()
    assert [said.count(f" of {steps}, the last one") for steps in (18, 13, 26)] == [4, 3, 2]
    assert made_by(folders[0]) == made_by(folders[1])
    assert not (folders[0] / ".checkpoints").exists()


def test_checkpoints_change_no_byte_and_are_gone_when_the_run_has_ended(tmp_path, encoder, start, undisturbed):
    folder = prepare(tmp_path, encoder)
    start(folder, checkpoint_steps=0).finish()
    assert made_by(folder) == made_by(undisturbed)
    assert not (undisturbed / ".checkpoints").exists()


def test_a_checkpoint_that_was_cut_off_is_named_and_the_one_before_it_is_used(tmp_path, encoder, start, undisturbed):
    folder = prepare(tmp_path, encoder)
    start(folder).kill_at(40)
    *_, older, newest = checkpoints(folder)
    os.truncate(newest, newest.stat().st_size // 2)
    start(folder).finish()
    said = said_by(folder)
    assert len(said) == 2
    assert newest.name in said[0]
    assert "is cut off or damaged" in said[0]
    assert f"goes on after step {int(older.stem.removeprefix('step-'))} of {STEPS}" in said[1]
    assert made_by(folder) == made_by(undisturbed)


def test_ctrl_c_says_where_the_next_run_goes_on_and_it_does(tmp_path, encoder, start, undisturbed):
    folder = prepare(tmp_path, encoder)
    start(folder).interrupt_at(50)
    (said,) = said_by(folder)
    assert said.startswith("error: Interrupted. Nothing was left half-written. Call it again: ")
    step = int(said.partition("goes on after step ")[2].partition(",")[0])
    assert step % 3 == 0
    assert 40 <= step <= STEPS
    start(folder).finish()
    assert said_by(folder)[1].startswith(f"finetune: goes on after step {step} of {STEPS}")
    assert made_by(folder) == made_by(undisturbed)


def test_checkpoints_by_the_clock_at_any_step_end_with_the_same_bytes(tmp_path, encoder, start, undisturbed):
    """Where a step takes a minute, each has its checkpoint, as has the end of each epoch's validation."""
    folder = prepare(tmp_path, encoder)
    for step in (5, 33, 61):
        start(folder, checkpoint_steps=10**6, seconds=0).kill_at(step)
    steps = [int(line.partition("after step ")[2].partition(" of")[0]) for line in said_by(folder)]
    assert steps == sorted(set(steps))
    assert len(steps) == 2
    start(folder, checkpoint_steps=10**6, seconds=0).finish()
    assert made_by(folder) == made_by(undisturbed)


def test_each_epoch_has_its_line(undisturbed):
    epochs = (undisturbed / "stderr").read_text().splitlines()
    assert len(epochs) == 12
    for number, line in enumerate(epochs, 1):
        assert line.startswith(f"finetune: epoch {number} of 12: training loss 0.") or number < 3
        assert "; validation macro_f1 " in line
        assert line.endswith((" is better.", "the best so far."))


def test_a_run_with_other_parameters_starts_anew(tmp_path, encoder, start):
    folder = prepare(tmp_path, encoder)
    start(folder).kill_at(20)
    stale = checkpoints(folder)
    write_parameters(folder, epochs=1, seed=2)
    start(folder).finish()
    assert said_by(folder) == []
    assert checkpoints(folder) == stale


def test_a_checkpoint_that_does_not_fit_on_the_disk_is_told_and_training_goes_on(tmp_path, encoder, start, undisturbed):
    folder = prepare(tmp_path, encoder)
    weights = (undisturbed / "models/finetuned/model.safetensors").stat().st_size
    start(folder, checkpoint_steps=50, largest_file=2 * weights).finish()
    said = said_by(folder)
    assert len(said) == 2
    assert "no checkpoint of step 50 could be written" in said[0]
    assert "the training goes on" in said[0]
    assert made_by(folder) == made_by(undisturbed)
    assert not (folder / ".checkpoints").exists()
