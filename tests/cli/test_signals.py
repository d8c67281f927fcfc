"""Signals that end a command, as a process meets them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")

COMMAND = """
import argparse, os, sys, time
from sportstrack.cli import new_parser, run

def body(options):
    try:
        print("working", flush=True)
        time.sleep(60)
    finally:
        print("files closed", flush=True)
        if options.slow:
            for _ in range(400):
                time.sleep(0.05)
    return 0

parser = new_parser("sportstrack toy", "", "")
parser.add_argument("--slow", action="store_true")
sys.exit(run(parser, body, sys.argv[1:]))
"""


def start(*words: str, before: object = None) -> subprocess.Popen[str]:
    def heed() -> None:
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_DFL)
        if before is not None:
            signal.signal(before, signal.SIG_IGN)  # type: ignore[arg-type]

    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=heed,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    return process


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_ends_the_command_as_ctrl_c_does(how: signal.Signals) -> None:
    process = start()
    process.send_signal(how)
    out, err = process.communicate(timeout=30)
    assert (out, err, process.returncode) == ("files closed\n", "sportstrack toy: interrupted\n", 130)


def test_a_stop_while_a_command_is_loaded_is_as_quiet() -> None:
    code = """
import os, signal, sys
from importlib import import_module
from sportstrack import cli
def stopped(name):
    os.kill(os.getpid(), signal.SIGTERM)
    return import_module(name)
cli.import_module = stopped
sys.exit(cli.main(["refine", "--help"]))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (result.stderr, result.returncode) == ("sportstrack refine: interrupted\n", 130)


def test_a_second_signal_ends_it_at_once_but_not_its_echo() -> None:
    process = start("--slow")
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    assert process.stdout.readline() == "files closed\n"
    process.send_signal(signal.SIGTERM)  # the shell's own, right behind the terminal's
    time.sleep(1.3)
    assert process.poll() is None
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == -signal.SIGTERM


def test_what_is_ignored_stays_ignored() -> None:
    process = start(before=signal.SIGHUP)  # as nohup starts it
    process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 130
    process.communicate()


def test_worker_processes_end_without_a_word() -> None:
    code = """
import multiprocessing, time, sys
from sportstrack.cli.signals import as_interrupts
if __name__ == "__main__":
    with as_interrupts(), multiprocessing.get_context("fork").Pool(2) as pool:
        print(sum(pool.map(abs, [1, -2])), flush=True)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "3\n", "")


HANDLERS = """
import os, signal
from sportstrack.cli.signals import as_interrupts

before = signal.getsignal(signal.SIGTERM)
try:
    with as_interrupts():
        os.kill(os.getpid(), signal.SIGTERM)
except KeyboardInterrupt:
    print("interrupted", signal.getsignal(signal.SIGTERM) == before)
"""


def test_handlers_are_put_back() -> None:
    # In a process of its own: where pytest's faulthandler has given signals a small stack, and a network has enlarged
    # the registers that a signal saves there (AMX), the kernel ends the process that gets any signal.
    done = subprocess.run([sys.executable, "-c", HANDLERS], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == ("interrupted True\n", 0), done.stderr
