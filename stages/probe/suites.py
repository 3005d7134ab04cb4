"""Makes the texts of each suite that fits the dataset; says in one line why another does not."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from stages.common.core.catalog import load_entry
from stages.common.core.messages import UserError
from stages.common.documents.card import Card
from stages.common.documents.targets import text_columns
from stages.common.tasks import task_of
from stages.probe.cases import read_cases
from stages.probe.counterfactuals import place_words, read_groups
from stages.probe.entry import ProbeEntry
from stages.probe.parameters import ProbeParameters
from stages.probe.swaps import swap_documents
from stages.probe.whole_words import exchange

FETCHED = Path("models/fetched/probes")
RECORD = "probes.json"
KNOWN_SHARE = 0.1  # of a suite's texts that the model was trained on, from which on it is no test of it


@dataclass(frozen=True)
class Suite:
    """A suite that fits the dataset.

    Attributes:
        name: Its entry's name.
        entry: What it is.
        groups: The words of each group that it puts into places, or none.
        placed: Its texts with words in places, without rows where it has none.
        cases: Its cases: texts with what is expected of them or what they are held against.
        known: How many of its cases' texts are among the training documents.
    """

    name: str
    entry: ProbeEntry
    groups: dict[str, list[str]]
    placed: pd.DataFrame
    cases: pd.DataFrame
    known: int

    @property
    def mechanics_only(self) -> bool:
        """Whether the model was trained on these texts, so that they are no test of it."""
        return self.known >= KNOWN_SHARE * len(self.cases) > 0


def make_suites(
    parameters: ProbeParameters, card: Card, train: pd.DataFrame, test: pd.DataFrame
) -> tuple[list[Suite], dict[str, str]]:
    """Makes the suites that params.yaml names.

    Args:
        parameters: The stage's.
        card: The dataset's.
        train: What the model was trained on.
        test: Test documents, in the order in which they are chosen.

    Returns:
        The suites, and why each other one is left out, by its name.

    Raises:
        UserError: If there is no such entry, or it is not what an entry should be.
    """
    fetched = read_fetched(FETCHED)
    trained_on = {_bare(text) for text in train["text"]}
    suites, refused = [], {}
    for name in dict.fromkeys(parameters.suites):
        entry = load_entry("probes", name, ProbeEntry)
        try:
            reason = fetched.get(name, "its files are not fetched: `dvc repro fetch_probes` does that.")
            if entry.files and reason:
                raise UserError(reason, "")
            suites.append(_make(name, entry, parameters, card, test, trained_on))
        except UserError as error:
            refused[name] = str(error)
    return suites, refused


def read_fetched(folder: Path) -> dict[str, str | None]:
    """Why the files of each suite could not be fetched, by its name; None where they were.

    Raises:
        UserError: If the record is missing or damaged.
    """
    try:
        found: dict[str, str | None] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        raise UserError(f"{folder / RECORD}: is missing or damaged.", "Run `dvc repro -f fetch_probes`.") from None
    return found


def _make(
    name: str, entry: ProbeEntry, parameters: ProbeParameters, card: Card, test: pd.DataFrame, trained_on: set[str]
) -> Suite:
    """Makes a suite's texts.

    Raises:
        UserError: If it does not fit.
    """
    task, folder = task_of(card), FETCHED / name
    if task.head == "word":
        raise UserError("each word of these documents has a tag of its own, and the suites are about whole texts.", "")
    if card.language.partition("-")[0] != entry.language.partition("-")[0]:
        raise UserError(f"its texts are in {entry.language}, those of the dataset in {card.language}.", "")
    groups: dict[str, list[str]] = {}
    placed, cases = pd.DataFrame(), pd.DataFrame()
    if entry.words:
        groups = read_groups(entry.words, folder, parameters.words, parameters.seed)
        placed = place_words(entry.words, groups, test, parameters)
        own = [entry.words.label] if entry.words.label else []
        labels = label_map(own, entry, parameters.labels.get(name, {}), card)
        placed["expected"] = placed["expected"].map(labels).astype(object).where(placed["expected"].isin(labels), None)
    elif entry.swap:
        cases = swap_documents(entry.swap, test, parameters.swaps)
        cases = with_null(cases, entry.swap.null)
    else:
        if len(task.inputs) > 1:
            raise UserError("its cases are single texts, and these documents are pairs of texts.", "")
        cases = pd.concat([read_cases(listed, folder) for listed in entry.cases], ignore_index=True)
        cases["expected"] = _mapped(cases["expected"], name, entry, parameters, card)
        cases = with_null(cases, entry.null)
    known = sum(_bare(text) in trained_on for text in cases.get("text", ())) if entry.cases else 0
    return Suite(name, entry, groups, placed, cases, known)


def label_map(wanted: Collection[str], entry: ProbeEntry, given: Mapping[str, str], card: Card) -> dict[str, str]:
    """The dataset's name of each label of a suite that has one there.

    Args:
        wanted: The suite's labels.
        entry: The suite.
        given: What params.yaml says of its labels.
        card: The dataset's.
    """
    known = {label.casefold(): label for label in card.label_names}
    found = {}
    for label in wanted:
        names = [given[label]] if label in given else [label, *entry.labels.get(label, [])]
        place = next((known[name.casefold()] for name in names if name.casefold() in known), None)
        if place is not None:
            found[label] = place
    return found


def _mapped(
    expected: "pd.Series[Any]", name: str, entry: ProbeEntry, parameters: ProbeParameters, card: Card
) -> "pd.Series[Any]":
    """The labels of cases, by the dataset's names.

    Raises:
        UserError: If one of them has none there.
    """
    wanted = list(expected.dropna().unique())
    labels = label_map(wanted, entry, parameters.labels.get(name, {}), card)
    missing = [label for label in wanted if label not in labels]
    if missing and task_of(card).answer == "value":
        raise UserError("its cases have labels, and this model answers with numbers.", "")
    if missing:
        raise UserError(
            f"its label {missing[0]!r} is none of this dataset's ({', '.join(card.label_names[:8])}).",
            f"If one means the same, say so in probe.labels.{name}.",
        )
    return expected.map(labels).astype(object).where(expected.notna(), None)


def with_null(cases: pd.DataFrame, pairs: Mapping[str, str]) -> pd.DataFrame:
    """Cases with null swaps: each reference with words that mean the same; None where it holds none of them."""
    made = cases.copy()
    references = {column: column.replace("text", "reference") for column in text_columns(cases)}
    for column, name in references.items():
        if name not in cases:
            continue
        texts = [exchange(text, pairs) if isinstance(text, str) else None for text in cases[name]]
        made[column.replace("text", "null")] = pd.Series(texts, index=cases.index, dtype=object)
    names = [name for name in references.values() if name in cases]
    same = pd.Series(True, index=cases.index)
    for name in names:
        same &= made[name.replace("reference", "null")].fillna("") == made[name].fillna("")
    for name in names:
        column = name.replace("reference", "null")
        made[column] = made[column].astype(object).where(~same, None)
    return made


def _bare(text: str) -> str:
    return " ".join(text.casefold().split())
