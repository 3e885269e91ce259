"""`python -m wamprouter`: the same as the command `wamprouter`."""

from wamprouter.cli import main

main(prog_name="wamprouter")
