#!/bin/sh
# The Python that runs the stages: the repository's own .venv, whatever else is active; else the active environment's; else
# whichever python3 comes first. DVC runs experiments in copies of the checkout, which have no .venv, and names the checkout.
unset PYTHONSAFEPATH  # the code is in the folder where this runs
for place in "${DVC_ROOT:-.}/.venv" ./.venv "${VIRTUAL_ENV:-.}"; do
  if [ -x "$place/bin/python" ]; then exec "$place/bin/python" "$@"; fi
done
exec python3 "$@"
