"""Signals as flags, sent for real to a process of its own or to this one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from syncd.watch import Bell, Signals


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_stop_is_asked_for_and_names_the_exit_code(number: signal.Signals, code: int) -> None:
    bell = Bell()
    with Signals(bell) as signals:
        assert not signals.stopping()
        os.kill(os.getpid(), number)
        bell.wait(3600)
        assert signals.stopping()
        assert signals.exit_code == code


def test_a_hangup_asks_for_one_more_look() -> None:
    bell = Bell()
    with Signals(bell) as signals:
        os.kill(os.getpid(), signal.SIGHUP)
        bell.wait(3600)
        assert (signals.again(), signals.again(), signals.stopping()) == (True, False, False)


def test_afterwards_everything_is_as_it_was() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    with Signals(Bell()):
        os.kill(os.getpid(), signal.SIGTERM)
    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)] == before


STUBBORN = """
import sys, threading
from syncd.watch import Bell, Signals
bell = Bell()
with Signals(bell) as signals:
    print("ready", flush=True)
    while not signals.stopping():
        bell.wait(60)
    print("asked", flush=True)
    threading.Event().wait(60)
"""


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_the_second_signal_ends_at_once(second: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "asked\n"
        process.send_signal(second)
        assert process.wait(20) == -second
