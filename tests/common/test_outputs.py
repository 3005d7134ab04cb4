import errno
from pathlib import Path

import pytest

from stages.common.core.entry import run_program
from stages.common.core.messages import UserError
from stages.common.core.outputs import new_outputs, write_json


def test_outputs_appear_together_and_replace_the_old_ones(tmp_path):
    data, report = tmp_path / "data", tmp_path / "reports" / "summary.json"
    for content in ("old", "new"):
        with new_outputs(data, report) as (folder, file):
            (folder / content).write_text(content)
            write_json(file, {"content": content})
            assert not (data / content).exists()
    assert [path.name for path in data.iterdir()] == ["new"]
    assert "new" in report.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "reports"]


def test_an_error_leaves_the_old_outputs_and_nothing_beside_them(tmp_path):
    data, report = tmp_path / "data", tmp_path / "summary.json"
    with new_outputs(data, report) as (folder, file):
        (folder / "old").touch()
        file.touch()
    with pytest.raises(RuntimeError), new_outputs(data, report) as (folder, _):
        (folder / "half").touch()
        raise RuntimeError
    assert [path.name for path in data.iterdir()] == ["old"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "summary.json"]


def test_what_a_killed_run_left_is_removed_by_the_next(tmp_path):
    (tmp_path / ".data.partial").mkdir()
    (tmp_path / ".data.partial" / "half").touch()
    with new_outputs(tmp_path / "data") as (folder,):
        assert not list(folder.iterdir())


def test_not_a_number_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "summary.json", {"accuracy": float("nan")})


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            UserError("params.yaml: split.seed\nis wrong.", "Change it."),
            "error: params.yaml: split.seed is wrong. Change it.\n",
        ),
        (OSError(errno.ENOSPC, "No space", "data/x"), "error: The disk is full while writing data/x."),
        (OSError(errno.EDQUOT, "Quota", "data/x"), "error: The disk is full while writing data/x."),
        (PermissionError(errno.EACCES, "x", "data/x"), "error: data/x: permission denied. Give yourself the right"),
        (OSError(errno.EROFS, "x", b"data/x"), "error: data/x: read-only file system. Work in a folder that can"),
        (OSError(errno.EMFILE, "Too many", "data/x"), "error: data/x: too many open files. Raise the limit"),
        (FileNotFoundError(errno.ENOENT, "x", "git"), "error: git: no such file or directory. Check the path"),
        (OSError(errno.EIO, "Input/output error"), "error: Input/output error. Mend that"),
        (OSError("Cannot save file into a folder"), "error: Cannot save file into a folder. Mend that"),
        (RuntimeError("can't start: Resource temporarily unavailable"), "error: can't start: Resource temporarily"),
        (Exception("I/O error: No space left on device (os error 28)"), "error: The disk is full. Nothing was left"),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), "error: Broken pipe. Mend that"),
    ],
)
def test_a_mistake_ends_in_one_line_and_exit_code_1(capfd, error, said):
    def stage():
        raise error

    with pytest.raises(SystemExit) as ended:
        run_program(stage, debug=False)
    assert ended.value.code == 1
    shown = capfd.readouterr().err
    assert shown.startswith(said)
    assert shown.count("\n") == 1
    with pytest.raises(SystemExit):
        run_program(stage, debug=True)
    assert "Traceback" in capfd.readouterr().err


def test_a_mistake_in_the_code_keeps_its_traceback():
    def stage():
        raise ValueError("not mended by a person")

    with pytest.raises(ValueError, match="not mended"):
        run_program(stage, debug=False)


def test_what_an_error_was_raised_for_is_told():
    """Libraries wrap what the operating system refused in exceptions of their own."""

    def stage():
        try:
            Path("/nowhere/at/all").read_text()
        except OSError as error:
            raise RuntimeError("the index could not be opened") from error

    with pytest.raises(SystemExit) as ended:
        run_program(stage, debug=False)
    assert ended.value.code == 1


def test_a_full_disk_leaves_nothing_half_written(tmp_path):
    """Writes to a real full device, as a stage would: pyarrow and json raise ENOSPC, and the old output stays."""
    data = tmp_path / "data"
    with new_outputs(data) as (folder,):
        (folder / "old").touch()

    def stage():
        with new_outputs(data) as (folder,):
            (folder / "full").symlink_to("/dev/full")
            write_json(folder / "full", {"text": "x" * 100_000})

    with pytest.raises(SystemExit) as ended:
        run_program(stage, debug=False)
    assert ended.value.code == 1
    assert [path.name for path in data.iterdir()] == ["old"]
