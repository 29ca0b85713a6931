"""tools/bench colours: DP-means on photographs against pdc-dp-means, scikit-learn, OpenCV and a plain numpy rendering of
the coreset tree with DP-means that streaming systems run; all on one thread, on the same pixels, in the same run."""

import argparse
import glob
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

PROGRAM, PHOTOGRAPHS, PDC = sys.argv[1:4]
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
parser = argparse.ArgumentParser(prog="tools/bench colours")
parser.add_argument("images", nargs="*", help="default: the repository's photographs")
parser.add_argument("--json", action="store_true")
parser.add_argument("--lambda", dest="lambdas", type=float, nargs="+", default=[20, 50])
parser.add_argument("--size", default="400x240", help="all are scaled to it; 'full' for none")
parser.add_argument("--runs", type=int, default=5)
parser.add_argument("--no-reference", action="store_true", help="leave out the slow numpy rendering")
parser.add_argument("--pdc-only", metavar="RAW", help=argparse.SUPPRESS)
options = parser.parse_args(sys.argv[4:])

try:
    import numpy
except ImportError:
    sys.exit("bench colours: numpy is missing; tools/bench makes an environment with it")
numpy_seed = 1


def quality(pixels, centres):
    """k, squared error and farthest distance with every pixel at its nearest centre."""
    colours, weights = numpy.unique(pixels, axis=0, return_counts=True)
    best = numpy.full(len(colours), numpy.inf)
    for centre in centres:
        best = numpy.minimum(best, ((colours - centre) ** 2).sum(1))
    return {"k": len(centres), "sse": float((best * weights).sum()), "farthest": float(best.max() ** 0.5)}


if options.pdc_only:
    # Its wheel overwrites parts of scikit-learn: it runs in an environment of its own.
    warnings.simplefilter("ignore")
    from pdc_dp_means import DPMeans

    pixels = numpy.fromfile(options.pdc_only, numpy.uint8).reshape(-1, 3).astype(float)
    for seed in range(options.runs):
        start = time.perf_counter()
        model = DPMeans(n_clusters=1, n_init=1, delta=options.lambdas[0] ** 2, random_state=seed, max_iter=1000)
        model.fit(pixels)
        ms = (time.perf_counter() - start) * 1e3
        print(json.dumps({"ms": ms} | quality(pixels, model.cluster_centers_)), flush=True)
    sys.exit()


def say(line):
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{line}")


def ours(mode, raw, size, lam, coreset, runs):
    words = [PROGRAM, mode, raw, str(size[0]), str(size[1]), str(lam), coreset, str(runs)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def median(results, key="ms"):
    return statistics.median(result[key] for result in results)


def pdc(raw, lam):
    if not PDC:
        return []
    words = [PDC, __file__, *sys.argv[1:4], "--pdc-only", raw, "--lambda", str(lam), "--runs", str(options.runs)]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()] if done.returncode == 0 else []


def draw(points, weights, size, random):
    """A coreset by sensitivities (Bachem, Lucic and Krause, 2015)."""
    if len(points) <= size:
        return points, weights
    k = 10
    distance = numpy.full(len(points), numpy.inf)
    label = numpy.zeros(len(points), int)
    chance = weights / weights.sum()
    for cluster in range(k):
        centre = points[random.choice(len(points), p=chance)]
        own = ((points - centre) ** 2).sum(1)
        label[own < distance] = cluster
        distance = numpy.minimum(distance, own)
        chance = weights * distance
        if chance.sum() == 0:
            break
        chance = chance / chance.sum()
    mass = numpy.bincount(label, weights, k)
    cost = numpy.bincount(label, weights * distance, k)
    mean = max((weights * distance).sum() / weights.sum(), 1e-12)
    alpha = 16 * (numpy.log2(k) + 2)
    score = alpha * distance / mean + 2 * alpha * (cost / mass)[label] / mean + 4 * weights.sum() / mass[label]
    chance = weights * score / (weights * score).sum()
    drawn = random.choice(len(points), size, p=chance)
    return points[drawn], weights[drawn] / (size * chance[drawn])


