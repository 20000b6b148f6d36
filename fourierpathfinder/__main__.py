"""`python -m fourierpathfinder` is the command `fourierpathfinder`."""

from .cli import main

if __name__ == "__main__":
    main()
