"""The encoder: loading, tokenising, batching and scoring. What it needs in the environment is set here, before any import.

Nothing is fetched and nothing is reported to anyone: a model comes from a folder (transformers and huggingface_hub read
these variables when they are imported). cuBLAS gives the same sums each time only with a workspace of a fixed size
(docs.nvidia.com/cuda/cublas: Results Reproducibility).
"""

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