def reference(pixels, lam):
    """A tree of coresets of 1,000 points, DP-means with delayed creation on its root, then labels: point by point in
    numpy, as streaming systems written in Python do it."""
    random = numpy.random.default_rng(numpy_seed)
    level = []
    for first in range(0, len(pixels), 2000):
        node = draw(pixels[first:first + 2000], numpy.ones(len(pixels[first:first + 2000])), 1000, random)
        depth = 0
        while level and level[-1][0] == depth:
            _, other = level.pop()
            node = draw(numpy.vstack((other[0], node[0])), numpy.hstack((other[1], node[1])), 1000, random)
            depth += 1
        level.append((depth, node))
    node = level.pop()[1]
    while level:
        other = level.pop()[1]
        node = draw(numpy.vstack((other[0], node[0])), numpy.hstack((other[1], node[1])), 1000, random)
    points, weights = node
    centres = [numpy.average(points, axis=0, weights=weights)]
    for _ in range(300):
        labels, farthest, candidate = numpy.zeros(len(points), int), 0.0, None
        for index, point in enumerate(points):
            distances = [((point - centre) ** 2).sum() for centre in centres]
            labels[index] = int(numpy.argmin(distances))
            if distances[labels[index]] > farthest:
                farthest, candidate = distances[labels[index]], point
        old = centres
        centres = [numpy.average(points[labels == j], axis=0, weights=weights[labels == j])
                   for j in range(len(centres)) if (labels == j).any()]
        if farthest > lam * lam:
            centres.append(candidate)
        elif len(old) == len(centres) and numpy.allclose(old, centres, atol=0.1):
            break
    table = numpy.array(centres)
    for pixel in pixels:
        ((table - pixel) ** 2).sum(1).argmin()
    return centres


rows = []


def row(case, mine, peer, name, hint=None, **more):
    ms = None if peer is None else peer["ms"]
    line = {"bench": "colours", "case": case, "unit": "ms", "ours": round(mine["ms"], 3),
            "peer": None if ms is None else round(ms, 3), "peer_name": name,
            "ratio": None if ms is None else round(mine["ms"] / ms, 5), "runs": options.runs,
            "k": mine.get("k"), "sse": mine.get("sse"), "objective": mine.get("objective")}
    if peer is not None and "k" in peer:
        line |= {"peer_k": peer["k"], "peer_sse": round(peer["sse"]), "peer_farthest": round(peer["farthest"], 2),
                 "peer_objective": round(peer["sse"] + more["lam"] ** 2 * peer["k"])}
    more.pop("lam", None)
    if hint:
        line["hint"] = hint
    rows.append(line | more)
    if options.json:
        print(json.dumps(rows[-1]), flush=True)


def timed(action):
    start = time.perf_counter()
    result = action()
    return result, (time.perf_counter() - start) * 1e3


def bench(path, raw, folder):
    from PIL import Image

    image = Image.open(path).convert("RGB")
    if options.size != "full":
        image = image.resize(tuple(map(int, options.size.split("x"))), Image.LANCZOS)
    with open(raw, "wb") as file:
        file.write(image.tobytes())
    size, name = image.size, os.path.basename(path)
    pixels = numpy.asarray(image).reshape(-1, 3).astype(float)
    for lam in options.lambdas:
        case = f"dp-means {size[0]}x{size[1]} lambda {lam:g} {name}"
        say(case)
        cold = ours("cold", raw, size, lam, "exact", max(5, options.runs))
        mine = {"ms": median(cold)} | {key: cold[0][key] for key in ("k", "sse", "objective", "farthest")}
        live = ours("cold", raw, size, lam, "histogram", 15)
        say(case + ": pdc-dp-means")
        peers = pdc(raw, lam)
        more = {"farthest": round(mine["farthest"], 3), "lam": lam}
        if peers:
            # The best of its runs: the fewest clusters, of those the least error.
            best = min(peers, key=lambda run: (run["k"], run["sse"]))
            all_runs = sorted({(run["k"], round(run["sse"])) for run in peers})
            row(case, mine, best | {"ms": median(peers)}, "pdc-dp-means", peer_runs=all_runs, **more)
        else:
            row(case, mine, None, "pdc-dp-means", "pip install pdc-dp-means in an environment of its own", **more)
        other = {"ms": median(live)} | {key: live[0][key] for key in ("k", "sse", "objective", "farthest")}
        label = f"live {case}"
        more = {"farthest": round(other["farthest"], 3), "lam": lam}
        try:
            from sklearn.cluster import MiniBatchKMeans

            def mini():
                return MiniBatchKMeans(mine["k"], n_init=1, random_state=0).fit(pixels).cluster_centers_
            say(case + ": MiniBatchKMeans")
            centres, ms = timed(mini)
            row(case, mine, {"ms": ms} | quality(pixels, centres), "scikit-learn", farthest=mine["farthest"], lam=lam)
        except ImportError:
            row(case, mine, None, "scikit-learn", "pip install scikit-learn", lam=lam)
        try:
            import cv2

            cv2.setNumThreads(1)
            cv2.setRNGSeed(1)

            def means():
                stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 50, 0.5)
                data = pixels.astype(numpy.float32)
                return cv2.kmeans(data, mine["k"], None, stop, 1, cv2.KMEANS_PP_CENTERS)[2]
            centres, ms = timed(means)
            row(case, mine, {"ms": ms} | quality(pixels, centres), "opencv", farthest=mine["farthest"], lam=lam)
        except ImportError:
            row(case, mine, None, "opencv", "pip install opencv-python-headless", lam=lam)
        if options.no_reference:
            row(label, other, None, "reference", "left out", **more)
        else:
            say(case + ": reference")
            centres, ms = timed(lambda: reference(pixels, lam))
            row(label, other, {"ms": ms} | quality(pixels, centres), "reference", **more)
    silhouette(image, folder)


