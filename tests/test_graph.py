"""The graph's walls: who imports whom, what each stage declares, and what a change reruns."""

import re

import pytest
import yaml

from commands.pins import pins
from stages.common.core.provenance import SECTIONS as RECORDED
from tests.imports import ROOT, import_closure, imported_modules

GRAPH = yaml.safe_load((ROOT / "dvc.yaml").read_text())
STAGES = GRAPH["stages"]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
PINS = yaml.safe_load((ROOT / "pins.yaml").read_text())

# What a change in a section of params.yaml reruns: the stages that read it, and all that follow them.
AFTER = {
    "report": ["report"],
    "evaluate": ["evaluate", "report"],
    "finetune": ["finetune", "evaluate", "report"],
    "audit": ["audit", "finetune", "evaluate", "report"],
    "split": ["split", "audit", "finetune", "evaluate", "report"],
    "augment": ["augment", "split", "audit", "finetune", "evaluate", "report"],
    "clean": ["clean", "augment", "split", "audit", "finetune", "evaluate", "report"],
    "download": ["download", "clean", "augment", "split", "audit", "finetune", "evaluate", "report"],
    "fetch_lexicon": ["fetch_lexicon", "augment", "split", "audit", "finetune", "evaluate", "report"],
    "fetch_augmenters": ["fetch_augmenters", "clean", "augment", "split", "audit", "finetune", "evaluate", "report"],
    "fetch_model": ["fetch_model", "augment", "split", "audit", "finetune", "evaluate", "report"],
}
SECTIONS = {"dataset": "download", "model": "fetch_model"}  # top-level values, and the first stage that reads them


def section_names(stage):
    return [name for name in STAGES[stage].get("params", []) if isinstance(name, str)]


def pinned_packages(stage):
    return {p for entry in STAGES[stage].get("params", []) if isinstance(entry, dict) for p in entry["pins.yaml"]}


def outputs(stage):
    listed = [out for kind in ("outs", "metrics", "plots") for out in STAGES[stage].get(kind, [])]
    return {out if isinstance(out, str) else next(iter(out)) for out in listed}


def reruns(changed):
    """The stages that a change of these files or of these parameter sections reaches."""
    reached = {
        stage
        for stage, said in STAGES.items()
        if changed & {*said["deps"], *section_names(stage)}
        or any(path.startswith(f"{dep}/") for dep in said["deps"] for path in changed)
    }
    while True:
        made = {out for stage in reached for out in outputs(stage)}
        more = {stage for stage, said in STAGES.items() if made & set(said["deps"])} | reached
        if more == reached:
            return reached
        reached = more


@pytest.mark.parametrize("section", PARAMS)
def test_a_changed_section_of_params_reruns_exactly_these_stages(section):
    assert reruns({section}) == set(AFTER[SECTIONS.get(section, section)])


@pytest.mark.parametrize("stage", STAGES)
def test_a_changed_stage_folder_reruns_exactly_these_stages(stage):
    assert reruns({f"stages/{stage}/__main__.py"}) == set(AFTER[stage])


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_its_folder_and_on_the_common_files_that_it_imports(stage):
    files, _ = import_closure(f"stages/{stage}")
    declared = {dep for dep in STAGES[stage]["deps"] if dep.startswith("stages/")}
    assert declared == {f"stages/{stage}"} | {file for file in files if file.startswith("stages/common/")}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_lists_the_packages_that_shape_its_results(stage):
    _, packages = import_closure(f"stages/{stage}")
    assert packages & set(PINS) <= pinned_packages(stage) <= set(PINS)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_lists_its_own_section_and_says_what_it_does(stage):
    own = {stage} & set(PARAMS)
    named = {
        key
        for key, reader in SECTIONS.items()
        if reader == stage or (stage in ("evaluate", "report") and key == "model")
    }
    if stage == "finetune":  # the model's record, provenance.json, names the parameters of all that came before
        named |= set(RECORDED)
    assert set(section_names(stage)) == own | named
    assert STAGES[stage]["desc"]
    assert STAGES[stage]["cmd"] == f"./py -m stages.{stage}"


@pytest.mark.parametrize("folder", sorted(p for p in (ROOT / "stages").iterdir() if (p / "__init__.py").exists()))
def test_a_stage_never_imports_another_stage_nor_does_common_know_one(folder):
    allowed = (f"stages.{folder.name}", "stages.common")
    for path in folder.rglob("*.py"):
        for module in imported_modules(path):
            assert not module.startswith(("stages", "commands", "tests")) or module.startswith(allowed), (path, module)


def test_each_stage_of_the_graph_has_its_folder_and_each_folder_its_stage():
    folders = {path.parent.name for path in (ROOT / "stages").glob("*/__main__.py")}
    assert folders == set(STAGES)


@pytest.mark.parametrize("path", sorted((ROOT / "stages").glob("*/__main__.py")), ids=lambda path: path.parent.name)
def test_a_stage_tells_its_story_in_under_120_lines(path):
    assert len(path.read_text().splitlines()) < 120


def test_pins_are_those_of_requirements_and_of_this_environment():
    from importlib.metadata import version

    assert (ROOT / "pins.yaml").read_text() == pins((ROOT / "requirements.txt").read_text())
    for package, pinned in PINS.items():
        assert version(package).partition("+")[0] == pinned


def test_every_requirement_is_pinned_and_every_direct_one_is_listed():
    names = {}
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        if line and not line.lstrip().startswith("#"):
            name, pinned, _ = line.partition("==")
            assert pinned, line
            names[name.lower()] = line
    direct = re.findall(r"^[A-Za-z0-9_.-]+", (ROOT / "requirements.in").read_text(), re.MULTILINE)
    assert {name.lower() for name in direct} <= set(names)


def test_every_package_that_is_imported_is_a_direct_requirement():
    listed = {line.partition("=")[0] for line in (ROOT / "requirements.in").read_text().splitlines()}
    for package in ("stages", "commands"):
        _, imported = import_closure(package)
        assert imported <= listed
