"""tools/soak faces: finds, names and draws faces and clusters colours of a 720p camera at 30 fps, and checks that capture
loses nothing by it, that no more threads are at it than were allowed, and that memory stays bounded."""

import argparse
import json
import os
import subprocess
import sys
import tempfile

from looking import film, is_sound, soak

PROGRAMS, PORTRAITS, MODELS = sys.argv[1:4]
parser = argparse.ArgumentParser(prog="tools/soak faces")
parser.add_argument("--seconds", type=int, default=60)
parser.add_argument("--workers", type=int, help="threads; default: the agent's own choice")
parser.add_argument("--json", action="store_true", help="no progress, only the result")
options = parser.parse_args(sys.argv[4:])

with tempfile.TemporaryDirectory() as folder:
    portraits = sorted(name for name in os.listdir(PORTRAITS) if name.endswith(".jpg"))
    pictures = film(f"{folder}/pictures", [f"{PORTRAITS}/{name}" for name in portraits])
    known = f"{folder}/known"
    os.mkdir(known)
    os.symlink(f"{PORTRAITS}/obama.jpg", f"{known}/Barack Obama.jpg")
    gallery = f"{folder}/gallery.sqlite"
    subprocess.run([f"{PROGRAMS}/vedette", "gallery", "add", known, "--gallery", gallery, "--models", MODELS], check=True,
                   stdout=subprocess.DEVNULL)
    seen, result = soak("faces", PROGRAMS, folder, pictures, f"models: '{MODELS}', gallery: '{gallery}'",
                        "faces: {chips: crop}, colours: on", options)
result["faces"] = seen["faces"]
print(json.dumps(result))
sys.exit(0 if is_sound(result) and result["faces"] > 0 and result["peak_mib"] <= 400 else 1)
