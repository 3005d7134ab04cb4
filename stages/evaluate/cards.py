"""The model card and the data card, in the form that the Hugging Face hub shows."""

from collections.abc import Mapping, Sequence
from typing import Any

from huggingface_hub import DatasetCardData, EvalResult, ModelCardData
from pydantic import BaseModel, ConfigDict

from stages.common.documents.card import Card
from stages.common.metrics.names import METRICS, title
from stages.common.model.inference import Inference
from stages.common.tasks import task_of

# The hub's names of licences, huggingface.co/docs/hub/repositories-licenses; the catalog's texts begin with them.
LICENCES = ("apache-2.0", "mit", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc0-1.0", "bsd-3-clause", "gpl-3.0")
SIZES = {1_000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K", 1_000_000: "100K<n<1M"}


class ModelEntry(BaseModel):
    """What the cards say of the pretrained encoder, from its entry in catalog/models."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    title: str
    licence: str
    citation: str


def model_card(
    card: Card, entry: ModelEntry, summary: Mapping[str, Any], inference: Inference, cost: Mapping[str, Any]
) -> str:
    """The card of the fine-tuned model, with its test metrics in the metadata.

    Args:
        card: The dataset's card.
        entry: The pretrained encoder's entry in the catalog.
        summary: What summary.json holds.
        inference: The model's record.
        cost: What cost.json holds.
    """
    encoder, task = summary["encoder"], task_of(card)
    results = [
        EvalResult(
            task_type=task.hub_name,
            task_name=task.name.replace("-", " ").capitalize(),
            dataset_type=card.name,
            dataset_name=card.title,
            dataset_split="test",
            metric_type=kind,
            metric_name=title(name),
            metric_value=metric["value"],
        )
        for name, metric in encoder.items()
        if (kind := METRICS[name].hub) and metric["value"] is not None
    ]
    data = ModelCardData(
        language=card.language,
        library_name="transformers",
        pipeline_tag=task.hub_name,
        tags=["plumbline"],
        metrics=sorted({result.metric_type for result in results}),
        model_name=f"{entry.title} fine-tuned on {card.title}" if results else None,
        eval_results=results or None,
        **_licence(entry.licence),
    )
    rows = [[title(name), _in_words(encoder[name]), _in_words(summary["baseline"][name])] for name in encoder]
    return f"""---
{data.to_yaml()}
---

# {entry.title} fine-tuned on {card.title}

A model for {task.name.replace("-", " ")}.{_labels(card)} {cost["parameters"]:,} parameters,
{cost["bytes_on_disk"]:,} bytes with its tokenizer. {_use(inference)}

## Test metrics

{summary["documents"]:,} test documents that were neither trained on nor used to choose anything; in brackets
{100 * summary["confidence"]:.4g} % intervals by a stratified bootstrap over documents. The baseline is a plain method
on the same splits.

{_table(["metric", "this model", "baseline"], rows)}

## Data

{card.title}; its card lies in data/README.md. Known faults: {" ".join(card.known_faults) or "none are known"}

## Limits

The metrics hold for texts like the test split's, in the language {card.language}. reports/evaluate/ of the run
that made this model says how they change when texts are perturbed, on which parts of the test split they are worse, and
which labels of it look wrong.

## Origin

The pretrained encoder: {entry.citation} Licence: {entry.licence}
"""


def data_card(card: Card, support: Mapping[str, Mapping[str, int]]) -> str:
    """The card of the dataset as it was trained on and tested.

    Args:
        card: The dataset's card.
        support: For each split how often each label occurs: documents, or spans.
    """
    data = DatasetCardData(
        language=card.language,
        task_categories=task_of(card).hub_name,
        pretty_name=card.title,
        size_categories=next((name for most, name in SIZES.items() if card.rows < most), "n>1M"),
        **_licence(card.licence),
    )
    rows = [
        [label.name, label.definition, *(f"{counts.get(label.name, 0):,}" for counts in support.values())]
        for label in card.labels
    ]
    faults = "\n".join(f"- {fault}" for fault in card.known_faults) or "None are known."
    sources = "\n".join(f"- {source.name}: {source.hash}" for source in card.sources)
    return f"""---
{data.to_yaml()}
---

# {card.title}

{card.rows:,} documents as published; the counts below are after cleaning, the training split's with augmented ones.

{_table(["label", "what it means", *support], rows)}

## Known faults

{faults}

## Sources

{sources}

## Licence and citation

{card.licence}

{card.citation}
"""


def _licence(terms: str) -> dict[str, Any]:
    first = terms.partition(" ")[0].strip(",;").lower()
    if first in LICENCES:
        return {"license": first}
    return {"license": "other", "license_name": "see-the-card"}


def _labels(card: Card) -> str:
    return f" Labels: {', '.join(card.label_names)}." if card.labels else ""


def _use(inference: Inference) -> str:
    """How its outputs become answers."""
    parts = []
    if inference.temperature:
        parts.append(
            f"Divide its logits by {inference.temperature:.6g} (inference.json) before they become probabilities: the "
            "temperature was fitted on validation documents."
        )
    if inference.thresholds:
        parts.append("A label is given from its own probability on (thresholds in inference.json).")
    if inference.scale != 1.0 or inference.centre != 0.0:
        parts.append(f"Multiply its output by {inference.scale:.6g} and add {inference.centre:.6g} (inference.json).")
    return " ".join(parts) or "Its probabilities are not calibrated."


def _in_words(estimate: Mapping[str, Any]) -> str:
    if estimate["value"] is None:
        return f"undefined: {estimate['reason']}"
    interval = "" if estimate["low"] is None else f" ({estimate['low']:.4f} to {estimate['high']:.4f})"
    return f"{estimate['value']:.4f}{interval}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [
        f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in row)} |" for row in (head, *rows)
    ]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]])
