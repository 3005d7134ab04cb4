"""A run of predict that is stopped loses nothing that was finished, and ends in the same bytes as one that was not."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from multiprocessing import Pipe, active_children
from pathlib import Path
from threading import Timer

import pytest
import torch

from commands import texts
from commands.answers import join
from commands.predict import main, parser
from commands.predicting import processes
from commands.predicting.journal import Counts, Journal, journal_of, open_journal
from commands.predicting.run import in_order
from stages.common.core.messages import Interrupted, UserError
from stages.common.model.inference import Inference, write_inference
from stages.common.model.loading import load_pretrained
from tests.commands.made_up_answers import MADE_WITH, SCHEMA, answered
from tests.commands.recorded import record_model
from tests.common.tiny_encoder import TOPICS, save_encoder
from tests.corpus import environment
from tests.imports import ROOT

SUFFIXES = (".csv", ".jsonl", ".parquet")
WRITES_FOREVER = """
import sys
from pathlib import Path
from commands.predicting.journal import open_journal
from tests.commands.made_up_answers import MADE_WITH, answered

with open_journal(Path("out.csv"), MADE_WITH, resume=True) as journal:
    for number in range(int(sys.argv[1])):
        if not journal.holds(number, answered(number).digest):
            journal.add(answered(number))
            print(number, flush=True)
