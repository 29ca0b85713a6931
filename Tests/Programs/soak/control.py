"""Kills -9 a box that obeys a log of commands, again and again. In the end its gallery and configuration must be those of a box
that was never killed, and every command must have its answers: two where it was obeyed, each by one number."""
import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time


def main():
    parser = argparse.ArgumentParser(prog="soak control")
    parser.add_argument("program")
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    dice = random.Random(options.seed)
    root = tempfile.mkdtemp(prefix="soak-control-")
    try:
        sys.exit(soak(options, dice, root))
    finally:
        shutil.rmtree(root, ignore_errors=True)


def soak(options, dice, root):
    killed, calm = root + "/killed", root + "/calm"
    count = max(50, options.cycles * 12)
    subprocess.run([options.program, "make", killed, str(count)], check=True)
    shutil.copytree(killed, calm)
    subprocess.run([options.program, "run", calm], check=True)
    cycles = 0
    while True:
        work = subprocess.Popen([options.program, "run", killed])
        if cycles < options.cycles:
            # Now and then before it has begun, mostly at work.
            time.sleep(dice.uniform(0.005, 0.12))
            work.kill()
        code = work.wait()
        if code == 0:
            break
        if code != -9:
            print(f"controlwork ended with {code}", file=sys.stderr)
            return 1
        cycles += 1
        if not options.json and sys.stderr.isatty():
            print(f"\r{cycles} kills", end="", file=sys.stderr)
    states = [
        json.loads(subprocess.run([options.program, "state", folder], check=True, capture_output=True).stdout)
        for folder in (killed, calm)
    ]
    corrupted = 0 if states[0] == states[1] else 1
    lost, invented, duplicates, contradictions = results(killed, calm, count)
    tally = {
        "soak": "control", "cycles": cycles, "commands": count, "lost": lost, "invented": invented,
        "corrupted": corrupted + contradictions, "duplicates": duplicates,
        # Answers of some 16 commands wait to be forgotten when a process is killed.
        "duplicate_bound": cycles * 64,
    }
    print(json.dumps(tally))
    sound = not (lost or invented or corrupted or contradictions) and duplicates <= tally["duplicate_bound"]
    if not sound:
        print(json.dumps(states), file=sys.stderr)
    return 0 if sound else 1


def read(folder):
    """By number; a line that a kill has cut off is no line."""
    found, again, contradictions = {}, 0, 0
    with open(folder + "/results", "rb") as file:
        for line in file:
            try:
                result = json.loads(line)
            except ValueError:
                continue
            number = result["number"]
            if number in found:
                again += 1
                if found[number] != result:
                    contradictions += 1
            found[number] = result
    return found, again, contradictions


def results(killed, calm, count):
    found, duplicates, contradictions = read(killed)
    expected, _, _ = read(calm)

    def states(results):
        by_id = {}
        for number in sorted(results):
            result = results[number]
            by_id.setdefault(result["id"], []).append(result["state"])
        return by_id

    have, want = states(found), states(expected)
    lost = sum(1 for name, states in want.items() if len(have.get(name, [])) < len(states))
    invented = sum(1 for name, states in have.items() if states != want.get(name) and len(states) >= len(want.get(name, [])))
    lost += count - len(want)
    return lost, invented, duplicates, contradictions


main()
