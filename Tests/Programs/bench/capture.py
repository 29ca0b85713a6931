"""tools/bench capture: see there. Every program runs alone, in turn, on the same virtual camera."""

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time

PROGRAMS, WORK, PHOTOGRAPHS = sys.argv[1:4]
parser = argparse.ArgumentParser(prog="tools/bench capture")
parser.add_argument("--json", action="store_true")
parser.add_argument("--seconds", type=float, default=6)
parser.add_argument("--runs", type=int, default=3)
parser.add_argument("--input", help="YUYV frames back to back")
parser.add_argument("--size", help="their WIDTHxHEIGHT")
options = parser.parse_args(sys.argv[4:])
RATE = 30
WARM_SECONDS = 2.5


def frames(width, height, form):
    """A file of one second of a photograph that moves, made once."""
    path = f"{WORK}/{width}x{height}.{form}"
    if not os.path.exists(path):
        wide = width * 5 // 4
        view = f"scale={wide}:-1,crop={width}:{height}:x='t*{wide - width}':y=0,fps={RATE}"
        coding = (["-pix_fmt", "yuyv422", "-f", "rawvideo"] if form == "yuyv" else
                  ["-pix_fmt", "yuvj422p", "-c:v", "mjpeg", "-q:v", "3", "-huffman", "default", "-f", "mjpeg"])
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-loop", "1", "-i", f"{PHOTOGRAPHS}/china.jpg",
                        "-vf", view, "-t", "1", *coding, path], check=True)
    return path


