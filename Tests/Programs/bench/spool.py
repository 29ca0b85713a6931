"""tools/bench spool: the spool against the disk that it is on, both in one run of one program."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
parser = argparse.ArgumentParser(prog="tools/bench spool")
parser.add_argument("--json", action="store_true")
parser.add_argument("--runs", type=int, default=5)
parser.add_argument("--folder", default="/var/tmp", help="on the disk to be measured")
options = parser.parse_args(sys.argv[2:])
rows = []


def run(*words):
    done = subprocess.run([PROGRAM, *map(str, words)], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def row(case, unit, ours, peer, peer_name, **more):
    line = {"bench": "spool", "case": case, "unit": unit, "ours": round(ours, 2),
            "peer": None if peer is None else round(peer, 2), "peer_name": peer_name,
            "ratio": None if peer is None else round(ours / peer, 3), "runs": options.runs} | more
    rows.append(line)
    if options.json:
        print(json.dumps(line), flush=True)


def median(results, key):
    return statistics.median(result[key] for result in results)


folder = tempfile.mkdtemp(prefix="vedette-bench-", dir=options.folder)
memory = tempfile.mkdtemp(prefix="vedette-bench-", dir="/dev/shm" if os.path.isdir("/dev/shm") else folder)
try:
    appended, replayed, events = [], [], []
    for number in range(options.runs):
        place = f"{folder}/{number}"
        appended.append(run("append", place, 256))
        replayed.append(run("replay", place))
        shutil.rmtree(place)
        events.append(run("events", place, 300_000))
        shutil.rmtree(place)
    row("append 100 kB", "MB/s", median(appended, "ours"), median(appended, "peer"), "disk")
    row("append events", "records/s", median(events, "ours"), median(events, "peer"), "disk", bytes=events[0]["bytes"])
    row("replay 100 kB", "MB/s", median(replayed, "ours"), None, "disk")
    # In memory: the files matter here, not the disk.
    for segments in (1, 100, 10_000):
        place = f"{memory}/{segments}"
        run("fill", place, segments)
        starts = [run("start", place) for _ in range(options.runs)]
        if segments == 1:
            first = starts
        row(f"start with {segments} segments", "ms", median(starts, "ms"), median(first, "ms"), "1 segment",
            kib=median(starts, "kib"), records=starts[0]["records"])
        shutil.rmtree(place)
finally:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(memory, ignore_errors=True)
if not options.json:
    print(f"{'case':28} {'unit':10} {'ours':>12} {'peer':>12} {'ratio':>7}  peer")
    for line in rows:
        peer = "-" if line["peer"] is None else f"{line['peer']:.2f}"
        ratio = "-" if line["ratio"] is None else f"{line['ratio']:.2f}"
        print(f"{line['case']:28} {line['unit']:10} {line['ours']:12.2f} {peer:>12} {ratio:>7}  {line['peer_name']}"
              + (f"   {line['kib']} KiB more memory" if "kib" in line else ""))
