"""tools/fuzz weights: mutated files of PyTorch's weights are read or refused; nothing else may come of them.

Mutated are a small file of every kind of content, made here, and its parts. The last line counts runs, crashes, hangs and
reports; a crash is any error but the reader's own.
"""

import argparse
import io
import json
import pickle
import random
import resource
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "tools"))
from onnx_models import MAGIC, VERSION, ModelError, read_weights

HANG_SECONDS = 2.0
MEMORY_MAX = 1 << 30
#: Numbers that sizes, places and lengths go wrong by.
EXTREMES = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x7FFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF]


def tensor(key: str, kind: str, count: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> bytes:
    """The opcodes of a tensor, as PyTorch's older format has them."""

    def numbers(values: tuple[int, ...]) -> bytes:
        return b"(" + b"".join(b"J" + struct.pack("<i", value) for value in values) + b"t"

    def text(value: str) -> bytes:
        return b"X" + struct.pack("<I", len(value)) + value.encode()

    size = b"J" + struct.pack("<i", count)
    storage = b"(" + text("storage") + f"ctorch\n{kind}\n".encode() + text(key) + text("cpu") + size + b"NtQ"
    place = b"K\x00" + numbers(shape) + numbers(strides)
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + place + b"\x89ccollections\nOrderedDict\n)RtR"


def sample() -> bytes:
    """A file that is read: three tensors, one of them with strides of its own."""
    items = [
        ("weight", "0", "FloatStorage", 24, (2, 3, 2, 2), (1, 2, 12, 6)),
        ("bias", "1", "FloatStorage", 2, (2,), (1,)),
        ("batches", "2", "LongStorage", 1, (), ()),
    ]
    body = b"\x80\x02ccollections\nOrderedDict\n)R("
    for name, key, kind, count, shape, strides in items:
        body += b"X" + struct.pack("<I", len(name)) + name.encode() + tensor(key, kind, count, shape, strides)
    out = io.BytesIO()
    for value in (MAGIC, VERSION, {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}):
        pickle.dump(value, out, protocol=2)
    out.write(body + b"u.")
    pickle.dump([item[1] for item in items], out, protocol=2)
    for _, _, kind, count, _, _ in items:
        out.write(struct.pack("<q", count) + bytes(count * (4 if kind == "FloatStorage" else 8)))
    return out.getvalue()


def mutated(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.choice([1, 1, 1, 2, 3, 8])):
        at = dice.randrange(len(changed)) if changed else 0
        match dice.randrange(7):
            case 0 if changed:
                changed[at] ^= 1 << dice.randrange(8)
            case 1 if changed:
                changed[at] = dice.randrange(256)
            case 2:
                changed[at:] = b""
            case 3:
                changed[at:at] = bytes(dice.randrange(256) for _ in range(dice.randrange(1, 16)))
            case 4:
                del changed[at : at + dice.randrange(1, 32)]
            case 5:
                size = dice.choice([1, 2, 4, 8])
                changed[at : at + size] = (dice.choice(EXTREMES) & ((1 << 8 * size) - 1)).to_bytes(size, "little")
            case _:
                other = dice.randrange(len(data))
                changed[at:at] = data[other : other + dice.randrange(1, 64)]
    return bytes(changed)


def main() -> None:
    parser = argparse.ArgumentParser(prog="tools/fuzz weights")
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    # More would be memory that a number of the file asked for.
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    data = sample()
    if sorted(read_weights(data)) != ["batches", "bias", "weight"]:
        sys.exit("fuzz weights: the sample is not read")
    counts = {"runs": 0, "crashes": 0, "hangs": 0, "reports": 0, "accepted": 0, "refused": 0}
    began = time.monotonic()
    for run in range(options.runs):
        case = mutated(data, random.Random(f"{options.seed} {run}"))
        started = time.monotonic()
        try:
            read_weights(case)
            counts["accepted"] += 1
        except ModelError:
            counts["refused"] += 1
        except BaseException as error:
            counts["crashes"] += 1
            print(f"run {run}, seed {options.seed}: {type(error).__name__}: {error}", file=sys.stderr)
        counts["hangs"] += time.monotonic() - started > HANG_SECONDS
        counts["runs"] += 1
    print(json.dumps({"fuzz": "weights"} | counts | {"seed": options.seed, "seconds": round(time.monotonic() - began)}))
    sys.exit(1 if counts["crashes"] or counts["hangs"] else 0)


if __name__ == "__main__":
    main()