def processor_seconds(pid):
    """Of all threads, to the nanosecond; stat counts in ticks of 10 ms."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
            total += int(file.read().split()[0])
    return total / 1e9


def memory(pid, field):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(rf"{field}:\s+(\d+)", file.read())[1]) / 1024


def measure(process, count):
    """Milliseconds of processor time per frame over the steady part; `count` tells the frames so far."""
    time.sleep(WARM_SECONDS)
    first, began = count(), processor_seconds(process.pid)
    time.sleep(options.seconds)
    last, ended = count(), processor_seconds(process.pid)
    # The frames' file is mapped by the virtual camera; it is not the program's own.
    own = memory(process.pid, "RssAnon") + memory(process.pid, "RssShmem")
    if last <= first:
        raise RuntimeError("no frames came")
    return {"ms": 1000 * (ended - began) / (last - first), "own_mib": own, "frames": last - first}


class Camera:
    def __init__(self, path, form, size):
        self.environment = dict(os.environ, LD_PRELOAD=f"{WORK}/vcam.so", VCAM_FILE=path,
                                VCAM_FORMAT="YUYV" if form == "yuyv" else "MJPG", VCAM_SIZE=size,
                                VCAM_FPS=str(RATE))

    def start(self, *command):
        self.log = open(f"{WORK}/log", "w+")
        return subprocess.Popen(command, env=self.environment, stderr=self.log, stdout=self.log)

    def text(self):
        with open(f"{WORK}/log") as file:
            return file.read()


def end(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def agent(camera, form, size, broker):
    with open(f"{WORK}/vedette.yaml", "w") as file:
        file.write(f"node: bench\nkafka: {{brokers: ['{broker}']}}\ncameras: {{front: {{device: /dev/video0, "
                   f"format: {form}, size: {size}, rate: {RATE}" +
                   (", quality: 80, chroma: '4:2:2'" if form == "yuyv" else "") + "}}\n")
    process = camera.start(f"{PROGRAMS}/vedetted", "--config", f"{WORK}/vedette.yaml")
    ledger = {}

    def count():
        before = camera.text().count("ledger={")
        process.send_signal(signal.SIGUSR1)
        while camera.text().count("ledger={") == before or not camera.text().endswith("\n"):
            time.sleep(0.01)
        ledger.update(json.loads(re.findall(r"ledger=(\{.*\})", camera.text())[-1]))
        return ledger["delivered"]

    try:
        result = measure(process, count)
    finally:
        end(process)
    return result | {"latency_ms": ledger["latency_ms"], "lost": ledger["lost_by_driver"]}


def bare(camera, program, *arguments):
    process = camera.start(f"{WORK}/{program}", "/dev/video0", *arguments)
    try:
        return measure(process, lambda: int(re.findall(r"frames (\d+)", camera.text())[-1]))
    finally:
        end(process)


def ustreamer(camera, size):
    if not shutil.which("ustreamer"):
        return None
    process = camera.start("ustreamer", "--device", "/dev/video0", "--resolution", size, "--format", "YUYV",
                           "--desired-fps", str(RATE), "--quality", "80", "--host", "127.0.0.1", "--port", "18080",
                           "--workers", "1", "--buffers", "4", "--encoder", "CPU")
    time.sleep(0.5)
    # It encodes only while somebody watches.
    watcher = subprocess.Popen(["curl", "-s", "-o", f"{WORK}/stream", "http://127.0.0.1:18080/stream"])

    def count():
        return open(f"{WORK}/stream", "rb").read().count(b"\xff\xd8\xff")

    try:
        return measure(process, count)
    finally:
        watcher.kill()
        end(process)
        os.unlink(f"{WORK}/stream")


def median(results, key):
    return statistics.median(result[key] for result in results)


rows = []


def row(case, unit, ours, peer, peer_name, **more):
    line = {"bench": "capture", "case": case, "unit": unit, "ours": round(ours, 3),
            "peer": None if peer is None else round(peer, 3), "peer_name": peer_name,
            "ratio": None if peer is None else round(ours / peer, 3), "runs": options.runs} | more
    if peer is None:
        line["hint"] = f"{peer_name} is not installed"
    rows.append(line)
    if options.json:
        print(json.dumps(line), flush=True)


def raw_case(name, path, size):
    camera = Camera(path, "yuyv", size)
    width, height = size.split("x")
    ours, plain, streamer = [], [], []
    for _ in range(options.runs):
        ours.append(agent(camera, "yuyv", size, broker))
        plain.append(bare(camera, "bare_jpeg", width, height, "80"))
        result = ustreamer(camera, size)
        if result:
            streamer.append(result)
    case = f"yuyv {name} q80 4:2:2"
    more = {"p50_ms": median([r["latency_ms"] for r in ours], "p50"),
            "p99_ms": median([r["latency_ms"] for r in ours], "p99"),
            "own_memory_mib": round(median(ours, "own_mib"), 1), "lost": sum(r["lost"] for r in ours)}
    row(case, "ms/frame", median(ours, "ms"), median(plain, "ms"), "turbojpeg", **more)
    row(case, "ms/frame", median(ours, "ms"), median(streamer, "ms") if streamer else None, "ustreamer")
    row(case, "MiB of memory, buffers included", median(ours, "own_mib"),
        median(streamer, "own_mib") if streamer else None, "ustreamer")


def pass_through_case(name, path, size):
    camera = Camera(path, "mjpeg", size)
    width, height = size.split("x")
    ours, plain = [], []
    for _ in range(options.runs):
        ours.append(agent(camera, "mjpeg", size, broker))
        plain.append(bare(camera, "bare_producer", width, height, broker))
    row(f"mjpeg pass-through {name}", "ms/frame", median(ours, "ms"), median(plain, "ms"), "librdkafka",
        p50_ms=median([r["latency_ms"] for r in ours], "p50"),
        p99_ms=median([r["latency_ms"] for r in ours], "p99"),
        own_memory_mib=round(median(ours, "own_mib"), 1))


server = subprocess.Popen([f"{PROGRAMS}/mockbroker", "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
broker = json.loads(server.stdout.readline())["bootstrap"]
try:
    if options.input:
        raw_case(options.size, options.input, options.size)
    else:
        for name, width, height in (("720p", 1280, 720), ("1080p", 1920, 1080)):
            raw_case(name, frames(width, height, "yuyv"), f"{width}x{height}")
            pass_through_case(name, frames(width, height, "mjpeg"), f"{width}x{height}")
finally:
    server.stdin.close()
    server.wait(10)
if not options.json:
    print(f"{'case':28} {'unit':32} {'ours':>8} {'peer':>8} {'ratio':>6}  peer")
    for line in rows:
        peer = "-" if line["peer"] is None else f"{line['peer']:.2f}"
        ratio = "-" if line["ratio"] is None else f"{line['ratio']:.2f}"
        print(f"{line['case']:28} {line['unit']:32} {line['ours']:8.2f} {peer:>8} {ratio:>6}  {line['peer_name']}"
              + (f"   latency p50 {line['p50_ms']} ms, p99 {line['p99_ms']} ms; own memory {line['own_memory_mib']} MiB"
                 if "p50_ms" in line else ""))
