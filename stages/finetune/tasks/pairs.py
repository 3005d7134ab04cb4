"""Fine-tuning for pairs of texts with one label each: as for single texts, but for what the model reads."""

from stages.finetune.tasks.text_classification import (
    CURVES,
    LIKENESS,
    calibrate,
    check_targets,
    make_examples,
    make_objective,
    plan_inference,
    read_targets,
    soften,
    starting_bias,
    true_outputs,
    validation_metrics,
)

__all__ = [
    "CURVES",
    "LIKENESS",
    "calibrate",
    "check_targets",
    "make_examples",
    "make_objective",
    "plan_inference",
    "read_targets",
    "soften",
    "starting_bias",
    "true_outputs",
    "validation_metrics",
]
