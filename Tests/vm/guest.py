"""Tests of the agent on real V4L2 drivers; runs in the emulated machine. See run beside it."""

import glob
import json
import os
import re
import signal
import subprocess
import sys
import time
import traceback

PROGRAMS, SHARE = sys.argv[1:3]
# Only tests whose names hold this.
ONLY = sys.argv[3] if len(sys.argv) > 3 else ""
WIDTH, HEIGHT = 320, 180
SINGLE = ["yuyv", "uyvy", "yvyu", "nv12", "nv21", "nv16", "yu12", "grey", "rgb24", "bgr24"]
MULTI = ["fourcc:NM12", "fourcc:NM16", "fourcc:YM12", "fourcc:NM21"]
RATE = 5
CONTROLS = "controls: {osd_text_mode: None}"
results = {"passed": 0, "failed": 0}


def run(*command, check=True):
    return subprocess.run(command, check=check, capture_output=True, text=True).stdout


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


class Broker:
    def __enter__(self):
        self.process = subprocess.Popen(
            [f"{PROGRAMS}/mockbroker", "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.address = json.loads(self.process.stdout.readline())["bootstrap"]
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "ok\n", line

    def frames(self):
        """Files and headers of all frames so far, by camera."""
        folder = f"/tmp/frames-{time.monotonic_ns()}"
        os.mkdir(folder)
        found = {}
        for line in run(f"{PROGRAMS}/framereader", self.address, "vedette.frames", folder).splitlines():
            record = json.loads(line)
            found.setdefault(record["headers"]["ce_source"].split("/")[-1], []).append(record)
        return found


class Agent:
    def __init__(self, broker, cameras, more=""):
        text = f"node: box\nkafka: {{brokers: ['{broker.address}']}}\nlog: {{level: debug}}\n{more}cameras:\n"
        for name, camera in cameras.items():
            text += f"  {name}: {{{camera}}}\n"
        with open("/tmp/vedette.yaml", "w") as file:
            file.write(text)

    def __enter__(self):
        self.log_path = f"{SHARE}/agent-{time.monotonic_ns()}.log"
        self.log_file = open(self.log_path, "w")
        self.process = subprocess.Popen(
            [f"{PROGRAMS}/vedetted", "--config", "/tmp/vedette.yaml"], stderr=self.log_file)
        # Until it answers signals, SIGUSR1 would end it.
        wait_until(lambda: "node box: " in self.log(), 60, "the agent starts")
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()

    def log(self):
        with open(self.log_path) as file:
            return file.read()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(30) == 0, f"exit code {self.process.returncode}"
        ledgers = {name: self.check(ledger) for name, ledger in self.parse(self.log()).items()}
        assert all(ledger["in_pipeline"] == 0 for ledger in ledgers.values()), ledgers
        return ledgers

    @staticmethod
    def parse(log):
        ledgers = {}
        for name, text in re.findall(r"camera=(\S+): ledger=(\{.*\})", log):
            ledgers[name] = json.loads(text)
        return ledgers

    @staticmethod
    def check(ledger):
        fates = ["in_pipeline", "delivered", "in_memory", "in_flight", "spooled", "dead"]
        total = sum(ledger[fate] for fate in fates) + sum(ledger["dropped"].values())
        assert ledger["captured"] == total, f"the ledger does not balance: {ledger}"
        return ledger

    def ledgers(self):
        before = self.log().count("ledger={")
        self.process.send_signal(signal.SIGUSR1)
        wait_until(lambda: self.log().count("ledger={") > before, 30, "an answer to SIGUSR1")
        time.sleep(0.3)
        return {name: self.check(ledger) for name, ledger in self.parse(self.log()).items()}

    def delivered(self, names, count, seconds=120):
        def enough():
            ledgers = self.ledgers()
            return all(ledgers.get(name, {}).get("delivered", 0) >= count for name in names) and ledgers

        try:
            return wait_until(enough, seconds, f"{count} frames of {names}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()[-3000:]}")


def pixels(path):
    """Width, height and RGB bytes of a JPEG."""
    data = subprocess.run(["djpeg", "-rgb", "-ppm", path], check=True, capture_output=True).stdout
    magic, width, height, _ = data.split(None, 4)[:4]
    assert magic == b"P6"
    return int(width), int(height), data[-int(width) * int(height) * 3:]


def reference():
    """vivid's own colour bars, in its own RGB."""
    run("v4l2-ctl", "-d", "/dev/video0", "-c", "osd_text_mode=2")
    run("v4l2-ctl", "-d", "/dev/video0", f"--set-fmt-video=width={WIDTH},height={HEIGHT},pixelformat=RGB3",
        "--stream-mmap", "--stream-count=2", "--stream-to=/tmp/reference.rgb")
    with open("/tmp/reference.rgb", "rb") as file:
        return file.read()[:WIDTH * HEIGHT * 3]


def mean_errors(ours, theirs, grey):
    sums = [0, 0, 0]
    for at in range(0, len(theirs), 3):
        r, g, b = theirs[at], theirs[at + 1], theirs[at + 2]
        if grey:
            # vivid weighs its grey by Rec. 709.
            r = g = b = round(0.2126 * r + 0.7152 * g + 0.0722 * b)
        sums[0] += abs(ours[at] - r)
        sums[1] += abs(ours[at + 1] - g)
        sums[2] += abs(ours[at + 2] - b)
    return [3 * value / len(theirs) for value in sums]


def test(name, body):
    if ONLY not in name:
        return
    began = time.monotonic()
    try:
        body()
        results["passed"] += 1
        print(f"passed  {name} ({time.monotonic() - began:.0f} s)", flush=True)
    except Exception as error:
        results["failed"] += 1
        print(f"failed  {name}: {error}", flush=True)
        traceback.print_exc()


def device(index, form, more=""):
    size = f"size: {WIDTH}x{HEIGHT}, rate: {RATE}"
    return f"device: /dev/video{index}, format: '{form}', {size}, {CONTROLS}, quality: 95{more}"


def all_formats():
    bars = reference()
    cameras = {form: device(index, form) for index, form in enumerate(SINGLE)}
    cameras |= {form[7:]: device(10 + index, form) for index, form in enumerate(MULTI)}
    with Broker() as broker, Agent(broker, cameras) as agent:
        agent.delivered(list(cameras), 3)
        log = agent.log()
        agent.stop()
        frames = broker.frames()
    for name in cameras:
        def one(name=name):
            assert re.search(rf"camera={name}: /dev/video\d+ .*given .* {WIDTH}x{HEIGHT}", log), "not told"
            for record in frames[name][:2]:
                width, height, picture = pixels(record["file"])
                assert (width, height) == (WIDTH, HEIGHT)
                errors = mean_errors(picture, bars, name == "grey")
                assert max(errors) <= 3, f"mean error per channel {errors}"
        kind = "multiplanar" if name.isupper() else "single-planar"
        test(f"colour bars are right in {name}, {kind}", one)


def masks():
    mask = ", masks: [{x: 40, y: 20, width: 101, height: 51}]"
    with Broker() as broker, Agent(broker, {"a": device(0, "yuyv", mask), "b": device(1, "nv12", mask)}) as agent:
        agent.delivered(["a", "b"], 2)
        agent.stop()
        frames = broker.frames()
    for name in ["a", "b"]:
        width, _, picture = pixels(frames[name][0]["file"])
        for y in range(20, 71):
            row = picture[3 * (y * width + 40):3 * (y * width + 141)]
            assert max(row) < 40, f"something shows through in row {y}: {max(row)}"
        assert max(picture[3 * (10 * width + 60):3 * (10 * width + 70)]) > 100, "more is black than was masked"


def lost_and_flagged():
    with Broker() as broker, Agent(broker, {"a": device(0, "yuyv"), "other": device(1, "yuyv")}) as agent:
        agent.delivered(["a", "other"], 3)
        run("v4l2-ctl", "-d", "/dev/video0", "-c", "percentage_of_dropped_buffers=50")
        wait_until(lambda: agent.ledgers()["a"]["lost_by_driver"] > 0, 30, "gaps counted")
        run("v4l2-ctl", "-d", "/dev/video0", "-c", "percentage_of_dropped_buffers=0")
        flagged = agent.ledgers()["a"]["flagged_by_driver"]
        for _ in range(3):
            run("v4l2-ctl", "-d", "/dev/video0", "-c", "inject_v4l2_buf_flag_error=1")
            time.sleep(0.5)
        wait_until(lambda: agent.ledgers()["a"]["flagged_by_driver"] > flagged, 30, "flagged buffers counted")
        ledgers = agent.stop()
        assert ledgers["a"]["dropped"]["corrupt"] == ledgers["a"]["flagged_by_driver"], ledgers["a"]
        assert ledgers["other"]["dropped"] == {}, ledgers["other"]


def seconds_between(log, first, second):
    """Between the first line with `first` and the next with `second`."""
    def stamp(line):
        clock = re.search(r"T(\d\d):(\d\d):(\d\d\.\d+)Z", line)
        return int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3])
    lines = log.splitlines()
    begin = next(i for i, line in enumerate(lines) if first in line)
    end = next(line for line in lines[begin:] if second in line)
    return stamp(end) - stamp(lines[begin])


