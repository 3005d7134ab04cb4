"""What DVC leaves when it is killed, on a small graph of its own: every moment in which it writes is tried."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from commands import mend as module
from commands.cut_lock import is_whole, put_together
from commands.mend import mend
from commands.unrecorded import finished_unrecorded, graph
from stages.common.core.changes import changed_settings
from tests.corpus import commit, environment, run, run_until_killed
from tests.imports import ROOT

GRAPH = """
stages:
  first:
    cmd: python steps.py first one.txt
    deps: [source, code]
    params: [first]
    outs: [one.txt]
  second:
    foreach: [a, b]
    do:
      cmd: python steps.py ${item} two/${item}
      deps: [one.txt]
      outs: ["two/${item}"]
  third:
    cmd: python steps.py third three.txt table.txt
    deps: [two/a, two/b]
    outs: [three.txt, table.txt: {cache: false}]
"""
STEPS = f"""
import sys

sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path

from stages.common.core.outputs import new_outputs

step, *places = sys.argv[1:]
read = {{"first": ["source"], "third": ["two/a/copy", "two/b/copy"]}}.get(step, ["one.txt"])
with new_outputs(*map(Path, places)) as made:
    for place in made:
        (place / "copy" if place.is_dir() else place).write_text("".join(Path(name).read_text() for name in read))
with open("runs.txt", "a") as runs:
    print(step, file=runs)
"""
NAMES = ["first", "second@a", "second@b", "third"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A repository with a finished run, committed."""
    folder = tmp_path_factory.mktemp("graph") / "made"
    folder.mkdir()
    run(folder, "git", "init", "--quiet", "--initial-branch", "main")
    run(folder, "git", "config", "user.name", "Tests")
    run(folder, "git", "config", "user.email", "tests@example.org")
    run(folder, "dvc", "init", "--quiet")
    run(folder, "dvc", "config", "core.analytics", "false")
    (folder / "dvc.yaml").write_text(GRAPH)
    (folder / "steps.py").write_text(STEPS)
    (folder / "source").write_text("hello\n")
    (folder / "params.yaml").write_text("first: 1\n")
    (folder / "code/__pycache__").mkdir(parents=True)
    (folder / "code/rule.py").write_text("# code\n")
    (folder / "code/__pycache__/rule.pyc").write_bytes(b"1")
    (folder / ".dvcignore").write_text("__pycache__/\n*.pyc\n")
    (folder / ".gitignore").write_text("runs.txt\n__pycache__/\n")
    run(folder, "dvc", "repro", "--quiet")
    commit(folder, "a run")
    (folder / "runs.txt").unlink()
    return folder


@pytest.fixture
def place(made, tmp_path, monkeypatch):
    folder = Path(shutil.copytree(made, tmp_path / "place", symlinks=True))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", environment()["PATH"])
    return folder


def lock(folder):
    return (folder / "dvc.lock").read_text()


def stages_run(folder):
    path = folder / "runs.txt"
    ran = path.read_text().split() if path.exists() else []
    path.unlink(missing_ok=True)
    return ran


@pytest.mark.parametrize("where", ["0", "0.6"])
def test_a_dvc_lock_that_broke_off_is_put_together_as_it_was(place, capsys, where):
    before = lock(place)
    run_until_killed(place, f"open dvc.lock 1 {where}", "dvc", "commit", "--force", "third")
    cut = lock(place)
    assert before.startswith(cut)
    assert len(cut) < len(before)
    mend()
    said = capsys.readouterr().out.splitlines()
    assert said[-1].startswith(f"mend: dvc.lock broke off at line {len(cut.splitlines())}, ")
    assert lock(place) == before
    assert (place / ".dvc/tmp/dvc.lock.cut").read_text() == cut


