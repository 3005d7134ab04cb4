"""What the stage probe writes, of a few made-up texts and figures."""

import pandas as pd

from stages.report.inputs import PROBED
from tests.report.evaluation import write_json


def row(kinds, **given):
    """A row of a list: the given values, and something of the right kind for every other column."""
    other = {"str": "x", "int": 12, "float": 0.25}
    return {name: given.get(name, other[kind]) for name, kind in kinds.items()}


def write_probes(folder, labels, planted=()):
    """Writes reports/probe and data/probes.parquet: a suite of words, one of swaps, one of cases; one left out."""
    text = (planted or ("She met her brother.",))[0]
    suites = [
        {
            "name": name,
            "title": f"Suite {name} {text[:80]}",
            "licence": "none",
            "citation": text,
            "offensive": name == "cases",
            "texts": 12,
            "cases": 12 * (name != "words"),
            "failures": 3 * (name != "words"),
            "groups_that_fail_more": [],
            "known": 9 * (name == "cases"),
            "mechanics_only": name == "cases",
        }
        for name in ("words", "swaps", "cases")
    ]
    summary = {
        "suites": suites,
        "left_out": {"hate": f"its label 'hateful' is none of this dataset's. {text}"},
        "without_groups": None,
        "different": [f"words: {text}"],
        "gaps": [],
        "confidence": 0.95,
        "tolerance": 0.02,
        "least": 10,
        "permutations": 200,
    }
    lists = {
        "groups": [
            {"suite": "words", "group": text, "verdict": "treated differently"},
            {"suite": "words", "group": "other", "contexts": 3, "verdict": "no verdict: 3 of the 10 that it takes"},
        ],
        "swaps": [{"suite": "swaps", "null_flips": None, "null_flips_low": None, "null_flips_high": None}],
        "failures": [
            {"suite": "cases", "functionality": functionality, "group": group, "verdict": ""}
            for functionality, group in (("(all)", "(all)"), ("plain", "(all)"), ("odd", "(all)"), ("(all)", text))
        ],
        "group_metrics": [
            {"attribute": "mentions, words", "group": "a", "label": "accuracy"},
            {"attribute": "mentions, words", "group": "three", "label": "accuracy", "documents": 3},
            {"attribute": "mentions, words", "group": "none", "label": "accuracy", "documents": 0, "share": None},
        ],
        "gaps": [{"attribute": "mentions, words", "gap": "accuracy"}],
    }
    reports = folder / "reports/probe"
    for name, rows in lists.items():
        reports.mkdir(parents=True, exist_ok=True)
        pd.DataFrame([row(PROBED[name], **each) for each in rows]).to_csv(reports / f"{name}.csv", index=False)
    write_json(reports / "summary.json", summary)
    texts = [
        {"suite": "cases", "functionality": "plain", "group": text, "text": each, "expected": labels[0]}
        for each in (*planted, "A text that fails.")
    ]
    texts.append({"suite": "swaps", "functionality": "gender", "group": None, "text": text, "reference": "He met him."})
    columns = {"reference": None, "reference_predicted": None, "expected": None, "predicted": labels[1], "failed": True}
    frame = pd.DataFrame([columns | each for each in texts]).astype(object)
    frame.to_parquet(folder / "data/probes.parquet", index=False)