"""


def joined(out, numbers, suffix):
    join(out, SCHEMA, [answered(number, suffix).answers for number in numbers])
    return out.read_bytes()


def leave(journal_path, out, numbers, suffix=".csv", resume=False):
    """A journal as a kill leaves it: with some windows, never closed in order."""
    with pytest.raises(SystemExit), open_journal(out, MADE_WITH, resume) as journal:
        for number in numbers:
            journal.add(answered(number, suffix))
        raise SystemExit
    return journal_path.read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_wherever_a_journal_is_cut_off_the_answers_become_the_same_bytes(tmp_path, suffix):
    out = tmp_path / f"out{suffix}"
    whole = leave(journal_of(out), out, [0, 2, 1, 3], suffix)
    known = joined(tmp_path / f"known{suffix}", range(4), suffix)
    ends = {
        place + near for place in range(len(whole)) if whole[place : place + 9] == b'{"window"' for near in (-1, 0, 1)
    }
    held = set()
    for cut in sorted({*range(0, len(whole), 53), *ends, len(whole) - 1, len(whole)}):
        journal_of(out).write_bytes(whole[:cut])
        with open_journal(out, MADE_WITH, resume=True) as journal:
            missing = [number for number in range(4) if not journal.holds(number, answered(number).digest)]
            held.add(4 - len(missing))
            for number in missing:
                journal.add(answered(number, suffix))
            assert journal.counted(4) == Counts(1 + 2 + 3 + 4, 4, 0)
            join(out, SCHEMA, journal.answers())
        assert out.read_bytes() == known
        assert not journal_of(out).exists()
    assert held == {0, 1, 2, 3, 4}


def test_what_a_disk_changed_in_a_record_is_answered_again(tmp_path):
    out = tmp_path / "out.csv"
    whole = leave(journal_of(out), out, range(3))
    damaged = bytearray(whole)
    damaged[-3] ^= 1
    journal_of(out).write_bytes(damaged)
    with open_journal(out, MADE_WITH, resume=True) as journal:
        assert [journal.holds(number, answered(number).digest) for number in range(3)] == [True, True, False]


def test_a_journal_survives_kills_at_any_moment(tmp_path):
    """Killed again and again while it writes, it goes on each time with all that it said was written."""
    draw, wanted, said = random.Random(0), 3_000, []
    for _ in range(5):
        program = [sys.executable, "-c", WRITES_FOREVER, str(wanted)]
        writer = subprocess.Popen(program, cwd=tmp_path, stdout=subprocess.PIPE, env=environment(PYTHONPATH=str(ROOT)))
        first = writer.stdout.readline()
        time.sleep(draw.uniform(0, 0.2))
        writer.kill()
        said += map(int, (first + writer.communicate()[0]).split())
    out = tmp_path / "out.csv"
    assert 5 <= len(said) == len(set(said)) < wanted
    with open_journal(out, MADE_WITH, resume=True) as journal:
        held = [number for number in range(wanted) if journal.holds(number, answered(number).digest)]
        assert set(said) <= set(held) <= {*said, *range(max(said) + 6)}


REFUSED = [
    ({"--threads": 2}, r"out.csv: was begun with another --threads \(1, and now 2\). Give the same again"),
    ({"set of cleaning rules": {}}, r"was begun with another set of cleaning rules\. Give"),
]


@pytest.mark.parametrize(("other", "message"), REFUSED)
def test_answers_that_were_made_otherwise_are_not_gone_on_with(tmp_path, other, message):
    out = tmp_path / "out.csv"
    before = leave(journal_of(out), out, [0])
    with pytest.raises(UserError, match=message), open_journal(out, MADE_WITH | other, resume=True):
        pass
    assert journal_of(out).read_bytes() == before


def test_two_runs_do_not_write_one_file(tmp_path):
    out = tmp_path / "out.csv"
    with open_journal(out, MADE_WITH, resume=False):
        with pytest.raises(UserError, match="another run is writing it"), open_journal(out, MADE_WITH, resume=False):
            pass
        assert journal_of(out).exists()


def test_a_full_disk_is_one_line_and_keeps_what_was_finished(tmp_path):
    """A file system of its own would take root; a limit on the size of a file stops a write in the middle, too."""
    program = f"""
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))
{WRITES_FOREVER}"""
    command = [sys.executable, "-c", program, "400"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment(PYTHONPATH=str(ROOT)))
    said = done.stdout.split()
    assert len(said) > 2 and "File too large" in done.stderr
    with open_journal(tmp_path / "out.csv", MADE_WITH, resume=True) as journal:
        held = [number for number in range(400) if journal.holds(number, answered(number).digest)]
    assert held == [int(number) for number in said]


FULL = OSError(28, "No space left on device")
ARROWS_FULL = OSError("[errno 28] Error writing bytes to file. Detail: [errno 28] No space left on device")


@pytest.mark.parametrize("error", [FULL, ARROWS_FULL])
def test_after_a_full_disk_a_person_knows_how_to_go_on(tmp_path, error):
    out = tmp_path / "out.csv"
    said = r"^The disk is full while writing .*out.csv. Make room. Answers to 3 texts are kept: run it .* --resume"
    with pytest.raises(UserError, match=said), open_journal(out, MADE_WITH, resume=False) as journal:
        journal.add(answered(0))
        journal.add(answered(1))
        raise error
    assert journal_of(out).exists()


def test_so_does_who_pressed_ctrl_c_and_who_finished_nothing_is_left_nothing(tmp_path):
    out = tmp_path / "out.csv"
    kept = pytest.raises(Interrupted, match="Answers to 1 text are kept")
    with kept, open_journal(out, MADE_WITH, resume=False) as journal:
        journal.add(answered(0))
        raise KeyboardInterrupt
    with pytest.raises(UserError, match=r"^bad input. Mend it.$"), open_journal(out, MADE_WITH, resume=False):
        raise UserError("bad input.", "Mend it.")
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A folder with an untrained model of topics, and the records of its run."""
    folder = tmp_path_factory.mktemp("run")
    record = {"task": "text-classification", "labels": list(TOPICS), "truncation": "head", "window_overlap": 0.25}
    inference = Inference.model_validate({**record, "max_length": 14, "batch_tokens": 4_096, "temperature": 1.7})
    torch.manual_seed(1)
    encoder, tokenizer = load_pretrained(save_encoder(folder / "encoder"), inference.outputs, 0.0, "document")
    torch.nn.init.normal_(encoder.classifier.weight, std=1.0)

    def save(place):
        encoder.save_pretrained(place)
        tokenizer.save_pretrained(place)
        write_inference(inference, place)

    record_model(folder, save, {"lowercase": True})
    return folder


@pytest.fixture
def place(model, tmp_path, monkeypatch):
    """A copy of it with an input of several windows, in which this process is."""
    folder = Path(shutil.copytree(model, tmp_path / "run"))
    monkeypatch.chdir(folder)
    monkeypatch.setattr(texts, "WINDOW", 50)
    words = [word for topic in TOPICS.values() for word in topic.split()]
    draw = random.Random(0)
    rows = [f"{number}\t{' '.join(draw.choices(words, k=3 + number % 9))}" for number in range(330)]
    Path("in.tsv").write_text("n\ttext\n" + "\n".join(rows) + "\n")
    return folder


def predict(*arguments):
    options = ["--threads", "1", "--device", "cpu", "--model", "models/finetuned"]
    main(parser().parse_args([*options, *arguments]))


