"""How many distributions are installed here, and how large they are: `python -I weigh.py`."""

from __future__ import annotations

from importlib.metadata import Distribution, distributions
from pathlib import Path

# What an environment is made with.
TOOLS = {"pip", "setuptools", "wheel"}


def size(distribution: Distribution) -> int:
    """Bytes of its files, as its record names them, compiled modules among them."""
    paths = [Path(str(distribution.locate_file(file))) for file in distribution.files or ()]
    return sum(path.stat().st_size for path in paths if path.is_file())


def main() -> None:
    brought = [one for one in distributions() if one.metadata["Name"] not in TOOLS]
    megabytes = sum(map(size, brought)) / 1e6
    print(f"{len(brought)} distributions, {megabytes:.1f} MB")


main()
