"""Judges records that the agent sent by schemas/. Told by `records.py LINES TYPE...`: LINES is what framereader printed,
each file in a folder named after its topic; each record must be of a type that is published, and all TYPEs must be among
them. One that lacks a member must be refused."""

import json
import pathlib
import sys
import warnings

warnings.filterwarnings("ignore", category=DeprecationWarning)

import published  # noqa: E402

lines, wanted = sys.argv[1], set(sys.argv[2:])
types = published.record_types()
counts = {}


def judge(value, name, what):
    errors = published.errors(value, name)
    if errors:
        sys.exit(f"{what}: {errors[0]}\n{json.dumps(value)[:2000]}")
    for mutation, other in published.mutations(value, name):
        if not published.errors(other, name):
            sys.exit(f"{what}: the schema takes it {mutation}, too")


for line in open(lines):
    record = json.loads(line)
    type_ = record["headers"].get("ce_type")
    if type_ not in types:
        sys.exit(f"no record {type_} is published: {record['headers']}")
    counts[type_] = counts.get(type_, 0) + 1
    name, topic = types[type_]
    path = pathlib.Path(record["file"])
    if path.parent.name != topic:
        sys.exit(f"{type_} came on the topic {path.parent.name} and not on {topic}")
    value = path.read_bytes()
    headers = published.load(name).get("x-headers")
    if headers is None:
        judge(record["headers"], name, f"the headers of {type_}")
        if not value.startswith(b"\xff\xd8"):
            sys.exit(f"{type_} holds no JPEG")
    else:
        judge(record["headers"], headers.removesuffix(".json"), f"the headers of {type_}")
        judge(json.loads(value), name, type_)
missing = wanted - counts.keys()
if missing:
    sys.exit(f"nothing came of {sorted(missing)}; there was {counts}")
print("records are as published: " + ", ".join(f"{count} {type_}" for type_, count in sorted(counts.items())))
