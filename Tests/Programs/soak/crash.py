"""tools/soak crash: kills a process that works on a spool, at every named point and at random ones, and
checks that what it called durable comes back, once it is started again, byte for byte."""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

PROGRAM, SOURCES = sys.argv[1:3]
parser = argparse.ArgumentParser(prog="tools/soak crash")
parser.add_argument("--cycles", type=int, default=100)
parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
parser.add_argument("--damage", type=float, default=0.05, help="share of cycles before which a bit on disk turns")
parser.add_argument("--json", action="store_true")
options = parser.parse_args(sys.argv[3:])
dice = random.Random(options.seed)
with open(os.path.join(SOURCES, "Spool", "CrashPoint.swift")) as file:
    POINTS = re.findall(r'case \w+ = "([\w-]+)"', file.read())
# Acknowledgements between two writings of the cursors, of each class, and those that are made out of turn.
DUPLICATES_PER_CRASH = 2 * 20
QUOTA = "150000"


class Oracle:
    def __init__(self):
        self.intended, self.durable, self.done = set(), set(), set()
        self.losses = []
        self.invented = self.corrupted = self.duplicates = 0

    def hear(self, text):
        pending = {}
        for line in text.split("\n")[:-1]:
            kind, *words = line.split()
            if kind == "I":
                self.intended.add((words[0], int(words[1])))
                pending.setdefault(words[0], []).append((words[0], int(words[1])))
            elif kind == "D":
                self.durable.update(pending.pop(words[0], []))
            elif kind in "HX":
                record = (words[0], int(words[1]))
                self.invented += record not in self.intended
                self.corrupted += kind == "X"
                self.duplicates += record in self.done
            elif kind == "A":
                self.done.add((words[0], int(words[1])))
            elif kind == "L":
                self.losses.append((words[0], int(words[1]), int(words[2]), int(words[3])))

    def lost(self):
        """Durable records that neither came back nor were told of."""
        missing = self.durable - self.done
        told = {r for r in missing for c, a, b, n in self.losses if c == r[0] and a <= r[1] <= b}
        # A loss may be told and the record still come, but never more go than were told of.
        return len(missing - told) + max(0, len(told) - sum(n for _, _, _, n in self.losses))


def run(folder, base, *words, point=None, delay=None):
    environment = dict(os.environ)
    if point:
        environment["VEDETTE_CRASH_AT"] = point
    process = subprocess.Popen([PROGRAM, folder, str(base), *words], env=environment,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if delay is not None:
        time.sleep(delay)
        process.kill()
    out, err = process.communicate(timeout=120)
    if process.returncode not in (0, -9):
        sys.exit(f"soak crash: seed {options.seed}: {' '.join(map(str, process.args))} ended with "
                 f"{process.returncode}: {err.strip()}")
    return out, process.returncode == -9


def damage():
    """Turns one bit of a sealed segment, behind the store's back."""
    segments = [os.path.join(path, name) for path in (f"{folder}/frames", f"{folder}/events")
                if os.path.isdir(path) for name in os.listdir(path) if name.endswith(".seg")]
    if not segments:
        return 0
    with open(dice.choice(segments), "r+b") as file:
        size = file.seek(0, os.SEEK_END)
        offset = dice.randrange(64, size)
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1 << dice.randrange(8)]))
    return 1


folder = tempfile.mkdtemp(prefix="vedette-crash-")
oracle, crashes, damages, reached = Oracle(), 0, 0, dict.fromkeys(POINTS, 0)
try:
    for cycle in range(options.cycles):
        point = POINTS[cycle // 2 % len(POINTS)] if cycle % 2 == 0 else None
        # Points that come but once or never in a run are tried at their first time.
        often = "append" in (point or "") or "commit" in (point or "") or "state" in (point or "")
        hit = dice.randint(1, 40) if often else dice.randint(1, 2)
        if point == "after-quarantine" or dice.random() < options.damage:
            damages += damage()
        out, killed = run(folder, cycle * 1_000_000, "60", "--quota", QUOTA,
                          point=f"{point}:{hit}" if point else None,
                          delay=None if point else dice.uniform(0.0, 0.25))
        crashes += killed
        if point and killed:
            reached[point] += 1
        oracle.hear(out)
        if sys.stderr.isatty():
            print(f"\r{cycle + 1} of {options.cycles} cycles, {crashes} crashes", end="", file=sys.stderr)
    out, _ = run(folder, 0, "0", "--drain")
    oracle.hear(out)
finally:
    shutil.rmtree(folder, ignore_errors=True)
result = {"soak": "crash", "cycles": options.cycles, "crashes": crashes, "damages": damages, "seed": options.seed,
          "durable": len(oracle.durable), "lost": oracle.lost(), "told": sum(l[3] for l in oracle.losses),
          "invented": oracle.invented, "corrupted": oracle.corrupted, "duplicates": oracle.duplicates,
          "duplicate_bound": crashes * DUPLICATES_PER_CRASH,
          "points": sum(1 for n in reached.values() if n), "points_listed": len(POINTS)}
print(json.dumps(result) if options.json else "\n".join(f"{k:16} {v}" for k, v in result.items()))
if not options.json:
    print("never reached:", " ".join(p for p, n in reached.items() if not n) or "none")
sys.exit(1 if result["lost"] or result["invented"] or result["corrupted"]
         or result["duplicates"] > result["duplicate_bound"] else 0)
