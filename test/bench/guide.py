"""The way of the guide: each file as one stream of requests into boto3's upload, one after the other.

Arguments: Hub, S3 endpoint, bucket, access key, secret key, `plain` or `hash`.
"""

import atexit
import hashlib
import json
import os
import resource
import sys

import boto3
import requests


class Hashing:
    """A stream whose bytes are hashed as they are read."""

    def __init__(self, raw):
        self.raw = raw
        self.sha256 = hashlib.sha256()

    def read(self, size=-1):
        data = self.raw.read(size)
        self.sha256.update(data)
        return data


def report():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    with open("/proc/self/status", encoding="utf-8") as status:
        peak = next(line.split()[1] for line in status if line.startswith("VmHWM"))
    figures = {
        "userCPUTime": usage.ru_utime * 1e6,
        "systemCPUTime": usage.ru_stime * 1e6,
        "maxRSS": int(peak),
    }
    with open(os.environ["USAGE_FILE"], "w", encoding="utf-8") as file:
        json.dump(figures, file)


atexit.register(report)
hub, endpoint, bucket, access_key, secret_key, mode = sys.argv[1:]
model = "openai/gpt-oss-20b"
s3 = boto3.client(
    "s3",
    endpoint_url=endpoint,
    region_name="us-east-1",
    aws_access_key_id=access_key,
    aws_secret_access_key=secret_key,
)
tree = requests.get(f"{hub}/api/models/{model}/tree/main?recursive=true", timeout=60).json()
for path in [entry["path"] for entry in tree if entry["type"] == "file"]:
    if path.startswith(("original/", "metal/", ".git")):
        continue
    headers = {"accept-encoding": "identity"}
    with requests.get(f"{hub}/{model}/resolve/main/{path}", headers=headers, stream=True, timeout=60) as answer:
        answer.raise_for_status()
        s3.upload_fileobj(Hashing(answer.raw) if mode == "hash" else answer.raw, bucket, f"guide/{path}")
