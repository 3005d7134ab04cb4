"""From texts as they come to a model's answers, by its inference record and the cleaning rules of its run."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from commands.origin import origin_of
from commands.records import CLEANED, LOCK
from commands.texts import Row
from stages.common.core.messages import UserError
from stages.common.core.validation import read_record, validate
from stages.common.model.answers import Columns, answer
from stages.common.model.exported import TEXT_RULES, check_sums, is_exported, load_exported
from stages.common.model.scorer import Scorer
from stages.common.tasks import Task, task_of
from stages.common.text_rules.settings import TextRules
from stages.common.words.splitting import Word, split_words

Flags = npt.NDArray[np.bool_]
EXPLAINED = 64  # texts that are explained at once, which bounds the memory


class Predictor:
    """A fine-tuned model, ready to answer texts.

    Args:
        scorer: The model with its inference record.
        rules: How texts are cleaned before it reads them; None where it reads words, which are left as they are.
    """

    def __init__(self, scorer: Scorer, rules: TextRules | None) -> None:
        self.scorer, self.rules = scorer, rules

    @classmethod
    def load(cls, folder: Path, device: str, temperature: float | None = None) -> "Predictor":
        """Loads a model, and finds the rules of the run that made it.

        Args:
            folder: Such as ``models/finetuned``.
            device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
            temperature: What logits are divided by, instead of the model's own.

        Raises:
            UserError: If the model is incomplete, or nothing is known of its run.
        """
        scorer = load_model(folder, device)
        if temperature is not None:
            inference = scorer.inference.model_copy(update={"temperature": temperature})
            scorer = Scorer(scorer.model, scorer.tokenizer, inference)
        return cls(scorer, None if task_of(scorer.inference).head == "word" else rules_of(folder))

    @property
    def task(self) -> Task:
        """The task that the model was trained for."""
        return task_of(self.scorer.inference)

    def answer(self, rows: Sequence[Row], what: str) -> tuple[Columns, Flags]:
        """Answers some texts.

        Args:
            rows: What the model's task reads (:attr:`stages.common.tasks.Task.inputs`); texts in place of words are
                split.
            what: The progress bar's title.

        Returns:
            Columns as :func:`stages.common.model.answers.answer` gives them, words and the spans' texts included where
            words are tagged; and which texts have no letter or digit, [texts]: they get no label and no number.
        """
        if self.rules is None:
            return self._tag_words(rows, what)
        documents = self._documents(rows)
        written = [documents[name].str.contains(r"\w", regex=True).to_numpy(dtype=bool) for name in documents]
        columns, empty = answer(self.scorer, documents, what), ~np.any(written, axis=0)
        columns[self.task.target] = _without(columns[self.task.target], empty)
        return columns, empty

    def explain(self, rows: Sequence[Row], method: str) -> list[list[dict[str, Any]]]:
        """Explains the answers to some texts, as :func:`stages.explain.explaining.explain_documents` does.

        Args:
            rows: As for :meth:`answer`. Places of words are those in the cleaned texts.
            method: One of those that stages.explain has, or ``auto``: integrated gradients, or occlusion of a model
                that gives no gradients.

        Raises:
            UserError: If the method needs gradients that the model does not give.
        """
        from stages.explain.explaining import explain_documents  # here: only who asks for it waits for it

        documents = self._documents(rows)
        parts = [documents[start : start + EXPLAINED] for start in range(0, len(documents), EXPLAINED)]
        return [each for part in parts for each in explain_documents(self.scorer, part, method)]

    def _documents(self, rows: Sequence[Row]) -> pd.DataFrame:
        """What the model reads: cleaned texts, or words."""
        if self.rules is None:
            tokens = [
                [word.text for word in split_words(given)] if isinstance(given, str) else list(given)
                for given in (row.inputs[0] or "" for row in rows)
            ]
            return pd.DataFrame({"tokens": pd.Series(tokens, dtype=object)})
        return pd.DataFrame({name: self._cleaned(rows, place) for place, name in enumerate(self.task.inputs)})

    def _cleaned(self, rows: Sequence[Row], place: int) -> pd.Series:
        texts = pd.Series([row.inputs[place] or "" for row in rows], dtype="str")
        return texts if self.rules is None else self.rules.apply(texts)

    def _tag_words(self, rows: Sequence[Row], what: str) -> tuple[Columns, Flags]:
        inputs = [row.inputs[0] or "" for row in rows]
        split = [split_words(given) if isinstance(given, str) else None for given in inputs]
        tokens = [
            [word.text for word in words] if words is not None else list(given)
            for given, words in zip(inputs, split, strict=True)
        ]
        columns = answer(self.scorer, pd.DataFrame({"tokens": pd.Series(tokens, dtype=object)}), what)
        columns["spans"] = [
            None if spans is None else [{**span, **_place(span, given, words)} for span in spans]
            for spans, given, words in zip(columns["spans"], inputs, split, strict=True)
        ]
        return {"tokens": tokens, **columns}, np.array([not words for words in tokens], dtype=bool)


def load_model(folder: Path, device: str) -> Scorer:
    """Loads a model as finetune made it, or as export did; the latter computes with as many threads as torch.

    Raises:
        UserError: If it is incomplete or damaged, or an exported one is to compute elsewhere than on the processor.
    """
    if not is_exported(folder):
        return Scorer.load(folder, device)
    if device not in ("auto", "cpu"):
        raise UserError(
            f"{folder}: an exported model computes on the processor, not on {device}.", "Name models/finetuned."
        )
    check_sums(folder)
    return load_exported(folder, torch.get_num_threads())


def rules_of(folder: Path) -> TextRules:
    """The rules that changed the texts that a model was trained on; others are off.

    An exported model has them beside it; else they are found in the records of its run.

    Args:
        folder: The model.

    Raises:
        UserError: If nothing is known of its run, the records are those of different runs, or this version of the code
            does not have the rules.
    """
    if is_exported(folder):
        return read_record(TextRules, folder / TEXT_RULES)
    origin = origin_of(folder)
    origin.check(str(folder))
    section = origin.section("clean")
    known = {name: section[name] for name in TextRules.model_fields if name in section}
    rules = validate(TextRules, known, f"{LOCK} ({origin.revision}): clean")
    if rules.markup != "evidence":
        return rules
    record = origin.records.get(str(CLEANED))
    if record is None:
        raise UserError(
            f"{CLEANED} ({origin.revision}): is missing, and with it what cleaning decided about escaped markup.",
            "Make it again with `dvc repro`, or get it back with git.",
        )
    return rules.model_copy(update={"markup": json.loads(record)["markup"]["decided"]})


def _without(values: Sequence[Any], silent: Flags) -> list[Any]:
    return [None if quiet else value for value, quiet in zip(values, silent, strict=True)]


def _place(span: dict[str, Any], given: Any, words: list[Word] | None) -> dict[str, Any]:
    """The text of a span and, where words were split from a text, the characters that it takes there."""
    if words is None:
        return {"text": " ".join(given[span["start"] : span["end"]]), "first_character": None, "end_character": None}
    first, end = words[span["start"]].start, words[span["end"] - 1].end
    return {"text": given[first:end], "first_character": first, "end_character": end}
