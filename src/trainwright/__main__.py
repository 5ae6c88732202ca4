"""`python -m trainwright` is the `trainwright` command."""

from trainwright.cli.app import main

main()