def test_it_is_so_wherever_it_broke_off(place):
    """As above, at many places, with the file cut by hand; the stages' own records of the run are as they were."""
    before = lock(place)
    for end in range(0, len(before) - 1, len(before) // 12):
        (place / "dvc.lock").write_text(before[:end])
        mend()
        assert lock(place) == before, end


@pytest.mark.parametrize("number", [2, 4])
def test_a_run_killed_while_it_writes_dvc_lock_runs_no_finished_stage_again(place, number):
    (place / "source").write_text("changed\n")
    run_until_killed(place, f"open dvc.lock {number} 0.4", "dvc", "repro")
    ran = stages_run(place)
    assert len(ran) == number
    assert not is_whole(lock(place))
    mend()
    run(place, "dvc", "repro")
    assert sorted([*ran, *stages_run(place)]) == ["a", "b", "first", "third"]
    assert (place / "three.txt").read_text() == "changed\nchanged\n"


@pytest.mark.parametrize(("where", "number"), [("1 0", 0), ("8 -1", 0), ("14 0", 1), ("68 0.5", 4)])
def test_a_run_killed_while_it_writes_its_rwlock_runs_no_finished_stage_again(place, capsys, where, number):
    """The last two moments are those between a stage's end and DVC's caching of its outputs."""
    (place / "source").write_text("changed\n")
    run_until_killed(place, f"open rwlock {where}", "dvc", "repro")
    ran = stages_run(place)
    assert len(ran) == number
    mend()
    assert "mend: .dvc/tmp/rwlock was left by a DVC that was killed" in capsys.readouterr().out
    run(place, "dvc", "repro")
    assert sorted([*ran, *stages_run(place)]) == ["a", "b", "first", "third"]


def test_a_first_run_without_any_whole_copy_loses_nothing_either(place, capsys):
    (place / "dvc.lock").unlink()
    commit(place, "no lock")
    for path in (".dvc/cache", "one.txt", "two/a", "two/b", "three.txt", "table.txt"):
        (shutil.rmtree if (place / path).is_dir() else os.unlink)(place / path)
    run_until_killed(place, "open dvc.lock 2 0.2", "dvc", "repro")
    mend()
    assert "no stage in it was whole, so it was removed" in capsys.readouterr().out
    run(place, "dvc", "repro")
    assert sorted(stages_run(place)) == ["a", "b", "first", "third"]


@pytest.mark.parametrize("number", [1, 4])
def test_a_stage_that_had_finished_before_dvc_recorded_it_is_recorded(place, capsys, number):
    """The fourth stage is one that DVC's run cache does not hold: an output of it is not cached."""
    (place / "source").write_text("changed\n")
    run_until_killed(place, f"before dvc.lock {number}", "dvc", "repro")
    ran = stages_run(place)
    assert len(ran) == number
    mend()
    said = capsys.readouterr().out
    assert f"mend: {NAMES[number - 1]} had finished, but DVC was killed before it recorded that; recorded now" in said
    run(place, "dvc", "repro")
    assert sorted([*ran, *stages_run(place)]) == ["a", "b", "first", "third"]


def finish(place, **variables):
    """Runs the first stage as DVC does."""
    run(place, "python", "steps.py", "first", "one.txt", **{"DVC_STAGE": "first", **variables})


def write_anew(path):
    path.write_text(path.read_text())


def move_an_older_one_there(path):
    older = path.with_name("older")
    older.write_text("other\n")
    os.utime(older, (0, 0))
    older.replace(path)


@pytest.mark.parametrize("path", ["source", "params.yaml", "code/rule.py"])
@pytest.mark.parametrize("touch", [write_anew, move_an_older_one_there])
def test_a_stage_whose_inputs_were_touched_since_it_began_has_to_run_again(place, path, touch):
    finish(place)
    assert finished_unrecorded(0) == ["first"]
    touch(place / path)
    assert finished_unrecorded(0) == []


def test_a_stage_has_finished_as_long_as_its_outputs_are_as_it_left_them(place):
    one, record = place / "one.txt", place / ".dvc/tmp/finished/first.json"
    finish(place)
    for harmless in (one, place / "code/__pycache__/rule.pyc", place / "dvc.lock"):
        harmless.write_bytes(harmless.read_bytes())  # as DVC does when it links an output to its cache
        assert finished_unrecorded(0) == ["first"]
    for spoil in (lambda: one.write_text("of another run\n"), one.unlink, lambda: record.write_text('{"begun": 1')):
        finish(place)
        assert finished_unrecorded(0) == ["first"]
        spoil()
        assert finished_unrecorded(0) == []


def test_a_stage_that_dvc_has_recorded_or_does_not_run_is_none_to_record(place):
    finish(place)
    assert finished_unrecorded((place / "dvc.lock").stat().st_mtime_ns) == ["first"]
    mend()
    assert finished_unrecorded((place / "dvc.lock").stat().st_mtime_ns) == []
    shutil.rmtree(place / ".dvc/tmp/finished")
    finish(place, DVC_STAGE="")
    assert finished_unrecorded(0) == []
    assert not (place / ".dvc/tmp/finished").exists()


def test_what_is_whole_is_never_touched(place, capsys):
    run(place, "dvc", "repro")
    before = {
        path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (place / "dvc.lock", place / ".dvc/tmp/rwlock")
    }
    mend()
    mend()
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before
    assert capsys.readouterr().out == ""


def test_a_lock_that_a_person_has_to_merge_is_left_to_them(place, capsys):
    conflict = lock(place).replace("  third:\n", "<<<<<<< HEAD\n  third:\n", 1)
    (place / "dvc.lock").write_text(conflict)
    mend()
    assert lock(place) == conflict
    assert capsys.readouterr().out == ""


def test_nothing_is_touched_while_a_dvc_is_at_work_here(place, capsys):
    (place / "dvc.lock").write_text("schema: '2.0'\nstages:\n  fir")
    (place / ".dvc/tmp/rwlock").write_text('{"write": {')
    (place / "dvc").write_text("import sys; print(1, flush=True); sys.stdin.read()")
    command = [sys.executable, "dvc", "repro"]
    with subprocess.Popen(command, cwd=place, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        worker.stdout.read(1)
        mend()
        said = capsys.readouterr().out
        assert said == (
            f"mend: dvc.lock, .dvc/tmp/rwlock: left alone, since DVC is at work here (process {worker.pid})\n"
        )
        assert lock(place).endswith("fir")
        worker.stdin.close()
    mend()
    assert is_whole(lock(place))
    assert not (place / ".dvc/tmp/rwlock").exists()


@pytest.mark.parametrize("name", ["rwlock", "exps/rwlock"])
@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        '{"write": {"one": {"pid": 1',
        "[]",
        '{"odd": 1}',
        '{"write": {"/x/one": {"pid": PID, "cmd": "dvc repro"}}}',
    ],
)
def test_locks_that_are_broken_or_name_a_process_that_is_no_dvc_are_removed(place, capsys, name, content):
    path = place / ".dvc/tmp" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content.replace("PID", str(os.getpid())))  # a number that another process has got since
    mend()
    assert not path.exists()
    assert capsys.readouterr().out.startswith(f"mend: .dvc/tmp/{name} was left by a DVC that was killed")


