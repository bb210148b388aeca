"""``python -m gatebook`` is ``gatebook``."""

from gatebook.cli.main import main

if __name__ == "__main__":
    main()
