"""tools/bench faces: finding and encoding faces against plain dlib in C++, and Python face_recognition where it is installed."""

import argparse
import glob
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

PROGRAM, MODELS, PORTRAITS = sys.argv[1:4]
parser = argparse.ArgumentParser(prog="tools/bench faces")
parser.add_argument("folders", nargs="*", help="of JPEGs; a folder with sub-folders is one of people, each a folder of their photographs")
parser.add_argument("--json", action="store_true")
parser.add_argument("--runs", type=int, default=5)
parser.add_argument("--frames", type=int, default=300, help="pictures of the video")
options = parser.parse_args(sys.argv[4:])


def jpegs(folder):
    return sorted(p for p in glob.glob(glob.escape(folder) + "/**/*", recursive=True)
                  if p.lower().endswith((".jpg", ".jpeg")))


images = [path for folder in options.folders or [PORTRAITS] for path in jpegs(folder)]
if not images:
    sys.exit("bench: there is no JPEG in " + " ".join(options.folders))
try:
    import face_recognition
    import numpy
except ImportError:
    face_recognition = None
HINT = "pip install face_recognition (its build takes some 15 minutes)"


def show(line):
    if options.json:
        print(json.dumps(line), flush=True)
    elif line["peer"] is None:
        print(f"{line['case']:32} {line['ours']:8.2f} {line['unit']}, {line['peer_name']} is not installed: {line.get('hint', '')}")
    else:
        more = ", ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in line.items()
                         if k not in ("bench", "case", "unit", "ours", "peer", "peer_name", "ratio", "runs", "code"))
        print(f"{line['case']:32} {line['ours']:8.2f} {line['unit']}, {line['peer_name']} {line['peer']:.2f}, "
              f"ratio {line['ratio']:.3f}; {more}")


def read_ppm(path):
    with open(path, "rb") as file:
        file.readline()
        width, height = map(int, file.readline().split())
        file.readline()
        return numpy.frombuffer(file.read(), dtype=numpy.uint8).reshape(height, width, 3)


def timed(body):
    times = []
    for _ in range(options.runs):
        start = time.thread_time()
        result = body()
        times.append((time.thread_time() - start) * 1000)
    return statistics.median(times), result


def search_video(pattern):
    """Milliseconds a picture where each is searched, and the share of faces that are found. The names tell where they are."""
    times, found, count = [], 0, 0
    for path in glob.glob(pattern):
        picture = read_ppm(path)
        start = time.thread_time()
        places = face_recognition.face_locations(picture, 0)
        times.append((time.thread_time() - start) * 1000)
        for box in os.path.basename(path).split(".")[3:-1]:
            x, y, width, height = map(int, box.split("-"))
            count += 1
            found += any(overlap((x, y, x + width, y + height), (left, top, right, bottom)) > 0.5
                         for top, right, bottom, left in places)
    return statistics.mean(times), found / count


def overlap(a, b):
    """Of the union."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(0, width) * max(0, height)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def against_python(ours, folder):
    """The cases that Python can do, on the same pixels."""
    if not face_recognition:
        for line in ours:
            show(line | {"peer": None, "peer_name": "face_recognition", "ratio": None, "hint": HINT})
        return
    pictures = [read_ppm(path) for path in sorted(glob.glob(folder + "/[0-9]*.ppm"), key=lambda p: int(os.path.basename(p)[:-4]))]
    for line in ours:
        if line["case"].startswith("video"):
            peer, recall = search_video(f"{folder}/video.{line['case'].split()[2]}.*.ppm")
            show(line | {"peer": peer, "peer_name": "face_recognition", "ratio": line["ours"] / peer, "peer_recall": recall})
            continue
        if line["case"].startswith("hog"):
            upsampling = 1 if "upsampled" in line["case"] else 0
            done = [timed(lambda: face_recognition.face_locations(picture, upsampling)) for picture in pictures]
            more = {"peer_faces": sum(len(found) for _, found in done)}
        else:
            done = []
            for picture in pictures:
                for place in face_recognition.face_locations(picture, 1):
                    done.append(timed(lambda: face_recognition.face_encodings(picture, [place], model="small")))
            more = {}
        peer = statistics.mean(milliseconds for milliseconds, _ in done)
        show(line | more | {"peer": peer, "peer_name": "face_recognition", "ratio": line["ours"] / peer})


def verification(vedette, folders):
    """All pairs of the largest faces of photographs whose folder says who it is, at 0.6."""
    encodings, python = [], []
    for folder in folders:
        for person in sorted(os.listdir(folder)):
            place = os.path.join(folder, person)
            if not os.path.isdir(place):
                continue
            done = subprocess.run([vedette, "faces", "--json", "--encode", "--models", MODELS, place],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            for line in map(json.loads, done.stdout.splitlines()):
                faces = [face for face in line["faces"] if face.get("encoding")]
                if faces:
                    largest = max(faces, key=lambda face: face["box"][2] * face["box"][3])
                    encodings.append((place, largest["encoding"]))
                if face_recognition:
                    picture = face_recognition.load_image_file(line["file"])
                    found = face_recognition.face_locations(picture, 1)
                    if found:
                        best = max(found, key=lambda box: (box[2] - box[0]) * (box[1] - box[3]))
                        python.append((place, list(face_recognition.face_encodings(picture, [best], model="small")[0])))
    ours, theirs = accuracy(encodings), accuracy(python)
    if ours is not None:
        line = {"bench": "faces", "case": "verification at 0.6", "unit": "% right", "ours": ours, "peer": theirs,
                "peer_name": "face_recognition", "ratio": ours / theirs if theirs else None, "runs": 1,
                "faces": len(encodings)}
        show(line if theirs else line | {"hint": HINT})


def accuracy(encodings):
    right = pairs = 0
    for i, (one, a) in enumerate(encodings):
        for other, b in encodings[i + 1:]:
            distance = sum((x - y) ** 2 for x, y in zip(a, b)) ** 0.5
            right += (distance < 0.6) == (one == other)
            pairs += 1
    return 100 * right / pairs if pairs else None


with tempfile.TemporaryDirectory(prefix="vedette-bench-") as work:
    done = subprocess.run([PROGRAM + "/facebench", "--models", MODELS, "--runs", str(options.runs), "--frames",
                           str(options.frames), "--save", work, *images], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit("bench: facebench failed")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    for line in lines:
        show(line)
    against_python(lines, work)
    verification(PROGRAM + "/vedette", [f for f in options.folders if any(e.is_dir() for e in os.scandir(f))])