def silhouette(image, folder):
    """Against scikit-learn, on few pixels: it takes the square of their number in memory and time."""
    try:
        from sklearn.metrics import silhouette_score
    except ImportError:
        return
    say("silhouette")
    small = image.resize((120, 72))
    raw = f"{folder}/small.raw"
    for picture in (small, image):
        with open(raw, "wb") as file:
            file.write(picture.tobytes())
        mine = ours("silhouette", raw, picture.size, 50, "exact", os.cpu_count())[0]
        case = f"silhouette {picture.size[0]}x{picture.size[1]}"
        if picture is not small:
            row(case, {"ms": mine["ms"]}, None, "scikit-learn", "takes minutes", exact=mine["exact"],
                squared=mine["squared"], simplified=mine["simplified"], colours=mine["colours"])
            continue
        pixels = numpy.asarray(picture).reshape(-1, 3).astype(float)
        centres = numpy.array(mine["centres"])
        labels = ((pixels[:, None] - centres[None]) ** 2).sum(2).argmin(1)
        score, ms = timed(lambda: silhouette_score(pixels, labels))
        row(case, {"ms": mine["ms"]}, {"ms": ms}, "scikit-learn", exact=mine["exact"],
            difference=abs(mine["exact"] - score))


def video(path, raw):
    """Frames that pan and zoom over a photograph, with noise: from the last frame against anew."""
    from PIL import Image

    image = Image.open(path).convert("RGB")
    random = numpy.random.default_rng(1)
    wide, tall = image.size
    count = 500
    say("video")
    with open(raw, "wb") as file:
        for number in range(count):
            turn = number / 40
            width = wide * (0.6 + 0.25 * numpy.sin(turn))
            height = min(width * 0.6, tall * 0.99)
            width = height / 0.6
            x = (wide - width) * (0.5 + 0.5 * numpy.sin(turn * 1.3))
            y = (tall - height) * (0.5 + 0.5 * numpy.cos(turn * 0.9))
            frame = image.resize((400, 240), Image.BILINEAR, box=(x, y, x + width, y + height))
            noisy = numpy.asarray(frame) + random.normal(0, 2, (240, 400, 3))
            file.write(numpy.clip(noisy, 0, 255).astype(numpy.uint8).tobytes())
    frames = ours("warm", raw, (400, 240), 50, "histogram", count)[1:]
    shares = [frame["warm"]["k"] / frame["cold"]["k"] for frame in frames]
    errors = [frame["warm"]["sse"] / frame["cold"]["sse"] for frame in frames]
    warm, cold = [frame["warm"] for frame in frames], [frame["cold"] for frame in frames]
    row(f"warm video 400x240 lambda 50 {os.path.basename(path)}", {"ms": median(warm)}, {"ms": median(cold)}, "cold",
        frames=len(frames), outside=sum(abs(k - 1) > 0.1 or abs(sse - 1) > 0.03 for k, sse in zip(shares, errors)),
        k_ratio=[round(min(shares), 3), round(statistics.mean(shares), 3), round(max(shares), 3)],
        sse_ratio=[round(min(errors), 3), round(statistics.mean(errors), 3), round(max(errors), 3)])


images = options.images or sorted(glob.glob(f"{PHOTOGRAPHS}/*.jpg"))
with tempfile.TemporaryDirectory(prefix="vedette-bench-") as folder:
    for path in images:
        bench(path, f"{folder}/image.raw", folder)
        video(path, f"{folder}/video.raw")
say("")
if not options.json:
    print(f"{'case':52} {'ours':>9} {'peer':>10} {'ratio':>8}  {'peer_name':13} k, sse")
    for line in rows:
        peer = "-" if line["peer"] is None else f"{line['peer']:.1f}"
        ratio = "-" if line["ratio"] is None else f"{line['ratio']:.4f}"
        notes = []
        if line.get("k"):
            notes.append(f"{line['k']}, {line['sse'] / 1e6:.2f} M")
        if line.get("peer_k"):
            notes.append(f"against {line['peer_k']}, {line['peer_sse'] / 1e6:.2f} M, farthest {line['peer_farthest']}")
        notes += [f"{key} {line[key]}" for key in ("exact", "difference", "outside", "k_ratio", "sse_ratio") if key in line]
        print(f"{line['case'][:52]:52} {line['ours']:9.2f} {peer:>10} {ratio:>8}  {line['peer_name']:13} "
              + "; ".join(notes) + (f"   ({line['hint']})" if "hint" in line else ""))
