"""Run the tap with `python -m tap_mihu`."""

from tap_mihu.cli import main

main()
