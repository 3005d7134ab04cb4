"""The pages of the service: one for trying it, one that describes it. They need nothing from anywhere else."""

from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined

from commands.serving.description import example
from commands.serving.limits import Limits
from stages.common.model.inference import Inference
from stages.common.tasks import task_of

HERE = Path(__file__).parent
STYLE_AND_SCRIPT = {
    "/page.css": ("text/css; charset=utf-8", (HERE / "page.css").read_bytes()),
    "/page.js": ("text/javascript; charset=utf-8", (HERE / "page.js").read_bytes()),
}
NAMES = {"text": "Text", "text_pair": "Second text", "tokens": "Text"}


def try_page(inference: Inference, model: str, limits: Limits, below: float) -> bytes:
    """The page for trying the service.

    Args:
        inference: The model's record.
        model: Its hash.
        limits: What the service takes.
        below: The probability below which no label is given, at first.
    """
    task = task_of(inference)
    fields = [(name, NAMES.get(name, name)) for name in task.inputs]
    known = {"task": task.name, "model": model, "limits": limits}
    return _render("try", fields=fields, one_label=task.answer == "label", below=below, **known)


def docs_page(inference: Inference, model: str, limits: Limits, described: dict[str, Any]) -> bytes:
    """The page that shows the description of the service: what :func:`commands.serving.description.openapi` gives."""
    schemas = described["components"]["schemas"]
    sent = orjson.dumps({"texts": [example(task_of(inference))]}).decode()
    fields = {
        name: [(field, _type(schema), schema.get("description", "")) for field, schema in each["properties"].items()]
        for name, each in schemas.items()
    }
    known = {"task": inference.task, "model": model, "limits": limits}
    return _render("docs", described=described, fields=fields, sent=sent, **known)


def _type(schema: dict[str, Any]) -> str:
    """A schema's type in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    bounds = {"minItems": "at least", "maxItems": "at most", "maxLength": "at most", "minimum": "from"}
    bounds |= {"exclusiveMinimum": "above", "maximum": "to"}
    said = ", ".join(f"{words} {schema[name]:,}" for name, words in bounds.items() if name in schema)
    kind = str(schema.get("type", "any"))
    if "items" in schema:
        kind = f"list of {_type(schema['items'])}"
    elif "prefixItems" in schema:
        kind = f"list of {len(schema['prefixItems'])}: {', '.join(map(_type, schema['prefixItems']))}"
    return f"{kind} ({said})" if said else kind


def _render(name: str, **known: Any) -> bytes:
    environment = Environment(
        loader=PackageLoader("commands.serving", "pages"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(f"{name}.html.jinja").render(known).encode()
