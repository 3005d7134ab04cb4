"""No labelling functions: annotate.functions names this file where labels come from people or a publisher."""
