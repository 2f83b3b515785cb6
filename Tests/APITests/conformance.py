"""conformance.py DOCUMENT ANSWERS: says of each answer (JSON, one a line: method, path, status, headers, body) in what it is
not as the OpenAPI document has it. Exit status 1 when one is not."""

import json
import sys

import jsonschema

document = json.load(open(sys.argv[1]))
answers = [json.loads(line) for line in open(sys.argv[2])]
problems = []


def resolved(value):
    while "$ref" in value:
        target = value["$ref"]
        value = document
        for step in target.split("/")[1:]:
            value = value[step]
    return value


def check(schema, value, what):
    # Its references lead to the components, wherever it stands.
    validator = jsonschema.Draft202012Validator({**schema, "components": document["components"]})
    problems.extend(f"{what}: {'/'.join(map(str, error.path))}: {error.message}" for error in validator.iter_errors(value))


def template(path):
    parts = path.split("?")[0].split("/")
    for known in document["paths"]:
        steps = known.split("/")
        if len(steps) == len(parts) and all(a == b or a.startswith("{") for a, b in zip(steps, parts)):
            return known
    return None


def events(body):
    for block in body.split("\n\n"):
        fields = [line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":")]
        if any(name == "data" for name, _ in fields):
            yield {name: value for name, value in fields}


for answer in answers:
    what = f"{answer['method']} {answer['path']} {answer['status']}"
    operation = document["paths"].get(template(answer["path"]), {}).get(answer["method"].lower())
    if operation is None:
        problems.append(f"{what}: there is no such operation")
        continue
    response = operation["responses"].get(str(answer["status"]))
    if response is None:
        problems.append(f"{what}: the status is not described: {answer['body'][:200]}")
        continue
    response = resolved(response)
    for name, header in response.get("headers", {}).items():
        header = resolved(header)
        value = answer["headers"].get(name.lower())
        if value is None:
            if header.get("required"):
                problems.append(f"{what}: no {name}")
            continue
        check(header["schema"], int(value) if header["schema"]["type"] == "integer" else value, f"{what} {name}")
    contents = response.get("content")
    if not contents:
        if answer["body"]:
            problems.append(f"{what}: it has a body")
        continue
    kind = answer["headers"].get("content-type", "").split(";")[0]
    if kind not in contents:
        problems.append(f"{what}: {kind or 'no type'} is not described")
        continue
    schema = contents[kind]["schema"]
    if kind == "text/event-stream":
        told = list(events(answer["body"]))
        if not told:
            problems.append(f"{what}: no event")
        for event in told:
            check(schema, event, what)
            data = resolved(schema)["properties"]["data"]["contentSchema"]
            check(data, json.loads(event["data"]), f"{what} {event['event']}")
    else:
        check(schema, json.loads(answer["body"]) if kind.endswith("json") else answer["body"], what)

for schema in document["components"]["schemas"].values():
    jsonschema.Draft202012Validator.check_schema(schema)
print("\n".join(problems))
sys.exit(1 if problems or not answers else 0)
