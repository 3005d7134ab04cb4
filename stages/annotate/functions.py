"""Labelling functions: annotators that are small Python functions, in a file of this repository (Ratner et al. 2017).

A function takes a document's text (both texts, where documents are pairs) and gives the name of a label, or None to
abstain. The file is a dependency of the stage, so a changed function reruns it.
"""

import ast
import runpy
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stages.common.core.catalog import CATALOG
from stages.common.core.messages import UserError, progress, suggestion
from stages.common.documents.answers import SCHEMA
from stages.common.tasks import Task

FOLDER = CATALOG / "functions"
BEFORE = "function:"  # stands before a function's name among annotators

NONE = f"Set it to {FOLDER / 'none.py'}."

Function = Callable[..., str | None]


def function_names(path: Path) -> list[str]:
    """The names of the functions of a file, in alphabetical order, without running it.

    Args:
        path: A Python file; a function whose name begins with ``_`` is no labelling function.

    Raises:
        UserError: If there is no such file, or it is no Python.
    """
    try:
        parsed = ast.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file.", "Change annotate.functions in params.yaml.") from None
    except (SyntaxError, ValueError) as error:
        raise UserError(f"{path}: is no Python ({error}).", "Mend the file.") from None
    defined = [part.name for part in parsed.body if isinstance(part, ast.FunctionDef)]
    return sorted(name for name in defined if not name.startswith("_"))


def load_functions(path: Path) -> dict[str, Function]:
    """Loads the functions of a file, by name, in alphabetical order. A file without any is not run.

    Args:
        path: A Python file in catalog/functions that git tracks.

    Raises:
        UserError: If the file is elsewhere, git does not track it, or it fails.
    """
    if path.resolve().parent != FOLDER.resolve() or path.suffix != ".py":
        raise UserError(f"annotate.functions: {path} is not in {FOLDER}.", "Put the functions into a .py file there.")
    names = function_names(path)
    if not names:
        return {}
    tracked = subprocess.run(["git", "ls-files", "--error-unmatch", str(path)], capture_output=True)
    if tracked.returncode:
        raise UserError(f"{path}: git does not track it, so nobody could tell what ran.", f"`git add {path}`.")
    try:
        content = runpy.run_path(str(path))
    except Exception as error:
        raise UserError(f"{path}: {type(error).__name__}: {error}.", "Mend the file.") from error
    return {name: content[name] for name in names}


def ask_functions(
    functions: dict[str, Function], documents: pd.DataFrame, task: Task, labels: list[str]
) -> pd.DataFrame:
    """Asks each function about each document.

    Args:
        functions: By name.
        documents: A document table.
        task: The task; its inputs are what a function takes, one after the other.
        labels: The names of the labels.

    Returns:
        The answers (:mod:`stages.common.documents.answers`); none where a function abstained.

    Raises:
        UserError: If a function fails, or answers with something else, or an answer of the task is not one label.
    """
    if task.answer != "label":
        raise UserError(f"annotate.functions: functions give one label; {task.name} has another kind of answer.", NONE)
    rows: list[tuple[str, str, str]] = []
    texts = list(zip(*(documents[name] for name in task.inputs), strict=True))
    for name, function in functions.items():
        for row_id, given in zip(documents["id"], progress(texts, name, "document"), strict=True):
            answer = _answer(name, function, row_id, given)
            if answer is None:
                continue
            if answer not in labels:
                raise UserError(
                    f"labelling function {name}: document {row_id!r}: {answer!r} is no label.",
                    suggestion(str(answer), labels),
                )
            rows.append((row_id, BEFORE + name, answer))
    answers = pd.DataFrame(rows, columns=["id", "annotator", "answer"]).reindex(columns=SCHEMA.names)
    return answers.astype({"time": "datetime64[us, UTC]", "seconds": "float64"})


def describe_functions(answers: pd.DataFrame, documents: int, gold: pd.Series, names: list[str]) -> dict[str, Any]:
    """How often each function answers, meets another answer and contradicts it, and how often gold agrees.

    Args:
        answers: Those of all annotators, one an annotator and document.
        documents: How many documents there are.
        gold: The gold labels that may be looked at, by id.
        names: The functions.

    Returns:
        By name of the function: ``coverage``, ``overlap`` and ``conflict`` as shares of the documents; ``accuracy`` on
        those of ``gold_documents`` gold documents that it answered about, null where there is none.
    """
    kinds = answers.groupby("id")["answer"].agg(["size", "nunique"])
    described = {}
    for name in names:
        own = answers[answers["annotator"].eq(BEFORE + name)].set_index("id")["answer"]
        beside = kinds.loc[own.index]
        known = own[own.index.isin(gold.index)]
        right = float(np.mean(known.eq(gold[known.index]))) if len(known) else None
        described[name] = {
            "coverage": len(own) / documents,
            "overlap": int((beside["size"] > 1).sum()) / documents,
            "conflict": int((beside["nunique"] > 1).sum()) / documents,
            "accuracy": right,
            "gold_documents": len(known),
        }
    return described


def _answer(name: str, function: Function, row_id: str, given: tuple[str, ...]) -> str | None:
    try:
        return function(*given)
    except Exception as error:
        raise UserError(
            f"labelling function {name}: document {row_id!r}: {type(error).__name__}: {error}.",
            "Mend the function; it gives the name of a label, or None to abstain.",
        ) from error