def broken_after(windows, error):
    """The function that answers in this process, which raises an error after some windows."""
    real = processes.Engine.answer
    left = [windows]

    def answer(engine, window):
        if not left[0]:
            raise error
        left[0] -= 1
        return real(engine, window)

    return answer


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_run_that_goes_on_answers_nothing_twice_and_ends_in_the_same_bytes(place, monkeypatch, capsys, suffix):
    predict("in.tsv", "--id", "n", "--out", f"known{suffix}")
    asked = []
    real = processes.Engine.answer
    for windows in (2, 0, 3):
        with monkeypatch.context() as patch, pytest.raises(SystemExit):
            patch.setattr(processes.Engine, "answer", broken_after(windows, SystemExit()))
            predict("in.tsv", "--id", "n", "--out", f"out{suffix}", "--resume")
    monkeypatch.setattr(
        processes.Engine, "answer", lambda engine, window: asked.append(window.number) or real(engine, window)
    )
    capsys.readouterr()
    predict("in.tsv", "--id", "n", "--out", f"out{suffix}", "--resume")
    assert asked == [5, 6]
    assert "330 texts in out" in (said := capsys.readouterr().out) and "250 answered before" in said
    assert Path(f"out{suffix}").read_bytes() == Path(f"known{suffix}").read_bytes()
    assert not list(Path().glob(".out*"))


def stop_in_the_middle(monkeypatch, *arguments):
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(processes.Engine, "answer", broken_after(3, SystemExit()))
        predict("in.tsv", "--out", "out.jsonl", *arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--temperature", "2"], r"another --temperature \(1.7, and now 2.0\)"),
        (["--abstain-below", "0.5"], r"another --abstain-below \(0.0, and now 0.5\)"),
        (["--threads", "2"], r"another --threads \(1, and now 2\)"),
        (["--id", "n"], "Texts 1 to 50 of the input are not those that were answered before"),
    ],
)
def test_other_options_are_refused_in_one_line(place, monkeypatch, arguments, message):
    stop_in_the_middle(monkeypatch)
    with pytest.raises(UserError, match=message):
        predict("in.tsv", "--out", "out.jsonl", "--resume", *arguments)
    predict("in.tsv", "--out", "out.jsonl", *arguments)
    assert len(Path("out.jsonl").read_text().splitlines()) == 330


def test_another_input_is_refused_but_what_was_not_answered_yet_may_be_mended(place, monkeypatch):
    stop_in_the_middle(monkeypatch)
    lines = Path("in.tsv").read_text().splitlines(keepends=True)
    for other, message in (
        ([*lines[:120], "120\tother\n", *lines[121:]], "Texts 101 to 150 of the input are not those"),
        (lines[:101], "The input has fewer texts than were answered before"),
    ):
        Path("in.tsv").write_text("".join(other))
        with pytest.raises(UserError, match=message):
            predict("in.tsv", "--out", "out.jsonl", "--resume")
    Path("in.tsv").write_text("".join([*lines[:300], "300\tmended\n", *lines[301:]]))
    predict("in.tsv", "--out", "out.jsonl", "--resume")
    predict("in.tsv", "--out", "known.jsonl")
    assert Path("out.jsonl").read_bytes() == Path("known.jsonl").read_bytes()


def test_another_model_is_refused(place, monkeypatch):
    stop_in_the_middle(monkeypatch)
    record = Path("models/finetuned/inference.json")
    changed = Inference.model_validate_json(record.read_text()).model_copy(update={"max_length": 12})

    def save(folder):
        shutil.copytree("models/other", folder, dirs_exist_ok=True)
        write_inference(changed, folder)

    shutil.copytree("models/finetuned", "models/other")
    record_model(place, save, {"lowercase": True})
    with pytest.raises(UserError, match=r"out.jsonl: was begun with another model"):
        predict("in.tsv", "--out", "out.jsonl", "--resume")


def test_bad_rows_after_finished_texts_leave_those_to_go_on_with(place):
    with Path("in.tsv").open("a") as file:
        file.write("330\ta\tb\n")
    with pytest.raises(UserError, match=r"in.tsv:332: .* 3 fields, not 2. .* Answers to 300 texts are kept"):
        predict("in.tsv", "--out", "out.csv")


def test_several_processes_give_the_same_bytes_as_one(place):
    predict("in.tsv", "--id", "n", "--out", "known.parquet", "--abstain-below", "0.6")
    predict("in.tsv", "--id", "n", "--out", "out.parquet", "--abstain-below", "0.6", "--processes", "2")
    assert Path("out.parquet").read_bytes() == Path("known.parquet").read_bytes()
    assert not active_children()


