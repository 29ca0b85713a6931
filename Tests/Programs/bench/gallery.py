"""tools/bench gallery: finding the nearest encodings, against reading the memory that they are in."""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile

PROGRAM = sys.argv[1]
parser = argparse.ArgumentParser(prog="tools/bench gallery")
parser.add_argument("--json", action="store_true")
parser.add_argument("--runs", type=int, default=15)
parser.add_argument("--folder", default="/var/tmp", help="where galleries are written")
options = parser.parse_args(sys.argv[2:])
rows = []


def run(*words):
    done = subprocess.run([PROGRAM, *map(str, words)], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def row(case, unit, ours, peer, peer_name, ratio, **more):
    line = {"bench": "gallery", "case": case, "unit": unit, "ours": round(ours, 3),
            "peer": None if peer is None else round(peer, 3), "peer_name": peer_name,
            "ratio": None if ratio is None else round(ratio, 3), "runs": options.runs} | more
    rows.append(line)
    if options.json:
        print(json.dumps(line), flush=True)


for count in (1_000, 10_000, 100_000, 1_000_000):
    found = run("match", count, options.runs)
    row(f"match {count:,}", "GB/s", found["ours"], found["peer"], "memory", found["ratio"],
        ms=round(found["ms"], 4), batch=1)
for count in (100_000, 1_000_000):
    found = run("batch", count, max(3, options.runs // 3))
    row(f"match {count:,}, 16 at once", "GB/s", found["ours"], found["peer"], "memory", found["ratio"],
        ms=round(found["ms"], 4), batch=16)
folder = tempfile.mkdtemp(prefix="vedette-bench-", dir=options.folder)
try:
    changed = run("replace", folder, 10_000)
finally:
    shutil.rmtree(folder, ignore_errors=True)
for name in ("replace", "add", "open"):
    what = {"replace": "replace 10,000 people", "add": "add one to 10,000", "open": "open 10,000"}[name]
    row(what, "ms", changed[f"{name}_ms"], None, None, None)
for each in (100, 200):
    trained = run("train", 20, each)
    row(f"train 20 x {each}, 5 folds", "ms", trained["ms"], None, None, None, accuracy=trained["accuracy"])
if not options.json:
    print(f"{'case':28} {'unit':6} {'ours':>10} {'memory':>10} {'ratio':>7}")
    for line in rows:
        peer = "-" if line["peer"] is None else f"{line['peer']:.2f}"
        ratio = "-" if line["ratio"] is None else f"{line['ratio']:.2f}"
        more = f"   {line['ms']:.3f} ms a query" if "ms" in line else ""
        print(f"{line['case']:28} {line['unit']:6} {line['ours']:10.2f} {peer:>10} {ratio:>7}{more}")
