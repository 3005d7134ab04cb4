import errno

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
