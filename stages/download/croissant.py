"""Describes the document table as Croissant JSON-LD, so that other tools can read what was used.

Croissant 1.1 is the MLCommons vocabulary for datasets: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html
"""

from pathlib import Path
from typing import Any

import pyarrow as pa

from stages.common.core.outputs import write_json
from stages.common.documents.card import Card
from stages.common.documents.table import documents_schema
from stages.common.fetching.sources import PinnedFile, file_hash
from stages.common.tasks import task_of
from stages.download.entry import DatasetEntry

CROISSANT = "croissant.json"
CONFORMS_TO = "http://mlcommons.org/croissant/1.1"

# The context that the specification gives, for the terms used here.
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "isArray": "cr:isArray",
    "key": "cr:key",
    "md5": "cr:md5",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "sc": "https://schema.org/",
    "source": "cr:source",
}
MEANINGS = {
    "id": "The publisher's id, or a hash of the record",
    "text": "The text; for token classification, the tokens joined by a space",
    "label": "The class",
    "tokens": "The words",
    "tags": "The BIO tag of each word",
    "text_pair": "The second text of a pair",
    "labels": "The classes, any number of them",
    "value": "The number that is to be predicted",
    "published_split": "The split that the publisher put the document into: train, validation or test",
    "group": "Documents of one group must stay on one side of a split",
    "derived_from": "The ids of the originals whose content is in the document",
    "method": "How it was made: original, or by an augmentation",
}
WITH_UNLABELLED = {
    "published_split": f"{MEANINGS['published_split']}; or unlabelled, where the publisher gives it no label"
}


def write_croissant(card: Card, entry: DatasetEntry, folder: Path) -> None:
    """Writes ``croissant.json`` beside the document table that it describes.

    Args:
        card: The card of the dataset.
        entry: Its catalog entry.
        folder: The folder that holds documents.parquet.
    """
    table = folder / "documents.parquet"
    documents = {
        "@type": "cr:FileObject",
        "@id": table.name,
        "name": table.name,
        "contentUrl": table.name,
        "contentSize": f"{table.stat().st_size} B",
        "encodingFormat": "application/x-parquet",
        "sha256": file_hash(table, "sha256"),
    }
    unlabelled = any(not part.has_labels for part in entry.parts)
    content = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": card.name,
        "alternateName": card.title,
        "description": " ".join([f"{card.title}, {card.rows} documents for {task_of(card).name}.", *card.known_faults]),
        "inLanguage": card.language,
        "license": card.licence,
        "citeAs": card.citation,
        "distribution": [documents, *(_source(file) for file in entry.files)],
        "recordSet": [_labels(card), _documents(table.name, card, unlabelled)],
    }
    write_json(folder / CROISSANT, content)


def _source(file: PinnedFile) -> dict[str, Any]:
    """A file that the table was made of, by its first address; a package is named by its package URL."""
    address = next(
        (source.url or f"pkg:pypi/{source.package}".replace("==", "@") for source in file.sources), file.name
    )
    hashes = dict(pinned.replace("tree:", "sha256:").split(":") for pinned in file.hashes)
    named = {"@type": "cr:FileObject", "@id": f"source/{file.name}", "name": file.name, "contentUrl": address}
    return {**named, "encodingFormat": "application/octet-stream", **hashes}


def _labels(card: Card) -> dict[str, Any]:
    fields = [
        {"@type": "cr:Field", "@id": f"labels/{name}", "name": name, "dataType": "sc:Text"}
        for name in ("name", "definition")
    ]
    data = [{f"labels/{name}": value for name, value in label.model_dump().items()} for label in card.labels]
    named = {"@type": "cr:RecordSet", "@id": "labels", "name": "labels", "dataType": "sc:Enumeration"}
    return {**named, "key": {"@id": "labels/name"}, "field": fields, "data": data}


def _documents(table: str, card: Card, unlabelled: bool) -> dict[str, Any]:
    fields, task = [], task_of(card)
    meanings = MEANINGS | (WITH_UNLABELLED if unlabelled else {})
    for column in documents_schema(task.columns):
        field: dict[str, Any] = {
            "@type": "cr:Field",
            "@id": f"documents/{column.name}",
            "name": column.name,
            "description": meanings[column.name],
            "dataType": "sc:Float" if pa.types.is_floating(column.type) else "sc:Text",
            "source": {"fileObject": {"@id": table}, "extract": {"column": column.name}},
        }
        if pa.types.is_list(column.type):
            field |= {"isArray": True, "arrayShape": "-1"}
        if column.name == task.target and task.answer == "label":
            field["references"] = {"field": {"@id": "labels/name"}}
        fields.append(field)
    named = {"@type": "cr:RecordSet", "@id": "documents", "name": "documents"}
    return {**named, "key": {"@id": "documents/id"}, "field": fields}
