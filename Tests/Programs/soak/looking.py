"""What soaks of analysis have in common: an agent that looks at a camera of 720p at 30 fps, and what became of its frames, its
threads and its memory meanwhile."""

import os
import re
import subprocess
import sys
import time

from common import Broker, LedgerWatch, ledger, peak_kib

RATE = 30
# Each picture stays for that many frames, as people do before a camera.
STAY = 30


def resident_kib(pid):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1])


def threads(pid):
    """How many look at pictures, and how many there are."""
    names = []
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/comm") as file:
                names.append(file.read().strip())
        except FileNotFoundError:
            # It ended meanwhile.
            continue
    return sum(1 for name in names if name.startswith("analysis-")), len(names)


def film(folder, paths):
    """A folder of pictures to be replayed, each for a while."""
    os.mkdir(folder)
    for number, path in enumerate(paths):
        for stay in range(STAY):
            os.symlink(path, f"{folder}/{number:02}-{stay:02}.jpg")
    return folder


def soak(name, programs, folder, pictures, analysis, analysers, options):
    """Runs the agent for a while. What it saw last, and the result that all soaks have."""
    broker = Broker(programs)
    workers = f", workers: {options.workers}" if options.workers else ""
    with open(f"{folder}/vedette.yaml", "w") as file:
        file.write(f"node: soak\nkafka: {{brokers: ['{broker.address}']}}\nspool: {{folder: '{folder}/spool'}}\n"
                   f"status: {{socket: '{folder}/status'}}\n"
                   f"analysis: {{{analysis}{workers}}}\n"
                   f"cameras: {{cam: {{replay: {{path: '{pictures}', rate: {RATE}}}, scale: 1280x720, quality: 80,\n"
                   f"  {analysers}}}}}\n")
    log = f"{folder}/log"
    with open(log, "w") as errors:
        agent = subprocess.Popen([f"{programs}/vedetted", "--config", f"{folder}/vedette.yaml"], stderr=errors)
    try:
        while "threads" not in open(log).read():
            time.sleep(0.05)
        allowed = int(re.search(r"looked at by (\d+) threads", open(log).read())[1])
        watch = LedgerWatch(f"{folder}/status")
        began, resident, most, all_threads, rates = time.monotonic(), [], 0, [], []
        while time.monotonic() - began < options.seconds:
            time.sleep(1)
            counts = ledger(log, "cam", agent)
            resident.append(resident_kib(agent.pid))
            looking, every = threads(agent.pid)
            most = max(most, looking)
            all_threads.append(every)
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
        chips = ledger(log, "faces")
    finally:
        agent.kill()
        broker.process.kill()

    # Models and buffers are there when first needed, which takes a while: so the halves are compared without their first parts.
    part = max(1, len(resident) // 4)
    early, late = max(resident[part:2 * part + 1]), max(resident[-part:])
    seen = counts["analysis"]
    return seen, {
        "soak": name, "cycles": 1, "seconds": round(elapsed), "captured": counts["captured"],
        "lost": counts["captured"] - counts["delivered"] - counts["spooled"], "invented": 0, "corrupted": 0, "duplicates": 0,
        "duplicate_bound": 0, "dropped": counts["dropped"], "expected": int(elapsed * RATE),
        "fps": round(sorted(rates)[len(rates) // 2], 1), "looked_at": seen["analysed"], "skipped": seen["skipped"],
        "failed": seen["failed"], "chips": chips["captured"],
        "chips_lost": chips["captured"] - chips["delivered"] - chips["spooled"], "ledger_looks": looks,
        "look_ms": seen["ms"], "look_latency_ms": seen["latency_ms"], "threads": most, "threads_allowed": allowed,
        # Libraries that analysis loads start none that stay: there are as many at the end as in the first part.
        "threads_grown": max(all_threads[-part:]) - max(all_threads[:part + 1]), "peak_mib": round(peak / 1024, 1),
        "grown_mib": round((late - early) / 1024, 1),
    }


def is_sound(result):
    """How many were captured of those expected is for people to judge: it is a matter of the machine and its load."""
    return result["lost"] == 0 and not result["dropped"] and result["failed"] == 0 and result["chips_lost"] == 0 \
        and result["threads"] <= result["threads_allowed"] and result["threads_grown"] <= 0 and result["grown_mib"] <= 8
