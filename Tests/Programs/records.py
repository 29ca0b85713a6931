"""Judges records that the agent sent by docs/asyncapi.yaml. Told by `records.py ASYNCAPI LINES TYPE...`: LINES is what
framereader printed; each must be of a message that is described, and all TYPEs must be among them."""

import json
import pathlib
import sys

import jsonschema
import yaml

document_path, lines, wanted = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2], set(sys.argv[3:])
document = yaml.safe_load(document_path.read_text())
resolver = jsonschema.RefResolver(document_path.as_uri(), document)
messages = {message["name"]: message for message in document["components"]["messages"].values()}
counts = {}


def judge(value, schema, what):
    errors = list(jsonschema.Draft7Validator(schema, resolver=resolver).iter_errors(value))
    if errors:
        sys.exit(f"{what}: {errors[0].message} at {list(errors[0].absolute_path)}\n{json.dumps(value)[:2000]}")


for line in open(lines):
    record = json.loads(line)
    name = record["headers"].get("ce_type")
    if name not in messages:
        sys.exit(f"no message {name} is described: {record['headers']}")
    counts[name] = counts.get(name, 0) + 1
    judge(record["headers"], messages[name]["headers"], f"the headers of {name}")
    value = pathlib.Path(record["file"]).read_bytes()
    if messages[name].get("contentType") == "image/jpeg":
        if not value.startswith(b"\xff\xd8"):
            sys.exit(f"{name} holds no JPEG")
    else:
        judge(json.loads(value), messages[name]["payload"], name)
missing = wanted - counts.keys()
if missing:
    sys.exit(f"nothing came of {sorted(missing)}; there was {counts}")
print("records are as published: " + ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
