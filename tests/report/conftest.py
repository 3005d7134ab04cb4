"""A small run: everything that the stage reads, with texts in it that no page should take for its own."""

from contextlib import chdir
from functools import cache

import pandas as pd
import pyarrow as pa
import pytest
import yaml

from stages.annotate.agreement.summary import agreement_summary
from stages.annotate.consensus import reach_consensus
from stages.annotate.parameters import AnnotateParameters
from stages.annotate.summary import summarise
from stages.common.documents.answers import SCHEMA
from stages.common.documents.card import Card, Label, SourceFile, write_card
from stages.common.documents.consensus import CONSENSUS, no_consensus, write_consensus
from stages.common.documents.table import write_documents, write_flags, write_parquet, write_rejected
from stages.common.tasks import TASKS, task_named
from stages.report.__main__ import main
from tests.report.evaluation import BY_TASK, write_evaluation, write_json
from tests.report.explanation import write_explanations
from tests.report.export import write_export
from tests.report.probes import write_probes

SCRIPT = "<script>document.documentElement.setAttribute('data-planted','script')</script>"
IMAGE = "\"><img src=x onerror=\"document.documentElement.setAttribute('data-planted','image')\">"
CDATA = "]]><svg onload=\"document.documentElement.setAttribute('data-planted','svg')\">"
TEMPLATE = "{{7*7}}{% raw %}${7*7}"
RIGHT_TO_LEFT = "\u202eshowneht\u202c \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627"
CONTROLS = "bell\x07 escape\x1b[31m null-like\x01 zero\u200bwidth"
PLANTED = (SCRIPT, IMAGE, CDATA, TEMPLATE, RIGHT_TO_LEFT, CONTROLS)
HUGE = "enormous " * 120_000

LABELS = ("politics", "sport", "tech")
HOSTILE_LABELS = (SCRIPT, IMAGE, "$x_1$ & \u05e9\u05dc\u05d5\u05dd")
WORDS = (
    "minister votes on the new party law",
    "team wins the cup after a late goal",
    "phone chip runs the new software",
)
PARAMETERS = {
    "seed": 1,
    "word_cloud_words": 20,
    "examples": 3,
    "variants": 4,
    "listed": 3,
    "errors": 5,
    "excerpt_characters": 120,
}


def document(ident, text, label, **columns):
    return {
        "id": ident,
        "text": text,
        "label": label,
        "tokens": None,
        "tags": None,
        "group": ident,
        "derived_from": [ident],
        "method": "original",
    } | columns


def tagged(row, _):
    """The document as one of token classification: its first word is a mention of what was its label."""
    tokens = row["text"].split()
    return row | {"label": None, "tokens": tokens, "tags": [f"B-{row['label']}", *["O"] * (len(tokens) - 1)]}


def paired(row, _):
    """The document as a pair with a second text."""
    return row | {"text_pair": f"The other text of {row['id']}."}


def several(row, labels):
    """The document with its label and the next one; every fifth has none."""
    number = int(row["id"].split("-")[1])
    following = labels[(labels.index(row["label"]) + 1) % len(labels)]
    return row | {"labels": [] if number % 5 == 0 else sorted({row["label"], following})}


def numbered(row, labels):
    """The document with a number in place of its label."""
    return row | {"value": 12.5 * labels.index(row["label"]) + int(row["id"].split("-")[1])}


FORMS = {
    "text-classification": lambda row, _: row,
    "token-classification": tagged,
    "pairs": paired,
    "multi-label": several,
    "regression": numbered,
}


def in_form(documents, task, labels):
    """Documents with the columns of a task."""
    rows = [FORMS[task](row, labels) for row in documents.to_dict("records")]
    foreign = {"label", "tokens", "tags"} - {field.name for field in TASKS[task].columns}
    return pd.DataFrame(rows).drop(columns=list(foreign))


def corpus(labels, planted, per_split):
    """Raw documents by split: each label's words; planted texts in the first ones and, as file names, in their ids."""
    splits = {}
    for split, count in per_split.items():
        rows = []
        for number in range(count):
            label = number % len(labels)
            ident, text = f"{split}-{number:03}", f"{WORDS[label]}, story {number} of {split}.\n"
            if number < len(planted):
                ident, text = f"{ident}-{planted[number][:200]}", f"{planted[number]} {text}"
            rows.append(document(ident, text, labels[label]))
        splits[split] = pd.DataFrame(rows)
    return splits


