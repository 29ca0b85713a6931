"""tools/bench replay: how late live frames are while a backlog is replayed, against the same without one."""

import argparse
import atexit
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

PROGRAMS, PHOTOGRAPHS, SOAK = sys.argv[1:4]
sys.path.insert(0, SOAK)
from common import Broker, ledger, peak_bound_kib, peak_kib  # noqa: E402

parser = argparse.ArgumentParser(prog="tools/bench replay")
parser.add_argument("--json", action="store_true")
parser.add_argument("--runs", type=int, default=3)
parser.add_argument("--seconds", type=int, default=15, help="of each measurement")
parser.add_argument("--rate", default="8 MB", help="replay_rate")
options = parser.parse_args(sys.argv[4:])
MEMORY_MIB = 16
LIVE = "cam: {replay: {path: '%s', rate: 30}, scale: 1280x720, quality: 80}" % PHOTOGRAPHS
# Fills a backlog fast, from another camera: encoded once, sent as it is.
FILLER = "filler: {replay: {path: '%s', rate: 120}, scale: 1280x720, quality: 80}" % PHOTOGRAPHS


def agent(folder, cameras, broker):
    with open(f"{folder}/vedette.yaml", "w") as file:
        file.write(f"node: bench\nkafka: {{brokers: ['{broker.address}']}}\n"
                   f"delivery: {{memory: {MEMORY_MIB} MiB}}\n"
                   f"spool: {{folder: '{folder}/spool', replay_jitter: 0 s, replay_rate: {options.rate}, quota: 8 GiB}}\n"
                   f"cameras: {{{cameras}}}\n")
    log = f"{folder}/log"
    process = subprocess.Popen([f"{PROGRAMS}/vedetted", "--config", f"{folder}/vedette.yaml"], stdout=subprocess.DEVNULL,
                               stderr=open(log, "w"))
    atexit.register(process.kill)
    while "node bench" not in open(log).read():
        assert process.poll() is None, open(log).read()
        time.sleep(0.02)
    return process, log


def stop(process):
    process.terminate()
    assert process.wait(30) == 0


def waiting(log, process):
    """Records on disk, of all cameras."""
    ledger(log, "cam", process)
    lines = [line.split("spool=", 1)[1] for line in open(log) if "spool={" in line]
    return json.loads(lines[-1])["classes"]["frames"]["records"] if lines else 0


def measure(folder, broker):
    process, log = agent(folder, LIVE, broker)
    time.sleep(options.seconds)
    left = waiting(log, process)
    counts = ledger(log, "cam", process)
    peak = peak_kib(process.pid) / 1024
    assert counts["dropped"] == {}, counts
    process.kill()
    process.wait()
    return counts["latency_ms"], left, peak


ours, peer, peaks = [], [], []
for run in range(options.runs):
    broker = Broker(PROGRAMS)
    atexit.register(broker.process.kill)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        latency, _, begun = measure(folder, broker)
        peer.append(latency)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        broker.say("down 1")
        process, log = agent(folder, f"{LIVE}, {FILLER}", broker)
        # Twice what is replayed while it is measured, so that it lasts.
        deadline = time.monotonic() + 120
        while waiting(log, process) < options.seconds * 60 * 2 and time.monotonic() < deadline:
            time.sleep(1)
        stop(process)
        broker.say("up 1")
        latency, left, peak = measure(folder, broker)
        assert left > 0, "the backlog was gone before the end of the measurement"
        ours.append(latency)
        peaks.append(peak)
        bound = peak_bound_kib(begun * 1024, MEMORY_MIB) / 1024
        assert peak <= bound, f"{peak:.1f} MiB of memory at the peak; {bound:.1f} are allowed"
    broker.process.kill()
for key in ("p50", "p99"):
    a, b = (statistics.median(row[key] for row in rows) for rows in (ours, peer))
    line = {"bench": "replay", "case": f"live {key} while a backlog is replayed at {options.rate}/s", "unit": "ms",
            "ours": round(a, 2), "peer": round(b, 2), "peer_name": "no backlog", "ratio": round(a / b, 3),
            "runs": options.runs, "peak_mib": round(max(peaks), 1)}
    print(json.dumps(line) if options.json else
          f"{line['case']}: {line['ours']} ms against {line['peer']} without: {line['ratio']}; peak {line['peak_mib']} MiB", flush=True)
