"""The audit section of params.yaml."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from stages.common.core.validation import Strict

Ways = Literal["none", "posterior", "crowdlab"]


class Weights(Strict):
    """How much each classifier counts in the blend of probabilities; one that counts 0 is not computed.

    Attributes:
        tfidf: Logistic regression on TF-IDF of words and pairs of words.
        embeddings: Logistic regression on the frozen encoder's embeddings.
        neighbours: The labels of the nearest neighbours among these embeddings.
    """

    tfidf: float = Field(default=1.0, ge=0)
    embeddings: float = Field(default=0.0, ge=0)
    neighbours: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _one_counts(self) -> Self:
        if not (self.tfidf or self.embeddings or self.neighbours):
            raise ValueError("all weights are 0, so there is nothing to judge labels by")
        return self


class Neighbours(Strict):
    """How nearest neighbours vote.

    Attributes:
        count: Neighbours that vote.
        temperature: How fast a vote loses weight with distance, in cosine similarity; the larger, the slower.
    """

    count: int = Field(default=1, ge=1)
    temperature: float = Field(default=1.0, gt=0)


class AuditParameters(Strict):
    """How labels of training documents are judged, and what becomes of those that look wrong.

    Attributes:
        seed: Of the folds; a document's depends on it and on the names of its class's groups.
        folds: Parts of the training documents; each is judged by classifiers that saw the others only.
        weights: How much each classifier counts in the blend of probabilities; one that counts 0 is not computed.
        tfidf_c: Inverse strength of the L2 penalty on TF-IDF.
        embeddings_c: Inverse strength of the L2 penalty on embeddings.
        neighbours: How nearest neighbours vote.
        max_length: Tokens after which a text is cut before it is embedded.
        threads: Processor threads that embed; another number changes the last digits.
        flag: Which documents are flagged (Northcutt, Jiang & Chuang 2021): ``prune_by_noise_rate``, for each pair of
            labels as many as the estimate says, ``confident_learning``, those that count as another label with
            confidence, or ``predicted_neq_given``, all for which another label is likelier.
        answers: How several people's answers count beside the classifiers: ``none``, not at all, ``posterior``, the
            probabilities that annotate made of them times the classifiers', or ``crowdlab``, a vote of the classifiers
            and the annotators, weighted (Goh, Tkachenko & Mueller 2022); the latter two flag documents for which
            another label is likelier, whatever ``flag`` is. Where documents have one answer each, it changes nothing.
        action: ``report`` only lists flagged documents, ``drop`` leaves them out, ``relabel`` gives them the likelier
            label; the latter two only if that label is likely enough.
        confidence: The probability of the other label from which on ``drop`` and ``relabel`` act.
        reviewed: A CSV with the columns id, verdict (keep, drop, relabel or nothing) and new_label, such as a filled-in
            copy of reports/audit/label_issues.csv; what it says is done whatever ``action`` is.
    """

    seed: int
    folds: int = Field(ge=2, le=100)
    weights: Weights = Weights()
    tfidf_c: float = Field(gt=0)
    embeddings_c: float = Field(default=1.0, gt=0)
    neighbours: Neighbours = Neighbours()
    max_length: int = Field(default=128, ge=3)
    threads: int = Field(default=1, ge=1)
    flag: Literal["prune_by_noise_rate", "confident_learning", "predicted_neq_given"] = "prune_by_noise_rate"
    answers: Ways = "none"
    action: Literal["report", "drop", "relabel"] = "report"
    confidence: float = Field(default=1.0, ge=0, le=1)
    reviewed: str = "catalog/reviews/none.csv"

    @field_validator("reviewed")
    @classmethod
    def _is_csv(cls, value: str) -> str:
        if Path(value).suffix != ".csv":
            raise ValueError("must be the path of a CSV file")
        return value
