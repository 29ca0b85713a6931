"""Judges schemas/ by itself and with what `tools/schemas --asyncapi` prints: each example is as its schema has it and a mutated one is not,
and each record is in the document under its topic."""

import subprocess
import sys
import warnings

warnings.filterwarnings("ignore", category=DeprecationWarning)

import yaml  # noqa: E402
from jsonschema import Draft202012Validator  # noqa: E402

import published  # noqa: E402

wrong = []
mutated = 0
for name in published.names():
    Draft202012Validator.check_schema(published.load(name))
    example = published.load(f"{name}.example")
    wrong += [f"{name}.example.json: {error}" for error in published.errors(example, name)]
    for what, other in published.mutations(example, name):
        mutated += 1
        if not published.errors(other, name):
            wrong.append(f"{name}.json takes its example {what}")

own = yaml.safe_load((published.FOLDER.parent / "docs/asyncapi.yaml").read_text())
document = yaml.safe_load(subprocess.run(
    [published.FOLDER.parent / "tools/schemas", "--asyncapi"], stdout=subprocess.PIPE, text=True, check=True).stdout)
# What the file has by itself is there unchanged.
for part in ("info", "components"):
    if part == "components":
        for key, message in own[part]["messages"].items():
            if document[part]["messages"][key] != message:
                wrong.append(f"tools/schemas --asyncapi changes the message {key}")
    elif own[part] != document[part]:
        wrong.append(f"tools/schemas --asyncapi changes {part}")
messages = document["components"]["messages"]
described = {message["name"]: key for key, message in messages.items()}


def reference(part):
    return part.get("schema", {}).get("$ref")


for type_, (name, topic) in published.record_types().items():
    key = described.get(type_)
    if key is None:
        wrong.append(f"asyncapi.yaml has no message {type_}")
        continue
    message = messages[key]
    is_picture = message.get("contentType") == "image/jpeg"
    if reference(message["headers" if is_picture else "payload"]) != f"../schemas/{name}.json":
        wrong.append(f"asyncapi.yaml describes {type_} by another schema than {name}.json")
    headers = published.load(name).get("x-headers")
    if not is_picture and reference(message["headers"]) != f"../schemas/{headers}":
        wrong.append(f"asyncapi.yaml describes the headers of {type_} by another schema than {headers}")
    if key not in document["channels"][topic]["messages"]:
        wrong.append(f"asyncapi.yaml does not have {type_} on the topic {topic}")
topics = {word["const"] for word in published.load("topic")["oneOf"]}
if set(own["channels"]) != topics:
    wrong.append(f"asyncapi.yaml and topic.json differ in {sorted(set(own['channels']) ^ topics)}")
topics |= {topic for _, topic in published.record_types().values()}
if set(document["channels"]) != topics:
    wrong.append(f"asyncapi.yaml with analysers differs in {sorted(set(document['channels']) ^ topics)}")
senders = {operation["channel"]["$ref"].rsplit("/", 1)[1] for operation in document["operations"].values()}
if senders != topics:
    wrong.append(f"asyncapi.yaml has no operation of {sorted(topics - senders)}")
unknown = set(described) - set(published.record_types()) - {"command"}
if unknown:
    wrong.append(f"asyncapi.yaml has messages that have no schema: {sorted(unknown)}")


def walk(node):
    """References within the document lead somewhere."""
    if isinstance(node, list):
        for item in node:
            walk(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and value.startswith("#/"):
                found = document
                for part in value[2:].split("/"):
                    found = found[part]
            elif key == "$ref":
                published.load(value.removeprefix("../schemas/").removesuffix(".json"))
            else:
                walk(value)


walk(document)
if wrong:
    sys.exit("\n".join(wrong))
print(f"schemas: {len(published.names())} with their examples, of which {mutated} mutations are refused")