def test_a_hard_linked_lock_of_a_killed_dvc_is_removed(place, capsys):
    claim = place / ".dvc/tmp/0123.lock"
    claim.write_text(f"{place}/.dvc/tmp/lock|{socket.gethostname()}|999999|12")
    os.link(claim, place / ".dvc/tmp/lock.new")
    (place / ".dvc/tmp/lock.new").replace(place / ".dvc/tmp/lock")
    mend()
    assert not claim.exists()
    assert ".dvc/tmp/lock was left by a DVC that was killed" in capsys.readouterr().out


def test_the_copy_that_is_most_like_the_cut_file_is_used(place):
    whole = lock(place)
    older = whole.replace("md5: b1946ac92492d2347c6235b4d2611184", "md5: 00000000000000000000000000000000")
    assert older != whole
    cut = whole[: whole.index("  second@b:") + 20]
    assert put_together(cut, [older, whole], NAMES) == (whole, 2, 2) if "  second@a:" in cut else True
    assert put_together("", [older, whole], NAMES) == (older, 0, 4)
    assert put_together(cut, [], NAMES)[0] == whole[: whole.index("  second@b:")]
    assert put_together("", [], NAMES) == (None, 0, 0)
    assert put_together(cut, [whole], ["first", "third"])[0].count("cmd:") == 2


def test_no_cut_of_a_lock_within_a_line_passes_for_a_whole_one(place):
    whole = lock(place)
    assert is_whole(whole)
    passed = [end for end in range(len(whole)) if is_whole(whole[:end])]
    assert all(whole[:end].endswith("\n") for end in passed)
    for end in passed:  # what remains are whole files, which DVC's run cache completes
        assert put_together(whole[:end], [whole], NAMES)[0] == whole


def test_stages_of_foreach_have_their_own_names_and_files(place):
    stages = graph()
    assert list(stages) == NAMES
    assert stages["second@b"].made == [Path("two/b")]
    assert stages["first"].read == [Path("source"), Path("code"), Path("params.yaml")]
    assert stages["third"].made == [Path("three.txt"), Path("table.txt")]


def test_the_graph_of_this_repository_is_read_as_dvc_reads_it(monkeypatch):
    monkeypatch.chdir(ROOT)
    recorded = yaml.safe_load((ROOT / "dvc.lock").read_text())["stages"]
    stages = graph()
    assert {"download", "fetch_models@lexicon", "finetune", "report"} <= set(stages)
    for name in set(stages) & set(recorded):
        assert {str(path) for path in stages[name].made} == {out["path"] for out in recorded[name]["outs"]}, name
        assert not [path for path in stages[name].read if "$" in str(path)], name


def test_the_command_says_what_it_mended_and_which_settings_changed(place):
    (place / ".dvc/tmp/rwlock").write_text('{"write')
    (place / "params.yaml").write_text("first: 2\n")
    monkey = {"PYTHONPATH": str(Path(module.__file__).parent.parent)}
    done = run(place, sys.executable, "-m", "commands.mend", **monkey)
    assert done.stdout.splitlines() == [
        "mend: .dvc/tmp/rwlock was left by a DVC that was killed, and none runs here; removed",
        "mend: params.yaml differs from the last commit in first=2 (1 there); "
        "`git checkout params.yaml` goes back to it",
    ]


def test_an_experiment_in_a_copy_leaves_the_settings_and_one_without_changes_them_until_git_goes_back(place):
    before = lock(place)
    run(place, "dvc", "exp", "run", "--temp", "--name", "copy", "-S", "first=2")
    assert changed_settings() == ""
    run(place, "dvc", "exp", "run", "-S", "first=2")
    assert "first=2 (1 there)" in changed_settings()
    assert lock(place) != before
    run(place, "git", "checkout", "params.yaml", "dvc.lock")
    run(place, "dvc", "checkout")
    assert changed_settings() == ""
    assert run(place, "dvc", "status").stdout == "Data and pipelines are up to date.\n"


def test_a_folder_without_dvc_has_nothing_to_mend(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mend()
    assert list(tmp_path.iterdir()) == []
