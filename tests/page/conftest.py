"""The browser's tests are for `nox -s page`, which says that there is one."""

import os

collect_ignore = [] if os.environ.get("PLIVO_PHLO_BROWSER") == "1" else ["browser"]
