"""Stage finetune: a pretrained encoder and the training documents in, a classifier out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from dvclive.live import Live

from stages.common.card import Card, read_card, write_card
from stages.common.documents import ORIGINAL, read_documents
from stages.common.encoder.device import compute_alike
from stages.common.encoder.loading import Inference, load_pretrained, write_inference
from stages.common.encoder.scoring import BATCH_TOKENS, score
from stages.common.entry import run_stage
from stages.common.messages import closing_line
from stages.common.outputs import new_outputs, write_json
from stages.common.parameters import load_section
from stages.common.provenance import write_provenance
from stages.finetune.environment import describe_environment
from stages.finetune.examples import check_classes, check_length, check_task, label_indices, make_examples
from stages.finetune.figures import Figures, validation_figures
from stages.finetune.parameters import Finetune
from stages.finetune.placement import make_accelerator
from stages.finetune.training import Outcome, train

SPLITS = Path("data/splits")
AUDITED = Path("data/audited")
PRETRAINED = Path("models/pretrained")
FINETUNED = Path("models/finetuned")
REPORTS = Path("reports/finetune")


def main() -> None:
    """Trains the encoder, keeps its best weights, and records how it went."""
    parameters = load_section("finetune", Finetune)
    accelerator, precision = make_accelerator(parameters.device, parameters.precision)
    compute_alike(parameters.seed, parameters.threads)

    card = read_card(SPLITS)
    check_task(card, SPLITS)
    train_file, validation_file = AUDITED / "train.parquet", SPLITS / "validation.parquet"
    training, validation = read_documents(train_file), read_documents(validation_file)
    labels = label_indices(training, card.label_names, train_file)
    check_classes(labels, card.label_names, train_file)
    truth = label_indices(validation, card.label_names, validation_file)

    model, tokenizer = load_pretrained(PRETRAINED, card.label_names, parameters.dropout)
    check_length(model, parameters.max_length)
    examples = make_examples(training, labels, tokenizer, parameters.max_length)
    texts = validation["text"].tolist()

    def validate() -> Figures:
        logits = score(model, tokenizer, texts, parameters.max_length, what="validating")
        return validation_figures(logits, truth)

    with new_outputs(FINETUNED, REPORTS) as (models, reports):
        with Live(str(reports / "live"), dvcyaml=None, save_dvc_exp=False) as live:

            def log(step: int, values: Mapping[str, float]) -> None:
                live.step = step
                for name, value in values.items():
                    live.log_metric(name, value)

            outcome = train(model, tokenizer, examples, validate, parameters, accelerator, log)
        model.save_pretrained(models)
        tokenizer.save_pretrained(models)
        write_card(card, models)
        write_provenance(models)
        write_inference(Inference(max_length=parameters.max_length, batch_tokens=BATCH_TOKENS), models)
        trainable = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
        write_json(reports / "summary.json", summarise(outcome, training, validation, trainable))
        environment = describe_environment(accelerator.device, precision, outcome.seconds, outcome.real_tokens)
        write_json(reports / "environment.json", environment)
    report(card, outcome, environment)


def summarise(
    outcome: Outcome, training: pd.DataFrame, validation: pd.DataFrame, trainable_parameters: int
) -> dict[str, Any]:
    """What ``summary.json`` holds: the same in every run of the same parameters on the same machine."""
    return {
        "validation": outcome.best,
        "best_epoch": outcome.best_epoch,
        "epochs_run": outcome.epochs,
        "steps": outcome.steps,
        "training_rows": len(training),
        "augmented_training_rows": int((training["method"] != ORIGINAL).sum()),
        "validation_rows": len(validation),
        "trainable_parameters": trainable_parameters,
        "real_tokens": outcome.real_tokens,
        "computed_tokens": outcome.computed_tokens,
        "real_share": outcome.real_tokens / outcome.computed_tokens,
    }


def report(card: Card, outcome: Outcome, environment: Mapping[str, Any]) -> None:
    """Says in one line what was trained and how well it does."""
    closing_line(
        "finetune",
        f"{card.title}: validation macro F1 {outcome.best['macro_f1']:.4f}, accuracy {outcome.best['accuracy']:.4f} "
        f"after epoch {outcome.best_epoch} of {outcome.epochs}; {outcome.computed_tokens:,} tokens, "
        f"{outcome.real_tokens / outcome.computed_tokens:.1%} of them real, {environment['tokens_per_second']:,.0f} "
        f"a second on {environment['device']} ({environment['precision']})",
    )


if __name__ == "__main__":
    run_stage(main, "Fine-tunes the encoder on the training documents.")
