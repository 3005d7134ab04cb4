"""The graph's walls: who imports whom, what each stage declares, and what a change can rerun."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

from commands.graph import import_closure, imported_modules, pinned_packages, with_code
from commands.pins import pins
from tests.imports import ROOT

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
PINS = yaml.safe_load((ROOT / "pins.yaml").read_text())
FETCHERS = ["fetch_models@pretrained", "fetch_models@lexicon", "fetch_optional_models", "fetch_probes"]

# What a change in a section of params.yaml can rerun: the stages that read it, and all that follow them. Those that
# follow rerun only where the bytes that they read have changed: tests/test_reruns.py.
AFTER = {
    "report": ["report"],
    "probe": ["fetch_probes", "probe", "report"],
    "explain": ["explain", "report"],
    "export": ["export", "report"],
    "evaluate": ["evaluate", "explain", "probe", "export", "report"],
    "finetune": ["finetune", "evaluate", "explain", "probe", "export", "report"],
    "audit": ["audit", "finetune", "evaluate", "explain", "probe", "export", "report"],
    "split": ["split", "audit", "finetune", "evaluate", "explain", "probe", "export", "report"],
    "augment": ["augment", "split", "audit", "finetune", "evaluate", "explain", "probe", "export", "report"],
    "annotate": [
        "annotate",
        "clean",
        "augment",
        "split",
        "audit",
        "finetune",
        "evaluate",
        "explain",
        "probe",
        "export",
        "report",
    ],
    "clean": ["clean", "augment", "split", "audit", "finetune", "evaluate", "explain", "probe", "export", "report"],
    "download": [
        "download",
        "annotate",
        "clean",
        "augment",
        "split",
        "audit",
        "finetune",
        "evaluate",
        "explain",
        "probe",
        "export",
        "report",
    ],
    "dataset": [
        "download",
        "annotate",
        "clean",
        "augment",
        "split",
        "audit",
        "finetune",
        "evaluate",
        "explain",
        "probe",
        "export",
        "report",
    ],
    "model": [
        "fetch_models@pretrained",
        "augment",
        "split",
        "audit",
        "finetune",
        "evaluate",
        "explain",
        "probe",
        "export",
        "report",
    ],
    "fetch_models": [
        "fetch_optional_models",
        "clean",
        "augment",
        "split",
        "audit",
        "finetune",
        "evaluate",
        "explain",
        "probe",
        "export",
        "report",
    ],
}


@pytest.fixture(scope="module")
def graph():
    """The stages as DVC reads them, by name."""
    with Repo(str(ROOT)) as repo:
        return {stage.name: stage for stage in repo.index.stages}


def parameters(stage, file="params.yaml"):
    return {key for dep in stage.deps if hasattr(dep, "params") and dep.def_path == file for key in dep.params}


def dependencies(stage):
    return {dep.def_path for dep in stage.deps if not hasattr(dep, "params")}


def overlap(one, other):
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def reruns(graph, paths=(), section=None):
    """The stages that a change of these files, or of a section of params.yaml, can reach."""
    reached: set[str] = set()
    changed = set(paths)
    while True:
        more = {
            name
            for name, stage in graph.items()
            if section in {key.partition(".")[0] for key in parameters(stage)}
            or any(overlap(dep, path) for dep in dependencies(stage) for path in changed)
        } - reached
        if not more:
            return reached
        reached |= more
        changed |= {out.def_path for name in more for out in graph[name].outs}


@pytest.mark.parametrize("section", AFTER)
def test_a_changed_section_of_params_can_rerun_these_stages_and_no_others(graph, section):
    assert reruns(graph, section=section) == set(AFTER[section])


def test_every_section_of_params_is_read_and_has_its_row_in_the_table():
    assert set(PARAMS) == set(AFTER)


@pytest.mark.parametrize("stage", [stage for stage in AFTER if (ROOT / "stages" / stage).is_dir()])
def test_a_changed_stage_folder_can_rerun_these_stages_and_no_others(graph, stage):
    fetchers = {"fetch_models": FETCHERS, "probe": ["fetch_probes"]}.get(stage, [])
    after = {*AFTER[stage], *fetchers} if stage == "fetch_models" else {*AFTER[stage]} - {*fetchers}
    assert reruns(graph, {f"stages/{stage}/__main__.py"}) == after


def test_code_and_pins_in_the_graph_are_those_that_make_graph_writes(monkeypatch):
    monkeypatch.chdir(ROOT)
    graph = Path("dvc.yaml").read_text()
    assert with_code(graph) == graph


def test_training_depends_on_no_data_but_its_rows_and_labels_and_on_no_section_but_its_own(graph):
    assert {path for path in dependencies(graph["finetune"]) if not path.startswith("stages/")} == {
        "data/annotated/consensus.parquet", "data/audited/train.parquet", "data/splits/validation.parquet",
        "data/unlabelled/documents.parquet", "data/labels.json", "models/fetched/pretrained",
    }  # fmt: skip
    assert parameters(graph["finetune"]) == {"finetune"}
    folders = {path for path in dependencies(graph["finetune"]) if path.startswith("stages/") and "." not in path}
    assert folders == {"stages/finetune"}


def test_a_new_metric_leaves_training_alone(graph):
    metrics = {str(path.relative_to(ROOT)) for path in (ROOT / "stages/common/metrics").glob("*.py")}
    used = dependencies(graph["finetune"]) | dependencies(graph["annotate"])  # what they fit or choose by
    changed = {*metrics - used, "stages/evaluate/tasks/regression.py"} - {"stages/common/metrics/__init__.py"}
    assert len(changed) > 5
    assert reruns(graph, changed) == {"evaluate", "explain", "probe", "export", "report"}


def test_a_stage_lists_the_packages_that_shape_its_results(graph, monkeypatch):
    monkeypatch.chdir(ROOT)
    for name, stage in graph.items():
        if name not in FETCHERS:
            assert parameters(stage, "pins.yaml") == set(pinned_packages(name)) <= set(PINS)
    fetching = [parameters(graph[stage], "pins.yaml") for stage in FETCHERS]
    assert fetching == [set(), set(pinned_packages("fetch_models")), set(), set()]  # lemminflect, of the lexicon alone


def test_a_stage_says_what_it_does_and_runs_its_own_module(graph):
    for name, stage in graph.items():
        what = {"fetch_optional_models": "fetch_models optional", "fetch_probes": "fetch_models probes"}.get(
            name, name.replace("@", " ")
        )
        assert stage.desc
        assert stage.cmd == f"./py -m stages.{what}"


def test_each_stage_of_the_graph_has_its_folder_and_each_folder_its_stage(graph):
    folders = {path.parent.name for path in (ROOT / "stages").glob("*/__main__.py")}
    assert folders == {stage.cmd.split()[2].removeprefix("stages.") for stage in graph.values()}


@pytest.mark.parametrize("folder", sorted(p for p in (ROOT / "stages").iterdir() if (p / "__init__.py").exists()))
def test_a_stage_never_imports_another_stage_nor_does_common_know_one(folder):
    allowed = (f"stages.{folder.name}", "stages.common")
    for path in folder.rglob("*.py"):
        for module in imported_modules(path):
            assert not module.startswith(("stages", "commands", "tests")) or module.startswith(allowed), (path, module)


TASK_IS_ASKED = re.compile(r"card\.task|\.task ==|\"(text|token)-classification\"|\bof_words\b")


@pytest.mark.parametrize("folder", ["stages", "commands"])
def test_only_the_rooms_of_tasks_ask_which_task_it_is(folder):
    asked = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        if str(path.relative_to(ROOT)) != "stages/common/tasks.py" and path.parent.name != "tasks"
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if TASK_IS_ASKED.search(line)
    ]
    assert not asked


@pytest.mark.parametrize("path", sorted((ROOT / "stages").glob("*/__main__.py")), ids=lambda path: path.parent.name)
def test_a_stage_tells_its_story_in_under_120_lines(path):
    assert len(path.read_text().splitlines()) < 120


def test_the_graph_reads_like_a_page():
    graph, lock = ((ROOT / name).read_text().splitlines() for name in ("dvc.yaml", "dvc.lock"))
    assert len(graph) < 465  # of which export and explain take 27 each, and probe with the fetching of its files 45
    assert len(lock) < 1950  # export and explain have 100 lines or so each, probe with its fetching 150


def test_pins_are_those_of_requirements_and_of_this_environment():
    assert (ROOT / "pins.yaml").read_text() == pins((ROOT / "requirements.txt").read_text())
    for package, pinned in PINS.items():
        assert version(package).partition("+")[0] == pinned


@pytest.mark.parametrize("kind", ["requirements", "requirements-dev"])
def test_every_requirement_is_pinned_and_every_direct_one_is_listed(kind):
    names = {name.lower().replace(".", "-"): pinned for name, pinned in pinned_versions(kind).items()}
    direct = re.findall(r"^[A-Za-z0-9_.-]+", (ROOT / f"{kind}.in").read_text().replace("--", "#"), re.MULTILINE)
    assert {name.lower().replace(".", "-") for name in direct} <= set(names)
    assert all(names.values())


def test_both_sets_of_requirements_agree():
    run, development = pinned_versions("requirements"), pinned_versions("requirements-dev")
    assert {name: run[name] for name in set(run) & set(development)} == {
        name: development[name] for name in set(run) & set(development)
    }


def pinned_versions(kind):
    lines = [line for line in (ROOT / f"{kind}.txt").read_text().splitlines() if line and line.strip()[0] != "#"]
    return {line.partition("==")[0]: line.partition("==")[2] for line in lines}


def test_every_package_that_is_imported_is_a_direct_requirement(monkeypatch):
    monkeypatch.chdir(ROOT)
    run, development = (
        {re.split(r"[=\[]", line)[0].lower() for line in Path(f"{kind}.in").read_text().splitlines()}
        for kind in ("requirements", "requirements-dev")
    )
    for package in ("stages", "commands"):
        _, imported = import_closure(package)
        assert imported <= run
    _, imported = import_closure("tests")
    assert imported <= run | development
