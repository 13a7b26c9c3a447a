#!/usr/bin/env python3
"""Writes a PocketPhi manifest (web/net/manifest.schema.json) for model files: lengths, and SHA-256 of files and chunks.

    make_manifest.py model.gguf --name "Phi-3-mini-4k-instruct, Q4_K_M" --licence MIT --out model.json

Put the manifest into the folder of the files, or say with --url where they are. Files of a split model in their order.
Standard library only.
"""

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path
from urllib.parse import quote

FORMAT = "pocketphi-manifest/1"
MIB = 1 << 20
CHUNK_MIB_MAX = 64
READ_BYTES = 1 << 20


def hash_file(path: Path, chunk_bytes: int) -> dict:
    """Lengths and hashes of a file, which is read once, a megabyte at a time."""
    whole, chunk = hashlib.sha256(), hashlib.sha256()
    n_bytes, in_chunk, chunks = 0, 0, []
    with open(path, "rb") as stream:
        while piece := stream.read(min(READ_BYTES, chunk_bytes - in_chunk)):
            whole.update(piece)
            chunk.update(piece)
            n_bytes += len(piece)
            in_chunk += len(piece)
            if in_chunk == chunk_bytes:
                chunks.append(chunk.hexdigest())
                chunk, in_chunk = hashlib.sha256(), 0
    if in_chunk:
        chunks.append(chunk.hexdigest())
    if n_bytes == 0:
        sys.exit(f"{path}: expected a model file, got an empty one")
    return {"bytes": n_bytes, "sha256": whole.hexdigest(), "chunkBytes": chunk_bytes, "chunks": chunks}


def url_of(path: Path, folder: Path, prefix: str | None) -> str:
    """Where the file will be: below the prefix, or at its place relative to the manifest's folder."""
    if prefix is not None:
        return prefix.rstrip("/") + "/" + quote(path.name)
    relative = os.path.relpath(path.resolve(), folder.resolve()).replace(os.sep, "/")
    if relative.startswith("../"):
        sys.exit(f"{path}: expected a file below {folder}, where the manifest goes; move it or give --url")
    return quote(relative)


def make_manifest(arguments: argparse.Namespace) -> dict:
    folder = arguments.out.parent if arguments.out else Path.cwd()
    manifest = {"format": FORMAT, "name": arguments.name, "licence": arguments.licence}
    if arguments.licence_url:
        manifest["licenceUrl"] = arguments.licence_url
    manifest["files"] = [
        {"url": url_of(path, folder, arguments.url), **hash_file(path, arguments.chunk_mib * MIB)}
        for path in arguments.files
    ]
    for field in ("architecture", "quantisation", "parameters"):
        if getattr(arguments, field) is not None:
            manifest[field] = getattr(arguments, field)
    if arguments.context_length is not None:
        manifest["contextLength"] = arguments.context_length
    if arguments.chat_template is not None:
        manifest["chatTemplate"] = arguments.chat_template.read_text(encoding="utf-8")
    return manifest


def chunk_mib(text: str) -> int:
    value = int(text)
    if not 1 <= value <= CHUNK_MIB_MAX:
        raise argparse.ArgumentTypeError(f"expected 1 to {CHUNK_MIB_MAX}, got {value}")
    return value


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--name", required=True, help="shown to people")
    parser.add_argument("--licence", required=True, help="SPDX identifier or text")
    parser.add_argument("--licence-url")
    parser.add_argument("--chunk-mib", type=chunk_mib, default=8, help="MiB a chunk, 1 to 64 (default 8)")
    parser.add_argument("--url", help="folder of the files, if they are not beside the manifest")
    parser.add_argument("--architecture", help="as in general.architecture, e.g. phi3")
    parser.add_argument("--quantisation", help="e.g. Q4_K_M")
    parser.add_argument("--parameters", type=int)
    parser.add_argument("--context-length", type=int, help="tokens")
    parser.add_argument("--chat-template", type=Path, help="file with a Jinja template")
    parser.add_argument("--out", type=Path, help="default: print it")
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    try:
        text = json.dumps(make_manifest(arguments), indent=2, ensure_ascii=False) + "\n"
    except OSError as error:
        sys.exit(f"{error.filename}: {error.strerror}")
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
