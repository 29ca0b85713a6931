"""tools/bench capture: see there. Every program runs alone, in turn, on the same virtual camera."""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time

PROGRAMS, WORK, PHOTOGRAPHS = sys.argv[1:4]
parser = argparse.ArgumentParser(prog="tools/bench capture")
parser.add_argument("--json", action="store_true")
parser.add_argument("--seconds", type=float, default=6)
parser.add_argument("--runs", type=int, default=3)
parser.add_argument("--input", help="frames of your own: YUYV or JPEGs, back to back")
parser.add_argument("--size", help="their WIDTHxHEIGHT")
parser.add_argument("--broker", help="HOST:PORT of a broker that runs (default: a mock of our own)")
options = parser.parse_args(sys.argv[4:])
if options.input and not re.fullmatch(r"\d+x\d+", options.size or ""):
    parser.error("--input wants --size WIDTHxHEIGHT beside it")
if options.input and not os.path.isfile(options.input):
    parser.error(f"there is no file {options.input}")
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
    """Of all its threads, by the clock that clock_getcpuclockid(3) gives: /proc counts hundredths only."""
    return time.clock_gettime(~pid << 3 | 2)


def peak_memory(pid, movie):
    """MiB at most, without the frames' file: the virtual camera maps it, a real one would not."""
    with open(f"/proc/{pid}/status") as file:
        peak = int(re.search(r"VmHWM:\s+(\d+)", file.read())[1])
    with open(f"/proc/{pid}/smaps") as file:
        of_movie = re.findall(re.escape(os.path.realpath(movie)) + r"\n(?:.*\n)*?Rss:\s+(\d+)", file.read())
    return (peak - sum(map(int, of_movie))) / 1024


def measure(process, camera, count):
    """Milliseconds of processor time per frame over the steady part; `count` tells the frames so far."""
    time.sleep(WARM_SECONDS)
    first, began = count(), processor_seconds(process.pid)
    time.sleep(options.seconds)
    last, ended = count(), processor_seconds(process.pid)
    peak = peak_memory(process.pid, camera.path)
    # One that cannot keep up is measured all the same; one that stands is not.
    if last - first < 0.5 * RATE * options.seconds:
        raise Failure(f"{last - first} frames in {options.seconds} s, not {RATE} a second")
    return {"ms": 1000 * (ended - began) / (last - first), "peak_mib": peak,
            "fps": (last - first) / options.seconds}


class Failure(Exception):
    pass


class Camera:
    def __init__(self, path, form, size):
        self.path = path
        self.environment = dict(os.environ, LD_PRELOAD=f"{WORK}/vcam.so", VCAM_FILE=path,
                                VCAM_FORMAT="YUYV" if form == "yuyv" else "MJPG", VCAM_SIZE=size,
                                VCAM_FPS=str(RATE))

    @contextlib.contextmanager
    def running(self, *command):
        """The program at work on this camera; what it said is told if measuring fails."""
        with open(f"{WORK}/log", "w") as log:
            process = subprocess.Popen(command, env=self.environment, stderr=log, stdout=log)
        try:
            yield process
        except (Failure, OSError, TypeError) as error:
            raise Failure(f"{os.path.basename(command[0])}: {error}\n{self.text()[-1500:]}")
        finally:
            end(process)

    def text(self):
        with open(f"{WORK}/log") as file:
            return file.read()

    def asked(self, process, pattern):
        """The answer to SIGUSR1."""
        before = len(re.findall(pattern, self.text()))
        process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + 10
        while len(found := re.findall(pattern, self.text())) <= before:
            if process.poll() is not None or time.monotonic() > deadline:
                raise Failure("it gave no answer")
            time.sleep(0.002)
        return found[-1]


