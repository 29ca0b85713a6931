"""tools/soak disk: a real file system of 16 MiB under the spool is filled, taken away, and made read-only by its
kernel after an error, while no broker answers. Capture must go on, every loss be counted, and all work afterwards."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

from common import Broker, LedgerWatch, ledger, peak_bound_kib, peak_kib

PROGRAMS, PHOTOGRAPHS = sys.argv[1:3]
parser = argparse.ArgumentParser(prog="tools/soak disk")
parser.add_argument("--json", action="store_true", help="no progress, only the result")
options = parser.parse_args(sys.argv[3:])


def command(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def tell(sentence):
    if not options.json:
        print(sentence, file=sys.stderr, flush=True)


def until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        counts = ledger(log, "cam", agent)
        if condition(counts):
            return counts
        time.sleep(0.3)
    lines = [line for line in open(log).read().splitlines() if "ledger=" not in line]
    sys.exit(f"soak disk: not within {seconds} s: {what}: {counts}\n" + "\n".join(lines[-20:]))


def said(text):
    return open(log).read().count(text)


def start():
    """The agent, and its log from now on."""
    with open(log, "w") as errors:
        process = subprocess.Popen([f"{PROGRAMS}/vedetted", "--config", f"{folder}/vedette.yaml"], stderr=errors)
    while "node soak" not in open(log).read():
        time.sleep(0.05)
    return process


def fail(name, begin):
    """No broker answers and the disk fails."""
    tell(name)
    failed = said("the spool cannot be used")
    broker.say("down 1")
    until(lambda c: c["spooled"] > 20, 30, "records go to disk")
    begin()
    counts = until(lambda c: said("the spool cannot be used") > failed, 60, "the fault is told")
    # Memory holds what it can; then frames are given up, counted, and capture goes on.
    full = until(lambda c: c["dropped"].get("io_error", 0) > counts["dropped"].get("io_error", 0) + 30, 60,
                 "losses are counted")
    until(lambda c: c["captured"] > full["captured"] + 60, 10, "capture goes on")


def mend(mended):
    """The disk is back, and the broker."""
    broker.say("up 1")
    until(lambda c: said("can be used again") > mended, 30, "the disk is used again")
    until(lambda c: c["spooled"] == 0, 60, "all that was on disk is sent")


folder = tempfile.mkdtemp(prefix="vedette-disk-")
image, mount = f"{folder}/image", f"{folder}/mount"
os.mkdir(mount)
command("truncate", "-s", "16M", image)
command("mkfs.ext4", "-q", "-e", "remount-ro", image)
command("mount", "-o", "loop", image, mount)
agent = broker = None
try:
    broker = Broker(PROGRAMS)
    with open(f"{folder}/vedette.yaml", "w") as file:
        file.write(f"node: soak\nkafka: {{brokers: ['{broker.address}']}}\n"
                   "delivery: {outage_after: 1 s, memory: 4 MiB}\n"
                   f"spool: {{folder: '{mount}/spool', segment: 1 MiB, retry_interval: 1 s, replay_jitter: 0 s}}\n"
                   f"status: {{socket: '{folder}/status'}}\n"
                   f"cameras: {{cam: {{replay: {{path: '{PHOTOGRAPHS}', rate: 30}}, scale: 640x360, quality: 92}}}}\n")
    log = f"{folder}/log"
    agent = start()
    until(lambda c: c["delivered"] > 30, 20, "frames are delivered")
    begun = peak_kib(agent.pid)
    watch = LedgerWatch(f"{folder}/status")
    fail("the disk fills up", lambda: None)
    mend(said("can be used again"))
    fail("the mount is taken away", lambda: command("umount", "-l", mount))
    mended = said("can be used again")
    command("mount", "-o", "loop", image, mount)
    mend(mended)
    device = os.path.basename(subprocess.run(["findmnt", "-no", "SOURCE", mount], check=True, capture_output=True,
                                             text=True).stdout.strip())
    with open(f"/sys/fs/ext4/{device}/trigger_fs_error", "w") as trigger:
        fail("an error makes the disk read-only", lambda: (trigger.write("soak"), trigger.flush()))
    broker.say("up 1")
    before = ledger(log, "cam", agent)
    until(lambda c: c["delivered"] > before["delivered"] + 60, 30, "live frames are delivered")
    peak = peak_kib(agent.pid)
    looks = watch.end()
    agent.terminate()
    assert agent.wait(20) == 0, "the agent did not end well"
    counts = ledger(log, "cam")
    tell("the file system is mended, and the agent started again")
    command("umount", mount)
    subprocess.run(["fsck.ext4", "-fy", image], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    command("mount", "-o", "loop", image, mount)
    agent = start()
    until(lambda c: c["spooled"] == 0 and c["delivered"] >= counts["spooled"], 60, "what was on disk is sent")
    agent.terminate()
    assert agent.wait(20) == 0, "the agent did not end well"
    after = ledger(log, "cam")
finally:
    for process in (agent, broker and broker.process):
        if process and process.poll() is None:
            process.kill()
    subprocess.run(["umount", "-l", mount], stderr=subprocess.DEVNULL)
result = {"soak": "disk", "cycles": 3, "ledger_looks": looks, "captured": counts["captured"], "delivered": counts["delivered"],
          "spooled": counts["spooled"], "dropped": counts["dropped"],
          "lost": counts["captured"] - counts["delivered"] - counts["spooled"] - sum(counts["dropped"].values()),
          "invented": 0, "corrupted": 0, "duplicates": 0, "duplicate_bound": 0, "peak_mib": round(peak / 1024, 1),
          "peak_bound_mib": round(peak_bound_kib(begun, memory_mib=4) / 1024, 1)}
print(json.dumps(result))
sound = result["lost"] == 0 and set(counts["dropped"]) <= {"io_error", "quota", "overload"} and not after["dropped"] \
    and result["peak_mib"] <= result["peak_bound_mib"]
sys.exit(0 if sound else 1)
