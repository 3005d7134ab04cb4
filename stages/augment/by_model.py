"""Makes variants by models and translators, many documents at once, in the stage's own process."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

import pandas as pd

from stages.augment.methods import BACK_TRANSLATION, CONTEXTUAL
from stages.augment.parameters import AugmentParameters, MethodParameters
from stages.augment.variants import Attempt, tabulate
from stages.common.documents.card import Card
from stages.common.fetching.roles import read_role

Maker = Callable[[pd.DataFrame], Iterable[Attempt]]


def open_makers(
    parameters: AugmentParameters, methods: Mapping[str, MethodParameters], card: Card, models: Path, encoder: Path
) -> list[Maker]:
    """Loads what the methods that are on need, before any work starts.

    Args:
        parameters: The stage's parameters.
        methods: The methods that are on.
        card: Says the documents' language.
        models: The folder of the fetched models, one folder a role.
        encoder: The folder of the pretrained encoder.

    Returns:
        For each method a function from documents to what was made of them.

    Raises:
        UserError: If a model or an engine is missing or is for another language.
    """
    makers: list[Maker] = []
    # Here, because importing torch takes seconds, and by default these methods are off.
    if CONTEXTUAL in methods:
        from stages.augment.contextual import MaskedLanguageModel, substitute

        own = models / "masked_language_model"
        model = MaskedLanguageModel(encoder if read_role(own) is None else own, parameters.contextual)
        makers.append(partial(substitute, parameters=parameters.contextual, model=model, seed=parameters.seed))
    if BACK_TRANSLATION in methods:
        from stages.augment.back_translation import open_engine, translate_back

        said = parameters.back_translation
        engine = open_engine(said, card.language, models)
        makers.append(partial(translate_back, parameters=said, engine=engine, seed=parameters.seed))
    return makers


def make_by_model(makers: Iterable[Maker], documents: pd.DataFrame) -> pd.DataFrame:
    """Makes the variants; the columns are those of :func:`stages.augment.variants.tabulate`."""
    return tabulate((attempt for make in makers for attempt in make(documents)), documents)