def end(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def agent(camera, form, size, broker):
    with open(f"{WORK}/vedette.yaml", "w") as file:
        file.write(f"node: bench\nkafka: {{brokers: ['{broker}']}}\nstatus: {{socket: {WORK}/status.sock}}\ncameras: {{front: {{device: /dev/video0, "
                   f"format: {form}, size: {size}, rate: {RATE}" +
                   (", quality: 80, chroma: '4:2:2'" if form == "yuyv" else "") + "}}\n")
    with camera.running(f"{PROGRAMS}/vedetted", "--config", f"{WORK}/vedette.yaml") as process:
        ledger = {}

        def count():
            ledger.update(json.loads(camera.asked(process, r"camera=front: ledger=(\{.*\})\n")))
            return ledger["delivered"]

        result = measure(process, camera, count)
    return result | {"latency_ms": ledger["latency_ms"], "lost": ledger["lost_by_driver"]}


def bare(camera, program, *arguments):
    with camera.running(f"{WORK}/{program}", "/dev/video0", *arguments) as process:
        return measure(process, camera, lambda: int(camera.asked(process, r"frames (\d+)\n")))


class Watcher(threading.Thread):
    """Looks at ustreamer's stream, for it encodes only while somebody does, and counts the pictures."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.pictures = port, 0
        self.start()

    def run(self):
        deadline = time.monotonic() + 5
        while True:
            try:
                connection = socket.create_connection(("127.0.0.1", self.port))
                break
            except OSError:
                if time.monotonic() > deadline:
                    return
                time.sleep(0.05)
        connection.sendall(b"GET /stream HTTP/1.0\r\n\r\n")
        with contextlib.suppress(OSError), connection.makefile("rb") as stream:
            while line := stream.readline():
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
                elif name.lower() == b"x-timestamp":
                    while stream.readline().strip():
                        pass
                    self.pictures += stream.read(length)[:2] == b"\xff\xd8"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ustreamer(camera, size):
    if not shutil.which("ustreamer"):
        return None
    port = free_port()
    with camera.running("ustreamer", "--device", "/dev/video0", "--resolution", size, "--format", "YUYV",
                        "--desired-fps", str(RATE), "--quality", "80", "--host", "127.0.0.1", "--port", str(port),
                        "--workers", "1", "--buffers", "4", "--encoder", "CPU") as process:
        watcher = Watcher(port)
        return measure(process, camera, lambda: watcher.pictures)


def median(results, key):
    return statistics.median(result[key] for result in results)


def fps(ours, peer):
    return {"fps": round(median(ours, "fps"), 1)} | ({"peer_fps": round(median(peer, "fps"), 1)} if peer else {})


rows = []


def row(case, unit, ours, peer, peer_name, **more):
    line = {"bench": "capture", "case": case, "unit": unit, "ours": round(ours, 3),
            "peer": None if peer is None else round(peer, 3), "peer_name": peer_name,
            "ratio": None if peer is None else round(ours / peer, 3), "runs": options.runs} | more
    if peer is None:
        line["hint"] = f"{peer_name} is not installed: apt-get install {peer_name}"
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
            "p99_ms": median([r["latency_ms"] for r in ours], "p99"), "lost": sum(r["lost"] for r in ours)}
    row(case, "ms/frame", median(ours, "ms"), median(plain, "ms"), "turbojpeg", **fps(ours, plain), **more)
    row(case, "ms/frame", median(ours, "ms"), median(streamer, "ms") if streamer else None, "ustreamer",
        **fps(ours, streamer))
    row(case, "MiB peak", median(ours, "peak_mib"),
        median(streamer, "peak_mib") if streamer else None, "ustreamer")


def pass_through_case(name, path, size):
    camera = Camera(path, "mjpeg", size)
    width, height = size.split("x")
    ours, plain = [], []
    for _ in range(options.runs):
        ours.append(agent(camera, "mjpeg", size, broker))
        plain.append(bare(camera, "bare_producer", width, height, broker))
    row(f"mjpeg pass-through {name}", "ms/frame", median(ours, "ms"), median(plain, "ms"), "librdkafka",
        **fps(ours, plain), p50_ms=median([r["latency_ms"] for r in ours], "p50"),
        p99_ms=median([r["latency_ms"] for r in ours], "p99"))
    row(f"mjpeg pass-through {name}", "MiB peak", median(ours, "peak_mib"), median(plain, "peak_mib"), "librdkafka")


def is_jpeg(path):
    with open(path, "rb") as file:
        return file.read(2) == b"\xff\xd8"


server, broker = None, options.broker
if not broker:
    server = subprocess.Popen([f"{PROGRAMS}/mockbroker", "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    broker = json.loads(server.stdout.readline())["bootstrap"]
failed = None
try:
    if options.input:
        (pass_through_case if is_jpeg(options.input) else raw_case)(options.size, options.input, options.size)
    else:
        for name, width, height in (("720p", 1280, 720), ("1080p", 1920, 1080)):
            raw_case(name, frames(width, height, "yuyv"), f"{width}x{height}")
            pass_through_case(name, frames(width, height, "mjpeg"), f"{width}x{height}")
except Failure as failure:
    failed = f"bench: {failure}"
finally:
    if server:
        server.stdin.close()
        server.wait(10)
if not options.json:
    print(f"{'case':28} {'unit':9} {'ours':>8} {'peer':>8} {'ratio':>6}  peer")
    for line in rows:
        peer = "-" if line["peer"] is None else f"{line['peer']:.2f}"
        ratio = "-" if line["ratio"] is None else f"{line['ratio']:.2f}"
        print(f"{line['case']:28} {line['unit']:9} {line['ours']:8.2f} {peer:>8} {ratio:>6}  {line['peer_name']}"
              + (f" ({line['hint']})" if "hint" in line else "")
              + (f"   latency p50 {line['p50_ms']} ms, p99 {line['p99_ms']} ms" if "p50_ms" in line else ""))
if failed:
    sys.exit(failed)
