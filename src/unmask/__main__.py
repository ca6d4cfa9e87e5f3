"""``python -m unmask`` is the command line."""

from unmask.cli.app import main

main()
