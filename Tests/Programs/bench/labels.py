"""tools/bench labels: naming what pictures show against onnxruntime in Python, on the same networks and photographs."""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time

PROGRAM, MODELS, PHOTOGRAPHS = sys.argv[1:4]
NETWORKS = ["mobilenet_v2", "efficientnet_lite0"]
NAMES = ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "china.jpg", "flower.jpg"]
parser = argparse.ArgumentParser(prog="tools/bench labels")
parser.add_argument("--json", action="store_true")
parser.add_argument("--runs", type=int, default=60, help="times that a picture is looked at; the median counts")
parser.add_argument("--crops", type=int, default=40, help="of each photograph")
parser.add_argument("--golden", metavar="FILE", help="only write what onnxruntime finds in the photographs, for tests")
options = parser.parse_args(sys.argv[4:])
try:
    import numpy
    import onnxruntime
    from PIL import Image
    import yaml
except ImportError:
    onnxruntime = None
HINT = "pip install onnxruntime numpy pillow pyyaml"


def show(line):
    if options.json:
        print(json.dumps(line), flush=True)
        return
    peer = "is not installed: " + HINT if line["peer"] is None else f"{line['peer']:.4g}"
    more = ", ".join(f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}" for key, value in line.items()
                     if key not in ("bench", "case", "unit", "ours", "peer", "peer_name", "ratio", "runs"))
    print(f"{line['case']:32} {line['ours']:8.4g} {line['unit']}, {line['peer_name']} {peer}; {more}")


class Peer:
    """A network in onnxruntime, in one thread. Pillow prepares pictures for it as torchvision does."""

    def __init__(self, network):
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = settings.inter_op_num_threads = 1
        settings.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        self.session = onnxruntime.InferenceSession(
            f"{MODELS}/{network}.onnx", settings, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name
        with open(f"{MODELS}/{network}.yaml") as file:
            self.description = yaml.safe_load(file)

    def prepare(self, picture, box=None):
        if box:
            picture = picture.crop((box[0], box[1], box[0] + box[2], box[1] + box[3]))
        width, height = picture.size
        side = self.description["resize"]
        size = (side, int(side * height / width)) if width <= height else (int(side * width / height), side)
        picture = picture.resize(size, Image.BILINEAR)
        left, top = round((size[0] - 224) / 2), round((size[1] - 224) / 2)
        values = numpy.asarray(picture.crop((left, top, left + 224, top + 224)), dtype=numpy.float32)
        values = (values - numpy.float32(self.description["mean"])) / numpy.float32(self.description["scale"])
        return numpy.ascontiguousarray(values.transpose(2, 0, 1)[None])

    def run(self, prepared):
        return self.session.run(None, {self.input: prepared})[0][0]

    def confidences(self, prepared):
        logits = self.run(prepared).astype(numpy.float64)
        powers = numpy.exp(logits - logits.max())
        return powers / powers.sum()

    def time(self):
        """Milliseconds of this thread."""
        prepared = self.prepare(Image.open(f"{PHOTOGRAPHS}/coffee.png").convert("RGB"))
        times = []
        for _ in range(options.runs):
            began = time.thread_time()
            self.run(prepared)
            times.append((time.thread_time() - began) * 1000)
        return statistics.median(times)


def crops():
    """The same ones each time: whole photographs, and parts of all sizes from 96 pixels on."""
    dice = random.Random(7)
    for name in NAMES:
        with Image.open(f"{PHOTOGRAPHS}/{name}") as picture:
            width, height = picture.size
        yield name, (0, 0, width, height)
        for _ in range(options.crops - 1):
            across, down = dice.randint(96, width), dice.randint(96, height)
            yield name, (dice.randint(0, width - across), dice.randint(0, height - down), across, down)


def agreement(network, peer):
    wanted = list(crops())
    lines = "".join(f"{' '.join(map(str, box))} {PHOTOGRAPHS}/{name}\n" for name, box in wanted)
    answer = subprocess.run([PROGRAM, f"{MODELS}/{network}.onnx"], input=lines, capture_output=True, text=True, check=True)
    found = [json.loads(line) for line in answer.stdout.splitlines()]
    pictures = {name: Image.open(f"{PHOTOGRAPHS}/{name}").convert("RGB") for name in NAMES}
    same, differences = 0, []
    for (name, box), ours in zip(wanted, found, strict=True):
        theirs = peer.confidences(peer.prepare(pictures[name], box))
        same += ours[0][0] == int(theirs.argmax())
        differences.append(max(abs(confidence - theirs[index]) for index, confidence in ours))
    return {
        "bench": "labels", "case": f"{network} same top class", "unit": f"of {len(found)} crops", "ours": same / len(found),
        "peer": 1.0, "peer_name": "onnxruntime", "ratio": same / len(found), "runs": 1,
        "confidence_difference_max": max(differences), "confidence_difference_median": statistics.median(differences),
    }


def golden():
    """For tests: the five surest classes of each photograph, by number."""
    found = {}
    for network in NETWORKS:
        peer = Peer(network)
        for name in NAMES:
            confidences = peer.confidences(peer.prepare(Image.open(f"{PHOTOGRAPHS}/{name}").convert("RGB")))
            top = confidences.argsort()[::-1][:5]
            found.setdefault(network, {})[name] = [[int(i), round(float(confidences[i]), 5)] for i in top]
    with open(options.golden, "w") as file:
        json.dump(found, file, indent=1)
        file.write("\n")


def main():
    if options.golden:
        if not onnxruntime:
            sys.exit(f"bench: {HINT}")
        golden()
        return
    for network in NETWORKS:
        answer = subprocess.run([PROGRAM, f"{MODELS}/{network}.onnx", "--runs", str(options.runs)],
                                capture_output=True, text=True, check=True)
        ours = json.loads(answer.stdout)
        peer = Peer(network) if onnxruntime else None
        theirs = peer.time() if peer else None
        show({
            "bench": "labels", "case": f"{network} 224x224", "unit": "ms a picture", "ours": ours["run_ms"], "peer": theirs,
            "peer_name": "onnxruntime", "ratio": ours["run_ms"] / theirs if peer else None, "runs": options.runs,
            "library": ours["library"], "prepare_720p_ms": ours["prepare_720p_ms"],
            "size_mib": round(os.path.getsize(f"{MODELS}/{network}.onnx") / 2**20, 1),
        } | ({} if peer else {"hint": HINT}))
        if peer:
            show(agreement(network, peer))


main()
