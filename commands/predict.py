"""Labels texts with a fine-tuned model: cleaned as its training texts were, by the model's own record."""

import argparse
import json
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from stages.common.model.scoring import score
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from commands.answers import open_answers
from commands.records import CALIBRATION, LOCK, MODEL, stages_of
from commands.texts import FORMATS, STDIN, Text, count_texts, format_of, read_texts
from commands.trace import records_of
from stages.common.core.entry import run_program
from stages.common.core.messages import UserError, closing_line, progress
from stages.common.core.provenance import PROVENANCE, read_provenance
from stages.common.core.validation import validate
from stages.common.documents.card import read_card
from stages.common.model.device import compute_alike
from stages.common.model.loading import Inference, load_finetuned, read_inference
from stages.common.text_rules.settings import TextRules

WINDOW = 8_192  # texts that are held, cleaned and scored at once


def main(arguments: argparse.Namespace) -> None:
    """Reads texts, labels them, writes the answers.

    Raises:
        UserError: If the model or the input is not what it should be.
    """
    folder: Path = arguments.model
    card, inference = read_card(folder), read_inference(folder)
    if card.task != "text-classification":
        raise UserError(f"{folder}: is a model for {card.task}.", "Name one that labels whole texts.")
    if (arguments.temperature is not None and arguments.temperature <= 0) or not 0 <= arguments.abstain_below <= 1:
        raise UserError("--temperature or --abstain-below is out of range.", "Above 0; from 0 to 1.")
    rules, temperature = rules_of(folder), arguments.temperature or temperature_of(folder)
    form = format_of(arguments.input, arguments.format)
    texts = read_texts(arguments.input, form, arguments.text, arguments.id)
    compute_alike(seed=0, threads=arguments.threads)
    model, tokenizer = load_finetuned(folder, arguments.device)

    counts = {"texts": 0, "empty": 0, "abstained": 0}
    with open_answers(arguments.out, card.label_names) as write:
        shown = progress(texts, "predicting", "text", count_texts(arguments.input, form))
        for window in windows(shown):
            probability, empty = judge(window, rules, model, tokenizer, inference, temperature or 1.0)
            silent = empty | (probability.max(axis=1) < arguments.abstain_below)
            write(columns(window, card.label_names, probability, silent))
            counts["texts"] += len(window)
            counts["empty"] += int(empty.sum())
            counts["abstained"] += int((silent & ~empty).sum())
    if arguments.out:
        calibrated = f"temperature {temperature:.3f}" if temperature else "not calibrated: no temperature is known"
        closing_line(
            "predict",
            f"{counts['texts']:,} texts in {arguments.out}, {counts['empty']:,} of them empty and without a label, "
            f"{counts['abstained']:,} left open below {arguments.abstain_below}; {calibrated}",
        )


def windows(texts: Iterator[Text]) -> Iterator[list[Text]]:
    """Cuts a stream of texts into lists of :data:`WINDOW`."""
    while window := list(islice(texts, WINDOW)):
        yield window


def judge(
    window: list[Text],
    rules: TextRules,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    inference: Inference,
    temperature: float,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Cleans some texts and scores them.

    Returns:
        Probabilities, shape (texts, labels), and which texts have no letter or digit, shape (texts,).
    """
    cleaned = rules.apply(pd.Series([text.text or "" for text in window], dtype="str"))
    logits = score(model, tokenizer, cleaned.tolist(), inference.max_length, inference.batch_tokens)
    empty = ~cleaned.str.contains(r"\w", regex=True).to_numpy(dtype=bool)
    return probabilities(logits, temperature), empty


def columns(
    window: list[Text], labels: list[str], probability: npt.NDArray[np.float64], silent: npt.NDArray[np.bool_]
) -> dict[str, list[Any]]:
    """The answers to some texts.

    Args:
        window: The texts.
        labels: The labels' names.
        probability: Shape (texts, labels).
        silent: Which texts get no label, shape (texts,).

    Returns:
        By name: id, label (None for those), probability of the likeliest label, and of each.
    """
    chosen = probability.argmax(axis=1)
    names = [None if quiet else labels[place] for place, quiet in zip(chosen, silent, strict=True)]
    each = {f"p:{label}": probability[:, place].tolist() for place, label in enumerate(labels)}
    best = probability.max(axis=1).tolist()
    return {"id": [text.id for text in window], "label": names, "probability": best, **each}


def probabilities(logits: npt.NDArray[np.float32], temperature: float) -> npt.NDArray[np.float64]:
    """Softmax of logits that a temperature divides (Guo et al. 2017, arXiv 1706.04599), shape (texts, labels)."""
    scaled = logits.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def rules_of(folder: Path) -> TextRules:
    """The rules that changed the texts that a model was trained on.

    Args:
        folder: The model.

    Raises:
        UserError: If nothing is known of them, or this version of the code does not have them.
    """
    if (folder / PROVENANCE).exists():
        section, where = read_provenance(folder).parameters.get("clean", {}), f"{folder / PROVENANCE}: clean"
    else:
        records, revision = records_of(folder)
        section = stages_of(records.get(str(LOCK)), str(LOCK))["clean"]["params"]["params.yaml"]["clean"]
        where = f"{LOCK} ({revision}): clean"
    return validate(TextRules, {name: section[name] for name in TextRules.model_fields if name in section}, where)


def temperature_of(folder: Path) -> float | None:
    """The temperature that evaluate fitted for a model on validation documents; None if none is known."""
    try:
        records, _ = records_of(folder)
    except UserError:
        return None
    said = json.loads(records.get(str(CALIBRATION), "{}")).get("temperature")
    return None if said is None else float(said)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    known = ", ".join(FORMATS.values())
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("input", type=Path, nargs="?", default=STDIN, help="the texts; - or nothing for stdin")
    made.add_argument("--out", type=Path, help="a .csv, .jsonl or .parquet file; JSON lines on stdout by default")
    made.add_argument("--model", type=Path, default=MODEL, help="the model's folder")
    made.add_argument("--format", choices=FORMATS.values(), help=f"{known}; by the suffix by default, txt for stdin")
    made.add_argument("--text", default="text", help="the column or key that holds the text")
    made.add_argument("--id", help="the column or key that names each text; they are numbered by default")
    made.add_argument("--abstain-below", type=float, default=0.0, help="probability below which no label is given")
    made.add_argument("--temperature", type=float, help="what logits are divided by, instead of the model's own")
    made.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"), help="where it computes")
    made.add_argument("--threads", type=int, default=2, help="processor threads")
    made.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return made


if __name__ == "__main__":
    given = parser().parse_args()
    run_program(partial(main, given), given.debug)
