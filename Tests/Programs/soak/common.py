"""What the soaks have in common: a broker that fails on cue, and an agent's ledger."""

import json
import re
import signal
import subprocess
import time


class Broker:
    def __init__(self, programs):
        self.process = subprocess.Popen([f"{programs}/mockbroker", "1"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.address = json.loads(self.process.stdout.readline())["bootstrap"]

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "ok\n", line

    def freeze(self, is_frozen):
        self.process.send_signal(signal.SIGSTOP if is_frozen else signal.SIGCONT)


def ledger(log, camera, process=None):
    """The last ledger of a camera that was told; with a process, a new one is asked for. It must balance."""
    def read():
        with open(log) as file:
            return re.findall(rf"camera={camera}: ledger=(\{{.*\}})\n", file.read())
    if process:
        before = len(read())
        process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + 10
        while len(read()) == before and time.monotonic() < deadline:
            time.sleep(0.01)
    counts = json.loads(read()[-1])
    fates = ["in_pipeline", "delivered", "in_memory", "in_flight", "spooled", "dead"]
    total = sum(counts[fate] for fate in fates) + sum(counts["dropped"].values())
    assert counts["captured"] == total, f"the ledger does not balance: {counts}"
    return counts


def peak_kib(pid):
    """The most memory that the process ever had."""
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read())[1])


def peak_bound_kib(begun, memory_mib):
    """What failures may add to the memory of an agent that delivers at once: the window, and 8 MiB for what librdkafka
    and the spool's thread hold of it twice."""
    return begun + (memory_mib + 8) * 1024
