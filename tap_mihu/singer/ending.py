"""Ending: a run that a signal ends is gone within two seconds, whatever holds it up."""

from __future__ import annotations

import _thread
import os
import signal
import time

__all__ = ["SIGNALLED", "end_in_time"]

SIGNALLED = 128
"""Added to a signal's number, this is the exit status of a run that it ended."""

_LONGEST_SECONDS = 1.9


_ending = False


def end_in_time(signum: int) -> None:
    """See to it that the process ends soon, for example when nobody reads standard error.

    To be called by a signal's handler: so not by `threading`, whose locks the interrupted thread
    may hold.
    """
    global _ending  # noqa: PLW0603 - there is one process, and it ends once
    if _ending:
        return
    _ending = True
    # The thread inherits the mask: further signals are for the main thread, which knows them.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    _thread.start_new_thread(_exit_late, (SIGNALLED + signum,))
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _exit_late(status: int) -> None:
    time.sleep(_LONGEST_SECONDS)
    os._exit(status)
