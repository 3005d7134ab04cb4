"""finetune.unlabelled: what a trained model says of texts without a label teaches another one.

Self-training learns the texts themselves with the labels that the model gives them (Scudder 1965; Xie et al. 2020,
arXiv 1911.04252); consistency training learns that their variants have these labels, too (Xie et al. 2020, UDA, arXiv
1904.12848). No label beyond those of the training documents is read, but by the guard of ``keep: best``.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from stages.common.core.messages import UserError, progress
from stages.common.documents.table import ORIGINAL
from stages.common.documents.unlabelled import DOCUMENTS, UNLABELLED, read_unlabelled
from stages.common.metrics.probabilities import softmax
from stages.common.model.batching import budgeted_batches, make_batch, pool_windows
from stages.common.model.scorer import Scorer, read_by, tokenise_documents
from stages.common.tasks import Task, task_of
from stages.common.training.checkpoints import say
from stages.common.training.loop import Log
from stages.finetune.mixture import align, mixture_labels
from stages.finetune.objectives import check_plain
from stages.finetune.parameters import Finetune, Unlabelled
from stages.finetune.training import Lessons, Trained, counted_on, then

Shares = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]


class Lesson(NamedTuple):
    """What a round learns.

    Attributes:
        documents: The training documents, then texts that had no label.
        targets: How much each label counts, float32, [documents, labels].
    """

    documents: pd.DataFrame
    targets: npt.NDArray[np.float32]


def read_texts(parameters: Finetune, task: Task) -> pd.DataFrame | None:
    """The table of data/unlabelled, where something may be learnt from it; else None.

    Raises:
        UserError: If there is nothing to learn, or the task or another parameter does not go with it.
    """
    if parameters.unlabelled.method == "none" and parameters.method != "distil":
        return None
    texts = read_unlabelled()
    if parameters.unlabelled.method != "none":
        _check(parameters, task, texts)
    return texts


def learn_texts(first: Trained, lessons: Lessons, texts: pd.DataFrame, log: Log) -> tuple[Trained, dict[str, Any]]:
    """Trains new models on what the last one says of the texts, round by round.

    Args:
        first: The model that was trained with labels alone.
        lessons: What the trainings share.
        texts: The table of data/unlabelled.
        log: Takes a step's number and what is to be recorded for it; steps are counted over all trainings.

    Returns:
        The last round's model, with the costs of all trainings; or the first one, if a round went wrong. And a record
        of the rounds for ``summary.json``.
    """
    settings, inference = lessons.parameters.unlabelled, lessons.trainer.inference
    known = np.asarray(lessons.trainer.room.true_outputs(lessons.targets, inference))
    originals = texts[texts["method"].eq(ORIGINAL)]
    rounds: list[dict[str, Any]] = []
    before: npt.NDArray[np.int64] | None = None
    teacher, spent, stopped = first, first.outcome, None
    for number in range(1, settings.rounds + 1):
        drift, aligned = label(teacher.ready.scorer, originals, lessons.training, known, settings.mixture)
        rounds.append({"drift": drift, "texts_learnt": 0})
        if drift > settings.most_drift:
            stopped = (
                f"round {number}: the labels that the model gives are distributed otherwise than those of the "
                f"training documents, by {drift:.2f}"
            )
            break
        taken, thresholds = surest(aligned, settings.share)
        labels = aligned.argmax(axis=1)
        agreed = None if before is None else float((labels == before).mean())
        before = labels
        lesson = make_lesson(lessons.training, known, texts, originals[taken], aligned[taken], settings)
        rounds[-1] |= {
            "texts_learnt": int(taken.sum()),
            "thresholds": dict(zip(inference.outputs, thresholds, strict=True)),
            "rows": len(lesson.documents),
            "same_label_as_before": agreed,
        }
        teacher = learn(lesson, lessons, number, counted_on(spent.steps, log))
        spent = then(spent, teacher.outcome)
        harm = what_it_harmed(first, teacher)
        if harm:
            stopped = f"round {number}: {harm}"
            break
    kept = teacher if stopped is None else first
    if stopped:
        say(f"{stopped}; the model that was trained with labels alone is kept")
    weights = kept.outcome
    outcome = replace(spent, best=weights.best, logits=weights.logits, weights=weights.weights)
    if stopped:
        outcome = replace(outcome, best_epoch=weights.best_epoch)
    record = {"method": settings.method, "texts": len(originals), "rounds": rounds, "stopped": stopped}
    return kept._replace(outcome=outcome), {"unlabelled": record}


def learn(lesson: Lesson, lessons: Lessons, number: int, log: Log) -> Trained:
    """Trains a pretrained model on what a round learns.

    Args:
        lesson: What it learns.
        lessons: What the trainings share.
        number: Of the round, from 1.
        log: Takes a step's number, within this training, and what is to be recorded for it.
    """
    settings, trainer = lessons.parameters.unlabelled, lessons.trainer
    parameters = lessons.parameters.after(settings.epochs, settings.learning_rate)
    lessons.seed("unlabelled", number)
    model = lessons.start(parameters)
    examples = trainer.room.make_examples(
        lesson.documents, lesson.targets, trainer.tokenizer, trainer.inference, UNLABELLED / DOCUMENTS
    )
    return lessons.train(trainer.ready(model, examples, lesson.targets, parameters), number, log)


def label(
    scorer: Scorer, texts: pd.DataFrame, training: pd.DataFrame, known: Floats, mixture: bool
) -> tuple[float, Shares]:
    """Labels texts by a trained model.

    Args:
        scorer: The model.
        texts: Without a label.
        training: The training documents.
        known: How much each label counts for these, [documents, labels].
        mixture: Whether the labels are made better by a mixture of Gaussians.

    Returns:
        How far the labels are distributed otherwise than those of the training documents, as the model gives them: the
        total variation distance, 0 to 1. And the probability of each label, held to that distribution, [texts, labels].
    """
    logits, states = answers_and_states(scorer, texts, "labelling")
    probabilities, prior = softmax(logits), known.mean(axis=0)
    guessed = np.bincount(probabilities.argmax(axis=1), minlength=len(prior)) / len(probabilities)
    drift = float(np.abs(guessed - prior).sum() / 2)
    if not mixture:
        return drift, align(probabilities, prior)
    _, labelled = answers_and_states(scorer, training, "embedding")
    return drift, mixture_labels(labelled, states, known, probabilities, prior)


def what_it_harmed(first: Trained, then: Trained) -> str:
    """What the validation documents say against a training after the first one; nothing where they are not asked."""
    selection = first.ready.selection
    name, sign = selection.headline, 1 if selection.higher_is_better else -1
    before, now = first.outcome.best[name], then.outcome.best[name]
    harmed = not selection.keeps_last and sign * now < sign * before
    return f"validation {name} went from {before:.4f} to {now:.4f}" if harmed else ""


def answers_and_states(scorer: Scorer, documents: pd.DataFrame, what: str) -> tuple[Floats, Floats]:
    """What a model says of documents, and how it sees them: the mean of its last hidden states, of length 1.

    Args:
        scorer: The model.
        documents: One row a document.
        what: The progress bar's title.

    Returns:
        The logits, [documents, labels], and the states, [documents, hidden size], both float32.
    """
    model, reading = scorer.model, scorer.inference
    tokens = tokenise_documents(scorer.tokenizer, read_by(task_of(reading), documents), reading)
    logits = np.zeros((len(documents), len(reading.outputs)), dtype=np.float32)
    states = np.zeros((len(documents), model.config.hidden_size), dtype=np.float32)
    model.train(False)
    with torch.inference_mode():
        for rows in progress(budgeted_batches(tokens.lengths, reading.batch_tokens), what, "batch"):
            batch = make_batch(tokens, rows, scorer.tokenizer, model.device)
            document = batch.pop("document", None)
            made = model(**batch, output_hidden_states=True)
            mask = batch["attention_mask"].unsqueeze(-1).float()
            means = (made.hidden_states[-1].float() * mask).sum(dim=1) / mask.sum(dim=1)
            logits[rows] = pool_windows(made.logits.float(), document).cpu().numpy()
            states[rows] = torch.nn.functional.normalize(pool_windows(means, document), dim=1).cpu().numpy()
    return logits, states


def surest(probabilities: Shares, share: float) -> tuple[npt.NDArray[np.bool_], list[float | None]]:
    """The surest of the documents that have one likeliest label, the same share for each (CBST, Zou et al. 2018).

    A label's threshold is a quantile of its own, so that a label of which the model is never sure is learnt, too.

    Args:
        probabilities: Of each label, [documents, labels].
        share: How much of the documents of a label.

    Returns:
        Which documents, [documents], and the least probability among those of each label; None where there are none.
    """
    labels, top = probabilities.argmax(axis=1), probabilities.max(axis=1)
    taken, thresholds = np.zeros(len(labels), dtype=bool), []
    for label in range(probabilities.shape[1]):
        members = np.flatnonzero(labels == label)
        chosen = members[np.argsort(-top[members], kind="stable")][: int(np.ceil(share * len(members)))]
        taken[chosen] = True
        thresholds.append(float(top[chosen[-1]]) if len(chosen) else None)
    return taken, thresholds


def make_lesson(
    training: pd.DataFrame,
    known: npt.NDArray[np.float32],
    texts: pd.DataFrame,
    chosen: pd.DataFrame,
    probabilities: Shares,
    settings: Unlabelled,
) -> Lesson:
    """The training documents, and texts with the labels that a model gave them.

    Args:
        training: The training documents.
        known: How much each label counts for them, [documents, labels].
        texts: The table of data/unlabelled.
        chosen: The originals of it that are learnt.
        probabilities: Of each label, for these, [documents, labels].
        settings: Whether they, their variants or both are learnt.
    """
    place = pd.Series(np.arange(len(chosen)), index=chosen["id"])
    origin = texts["derived_from"].str[0].where(texts["derived_from"].str.len().eq(1)).map(place)
    original = texts["method"].eq(ORIGINAL)
    wanted = origin.notna() & (
        (original & (settings.method != "consistency")) | (~original & (settings.method != "self_training"))
    )
    learnt = np.concatenate([known, probabilities[origin[wanted].astype("int64")]]).astype(np.float32)
    return Lesson(pd.concat([training, texts[wanted]], ignore_index=True), learnt)


def _check(parameters: Finetune, task: Task, texts: pd.DataFrame) -> None:
    """Makes sure that there is something to learn without labels.

    Raises:
        UserError: If there is no text, or the task or another parameter does not go with it.
    """
    if task.answer != "label":
        raise UserError(
            f"params.yaml: finetune.unlabelled goes with one label a document; the task is {task.name}.",
            "Set its method to none.",
        )
    check_plain(parameters, "finetune.unlabelled")
    if texts.empty:
        raise UserError(
            f"params.yaml: finetune.unlabelled.method is {parameters.unlabelled.method}, but data/unlabelled is empty.",
            "Set split.unlabelled to true; texts come from parts with `split: unlabelled` in the dataset's entry, or "
            "are the training documents beyond split.train_per_class.",
        )
    if parameters.unlabelled.method == "consistency" and texts["method"].eq(ORIGINAL).all():
        raise UserError(
            "params.yaml: finetune.unlabelled.method is consistency, but no text of data/unlabelled has a variant.",
            "Let the section augment make some, or set it to self_training.",
        )
