"""Lets `python -m syncd` do what `syncd` does."""

from syncd.cli.main import main

main()
