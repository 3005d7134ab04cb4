"""What explain would write, for the page to show: each word of the first test documents scores by its place."""

import pandas as pd

from stages.common.words.splitting import split_words
from tests.report.evaluation import write_json


def mean(value):
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


def method(beats_random, **more):
    four = {
        name: mean(0.3)
        for name in (
            "comprehensiveness",
            "sufficiency",
            "normalised_comprehensiveness",
            "normalised_sufficiency",
        )
    }
    difference = dict.fromkeys(four, mean(0.2 if beats_random else 0.0))
    known = {"documents": 5, **four, "random": four, "difference": difference, "beats_random": beats_random}
    return {**known, "random_weights": {"documents": 2, **mean(0.1)}, **more}


def write_explanations(folder, test, labels, better):
    """Writes all that the page reads of reports/explain/.

    Args:
        folder: Where it goes.
        test: The test documents.
        labels: The names of the labels.
        better: The methods that are better than a random order.
    """
    steps = {"completeness_error": 0.004, "reached": 5, "points": 13.0}
    methods = {
        name: method(name in better, **(steps if name == "integrated_gradients" else {}))
        for name in ("integrated_gradients", "gradient_times_input", "occlusion")
    }
    integrated = {"baseline": "padding", "tolerance": 0.02}
    summary = {"documents": 5, "withheld": 3, "integrated": integrated, "methods": methods}
    write_json(folder / "summary.json", summary)
    documents = []
    for number, row in enumerate(test.head(6).to_dict("records")):
        listed = isinstance(row.get("tokens"), list)
        if listed:
            places = [[0, at, at + 1] for at in range(len(row["tokens"]))]
        else:
            texts = [row["text"], row["text_pair"]] if "text_pair" in row else [row["text"]]
            places = [[at, word.start, word.end] for at, text in enumerate(texts) for word in split_words(text[:300])]
        scores = [round((-1) ** at * at / 7, 4) for at in range(len(places))]
        found = {"scores": scores, "completeness_error": 0.0123, "points": 13}
        plain = found | {"completeness_error": None, "points": 1}
        documents.append(
            {
                "id": row["id"],
                "why": "worst error",
                "target": labels[0],
                "word": 0 if listed else None,
                "places": places,
                "methods": {"integrated_gradients": found} if number < 2 else {"gradient_times_input": plain},
                "probability": 0.75,
            }
        )
    write_json(folder / "documents.json", documents)
    words = [[label, 0, f"word {label}", 9, 0.25, 0.125] for label in labels]
    pd.DataFrame(words, columns=["label", "input", "word", "documents", "score", "total"]).to_csv(
        folder / "words.csv", index=False
    )
    ends = [f"{name}{part}" for name in ("lost", "gained", "turned") for part in ("", "_low", "_high")]
    columns = [
        "label",
        "input",
        "word",
        "kind",
        "share",
        "documents_with",
        *ends[:3],
        "documents_without",
        *ends[3:],
        "outcome",
    ]
    tried = [
        [labels[0], 0, "marker", "word", 0.9, 7, 0.5, 0.4, 0.6, 9, 0.8, 0.7, 0.9, 0.9, 0.6, 1.0, "decides alone"],
        [labels[1], 0, "reuters", "agency name", 0.1, 7, 0.1, 0, 0.2, 0, *[None] * 6, "no clear effect"],
    ]
    pd.DataFrame(tried, columns=columns).to_csv(folder / "shortcuts.csv", index=False)
