"""The sections of the page: what each names, gathered from the documents and from the small files under reports/."""

# In the order of the page: the anchor, which is the name of the template too, and the title.
SECTIONS = {
    "summary": "Summary",
    "annotation": "Annotation",
    "data": "Data",
    "cleaning": "Cleaning",
    "labels": "Labels",
    "augmentation": "Augmentation",
    "training": "Training",
    "results": "Results",
    "calibration": "Calibration",
    "robustness": "Robustness",
    "probe": "Probes",
    "errors": "Errors",
    "explanations": "What the encoder looks at",
    "cost": "Cost",
    "export": "The exported model",
    "environment": "Environment",
    "reproduction": "How to reproduce it",
}
