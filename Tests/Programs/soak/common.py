"""What the soaks have in common: a broker that fails on cue, and an agent's ledger."""

import http.client
import json
import re
import signal
import socket
import subprocess
import threading
import time


class Broker:
    def __init__(self, programs, partitions=1):
        self.process = subprocess.Popen([f"{programs}/mockbroker", str(partitions)], stdin=subprocess.PIPE,
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
    fault = imbalance(counts)
    assert not fault, fault
    # The last ledger is told when all has ended: then nothing is on its way.
    assert process or counts["in_pipeline"] == 0, f"frames that nobody booked: {counts}"
    return counts


FATES = ["in_pipeline", "delivered", "in_memory", "in_flight", "spooled", "dead"]

# Records that are on their way to Delivery: one of a camera, one of each thread that looks at pictures, and a margin.
PIPELINE_MAX = 16


def imbalance(counts):
    """What is wrong with the ledger; None where it balances, and nothing gathers in the pipeline."""
    each = [counts[fate] for fate in FATES] + list(counts["dropped"].values())
    if counts["captured"] != sum(each) or min(each) < 0:
        return f"the ledger does not balance: {counts}"
    if counts["in_pipeline"] > PIPELINE_MAX:
        return f"frames that nobody booked: {counts}"
    return None


class LedgerWatch:
    """Asks an agent for all its ledgers every 100 ms, on a thread of its own, until it is ended."""

    INTERVAL = 0.1

    def __init__(self, path):
        self.path, self.looks, self.fault, self.over = path, 0, None, threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()

    def watch(self):
        while not self.over.wait(self.INTERVAL) and not self.fault:
            try:
                ledgers = self.ask()["ledgers"]
            except (OSError, http.client.HTTPException, json.JSONDecodeError):
                # It begins, or ends.
                continue
            self.looks += 1
            for name, counts in ledgers.items():
                fault = imbalance(counts)
                self.fault = self.fault or (fault and f"{name}: {fault}")

    def ask(self):
        connection = http.client.HTTPConnection("localhost", timeout=5)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(5)
        try:
            connection.sock.connect(self.path)
            connection.request("GET", "/ledger")
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def end(self):
        """Ends the watch: it must have looked, and found nothing wrong."""
        self.over.set()
        self.thread.join()
        assert not self.fault, self.fault
        assert self.looks > 0, "no ledger was ever told"
        return self.looks


def peak_kib(pid):
    """The most memory that the process ever had."""
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read())[1])


def peak_bound_kib(begun, memory_mib):
    """What failures may add to the memory of an agent that delivers at once: the window, and 8 MiB for what librdkafka
    and the spool's thread hold of it twice."""
    return begun + (memory_mib + 8) * 1024