class Stub:
    """In place of a process with a model: answers after a rest, and notes what it was given."""

    def __init__(self, given, rest):
        self.given, self.rest = given, rest
        self.connection, self.theirs = Pipe()

    def give(self, number):
        self.given.append(number.number)
        Timer(self.rest(number.number), self.theirs.send, [number]).start()

    def receive(self):
        return self.connection.recv()


def numbered(count, error=None):
    yield from (texts.Window(number, [], "") for number in range(count))
    if error:
        raise error


def test_a_window_that_takes_long_holds_the_others_up_before_memory_fills():
    given = []
    workers = [Stub(given, lambda number: 0.0 if number else 0.3) for _ in range(2)]
    answers = processes._shared(workers, numbered(40))
    first = [next(answers).number for _ in range(7)]
    assert sorted(first) == list(range(1, 8)) and max(given) == 7
    assert {answered.number for answered in answers} == {0, *range(8, 40)}


def test_what_processes_are_at_when_the_input_turns_out_bad_is_not_lost():
    workers = [Stub([], lambda number: 0.05) for _ in range(2)]
    got = []
    with pytest.raises(UserError, match="bad row"):
        got.extend(processes._shared(workers, numbered(5, UserError("bad row.", "Mend it."))))
    assert sorted(window.number for window in got) == list(range(5))


def test_answers_are_printed_in_the_order_of_the_texts():
    numbers = [answered(number) for number in (2, 0, 3, 1)]
    assert [each.number for each in in_order(numbers)] == [0, 1, 2, 3]


def test_a_process_that_dies_is_one_line_and_what_was_finished_stays(place, monkeypatch):
    real, added = Journal.add, []

    def add(journal, answered):
        real(journal, answered)
        added.append(answered.number)
        if len(added) == 2:
            os.kill(active_children()[0].pid, signal.SIGKILL)

    monkeypatch.setattr(Journal, "add", add)
    with pytest.raises(UserError, match=r"A process that answers texts was killed by SIGKILL. .* are kept") as error:
        predict("in.tsv", "--out", "out.csv", "--processes", "2")
    assert "\n" not in str(error.value) and 2 <= len(added) < 7
    assert not active_children()
    assert journal_of(Path("out.csv")).stat().st_size > 0


def test_a_model_that_is_not_there_is_one_line_from_a_process_too(place):
    with pytest.raises(UserError, match=r"models/none.*there is no such") as error:
        predict("in.tsv", "--out", "out.csv", "--model", "models/none", "--processes", "2")
    assert "Traceback" not in str(error.value)
    assert not list(Path().glob("*out.csv*"))


def test_killed_again_and_again_predict_ends_in_the_bytes_of_a_run_that_was_not(model, tmp_path, monkeypatch):
    """The program itself, alone and with processes, which die with it."""
    folder = Path(shutil.copytree(model, tmp_path / "run"))
    draw = random.Random(1)
    words = [word for topic in TOPICS.values() for word in topic.split()]
    (folder / "in.txt").write_text("".join(f"{' '.join(draw.choices(words, k=6))} {n}\n" for n in range(20_000)))
    command = [sys.executable, "-m", "commands.predict", "in.txt", "--threads", "1", "--model", "models/finetuned"]

    def start(out, *options):
        everything = [*command, "--out", out, *options]
        return subprocess.Popen(everything, cwd=folder, env=environment(PYTHONPATH=str(ROOT)), stderr=subprocess.PIPE)

    for count in ("1", "2"):
        run = start("out.csv", "--resume", "--processes", count)
        journal = journal_of(folder / "out.csv")
        size = journal.stat().st_size if journal.exists() else 0
        while run.poll() is None and not (journal.exists() and journal.stat().st_size > max(size, 5_000)):
            time.sleep(0.001)
        time.sleep(draw.uniform(0, 0.1))
        workers = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        run.kill()
        assert run.wait() == -signal.SIGKILL
        assert run.stderr.read() == b""  # which waits for the end of all that it started
        assert len(workers) >= int(count) - 1
        assert not (folder / "out.csv").exists()
    monkeypatch.chdir(folder)
    predict("in.txt", "--out", "out.csv", "--resume")
    predict("in.txt", "--out", "known.csv")
    assert (folder / "out.csv").read_bytes() == (folder / "known.csv").read_bytes()
    assert not journal_of(folder / "out.csv").exists()
