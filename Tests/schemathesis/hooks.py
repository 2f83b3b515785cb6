"""What schemathesis cannot find out by itself: which documents can be read, which URLs have one, and which jobs there are."""

import os
import random

import requests
import schemathesis
from hypothesis import strategies

import documents

API = os.environ["API"]
KEY = {"Authorization": f"Bearer {os.environ['KEY']}"}
OTHERS = os.environ["OTHERS"]

schemathesis.openapi.format(
    "binary",
    strategies.sampled_from(documents.GOOD) | strategies.sampled_from(documents.BAD) | strategies.binary(max_size=64),
)
schemathesis.openapi.format(
    "uri",
    strategies.sampled_from(
        [
            f"{OTHERS}/documents/scan.pdf",
            f"{OTHERS}/documents/scan.pdf?token=x#y",
            "http://169.254.169.254/latest/meta-data",
            "http://user:word@localhost/",
            "https://[::1]/x",
            "file:///etc/passwd",
            "s3://bucket/key.pdf",
            "s3://bucket/prefix/",
            "s3://",
        ]
    )
    | strategies.text(max_size=40).map(lambda text: "http://" + text)
    | strategies.text(max_size=40),
)

# One that has ended, and one whose document could not be read; asked for again when somebody has removed it.
jobs = []


def make_job():
    document = random.choice([documents.PDF, documents.PDF, documents.ENCRYPTED, documents.png(9, 9)])
    answer = requests.post(f"{API}/jobs", headers=KEY, files={"file": ("scan.pdf", document)}, timeout=30)
    return answer.json().get("id") if answer.status_code == 202 else None


@schemathesis.hook
def before_call(context, case, kwargs):
    """Every other case about a job is about one that there is."""
    if "id" not in (case.path_parameters or {}) or random.random() < 0.5:
        return
    jobs[:] = jobs[-40:]
    # Old ones, which may have been removed, and new ones, which may not have ended.
    if len(jobs) < 10 or random.random() < (0.8 if case.method.upper() == "DELETE" else 0.05):
        if made := make_job():
            jobs.append(made)
    if jobs:
        case.path_parameters["id"] = jobs[-1] if random.random() < 0.3 else random.choice(jobs)
