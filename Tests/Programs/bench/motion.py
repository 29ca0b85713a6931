"""tools/bench motion: processor time of looking for motion in 720p frames, against OpenCV's MOG2 on the same small pictures."""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time

PROGRAM, PHOTOGRAPHS = sys.argv[1:3]
parser = argparse.ArgumentParser(prog="tools/bench motion")
parser.add_argument("--json", action="store_true")
parser.add_argument("--runs", type=int, default=5)
options = parser.parse_args(sys.argv[3:])
WIDTH, HEIGHT, STEP = 160, 90, 8

try:
    import cv2
    import numpy
    cv2.setNumThreads(1)
except ImportError:
    cv2 = None
rows = []


def row(case, unit, ours, peer, **more):
    line = {"bench": "motion", "case": case, "unit": unit, "ours": round(ours, 4),
            "peer": None if peer is None else round(peer, 4), "peer_name": "OpenCV MOG2",
            "ratio": round(ours / peer, 3) if peer else None, "runs": options.runs} | more
    if cv2 is None:
        line["hint"] = "opencv-python-headless could not be fetched"
    rows.append(line)
    if options.json:
        print(json.dumps(line), flush=True)


def mog2(path, planted):
    """Milliseconds of processor time a picture, how many movements were found, and false pictures."""
    pictures = numpy.fromfile(path, numpy.uint8).reshape(-1, HEIGHT, WIDTH)
    model = cv2.createBackgroundSubtractorMOG2(detectShadows=False)
    masks = []
    began = time.thread_time()
    for picture in pictures:
        masks.append(model.apply(picture).copy())
    spent = time.thread_time() - began
    found = 0
    for number, x, y, side in planted:
        last = (x + side - 1) // STEP + 1, (y + side - 1) // STEP + 1
        found += bool(masks[number][y // STEP:last[1], x // STEP:last[0]].any())
    moving = {number for number, *_ in planted}
    # What it takes for motion in its first second is not counted.
    false = sum(bool(mask.any()) for number, mask in enumerate(masks) if number >= 30 and number not in moving)
    return spent * 1000 / len(pictures), found, false


def median(values):
    return statistics.median(values)


decode = []
for scene in ("china", "flower"):
    looks, walks, peers, found, peer_found, false, peer_false, planted = [], [], [], 0, 0, 0, 0, 0
    for seed in range(1, options.runs + 1):
        with tempfile.NamedTemporaryFile(suffix=".grey") as pictures:
            done = subprocess.run([PROGRAM, PHOTOGRAPHS, "--scene", scene, "--seed", str(seed),
                                   "--pictures", pictures.name], stdout=subprocess.PIPE, text=True, check=True)
            result = json.loads(done.stdout)
            looks.append(result["look_us"] / 1000)
            walks.append(result["walk_us"] / 1000)
            decode.append((result["jpeg_us"] / 1000, result["raw_us"] / 1000, result["jpeg_bytes"]))
            found += result["found"]
            false += result["false"]
            planted += len(result["planted"])
            if cv2 is not None:
                spent, hits, wrong = mog2(pictures.name, result["planted"])
                peers.append(spent)
                peer_found += hits
                peer_false += wrong
    row(f"{scene}: mostly still", "ms", median(looks), median(peers) if peers else None, bound=0.4)
    row(f"{scene}: a person walks", "ms", median(walks), None, bound=0.4)
    row(f"{scene}: movements found", "share", found / planted, peer_found / planted if peers else None, planted=planted)
    row(f"{scene}: still pictures taken for motion", "pictures", false, peer_false if peers else None)
jpeg, raw, size = (median(column) for column in zip(*decode))
look = median([line["ours"] for line in rows if line["case"].endswith("still")])
walk = max(line["ours"] for line in rows if line["case"].endswith("walks"))
row("720p MJPEG at an eighth", "ms", jpeg, None, bytes=round(size))
row("720p YUYV at an eighth", "ms", raw, None)
# At the default check rate every second frame is looked at.
row("720p30 MJPEG, nothing moves", "percent of a core", (jpeg + look) * 1.5, None, bound=5)
row("720p30 MJPEG, something moves all the time", "percent of a core", (jpeg + walk) * 1.5, None, bound=5)
row("720p30 MJPEG, check_rate 30", "percent of a core", (jpeg + look) * 3, None)
row("720p30 YUYV, nothing moves", "percent of a core", (raw + look) * 1.5, None, bound=5)
if not options.json:
    print(f"{'case':46} {'unit':18} {'ours':>8} {'MOG2':>8} {'ratio':>7}")
    for line in rows:
        peer = "-" if line["peer"] is None else f"{line['peer']:.3f}"
        ratio = "-" if line["ratio"] is None else f"{line['ratio']:.2f}"
        print(f"{line['case']:46} {line['unit']:18} {line['ours']:8.3f} {peer:>8} {ratio:>7}")
    if cv2 is None:
        print("MOG2 is missing: opencv-python-headless could not be fetched", file=sys.stderr)