def comes_back(control, told):
    def body():
        with Broker() as broker, Agent(broker, {"a": device(0, "yuyv"), "other": device(1, "yuyv")}) as agent:
            before = agent.delivered(["a", "other"], 3)
            run("v4l2-ctl", "-d", "/dev/video0", "-c", f"{control}=1", check=False)
            wait_until(lambda: "the camera is back" in agent.log(), 30, "the camera comes back")
            log = agent.log()
            away = seconds_between(log, told, "the camera is back")
            assert away <= 2, f"it took {away:.1f} s"
            agent.delivered(["a"], before["a"]["delivered"] + 5)
            ledgers = agent.stop()
            assert ledgers["a"]["reopened"] == 1, ledgers["a"]
            assert ledgers["other"]["reopened"] == 0 and ledgers["other"]["lost_by_driver"] == 0, ledgers["other"]
            assert "camera=other: " not in "".join(
                line for line in log.splitlines() if " error " in line), "the other camera was disturbed"
    return body


def busy():
    holder = subprocess.Popen(
        ["v4l2-ctl", "-d", "/dev/video2", "--stream-mmap"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(2)
        with Broker() as broker, Agent(broker, {"a": device(2, "yuyv")}) as agent:
            wait_until(lambda: f"v4l2-ctl (pid {holder.pid})" in agent.log(), 20, "the holder is named")
            holder.terminate()
            holder.wait()
            agent.delivered(["a"], 3)
            agent.stop()
    finally:
        holder.kill()


def by_name():
    name = open("/sys/class/video4linux/video3/name").read().strip()
    listed = run(f"{PROGRAMS}/vedette", "cameras")
    assert name in listed and "/dev/video3" in listed and "brightness" in listed, listed[:500]
    camera = f"device: {name}, size: {WIDTH}x{HEIGHT}, rate: {RATE}, scale: 160x90, controls: {{brightness: 10}}"
    with Broker() as broker, Agent(broker, {"named": camera}) as agent:
        agent.delivered(["named"], 2)
        assert run("v4l2-ctl", "-d", "/dev/video3", "-C", "brightness").split()[-1] == "10"
        agent.stop()
        record = broker.frames()["named"][0]
    assert pixels(record["file"])[:2] == (160, 90)
    assert record["headers"]["ce_width"] == "160"


def loopback():
    feeder = subprocess.Popen(
        ["ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i", f"testsrc=size={WIDTH}x{HEIGHT}:rate={RATE}",
         "-c:v", "mjpeg", "-q:v", "4", "-f", "v4l2", "/dev/video90"])
    try:
        time.sleep(8)
        camera = "device: /dev/video90, format: mjpeg, verify: full"
        with Broker() as broker, Agent(broker, {"m": camera}) as agent:
            agent.delivered(["m"], 5)
            agent.stop()
            frames = broker.frames()["m"]
    finally:
        feeder.kill()
    for record in frames[:3]:
        assert pixels(record["file"])[:2] == (WIDTH, HEIGHT)
        data = open(record["file"], "rb").read()
        assert data.endswith(b"\xff\xd9")


def converted():
    """A camera that has nothing but a format that is not read directly."""
    colour = (200, 100, 48)
    feeder = subprocess.Popen(
        ["ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i",
         f"color=c=0x{bytes(colour).hex()}:size={WIDTH}x{HEIGHT}:rate={RATE}",
         "-pix_fmt", "rgb565le", "-f", "v4l2", "/dev/video91"])
    try:
        time.sleep(8)
        with Broker() as broker, Agent(broker, {"b": "device: /dev/video91, quality: 95"}) as agent:
            agent.delivered(["b"], 2, 40)
            assert "libv4l2 converts" in agent.log(), agent.log()
            agent.stop()
            record = broker.frames()["b"][0]
    finally:
        feeder.kill()
    width, height, picture = pixels(record["file"])
    assert (width, height) == (WIDTH, HEIGHT)
    errors = mean_errors(picture, bytes(colour) * (WIDTH * HEIGHT), False)
    # RGB565 has steps of 8 and 4.
    assert max(errors) <= 8, f"mean error per channel {errors}"


def set_clock(seconds):
    """Sets this machine's clock by so many seconds; it is the emulated one's."""
    time.clock_settime(time.CLOCK_REALTIME, time.clock_gettime(time.CLOCK_REALTIME) + seconds)


def clock_step(seconds, in_outage):
    """The clock is set, in an outage or while brokers are there: frames and commands get through within 15 s."""
    def body():
        folder = f"/tmp/clock-{time.monotonic_ns()}"
        os.makedirs(f"{folder}/keys.d")
        run(f"{PROGRAMS}/vedette", "control", "keygen", f"{folder}/ops")
        os.rename(f"{folder}/ops.pub", f"{folder}/keys.d/ops.pub")
        with open(f"{folder}/1.jpg", "wb") as file:
            subprocess.run(["cjpeg"], input=b"P6 16 16 255\n" + bytes(768), stdout=file, check=True)
        more = (f"spool: {{folder: {folder}/spool}}\nanalysis: {{gallery: {folder}/gallery.sqlite}}\n"
                f"delivery: {{outage_after: 2 s}}\ncontrol: {{keys: {folder}/keys.d}}\n"
                f"status: {{socket: {folder}/status.sock}}\n")
        with Broker() as broker, Agent(broker, {"a": f"replay: {{path: {folder}, rate: {RATE}}}"}, more) as agent:
            wait_until(lambda: "reading vedette.control" in agent.log(), 60, "the control topic is read")
            agent.delivered(["a"], 3)
            if in_outage:
                broker.say("down 1")
                wait_until(lambda: "no broker acknowledges" in agent.log(), 60, "the outage is noticed")
                # librdkafka backs off by now.
                time.sleep(3)
            captured = agent.ledgers()["a"]["captured"]
            set_clock(seconds)
            if in_outage:
                time.sleep(1)
                broker.say("up 1")
            began = time.monotonic()
            sent = subprocess.Popen(
                [f"{PROGRAMS}/vedette", "control", "send", "--broker", broker.address, "--key", f"{folder}/ops.key",
                 "--node", "box", "--timeout", "60", "ping"], stdout=subprocess.PIPE, text=True)
            agent.delivered(["a"], captured + 1, 60)
            frames_took = time.monotonic() - began
            assert sent.wait(90) == 0, sent.stdout.read() + agent.log()[-3000:]
            ping_took = time.monotonic() - began
            assert frames_took <= 15 and ping_took <= 15, f"{frames_took:.0f} s for frames, {ping_took:.0f} s for a ping"
            ledger = agent.stop()["a"]
            assert ledger["dropped"] == {} and ledger["dead"] == 0, ledger
            records = broker.frames()["a"]
        ids = [record["headers"]["ce_id"] for record in records]
        assert len(set(ids)) >= ledger["delivered"], f"{len(set(ids))} frames of {ledger['delivered']} arrived"
    return body


for step in [-3600, -60, 86400]:
    for in_outage in [True, False]:
        test(f"the clock is set by {step} s, {'in an outage' if in_outage else 'with brokers there'}",
             clock_step(step, in_outage))
if ONLY in "colour bars":
    all_formats()
test("a format that is not read directly is converted by libv4l2, which is said", converted)
test("masks are black in every frame", masks)
test("lost and error-flagged buffers are counted, and the other camera is untouched", lost_and_flagged)
test("a disconnected camera is back within 2 s", comes_back("disconnect", "was unplugged"))
test("a fatal streaming error is recovered from", comes_back("inject_fatal_streaming_error", "failed while streaming"))
test("a busy device names its holder, and is taken when it is free", busy)
test("a camera is found by its name, its controls set, its pictures scaled", by_name)
test("MJPEG of v4l2loopback passes through", loopback)
print(f"{results['passed']} passed, {results['failed']} failed, 0 skipped")
sys.exit(1 if results["failed"] else 0)
