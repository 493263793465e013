"""`python -m starter.cli`: the program where the console script is not installed."""

from starter.cli.app import main

if __name__ == "__main__":
    main()
