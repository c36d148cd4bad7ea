"""The log: what is told goes to one of these, whichever the installed SDK has."""

from __future__ import annotations

import logging
from typing import Any

__all__ = ["Log"]

Log = logging.Logger | logging.LoggerAdapter[Any]