def write_run(
    folder,
    labels=LABELS,
    planted=(),
    outcome="better",
    augmented=True,
    task="text-classification",
    balanced=False,
    test_documents=30,
    answered=False,
    explained=(),
    exported=None,
    **parameters,
):
    """Writes a whole run into a folder."""
    (folder / "params.yaml").write_text(
        yaml.safe_dump({"model": "tiny-encoder", "report": {**PARAMETERS, **parameters}})
    )
    splits = corpus(labels, planted, {"train": 60, "validation": 30, "test": test_documents})
    test = splits["test"]
    splits = {split: in_form(documents, task, labels) for split, documents in splits.items()}
    raw = pd.concat(splits.values(), ignore_index=True)
    clean = raw.assign(text=raw["text"].str.strip().str.replace("votes", "decides"))
    dropped = clean.iloc[: max(7, len(planted))]
    dropped = dropped.assign(id="dropped-" + dropped["id"], rule="duplicates", reason="the same text as another")
    changed = raw[["id"]].assign(rule="votes", before=raw["text"].str[:400], after=clean["text"].str[:400])
    variants = clean.iloc[:10].assign(
        id=[f"{ident}#swap-1" for ident in clean["id"][:10]],
        text=clean["text"][:10].str.replace("the", "a small"),
        method="swap",
        derived_from=clean["derived_from"][:10],
    )
    variants = variants if augmented else variants.iloc[:0]
    card = Card(
        name="tiny",
        title=f"Tiny news {planted[0] if planted else ''}",
        task=task,
        language="en",
        licence="none",
        citation="none",
        known_faults=list(planted[:1]),
        labels=[
            Label(name=label, definition=f"About {label}.") for label in (labels if TASKS[task].fewest_labels else ())
        ],
        sources=[SourceFile(name=planted[1] if planted else "tiny.zip", hash="sha256:0")],
        rows=len(raw),
    )
    for stage in ("raw", "annotated", "clean", "augmented", "splits", "audited"):
        (folder / "data" / stage).mkdir(parents=True)
        write_card(card, folder / "data" / stage)
        write_rejected(dropped if stage == "clean" else dropped.iloc[:0], folder / "data" / stage / "rejected.parquet")
    write_documents(raw, folder / "data/annotated/documents.parquet")
    _write_answers(folder, raw, labels, (planted or ("z",))[0] if answered else None)
    write_documents(clean, folder / "data/clean/documents.parquet")
    write_flags(
        pd.DataFrame(
            {"id": clean["id"][:3], "rule": ["too_short", "too_short", "private_data"], "reason": "fewer than 9 words"}
        ),
        folder / "data/clean/flags.parquet",
    )
    write_parquet(
        pa.Table.from_pandas(changed[: max(7, len(planted))], preserve_index=False),
        folder / "data/clean/changes.parquet",
    )
    write_documents(pd.concat([clean, variants]), folder / "data/augmented/documents.parquet")
    for split in splits:
        rows = clean[clean["id"].str.startswith(split)]
        rows = pd.concat([rows, variants]) if split == "train" else rows
        write_documents(rows, folder / f"data/{'audited' if split == 'train' else 'splits'}/{split}.parquet")
    _write_reports(folder, labels, test, outcome, augmented, task, balanced)
    if explained:
        write_explanations(folder / "reports/explain", splits["test"], labels, explained)
    if exported is not None:
        write_export(folder / "reports/export", exported)
    _write_lists(folder, clean.iloc[: max(4, len(planted))], labels)
    write_probes(folder, labels, planted)


def _write_answers(folder, raw, labels, careless):
    """What annotate writes: of answers by three people, one of whom is wrong about every fifth document, or of none."""
    consensus, agreement, summary = no_consensus(), {}, {"answers": 0}
    if careless:
        documents = [(row_id, labels.index(label)) for row_id, label in zip(raw["id"], raw["label"], strict=True)]
        rows = [(row_id, who, labels[place]) for row_id, place in documents for who in "xy"]
        rows += [(row_id, careless, labels[(place + (n % 5 == 0)) % 3]) for n, (row_id, place) in enumerate(documents)]
        answers = pd.DataFrame(rows, columns=["id", "annotator", "answer"]).reindex(columns=SCHEMA.names)
        answers = answers.astype({"time": "datetime64[us, UTC]", "seconds": float})
        agreement = agreement_summary(answers, "label", list(labels), samples=100)
        parameters = AnnotateParameters(method="majority")
        one_label = task_named("text-classification")
        reached = reach_consensus(answers, raw.assign(gold=raw["label"]), one_label, list(labels), parameters)
        consensus = reached.table
        summary = summarise(reached, answers, raw.iloc[:0].assign(rule=None), len(raw), [], parameters)
    write_consensus(consensus, folder / CONSENSUS)
    write_json(folder / "reports/annotate/agreement.json", agreement)
    write_json(folder / "reports/annotate/summary.json", summary)


