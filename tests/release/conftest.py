"""What was built is looked at in `nox -s build`, which says where it is."""

import os

collect_ignore = [] if "PLIVO_PHLO_DIST" in os.environ else ["test_built.py"]
