"""A hub with one small model, behind a token."""

import json
import os
import struct
import subprocess
import sys

from container import HERE

HOSTER = os.path.join(HERE, "..", "PreloadTests", "hoster.py")
TOKEN = "hf_stand-in-of-a-token-0123456789"


class Hub:
    """`with Hub(folder) as url`: what HF_ENDPOINT is to be."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "hub")
        model = os.path.join(self.folder, "models", "PaddlePaddle", "PaddleOCR-VL")
        os.makedirs(model)
        header = json.dumps({"w": {"dtype": "U8", "shape": [1 << 20], "data_offsets": [0, 1 << 20]}}).encode()
        with open(os.path.join(model, "model.safetensors"), "wb") as file:
            file.write(struct.pack("<Q", len(header)) + header + os.urandom(1 << 20))
        for name in ("config.json", "tokenizer.json"):
            with open(os.path.join(model, name), "w") as file:
                file.write("{}")
        with open(os.path.join(folder, "plan"), "w") as file:
            json.dump({"token": TOKEN}, file)
        self.plan = file.name

    def __enter__(self):
        self.process = subprocess.Popen(
            [sys.executable, "-u", HOSTER, self.folder, "--plan", self.plan], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(10)
