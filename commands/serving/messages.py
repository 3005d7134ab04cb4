"""What a request says and what an answer holds, as the model's task has it: for checking and for the description."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, create_model

from commands.serving.limits import Limits
from stages.common.model.inference import Inference
from stages.common.tasks import Task, task_of

TOO_LARGE = {"too_long", "string_too_long"}  # pydantic's names of errors that are about size


class TooManyCharactersError(ValueError):
    """All parts of what is read for one answer are too long together."""


class RefusedError(Exception):
    """A request that gets no answer.

    Args:
        status: Of HTTP.
        why: One line, for whoever sent it.
        wait: Seconds after which it may be sent again.
    """

    def __init__(self, status: int, why: str, wait: int | None = None) -> None:
        super().__init__(why)
        self.status, self.why, self.wait = status, why, wait


def request_model(inference: Inference, limits: Limits) -> type[BaseModel]:
    """What a request says: texts, how long it waits and, where a text gets one label, from which probability on."""
    task = task_of(inference)
    texts = Field(min_length=1, max_length=limits.texts, description=_what(task))
    fields: dict[str, Any] = {"texts": (list[_input(task, limits)], texts)}  # type: ignore[misc]
    waits = Field(None, gt=0, le=limits.deadline, description="Seconds after which the answer is no longer wanted.")
    fields["timeout"] = (float | None, waits)
    if task.answer == "label":
        below = Field(None, ge=0, le=1, description="Texts get no label where its probability is below this.")
        fields["abstain_below"] = (float | None, below)
    config = ConfigDict(extra="forbid", strict=True, title="Request")
    return create_model("Request", __config__=config, **fields)


def answer_model(inference: Inference) -> type[BaseModel]:
    """What the answer to a request holds."""
    task = task_of(inference)
    kinds: dict[str, dict[str, Any]] = {
        "label": {
            "label": (Literal[tuple(inference.labels)] | None, Field(description="The likeliest label.")),
            "probability": (float | None, Field(description="Its probability.", ge=0, le=1)),
        },
        "labels": {"labels": (list[str] | None, Field(description="All labels that reach their threshold."))},
        "tags": {
            "tokens": (list[str], Field(description="The words of the text.")),
            "tags": (list[str] | None, Field(description="The tag of each word.")),
            "spans": (list[Span] | None, Field(description="What the tags mark.")),
        },
        "value": {"value": (float | None, Field(description="The number that is predicted."))},
    }
    each = kinds[task.answer]
    if task.answer in ("label", "labels"):
        each["probabilities"] = (dict[str, float | None], Field(description="The probability of each label."))
    open_because = "Why there is no answer: the text has no letter or digit (empty), its label is less probable than "
    open_because += "abstain_below (unsure), or the model's outputs are no numbers (not finite)."
    each["abstained"] = (Literal["empty", "unsure", "not finite"] | None, Field(description=open_because))
    answer = create_model("Answer", __config__=ConfigDict(extra="forbid"), **each)
    return create_model(
        "Response",
        __config__=ConfigDict(extra="forbid"),
        model=(str, Field(description="The hash of the model, as dvc.lock records it.")),
        answers=(list[answer], Field(description="One for each text, in the order of the texts.")),
    )


class Span(BaseModel):
    """Words that are tagged together."""

    model_config = ConfigDict(extra="forbid")

    label: str
    start: int = Field(description="Its first word, counted from 0.")
    end: int = Field(description="The word after its last one.")
    probability: float
    text: str
    first_character: int | None = Field(description="Where it begins in the text; null for a list of words.")
    end_character: int | None = Field(description="Where it ends.")


class Error(BaseModel):
    """Why a request gets no answer."""

    error: str = Field(description="One line.")


def parse(model: type[BaseModel], body: bytes) -> Any:
    """The request that a body holds.

    Raises:
        RefusedError: If it is not JSON (400), larger than allowed (413), or not what the model takes (422).
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
    if fault["type"] == "json_invalid":
        raise RefusedError(400, f"The body is not JSON: {fault['ctx']['error']}.")
    place = ".".join(str(part) for part in fault["loc"]) or "the body"
    large = fault["type"] in TOO_LARGE or isinstance(fault.get("ctx", {}).get("error"), TooManyCharactersError)
    said = fault["msg"].removeprefix("Value error, ").rstrip(".")
    raise RefusedError(413 if large else 422, f"{place}: {said[:1].lower()}{said[1:]}.")


def _input(task: Task, limits: Limits) -> Any:
    """The type of what a model reads for one answer."""

    def short(parts: list[str]) -> list[str]:
        if sum(map(len, parts)) > limits.characters:
            raise TooManyCharactersError(f"it has more than {limits.characters} characters")
        return parts

    text = Annotated[str, Field(max_length=limits.characters)]
    if task.head == "word":
        return text | Annotated[list[str], AfterValidator(short)]
    parts = len(task.inputs)
    if parts == 1:
        return text
    pair: Any = tuple[(str,) * parts]  # type: ignore[misc]
    return Annotated[pair, AfterValidator(lambda given: tuple(short([*given])))]


def _what(task: Task) -> str:
    if task.head == "word":
        return "The texts, or for each of them a list of its words."
    return "The texts." if len(task.inputs) == 1 else f"For each answer a list: {', '.join(task.inputs)}."
