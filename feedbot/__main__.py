"""`python -m feedbot`."""

from feedbot.cli import main

main()
