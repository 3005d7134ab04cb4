"""Learning from more or fewer labels, on the frozen encoder: what a number of labels gives, and what more would."""
