"""The command `plivo-phlo`; `python -m plivo_phlo_async` is the same."""

from __future__ import annotations

import importlib.util
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command, or say how to install what it needs."""
    missing = [name for name in ("click", "rich") if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(f"plivo-phlo needs {' and '.join(missing)}: pip install 'plivo-phlo-async[cli]'")
    importlib.import_module(".cli", __package__).main()


if __name__ == "__main__":
    main()
