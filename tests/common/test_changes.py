import pytest

from stages.common.core.changes import changed_settings, differences
from tests.corpus import commit, run

COMMITTED = "dataset: bbc_news\nfinetune:\n  seed: 1\n  adapter: {rank: 8}\nclean:\n  agencies: [AP]\n"


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run(tmp_path, "git", "init", "--quiet")
    run(tmp_path, "git", "config", "user.name", "Tests")
    run(tmp_path, "git", "config", "user.email", "tests@example.org")
    (tmp_path / "params.yaml").write_text(COMMITTED)
    return tmp_path


def test_nothing_is_said_of_settings_as_committed_or_without_a_commit(place):
    assert changed_settings() == ""
    commit(place, "start")
    assert changed_settings() == ""
    (place / "params.yaml").write_text(COMMITTED.replace("{rank: 8}", "\n    rank: 8  # as before") + "# a comment\n")
    assert changed_settings() == ""


def test_each_changed_setting_is_said_with_what_it_was(place):
    commit(place, "start")
    changed = COMMITTED.replace("seed: 1", "seed: 7").replace("[AP]", "[AP, AFP]").replace("bbc_news", "r8")
    (place / "params.yaml").write_text(changed)
    assert changed_settings() == (
        "params.yaml differs from the last commit in dataset=r8 (bbc_news there), finetune.seed=7 (1 there), "
        "clean.agencies=[AP, AFP] ([AP] there); `git checkout params.yaml` goes back to it"
    )


def test_a_repository_inside_another_is_compared_with_its_own_file(place, monkeypatch):
    inner = place / "inner"
    inner.mkdir()
    (inner / "params.yaml").write_text("dataset: other\n")
    commit(place, "start")
    monkeypatch.chdir(inner)
    assert changed_settings() == ""
    (inner / "params.yaml").write_text("dataset: another\n")
    assert "dataset=another (other there)" in changed_settings()


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": True}, ["a=true (1 there)"]),
        ({"a": None}, {"a": "null"}, ["a='null' (null there)"]),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, ["a.c=2 (not there)"]),
        ({"a": 1, "b": 2}, {"a": 1}, ["b (2 there, missing here)"]),
    ],
)
def test_what_differs(before, now, said):
    assert differences(before, now) == said


def test_many_changes_are_cut(place):
    commit(place, "start")
    more = "".join(f"k{number}: 1\n" for number in range(20))
    (place / "params.yaml").write_text(COMMITTED + more)
    assert "k11=1 (not there), and 8 more;" in changed_settings()
