"""What holds of the data stages for every task that they know, from a file to what is trained on."""

import random
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.annotate import __main__ as annotate
from stages.audit import __main__ as audit
from stages.augment import __main__ as augment
from stages.clean import __main__ as clean
from stages.common.documents.table import ORIGINAL, read_documents, read_rejected
from stages.common.tasks import TASKS
from stages.download import __main__ as download
from stages.split import __main__ as split
from tests.imports import ROOT

pytestmark = pytest.mark.slow

WORDS = [f"word{number}" for number in range(400)]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
NO_LEXICON = {"synonym": {"count": 0, "rate": 0.1}, "insertion": {"count": 0, "rate": 0.1}}
# For each task a reader, and a row's columns beside its text as CSV.
TARGETS = {
    "pairs": ({"text_pair": "other", "label": "label"}, "other,label", lambda n: f"the {n} of all those,{'ab'[n % 2]}"),
    "multi-label": (
        {"labels": {"column": "topics", "separator": "+"}},
        "topics",
        lambda n: "+".join(label for label, every in (("a", 2), ("b", 3)) if n % every == 0),
    ),
    "regression": ({"value": "value"}, "value", lambda n: "none" if n % 17 == 0 else str(n % 11)),
}


def lines_of(task, numbers):
    """Rows of a file: some texts occur twice, some are too short, some have no number."""
    _, _, target = TARGETS[task]
    return [
        f"{'short' if n % 13 == 0 else ' '.join(random.Random(n % 60).sample(WORDS, 9))},{target(n)}" for n in numbers
    ]


def run_stages(folder, task, lines):
    """Runs the data stages on rows, in a folder that becomes the current one; what they wrote, by name."""
    reader, head, _ = TARGETS[task]
    content = "\n".join([f"text,{head}", *lines, ""])
    (folder / "rows.csv").write_text(content)
    labels = [] if task == "regression" else [{"name": name, "definition": f"It is {name}."} for name in "ab"]
    said = dict.fromkeys(("title", "licence", "citation"), "x") | {"language": "en", "known_faults": []}
    file = {"name": "rows.csv", "sha256": sha256(content.encode()).hexdigest(), "sources": [{"url": "rows.csv"}]}
    part = {"file": "rows.csv", "reader": {"format": "csv", "text": ["text"], **reader}}
    (folder / "catalog/datasets").mkdir(parents=True, exist_ok=True)
    entry = {**said, "task": task, "labels": labels, "files": [file], "parts": [part]}
    (folder / "catalog/datasets/rows.yaml").write_text(yaml.safe_dump(entry))
    functions = folder / PARAMS["annotate"]["functions"]
    functions.parent.mkdir(parents=True, exist_ok=True)
    functions.write_text("")
    (folder / "review.csv").write_text("id,verdict,new_label\n")
    params = {name: PARAMS[name] for name in ("download", "annotate", "clean", "augment", "split", "audit")}
    params |= {"dataset": "rows", "augment": params["augment"] | NO_LEXICON}
    params["clean"] = params["clean"] | {"most_dropped": 1.0}  # many of the rows are too short, on purpose
    params["audit"] = params["audit"] | {"reviewed": "review.csv", "folds": 2}
    (folder / "params.yaml").write_text(yaml.safe_dump(params))
    for stage in (download, annotate, clean, augment, split, audit):
        stage.main()
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("data/*/*.parquet"))}


def counted(stage, name="documents"):
    return len(read_documents(Path(f"data/{stage}/{name}.parquet")))


def refused(stage):
    return len(read_rejected(Path(f"data/{stage}/rejected.parquet")))


@pytest.mark.parametrize("task", TARGETS)
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=st.permutations(range(90)), size=st.integers(60, 90))
def test_no_row_is_lost_and_the_same_rows_in_another_order_give_the_same_files(
    tmp_path_factory, monkeypatch, task, numbers, size
):
    monkeypatch.delenv("DATA_MIRROR", raising=False)
    lines = lines_of(task, numbers[:size])
    written = []
    for rows in (lines, sorted(lines)):
        folder = tmp_path_factory.mktemp("stages")
        monkeypatch.chdir(folder)
        written.append(run_stages(folder, task, rows))

        assert counted("raw") + refused("raw") == size
        assert counted("clean") + refused("clean") == counted("raw")
        pool = read_documents(Path("data/augmented/documents.parquet"))
        assert pool["method"].eq(ORIGINAL).sum() == counted("clean")
        assert pool["method"].eq(ORIGINAL).all() == (TASKS[task].reworded is None)
        parts = [counted("splits", name) for name in ("train", "validation", "test")]
        assert sum(parts) + refused("splits") == len(pool)
        assert counted("audited", "train") + refused("audited") == parts[0]

    one, other = written
    places = [name for name in one if name.endswith("raw/rejected.parquet")]  # it names lines
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name] and name not in places] == []


@pytest.mark.parametrize("task", TARGETS)
def test_what_is_predicted_is_what_the_file_says(tmp_path, monkeypatch, task):
    monkeypatch.delenv("DATA_MIRROR", raising=False)
    monkeypatch.chdir(tmp_path)
    lines = lines_of(task, range(1, 60))
    run_stages(tmp_path, task, lines)
    said = {line.split(",")[0]: line.split(",")[-1] for line in lines}
    every = pd.concat([read_documents(Path(f"data/splits/{name}.parquet")) for name in ("train", "validation", "test")])
    originals = every[every["method"].eq(ORIGINAL)]
    target = TASKS[task].target
    written = {text: originals.set_index("text")[target][text] for text in originals["text"]}
    assert len(written) > 40
    for text, found in written.items():
        shown = "+".join(found) if isinstance(found, list) else f"{found:g}" if isinstance(found, float) else found
        assert shown == said[text]
    for _, variant in every[every["method"].ne(ORIGINAL)].iterrows():
        origin = originals[originals["id"].eq(variant["derived_from"][0])].iloc[0]
        assert variant[target] == origin[target]