def _write_lists(folder, documents, labels):
    """What cleaning and the audit list for people: a leak and a doubtful label for each of the documents."""
    excerpt = documents["text"].str[:300]
    leaks = documents[["id"]].assign(
        split="train", other_split="test", other_id="copy", similarity=0.9, excerpt=excerpt
    )
    leaks.to_csv(folder / "reports/clean/leaks.csv", index=False)
    issues = documents[["id"]].assign(verdict="", new_label="", label=labels[0], suggested=labels[1], excerpt=excerpt)
    (folder / "reports/audit").mkdir(parents=True)
    issues.assign(probability=0.75, quality=0.125).to_csv(folder / "reports/audit/label_issues.csv", index=False)
    counts = {"judged": 60, "flagged": len(issues), "flagged_by_label": {labels[0]: len(issues)}, "reviewed": 2}
    rows = {"reviewed_not_in_training": 1, "relabelled": 1, "rows_in": 73, "rows_out": 70}
    write_json(folder / "reports/audit/summary.json", counts | rows)


def _write_reports(folder, labels, test, outcome, augmented, task, balanced):
    reports = folder / "reports"
    write_json(
        reports / "clean/summary.json",
        {
            "documents_in": 127,
            "documents_out": 120,
            "rejected": {"duplicates": 7},
            "flagged": {"too_short": 2, "private_data": 1},
            "changed": {"votes": 40, "emails": 5},
            "private_data": {"e-mail address": 2},
            "documents_with_private_data": 1,
            "near_duplicate_pairs": 5,
            "leaks": {"train and test": 9},
        },
    )
    swap = {
        "made": 12,
        "kept": 10,
        "rejected": {"equals_origin": 2},
        "documents_with_nothing_to_change": 0,
        "mean_share_of_words_changed": 0.1,
        "mean_similarity": None,
        "self_bleu": 0.456,
        "distinct_2": 0.321,
    }
    write_json(
        reports / "augment/summary.json",
        {
            "seed": 1,
            "documents": 120,
            "augmented_documents": 10 * augmented,
            "sampled_documents": 9,
            "methods": {"swap": swap} if augmented else {},
        },
    )
    sizes = {"train": 60, "validation": 30, "test": 30}
    variants = {"train": 10 * augmented, "validation": 0, "test": 0}
    parts = {name: {"originals": sizes[name], "variants": variants[name], "share": sizes[name] / 120} for name in sizes}
    balance = {label: {"before": 20, "wanted": 25, "after": 23} for label in labels}
    balance = {"method": "oversample", "copies": 9, "classes": balance, "not_as_wanted": [labels[0]]}
    write_json(
        reports / "split/summary.json", {"seed": 1, "splits": parts, **({"balance": balance} if balanced else {})}
    )
    write_json(
        reports / "finetune/summary.json",
        {
            "validation": {"loss": 0.4, TASKS[task].headline: 0.89},
            "best_epoch": 2,
            "epochs_run": 3,
            "steps": 12,
            "training_rows": 70,
            "augmented_training_rows": 10,
            "trainable_parameters": 1000,
            "real_tokens": 900,
            "computed_tokens": 1000,
            "real_share": 0.9,
        },
    )
    write_json(
        reports / "finetune/environment.json",
        {
            "python": "3.11",
            "packages": {"torch": "2.0"},
            "git": {"revision": "abc123", "dirty": True},
            "peak_memory_mib": None,
        },
    )
    for name, steps in {
        "train/loss": range(1, 13),
        "train/learning_rate": range(1, 13),
        "validation/loss": (4, 8, 12),
        f"validation/{TASKS[task].headline}": (4, 8, 12),
    }.items():
        path = reports / f"finetune/live/plots/metrics/{name}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"step\t{name.split('/')[1]}\n" + "".join(f"{step}\t{1 / (1 + step)}\n" for step in steps))
    write_evaluation(reports / "evaluate", labels, test, outcome)
    BY_TASK.get(task, lambda *_: None)(reports / "evaluate", labels, test)


@pytest.fixture(scope="session")
def make_page(tmp_path_factory):
    """Runs the stage on a run with these settings and gives the page; the same settings are run once."""

    @cache
    def make(**settings):
        folder = tmp_path_factory.mktemp("run")
        write_run(folder, **settings)
        with chdir(folder):
            main()
        return folder / "reports/index.html"

    return make
