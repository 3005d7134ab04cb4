"""Stage finetune: a pretrained encoder and the training documents in, a classifier out."""

from stages.common.core.entry import run_stage

if __name__ == "__main__":  # before the imports below, which take seconds
    run_stage("finetune", "Fine-tunes the encoder on the training documents.")

from functools import partial
from pathlib import Path

from stages.common.core.changes import changed_settings
from stages.common.core.execution import load_execution
from stages.common.core.outputs import new_outputs, write_json
from stages.common.core.parameters import load_section
from stages.common.documents.card import LABELS, read_labels
from stages.common.documents.consensus import CONSENSUS, read_consensus
from stages.common.documents.table import read_some
from stages.common.model.device import compute_alike
from stages.common.model.inference import write_inference
from stages.common.model.loading import load_pretrained
from stages.common.model.scorer import Scorer
from stages.common.model.tokenising import unknown_share
from stages.common.tasks import task_of
from stages.common.training.architecture import set_output_bias
from stages.common.training.checkpoints import open_checkpoints, say, training_key
from stages.common.training.environment import describe_environment, describe_training
from stages.common.training.instructions import compute_with
from stages.common.training.loop import log_nowhere, train
from stages.common.training.methods import prepare
from stages.common.training.placement import make_accelerator
from stages.common.training.processes import is_one_of_many, run_processes, the_first_one_tells, wants_processes
from stages.common.training.trackers import check_trackers, track
from stages.finetune.contrastive import contrast
from stages.finetune.parameters import Finetune
from stages.finetune.reading import plan_reading
from stages.finetune.summary import headline, report, summarise, warn_of_unknown
from stages.finetune.tasks import finetune_task
from stages.finetune.validation import select_by_validation

TRAIN, VALIDATION = Path("data/audited/train.parquet"), Path("data/splits/validation.parquet")
PRETRAINED = Path("models/fetched/pretrained")
FINETUNED, REPORTS = Path("models/finetuned"), Path("reports/finetune")


@the_first_one_tells
def main() -> None:
    """Trains the encoder, keeps its best weights, and records how it went."""
    parameters, execution = load_section("finetune", Finetune), load_execution()
    if not is_one_of_many() and (changes := changed_settings()):
        say(changes)
    compute_with(parameters.instructions)
    check_trackers(execution.trackers)
    if wants_processes(execution):
        run_processes("stages.finetune", execution, parameters.thread_count)
        return
    accelerator, precision = make_accelerator(
        parameters.device, parameters.precision, execution.accelerate_config, parameters.emulate_bf16
    )
    compute_alike(parameters.seed, parameters.thread_count)

    labels = read_labels(LABELS)
    task, room = task_of(labels), finetune_task(task_of(labels))
    training, validation = read_some(TRAIN), read_some(VALIDATION)
    targets = room.read_targets(training, labels.labels, TRAIN)
    truth = room.read_targets(validation, labels.labels, VALIDATION)
    room.check_targets(targets, labels.outputs, TRAIN)
    if parameters.soft_labels:
        targets = room.soften(targets, training, read_consensus())

    model, tokenizer = load_pretrained(PRETRAINED, labels.outputs, parameters.dropout, task.head)
    inference = room.plan_inference(plan_reading(parameters, labels, model, tokenizer, training), targets)
    bias = room.starting_bias(targets)
    if bias is not None:
        set_output_bias(model, bias)
    examples = room.make_examples(training, targets, tokenizer, inference, TRAIN)
    unknown = unknown_share(tokenizer, examples.tokens.ids)
    warn_of_unknown(unknown)
    method = prepare(model, parameters, task.head, len(examples.tokens.lengths))
    scorer = Scorer(method.model, tokenizer, inference)
    selection = select_by_validation(scorer, room, validation, truth, parameters.keep == "last")
    objective = room.make_objective(parameters, targets, labels.outputs, method.penalty)

    inputs = [TRAIN, VALIDATION, LABELS, PRETRAINED, *([CONSENSUS] if parameters.soft_labels else [])]
    key = training_key(describe_training(parameters, accelerator, precision), inputs)
    with open_checkpoints(key, execution.checkpoint_steps, accelerator, FINETUNED.parent) as checkpoints:
        examples = method.precompute(examples, tokenizer, accelerator.device)
        if parameters.method == "contrastive":
            examples, objective, selection = contrast(
                method.model, tokenizer, examples, selection, parameters, labels.outputs
            )
        learn = partial(
            train, method.model, tokenizer, examples, objective, selection, parameters, accelerator, checkpoints
        )
        if not accelerator.is_main_process:
            learn(log_nowhere)
            return
        with new_outputs(FINETUNED, REPORTS) as (models, reports):
            with track(reports / "live", execution.trackers, key, parameters.model_dump()) as log:
                outcome = learn(log)
            method.save(models, outcome.weights)
            tokenizer.save_pretrained(models)
            if parameters.keep == "best":
                inference = room.calibrate(outcome.logits, truth, inference)
            write_inference(inference, models)
            summary = summarise(outcome, training, examples, validation, method, unknown)
            write_json(reports / "summary.json", summary)
            write_json(reports / "headline.json", headline(outcome, selection))
            seconds = outcome.seconds + method.seconds
            environment = describe_environment(accelerator.device, precision, seconds, outcome.real_tokens)
            write_json(reports / "environment.json", environment)
    report(outcome, environment, selection, training["id"].iloc[examples.left_out].tolist())
