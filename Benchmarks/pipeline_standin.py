"""A stand-in for the container that coxswain replaces, written for Benchmarks/pipeline: FastAPI on one uvicorn worker.

It does what that container's public sources do with a document: pdf2image draws all pages at 300 dpi, each is encoded as JPEG
of quality 95 and sent as base64 in a chat completion of its own; the text goes into a Markdown and a JSON file. Where the
original leaves room, the faster way is taken: the work is on a thread, so that the server stays responsive, connections to
the engine are kept, and encoding and sending a page happen on the same one of `PAGES_AT_ONCE` threads.
"""

import base64
import io
import json
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
from fastapi import FastAPI, File, HTTPException, UploadFile
from pdf2image import convert_from_path

ENGINE = os.environ["VLLM_URL"]
OUTPUT = os.environ["OUTPUT_DIR"]
PAGES_AT_ONCE = int(os.environ["PAGES_AT_ONCE"])

app = FastAPI()
threads = ThreadPoolExecutor(PAGES_AT_ONCE)
engine = httpx.Client(timeout=600, limits=httpx.Limits(max_connections=PAGES_AT_ONCE))


def read_page(image):
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=95)
    picture = base64.b64encode(encoded.getvalue()).decode()
    answer = engine.post(f"{ENGINE}/chat/completions", json={
        "model": "stub",
        "messages": [{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{picture}"}},
            {"type": "text", "text": "OCR:"},
        ]}],
        "temperature": 0,
        "max_completion_tokens": 4096,
        "skip_special_tokens": True,
    })
    answer.raise_for_status()
    return answer.json()["choices"][0]["message"]["content"]


@app.get("/health")
def health():
    return {"status": "healthy"}


@app.post("/ocr/pdf")
def ocr_pdf(file: UploadFile = File(...)):
    if not file.filename.lower().endswith(".pdf"):
        raise HTTPException(400, "File must be a PDF")
    with tempfile.NamedTemporaryFile(suffix=".pdf") as stored:
        stored.write(file.file.read())
        stored.flush()
        images = convert_from_path(stored.name, dpi=300)
    texts = list(threads.map(read_page, images)) if PAGES_AT_ONCE > 1 else [read_page(image) for image in images]
    stem = f"{OUTPUT}/{time.strftime('%Y%m%d_%H%M%S')}_{file.filename[:-4]}"
    with open(f"{stem}.md", "w") as markdown:
        markdown.write("\n\n".join(texts))
    with open(f"{stem}.json", "w") as result:
        json.dump({"pages": [{"page": number, "text": text} for number, text in enumerate(texts, 1)]}, result)
    return {
        "status": "success", "input_file": file.filename, "pages_processed": len(texts),
        "local_files": {"markdown": f"{stem}.md", "json": f"{stem}.json"}, "vllm_used": True,
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S"),
    }
