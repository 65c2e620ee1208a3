"""``python -m liqmon``."""

from liqmon.cli import main

main()
