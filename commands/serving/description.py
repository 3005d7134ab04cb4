"""The service in the words of OpenAPI 3.1, made from the same models that check what is sent."""

from typing import Any

from pydantic import BaseModel

from commands.serving.messages import Error, answer_model
from stages.common.model.inference import Inference
from stages.common.tasks import Task, task_of

REFUSALS = {
    400: "The body is not JSON.",
    408: "The request did not arrive in time.",
    413: "The body, the list of texts or a text is larger than allowed, or so many texts take longer than allowed.",
    415: "The body is not said to be JSON.",
    422: "The body is JSON, but not what the model takes.",
    429: "Too much waits; the header Retry-After says in how many seconds to send it again.",
    500: "The model failed on a text.",
    503: "The service is being stopped.",
    504: "The answer was not there before the request's timeout.",
}
REFERENCE = "#/components/schemas/{model}"


def openapi(requests: type[BaseModel], inference: Inference, model: str) -> dict[str, Any]:
    """The description that ``/openapi.json`` gives.

    Args:
        requests: What a request says.
        inference: The model's record.
        model: Its hash.
    """
    schemas: dict[str, Any] = {}
    for message, mode in ((requests, "validation"), (answer_model(inference), "serialization")):
        schema = message.model_json_schema(ref_template=REFERENCE, mode=mode)  # type: ignore[arg-type]
        schemas |= schema.pop("$defs", {})
        schemas[message.__name__] = schema
    schemas["Error"] = Error.model_json_schema()
    task = task_of(inference)
    answered = {"description": "The answers.", "content": _content("Response")}
    refused = {str(status): {"description": why, "content": _content("Error")} for status, why in REFUSALS.items()}
    refused["429"]["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    body: dict[str, Any] = {"required": True, "content": _content("Request")}
    body["content"]["application/json"]["example"] = {"texts": [example(task)]}
    predict = {
        "summary": "Answer texts",
        "operationId": "predict",
        "requestBody": body,
        "responses": {"200": answered, **refused},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": f"A model for {inference.task}", "version": model},
        "paths": {
            "/predict": {"post": predict},
            "/health": {"get": _plain("Whether the process works", {"200": "It does.", "500": "It does not."})},
            "/ready": {
                "get": _plain("Whether requests are taken", {"200": "They are.", "503": "It is being stopped."})
            },
            "/metrics": {"get": _plain("Counts, as Prometheus reads them", {"200": "Prometheus' text format."})},
        },
        "components": {"schemas": schemas},
    }


def example(task: Task) -> Any:
    """What ``texts`` may hold for one answer."""
    parts = ["A text of which the model says what it knows.", "Another text."][: len(task.inputs)]
    return parts if len(parts) > 1 else parts[0]


def _content(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": REFERENCE.format(model=schema)}}}


def _plain(summary: str, statuses: dict[str, str]) -> dict[str, Any]:
    return {"summary": summary, "responses": {status: {"description": what} for status, what in statuses.items()}}
