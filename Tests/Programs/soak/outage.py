"""tools/soak outage: see there."""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time

import partial
from common import Broker, LedgerWatch, ledger, peak_bound_kib, peak_kib

PROGRAMS, PHOTOGRAPHS = sys.argv[1:3]
parser = argparse.ArgumentParser(prog="tools/soak outage")
parser.add_argument("--cycles", type=int, default=20)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--seconds", type=float, default=3, help="of a failure, at most")
parser.add_argument("--kind", choices=["down", "frozen", "slow"], help="of failure; default: all in turn")
parser.add_argument("--fault", choices=["missing", "denied", "offline"],
                    help="of one part alone: a side topic, or half of the partitions; all else must flow")
parser.add_argument("--json", action="store_true", help="no progress, only the result")
options = parser.parse_args(sys.argv[3:])
if options.fault:
    partial.run(PROGRAMS, PHOTOGRAPHS, options)
chance = random.Random(options.seed)


def fail(broker, seconds):
    kind = options.kind or chance.choice(["down", "frozen", "slow"])
    if kind == "down":
        broker.say("down 1")
    elif kind == "frozen":
        broker.freeze(True)
    else:
        broker.say(f"rtt 1 {chance.randint(100, 2500)}")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ledger(log, "cam", agent)
        time.sleep(max(0, min(1, end - time.monotonic())))
    if kind == "down":
        broker.say("up 1")
    elif kind == "frozen":
        broker.freeze(False)
    else:
        broker.say("rtt 1 0")


with tempfile.TemporaryDirectory() as folder:
    broker = Broker(PROGRAMS)
    with open(f"{folder}/vedette.yaml", "w") as file:
        # Small pictures: the mock broker keeps 5 MiB of a partition.
        file.write(f"node: soak\nkafka: {{brokers: ['{broker.address}']}}\n"
                   "delivery: {outage_after: 1 s, memory: 1 MiB}\n"
                   f"spool: {{folder: '{folder}/spool', replay_jitter: 1 s}}\nstatus: {{socket: '{folder}/status'}}\n"
                   f"cameras: {{cam: {{replay: {{path: '{PHOTOGRAPHS}', rate: 20}}, scale: 32x32, quality: 10}}}}\n")
    log = f"{folder}/log"
    with open(log, "w") as errors:
        agent = subprocess.Popen([f"{PROGRAMS}/vedetted", "--config", f"{folder}/vedette.yaml"], stderr=errors)
    while "node soak" not in open(log).read():
        time.sleep(0.05)
    time.sleep(1)
    begun = peak_kib(agent.pid)
    watch = LedgerWatch(f"{folder}/status")
    for cycle in range(options.cycles):
        fail(broker, options.seconds if options.kind else chance.uniform(options.seconds / 15, options.seconds))
        counts = ledger(log, "cam", agent)
        if not options.json:
            print(f"cycle {cycle + 1}: {counts['captured']} captured, {counts['delivered']} delivered, "
                  f"{counts['in_memory'] + counts['in_flight']} in memory, {counts['spooled']} spooled", file=sys.stderr, flush=True)
        time.sleep(chance.uniform(0, 1))
    deadline = time.monotonic() + 60
    while ledger(log, "cam", agent)["spooled"] and time.monotonic() < deadline:
        time.sleep(0.2)
    peak = peak_kib(agent.pid)
    looks = watch.end()
    agent.terminate()
    assert agent.wait(20) == 0, "the agent did not end well"
    counts = ledger(log, "cam")
    output = subprocess.run([f"{PROGRAMS}/framereader", broker.address, "vedette.frames", folder],
                            check=True, capture_output=True, text=True).stdout
    records = [json.loads(line) for line in output.splitlines()]
    numbers = [int(record["headers"]["ce_sequence"]) for record in records]
    pictures = {open(record["file"], "rb").read() for record in records}
    outages = open(log).read().count("no broker acknowledges")
    broker.process.kill()

sent = set(numbers)
dropped = sum(counts["dropped"].values())
result = {
    "soak": "outage", "cycles": options.cycles, "captured": counts["captured"], "outages": outages,
    "lost": counts["captured"] - dropped - counts["spooled"] - len(sent),
    "invented": sum(1 for number in sent if number >= counts["captured"]),
    # Two photographs are played: there can be no third picture.
    "corrupted": max(0, len(pictures) - 2),
    "duplicates": len(numbers) - len(sent),
    # Each taking-back may send again what was in flight; that is bounded by the records of the time until
    # an outage is known, and the probe.
    "duplicate_bound": outages * (int(20 * (1 + 3)) + 1) + options.cycles,
    "ledger_looks": looks, "spooled": counts["spooled"], "dropped": counts["dropped"], "peak_mib": round(peak / 1024, 1),
    "peak_bound_mib": round(peak_bound_kib(begun, memory_mib=1) / 1024, 1),
}
print(json.dumps(result))
sound = result["lost"] == 0 and result["invented"] == 0 and result["corrupted"] == 0 \
    and result["duplicates"] <= result["duplicate_bound"] and result["peak_mib"] <= result["peak_bound_mib"]
sys.exit(0 if sound else 1)
