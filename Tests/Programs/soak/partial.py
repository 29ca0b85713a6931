"""tools/soak outage --fault: one part of Kafka is at fault, and all else must flow meanwhile."""

import json
import signal
import subprocess
import sys
import tempfile
import time
import zlib

from common import Broker, ledger

CAMERAS = [f"cam{number}" for number in range(4)]
PARTITIONS = 4
# What counts as arrived at once, and the share of frames of sound lanes that must.
SECONDS, SHARE = 2, 0.99


def partition(camera):
    """As librdkafka chooses by key."""
    return zlib.crc32(f"soak/{camera}".encode()) % PARTITIONS


def read(programs, address, topic, folder):
    output = subprocess.run([f"{programs}/framereader", address, topic, folder],
                            check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def run(programs, photographs, options):
    seconds = max(options.seconds, 20)
    half = sorted({partition(camera) for camera in CAMERAS})[::2]
    faulty = [camera for camera in CAMERAS if options.fault == "offline" and partition(camera) in half]
    with tempfile.TemporaryDirectory() as folder:
        broker = Broker(programs, PARTITIONS)
        if options.fault == "missing":
            broker.say("deny vedette.metrics UNKNOWN_TOPIC_OR_PART")
        if options.fault == "denied":
            broker.say("deny vedette.metrics TOPIC_AUTHORIZATION_FAILED")
        cameras = "".join(
            f"  {camera}: {{replay: {{path: '{photographs}', rate: 10}}, scale: 32x32, quality: 10, colours: on}}\n"
            for camera in CAMERAS)
        with open(f"{folder}/vedette.yaml", "w") as file:
            file.write(f"node: soak\nkafka: {{brokers: ['{broker.address}']}}\n"
                       "delivery: {outage_after: 1 s, memory: 2 MiB}\n"
                       f"spool: {{folder: '{folder}/spool', replay_jitter: 0 s}}\n"
                       f"cameras:\n{cameras}")
        log = f"{folder}/log"
        with open(log, "w") as errors:
            agent = subprocess.Popen([f"{programs}/vedetted", "--config", f"{folder}/vedette.yaml"], stderr=errors)
        while "node soak" not in open(log).read():
            time.sleep(0.05)
        # Faces and colours must not be the reason why something is late.
        time.sleep(3)
        if options.fault == "offline":
            for number in half:
                broker.say(f"leader vedette.frames {number} none")
        # What sound lanes had captured must have arrived two seconds later, throughout.
        checks, late = 0, 0
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            before = {camera: ledger(log, camera, agent)["captured"] for camera in CAMERAS}
            time.sleep(SECONDS)
            for camera in CAMERAS:
                counts = ledger(log, camera, agent)
                if camera in faulty:
                    continue
                checks += before[camera]
                late += max(0, before[camera] - counts["delivered"] - sum(counts["dropped"].values()))
        told = open(log).read()
        named = "vedette.metrics" in told if options.fault != "offline" else "give their partition a leader" in told
        outages = told.count("no broker acknowledges")
        if options.fault == "offline":
            for number in half:
                broker.say(f"leader vedette.frames {number} 1")
        else:
            broker.say("allow vedette.metrics")
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            counts = [ledger(log, camera, agent) for camera in CAMERAS]
            if all(one["spooled"] == 0 for one in counts):
                break
            time.sleep(0.5)
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(30) == 0, "the agent did not end well"
        counts = {camera: ledger(log, camera) for camera in CAMERAS}
        records = read(programs, broker.address, "vedette.frames", folder)
        broker.process.kill()
    lost, invented, disorder = 0, 0, 0
    for camera in CAMERAS:
        numbers = [int(record["headers"]["ce_sequence"]) for record in records
                   if record["file"].rsplit("/", 1)[1].rsplit("-", 1)[0] == camera]
        own = counts[camera]
        lost += own["captured"] - sum(own["dropped"].values()) - own["spooled"] - len(set(numbers))
        invented += sum(1 for number in set(numbers) if number >= own["captured"])
        if camera not in faulty:
            disorder += sum(1 for a, b in zip(numbers, numbers[1:]) if b < a)
    result = {
        "soak": "outage", "fault": options.fault, "captured": sum(one["captured"] for one in counts.values()),
        "lost": lost, "invented": invented, "in_time": round(1 - late / max(1, checks), 4), "outages": outages,
        "named": named, "disorder": disorder,
        "dropped": {camera: one["dropped"] for camera, one in counts.items() if sum(one["dropped"].values())},
    }
    print(json.dumps(result))
    sound = lost == 0 and invented == 0 and result["in_time"] >= SHARE and named and disorder == 0
    sys.exit(0 if sound else 1)
