#!/bin/sh
# The Python that runs the stages, also where nothing is activated and in DVC's copies of the checkout, which have no .venv:
# the active environment's, else the checkout's own, else whichever python3 comes first.
if [ -n "$VIRTUAL_ENV" ] && [ -x "$VIRTUAL_ENV/bin/python" ]; then exec "$VIRTUAL_ENV/bin/python" "$@"; fi
if [ -x "${DVC_ROOT:-.}/.venv/bin/python" ]; then exec "${DVC_ROOT:-.}/.venv/bin/python" "$@"; fi
exec python3 "$@"
