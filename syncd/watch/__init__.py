"""
The daemon's loop: hints from files, refs, timers and signals say "look again", one worker looks.

A hint is never content: what is to be done comes from a whole look at both sides, which is handed in as a callable.
`watchdog` is known only here, and nothing here knows Git, HTTP or the configuration.
"""

from syncd.watch.backoff import Backoff
from syncd.watch.bell import Bell
from syncd.watch.burst import Burst, Ripe
from syncd.watch.files import Files
from syncd.watch.loop import Loop, Outcome, Watched
from syncd.watch.own import OwnWrites
from syncd.watch.signals import Signals
from syncd.watch.territory import Territory

__all__ = [
    "Backoff",
    "Bell",
    "Burst",
    "Files",
    "Loop",
    "Outcome",
    "OwnWrites",
    "Ripe",
    "Signals",
    "Territory",
    "Watched",
]
