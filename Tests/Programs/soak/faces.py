"""tools/soak faces: finds, names and draws faces and clusters colours of a 720p camera at 30 fps, and checks that capture
loses nothing by it, that no more threads are at it than were allowed, and that memory stays bounded."""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time

from common import Broker, LedgerWatch, ledger, peak_kib

PROGRAMS, PORTRAITS, MODELS = sys.argv[1:4]
parser = argparse.ArgumentParser(prog="tools/soak faces")
parser.add_argument("--seconds", type=int, default=60)
parser.add_argument("--workers", type=int, help="threads; default: the agent's own choice")
parser.add_argument("--json", action="store_true", help="no progress, only the result")
options = parser.parse_args(sys.argv[4:])
RATE = 30
# Each portrait stays for that many frames, as people do before a camera.
STAY = 30


def resident_kib(pid):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1])


def threads(pid):
    names = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/comm") as file:
            names.append(file.read().strip())
    return sum(1 for name in names if name.startswith("analysis-"))


with tempfile.TemporaryDirectory() as folder:
    pictures = f"{folder}/pictures"
    os.mkdir(pictures)
    portraits = sorted(name for name in os.listdir(PORTRAITS) if name.endswith(".jpg"))
    for number, name in enumerate(portraits):
        for stay in range(STAY):
            os.symlink(f"{PORTRAITS}/{name}", f"{pictures}/{number:02}-{stay:02}.jpg")
    known = f"{folder}/known"
    os.mkdir(known)
    os.symlink(f"{PORTRAITS}/obama.jpg", f"{known}/Barack Obama.jpg")
    gallery = f"{folder}/gallery.sqlite"
    subprocess.run([f"{PROGRAMS}/vedette", "gallery", "add", known, "--gallery", gallery, "--models", MODELS], check=True,
                   stdout=subprocess.DEVNULL)
    broker = Broker(PROGRAMS)
    workers = f", workers: {options.workers}" if options.workers else ""
    with open(f"{folder}/vedette.yaml", "w") as file:
        file.write(f"node: soak\nkafka: {{brokers: ['{broker.address}']}}\nspool: {{folder: '{folder}/spool'}}\n"
                   f"status: {{socket: '{folder}/status'}}\n"
                   f"analysis: {{models: '{MODELS}', gallery: '{gallery}'{workers}}}\n"
                   f"cameras: {{cam: {{replay: {{path: '{pictures}', rate: {RATE}}}, scale: 1280x720, quality: 80,\n"
                   "  faces: {chips: crop}, colours: on}}\n")
    log = f"{folder}/log"
    with open(log, "w") as errors:
        agent = subprocess.Popen([f"{PROGRAMS}/vedetted", "--config", f"{folder}/vedette.yaml"], stderr=errors)
    try:
        while "threads" not in open(log).read():
            time.sleep(0.05)
        allowed = int(re.search(r"looked at by (\d+) threads", open(log).read())[1])
        watch = LedgerWatch(f"{folder}/status")
        began, resident, most, rates = time.monotonic(), [], 0, []
        while time.monotonic() - began < options.seconds:
            time.sleep(1)
            counts = ledger(log, "cam", agent)
            resident.append(resident_kib(agent.pid))
            most = max(most, threads(agent.pid))
            rates.append(counts["fps"])
            if not options.json and len(resident) % 10 == 0:
                seen = counts["analysis"]
                print(f"{len(resident)} s: {counts['captured']} captured, {seen['analysed']} looked at, {seen['skipped']} skipped, "
                      f"{resident[-1] // 1024} MiB", file=sys.stderr, flush=True)
        elapsed = time.monotonic() - began
        looks = watch.end()
        peak = peak_kib(agent.pid)
        agent.terminate()
        assert agent.wait(20) == 0, "the agent did not end well"
        counts = ledger(log, "cam")
    finally:
        agent.kill()
        broker.process.kill()

# Models and buffers are there when first needed, which takes a while: so the halves are compared without their first parts.
part = max(1, len(resident) // 4)
early, late = max(resident[part:2 * part + 1]), max(resident[-part:])
seen = counts["analysis"]
result = {
    "soak": "faces", "cycles": 1, "seconds": round(elapsed), "captured": counts["captured"],
    "lost": counts["captured"] - counts["delivered"] - counts["spooled"], "invented": 0, "corrupted": 0, "duplicates": 0,
    "duplicate_bound": 0, "dropped": counts["dropped"], "expected": int(elapsed * RATE),
    "fps": round(sorted(rates)[len(rates) // 2], 1), "looked_at": seen["analysed"], "skipped": seen["skipped"],
    "failed": seen["failed"], "ledger_looks": looks, "faces": seen["faces"], "look_ms": seen["ms"], "look_latency_ms": seen["latency_ms"],
    "threads": most, "threads_allowed": allowed, "peak_mib": round(peak / 1024, 1),
    "grown_mib": round((late - early) / 1024, 1),
}
print(json.dumps(result))
# How many were captured of those expected is for people to judge: it is a matter of the machine and its load.
sound = result["lost"] == 0 and not result["dropped"] and result["failed"] == 0 \
    and result["faces"] > 0 and most <= allowed and result["grown_mib"] <= 8 and result["peak_mib"] <= 400
sys.exit(0 if sound else 1)
