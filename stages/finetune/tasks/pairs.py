"""Fine-tuning for pairs of texts with one label each: as for single texts, but for what the model reads."""

from stages.finetune.tasks.text_classification import (
    CURVES,
    calibrate,
    check_targets,
    make_examples,
    make_objective,
    plan_inference,
    read_targets,
    soften,
    starting_bias,
    validation_metrics,
)

__all__ = [
    "CURVES",
    "calibrate",
    "check_targets",
    "make_examples",
    "make_objective",
    "plan_inference",
    "read_targets",
    "soften",
    "starting_bias",
    "validation_metrics",
]
