"""Stage finetune: a pretrained encoder and the training documents in, a classifier out."""

from stages.common.core.entry import run_stage

if __name__ == "__main__":  # before the imports below, which take seconds
    run_stage("finetune", "Fine-tunes the encoder on the training documents.")

from contextlib import ExitStack
from functools import partial
from pathlib import Path

from stages.common.core.changes import changed_settings
from stages.common.core.execution import load_execution
from stages.common.core.outputs import new_outputs, write_json
from stages.common.core.parameters import load_section
from stages.common.documents.card import LABELS, read_labels
from stages.common.documents.consensus import CONSENSUS, read_consensus
from stages.common.documents.table import ORIGINAL, read_some
from stages.common.documents.unlabelled import DOCUMENTS, UNLABELLED
from stages.common.model.device import compute_alike
from stages.common.model.inference import write_inference
from stages.common.model.tokenising import unknown_share
from stages.common.tasks import task_of
from stages.common.training.architecture import set_output_bias
from stages.common.training.checkpoints import open_checkpoints, say, training_key
from stages.common.training.environment import describe_environment, describe_training
from stages.common.training.instructions import compute_with
from stages.common.training.loop import log_nowhere
from stages.common.training.placement import make_accelerator
from stages.common.training.processes import is_one_of_many, run_processes, the_first_one_tells, wants_processes
from stages.common.training.trackers import check_trackers, track
from stages.finetune.course import learn
from stages.finetune.distillation import plan_student
from stages.finetune.parameters import Finetune
from stages.finetune.reading import plan_reading
from stages.finetune.summary import headline, report, summarise, warn_of_unknown
from stages.finetune.tasks import finetune_task
from stages.finetune.training import Lessons, Trainer, start
from stages.finetune.unlabelled import read_texts

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
    originals = training["method"].eq(ORIGINAL).to_numpy()
    parameters = parameters.settled(targets[originals] if task.answer == "label" else None)
    if parameters.soft_labels:
        targets = room.soften(targets, training, read_consensus())

    model, tokenizer = start(PRETRAINED, labels.outputs, task.head, parameters.first)
    parameters = plan_student(parameters, model)
    inference = room.plan_inference(plan_reading(parameters, labels, model, tokenizer, training), targets)
    bias = room.starting_bias(targets)
    if bias is not None:
        set_output_bias(model, bias)
    examples = room.make_examples(training, targets, tokenizer, inference, TRAIN)
    unknown = unknown_share(tokenizer, examples.tokens.ids)
    warn_of_unknown(unknown)
    trainer = Trainer(room, tokenizer, inference, validation, truth, accelerator)
    ready = trainer.ready(model, examples, targets, parameters.first)
    texts = read_texts(parameters, task)

    inputs = [TRAIN, VALIDATION, LABELS, PRETRAINED, *([CONSENSUS] if parameters.soft_labels else [])]
    inputs += [] if texts is None else [UNLABELLED / DOCUMENTS]
    key = training_key(describe_training(parameters, accelerator, precision), inputs)

    keep = partial(open_checkpoints, every=execution.checkpoint_steps, accelerator=accelerator)
    lessons = Lessons(trainer, parameters, training, targets, PRETRAINED, keep, key, ExitStack())

    with open_checkpoints(key, execution.checkpoint_steps, accelerator, FINETUNED.parent) as checkpoints:
        if not accelerator.is_main_process:
            learn(ready, lessons, texts, checkpoints, log_nowhere)
            return
        with new_outputs(FINETUNED, REPORTS) as (models, reports):
            with track(reports / "live", execution.trackers, key, parameters.model_dump()) as log:
                (ready, outcome), said = learn(ready, lessons, texts, checkpoints, log)
            ready.method.save(models, outcome.weights)
            tokenizer.save_pretrained(models)
            if not ready.selection.keeps_last:
                inference = room.calibrate(outcome.logits, truth, inference)
            write_inference(inference, models)
            summary = summarise(outcome, training, examples, validation, ready.method, unknown, parameters)
            write_json(reports / "summary.json", summary | said)
            write_json(reports / "headline.json", headline(outcome, ready.selection))
            seconds = outcome.seconds + ready.method.seconds
            environment = describe_environment(accelerator.device, precision, seconds, outcome.real_tokens)
            write_json(reports / "environment.json", environment)
    report(outcome, environment, ready.selection, training["id"].iloc[examples.left_out].tolist())
