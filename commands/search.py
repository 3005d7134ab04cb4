"""Searches hyperparameters with Optuna: each trial is a DVC experiment that stops at finetune and sees validation only.

The study lives in .search/, which git ignores: a search that was stopped goes on where it was.
"""

import argparse
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from commands.experiments import run_experiment
from commands.records import PARAMS, SUMMARY, content_at, git, read_params
from stages.common.core.changes import flat
from stages.common.core.entry import run_command
from stages.common.core.messages import UserError, closing_line, progress, suggestion
from stages.common.core.validation import Strict, read_yaml, validate
from stages.common.metrics.names import METRICS, title

if TYPE_CHECKING:  # where it is used it is imported, so that --help does not wait for it
    import optuna

SPACE, STUDIES = Path("search.yaml"), Path(".search")


class Values(Strict):
    """What a parameter may be: a number between two bounds, or one of a few values.

    Attributes:
        low: The least.
        high: The most.
        log: Whether numbers are drawn evenly by their logarithm.
        whole: Whether they are whole numbers.
        choices: The few values.
    """

    low: float | None = None
    high: float | None = None
    log: bool = False
    whole: bool = False
    choices: list[Any] | None = Field(default=None, min_length=2)

    @model_validator(mode="after")
    def _says_one_thing(self) -> "Values":
        if (self.choices is None) == (self.low is None) or (self.low is None) != (self.high is None):
            raise ValueError("give low and high, or choices")
        if self.low is not None and self.high is not None and (self.low >= self.high or (self.log and self.low <= 0)):
            raise ValueError("low must be below high, and above 0 where log is true")
        return self


class Space(Strict):
    """What is searched: ``search.yaml``.

    Attributes:
        sampler: ``tpe`` learns from earlier trials (Bergstra et al. 2011), ``random`` does not.
        seed: Of the sampler.
        metric: The key of reports/finetune/summary.json's ``validation`` that counts.
        direction: Whether more of it is better.
        parameters: By dotted name in params.yaml.
    """

    sampler: Literal["tpe", "random"]
    seed: int = Field(ge=0, lt=2**32)
    metric: str
    direction: Literal["maximize", "minimize"]
    parameters: dict[str, Values] = Field(min_length=1)

    @model_validator(mode="after")
    def _goes_the_right_way(self) -> "Space":
        if self.metric in METRICS and METRICS[self.metric].higher_is_better != (self.direction == "maximize"):
            better = "higher" if METRICS[self.metric].higher_is_better else "lower"
            raise ValueError(f"direction is {self.direction}, but a {better} {title(self.metric)} is better")
        return self


def main(trials: int, space_file: Path) -> None:
    """Runs trials until there are so many, and says which was best.

    Args:
        trials: How many there shall be in all, those of earlier calls included.
        space_file: What is searched.

    Raises:
        UserError: If the search space names a parameter that there is not, or a trial fails.
    """
    from optuna.trial import TrialState

    space = validate(Space, read_yaml(space_file), str(space_file))
    known = flat(read_params())
    for name in space.parameters:
        if name not in known:
            raise UserError(f"{space_file}: {PARAMS} has no {name}.", suggestion(name, known))
    study = open_study(space)
    done = len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
    for _ in progress(range(done, trials), "search", "trial", max(trials - done, 0)):
        trial = study.ask()
        study.tell(trial, run_trial(study, trial, space))
    best = study.best_trial
    name = experiment_name(study, best.number)
    values = ", ".join(f"{parameter}={value}" for parameter, value in best.params.items())
    closing_line(
        "search",
        f"{max(trials, done)} trials, {done} of them from before; best {space.metric} {best.value:.4f} on validation "
        f"with {values}; `dvc exp apply {name}` takes it over",
    )


def open_study(space: Space) -> "optuna.Study":
    """Opens the study of this revision and search space, or begins it; trials that were cut off are tried again."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend
    from optuna.trial import TrialState

    STUDIES.mkdir(exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = JournalStorage(JournalFileBackend(str(STUDIES / "journal.log")))
    study = optuna.create_study(
        study_name=study_name(space), storage=storage, direction=space.direction, load_if_exists=True
    )
    cut_off = study.get_trials(states=(TrialState.RUNNING,))
    for trial in cut_off:
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params)
    seed = space.seed + len(study.trials)  # a search that goes on must not draw again what it drew first
    kind = optuna.samplers.TPESampler if space.sampler == "tpe" else optuna.samplers.RandomSampler
    study.sampler = kind(seed=seed)
    return study


def study_name(space: Space) -> str:
    """A name for trials that may be compared: those of one revision, one params.yaml and one search space."""
    content = json.dumps([git("rev-parse", "HEAD"), read_params(), space.model_dump()], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:10]


def run_trial(study: "optuna.Study", trial: "optuna.Trial", space: Space) -> float:
    """Runs one trial as an experiment up to finetune.

    Returns:
        Its metric on the validation split.

    Raises:
        UserError: If the run fails, or has no such metric.
    """
    from optuna.trial import TrialState

    values = {name: draw(trial, name, allowed) for name, allowed in space.parameters.items()}
    try:
        revision = run_experiment(experiment_name(study, trial.number), values, "finetune")
        metrics = json.loads(content_at(revision, SUMMARY) or "{}").get("validation", {})
        if space.metric not in metrics:
            raise UserError(f"{SPACE}: {SUMMARY} has no {space.metric}.", suggestion(space.metric, metrics))
    except UserError:
        study.tell(trial, state=TrialState.FAIL)
        raise
    return float(metrics[space.metric])


def draw(trial: "optuna.Trial", name: str, allowed: Values) -> Any:
    """A value for one parameter."""
    if allowed.low is None or allowed.high is None:
        return trial.suggest_categorical(name, allowed.choices or [])
    if allowed.whole:
        return trial.suggest_int(name, int(allowed.low), int(allowed.high), log=allowed.log)
    return trial.suggest_float(name, allowed.low, allowed.high, log=allowed.log)


def experiment_name(study: "optuna.Study", number: int) -> str:
    """What the experiment of a trial is called."""
    return f"search-{study.study_name}-{number}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20, help="how many there shall be in all, earlier ones included")
    parser.add_argument("--space", type=Path, default=SPACE, help="the file that says what is searched")
    run_command(lambda given: main(given.trials, given.space), parser)
