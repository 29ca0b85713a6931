"""tools/fleet: see there."""

import argparse
import datetime
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

PROGRAMS, PHOTOGRAPHS, SOAK = sys.argv[1:4]
sys.path.insert(0, SOAK)
from common import Broker  # noqa: E402

parser = argparse.ArgumentParser(prog="tools/fleet")
parser.add_argument("nodes", type=int, help="how many agents, each a process")
parser.add_argument("--commands", type=int, default=1, help="how many camera.set are timed")
parser.add_argument("--stay", action="store_true", help="no node goes down in between")
parser.add_argument("--broker", help="host:port; default: one of its own")
parser.add_argument("--json", action="store_true", help="no progress, only the result")
options = parser.parse_args(sys.argv[4:])


def tell(text):
    if not options.json:
        print(text, file=sys.stderr, flush=True)


def stamp(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def share(values, percent):
    """The value that so many percent are not above."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


class Fleet:
    def __init__(self, folder):
        self.folder = folder
        self.broker = None if options.broker else Broker(PROGRAMS)
        self.address = options.broker or self.broker.address
        self.prefix = f"fleet{os.getpid()}" if options.broker else "vedette"
        self.nodes = [f"fleet-{number:04}" for number in range(options.nodes)]
        self.processes = {}
        os.mkdir(f"{folder}/keys.d")
        subprocess.run([f"{PROGRAMS}/vedette", "control", "keygen", f"{folder}/ops"], check=True, stdout=subprocess.DEVNULL)
        os.rename(f"{folder}/ops.pub", f"{folder}/keys.d/ops.pub")
        for node in self.nodes:
            os.mkdir(f"{folder}/{node}")
            with open(f"{folder}/{node}/vedette.yaml", "w") as file:
                file.write(
                    f"node: {node}\n"
                    f"kafka: {{brokers: ['{self.address}'], prefix: {self.prefix}}}\n"
                    "delivery: {memory: 1 MiB}\nspool: off\n"
                    f"analysis: {{gallery: '{folder}/{node}/gallery.sqlite'}}\n"
                    f"control: {{keys: '{folder}/keys.d', labels: {{fleet: trial}}, heartbeat: 5 s}}\n"
                    f"cameras: {{cam: {{replay: {{path: '{PHOTOGRAPHS}', rate: 1}}, scale: 32x32, quality: 10}}}}\n")

    def log(self, node):
        with open(f"{self.folder}/{node}/log") as file:
            return file.read()

    def start(self, nodes):
        """Starts agents and waits until each reads the control topic."""
        for node in nodes:
            with open(f"{self.folder}/{node}/log", "w") as errors:
                self.processes[node] = subprocess.Popen(
                    [f"{PROGRAMS}/vedetted", "--config", f"{self.folder}/{node}/vedette.yaml"], stderr=errors)
        waiting, deadline = list(nodes), time.monotonic() + 60 + len(nodes)
        while waiting:
            waiting = [node for node in waiting if "partitions" not in self.log(node)]
            for node in waiting:
                if self.processes[node].poll() is not None:
                    sys.exit(f"{node} ended: {self.log(node)}")
            if time.monotonic() > deadline:
                sys.exit(f"{len(waiting)} agents do not read the control topic; of {waiting[0]}: {self.log(waiting[0])}")
            time.sleep(0.1)

    def stop(self, nodes):
        for node in nodes:
            self.processes[node].send_signal(signal.SIGTERM)
        for node in nodes:
            if self.processes[node].wait(60) != 0:
                sys.exit(f"{node} ended with {self.processes[node].returncode}: {self.log(node)}")
            del self.processes[node]

    def send(self, *words, expect):
        """Sends a command to all; its answers, and when it was begun."""
        begun = time.time()
        done = subprocess.run(
            [f"{PROGRAMS}/vedette", "control", "send", *words, "--label", "fleet=trial", "--key", f"{self.folder}/ops.key",
             "--broker", self.address, "--prefix", self.prefix, "--expect", str(expect), "--timeout", "60", "--json"],
            stdout=subprocess.PIPE, text=True)
        return begun, [json.loads(line) for line in done.stdout.splitlines()]

    def memory(self):
        """Of each agent what is its own, and its share of what is shared; MiB."""
        total = 0
        for process in self.processes.values():
            with open(f"/proc/{process.pid}/smaps_rollup") as file:
                total += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        return round(total / 1024 / len(self.processes), 1)


def ended(answers, state):
    return {answer["node"] for answer in answers if answer["state"] == state}


def reach(fleet):
    """How long a signed command takes from the operator's key press until it has been carried out."""
    times, count = [], 0
    for number in range(options.commands):
        begun, answers = fleet.send("camera.set", "camera=cam", f'set={{"quality":{20 + number}}}', expect=options.nodes)
        done = {answer["node"]: stamp(answer["time"]) - begun for answer in answers if answer["state"] == "succeeded"}
        times += done.values()
        count += len(done)
    return times, count


def come_back(fleet):
    """Half of the nodes miss one command that will have expired, and one that will not."""
    half = fleet.nodes[::2]
    up = len(fleet.nodes) - len(half)
    fleet.stop(half)
    tell(f"{len(half)} nodes are down")
    began = time.monotonic()
    short, long = "short", "long"
    fleet.send("ping", "--id", short, "--valid", "2", expect=up)
    fleet.send("camera.set", "camera=cam", 'set={"quality":50}', "--id", long, expect=up)
    time.sleep(max(0, 2.5 - (time.monotonic() - began)))
    with open(f"{fleet.folder}/watch", "w") as output:
        watch = subprocess.Popen(
            [f"{PROGRAMS}/vedette", "control", "watch", "--json", "--all", "--broker", fleet.address, "--prefix", fleet.prefix],
            stdout=output)
    fleet.start(half)
    deadline = time.monotonic() + 60
    while True:
        with open(f"{fleet.folder}/watch") as file:
            answers = [json.loads(line) for line in file.read().split("\n")[:-1]]
        of = {name: [answer for answer in answers if answer["id"] == name] for name in (short, long)}
        expired = ended(of[short], "expired") & set(half)
        caught_up = ended(of[long], "succeeded") & set(half)
        if len(expired) == len(caught_up) == len(half) or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    watch.terminate()
    watch.wait()
    return {"down": len(half), "caught_up": len(caught_up), "expired": len(expired),
            "obeyed_late": len(ended(of[short], "succeeded") & set(half))}


with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
    fleet = Fleet(folder)
    try:
        if fleet.broker:
            fleet.broker.say(f"topic {fleet.prefix}.control 1")
        tell(f"starting {options.nodes} agents")
        fleet.start(fleet.nodes)
        fleet.send("ping", expect=options.nodes)
        times, count = reach(fleet)
        wanted = options.nodes * options.commands
        result = {
            "nodes": options.nodes, "applied_p50_ms": round(share(times or [0], 50) * 1000, 1),
            "applied_p99_ms": round(share(times or [0], 99) * 1000, 1), "results": count, "missing": wanted - count,
            "memory_mib": fleet.memory(),
        }
        tell(json.dumps(result))
        is_sound = result["missing"] == 0
        if not options.stay:
            result |= come_back(fleet)
            is_sound = is_sound and result["caught_up"] == result["expired"] == result["down"] and not result["obeyed_late"]
        table = subprocess.run(
            [f"{PROGRAMS}/vedette", "control", "fleet", "--json", "--broker", fleet.address, "--prefix", fleet.prefix],
            stdout=subprocess.PIPE, text=True).stdout.splitlines()
        result["heartbeats"] = len(table)
        is_sound = is_sound and len(table) == options.nodes
        fleet.stop(fleet.nodes)
    finally:
        for process in fleet.processes.values():
            process.kill()
            process.wait()
        if fleet.broker:
            fleet.broker.process.kill()
            fleet.broker.process.wait()
print(json.dumps(result))
sys.exit(0 if is_sound else 1)
