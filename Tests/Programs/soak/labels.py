"""tools/soak labels: names what moves before a 720p camera at 30 fps, with motion, faces and colours on as well, and checks
that capture loses nothing by it, that no more threads are at it than were allowed, and that memory stays bounded."""

import argparse
import json
import os
import sys
import tempfile

from looking import film, is_sound, soak

PROGRAMS, PORTRAITS, PHOTOGRAPHS, MODELS = sys.argv[1:5]
parser = argparse.ArgumentParser(prog="tools/soak labels")
parser.add_argument("--seconds", type=int, default=1800)
parser.add_argument("--workers", type=int, help="threads; default: the agent's own choice")
parser.add_argument("--json", action="store_true", help="no progress, only the result")
options = parser.parse_args(sys.argv[5:])

with tempfile.TemporaryDirectory() as folder:
    paths = sorted(f"{place}/{name}" for place in (PORTRAITS, PHOTOGRAPHS) for name in os.listdir(place)
                   if name.endswith(".jpg"))
    pictures = film(f"{folder}/pictures", paths)
    seen, result = soak("labels", PROGRAMS, folder, pictures, f"models: '{MODELS}', gallery: '{folder}/gallery.sqlite'",
                        "motion: on, faces: on, colours: on,\n"
                        "  labels: {what: motion, rate: 10, hold: 1, confidence: 0.1, chips: true}", options)
result.update({key: seen[key] for key in ("faces", "movements", "labels")})
print(json.dumps(result))
sound = is_sound(result) and min(result["faces"], result["movements"], result["labels"], result["chips"]) > 0 \
    and result["peak_mib"] <= 400
sys.exit(0 if sound else 1)
