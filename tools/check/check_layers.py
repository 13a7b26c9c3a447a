"""Prints every include and import that points where its folder may not look; exit code 1 if there is one.

The table is the one of docs/ARCHITECTURE.md. For C the build enforces it too (include paths); this names the edge.
For TypeScript it is the only guard. An edge named in exceptions.txt is allowed.
"""

import re
import sys
from pathlib import Path

from sources import REPOSITORY, files_below, is_granted, relative

# Folder -> folders whose headers it may include (its own always).
C_LAYERS = {
    "src/base": [],
    "wasm_kernels": ["src/base"],
    "src/pool": ["src/base"],
    "src/image": ["src/base"],
    "src/format": ["src/base"],
    "src/tokenizer": ["src/base"],
    "src/weights": ["src/base", "src/format", "src/pool", "wasm_kernels"],
    "src/kv": ["src/base", "wasm_kernels"],
    "src/nn": ["src/base", "src/pool", "wasm_kernels", "src/kv", "src/weights", "src/format"],
    "src/model": ["src/base", "src/pool", "src/image", "src/nn", "src/kv", "src/weights", "src/format", "wasm_kernels"],
    "src/constrain": ["src/base", "src/tokenizer"],
    "src/generate": ["src/base", "src/tokenizer"],
    "src/api": ["src", "src/base", "src/pool", "src/image", "src/format", "src/tokenizer", "src/weights", "src/kv",
                "src/nn", "src/model", "src/constrain", "src/generate", "wasm_kernels"],
    "src/import": ["src", "src/base", "src/format", "wasm_kernels"],
    "src/pixels": ["src", "src/base", "wasm_kernels"],
    "src": ["src/base"],
}
# Single headers that the table allows beyond the folders.
C_HEADERS = {"src/generate": ["src/model/model.h"]}
# In wasm_kernels, of base only these: kernels know no status codes and no allocation.
KERNEL_BASE_HEADERS = {"half.h", "limits.h"}

# Layer number of each web folder; an import goes to a lower number (or stays in its folder).
WEB_LAYERS = {"web/base": 0, "web/coi": 0, "web/abi": 1, "web/store": 1, "web/net": 1, "web/worker": 2,
              "web/engine": 3, "web/api": 4, "web": 5}
# web/api sees the engine's folder (and base), nothing of the worker behind it.
API_MAY_IMPORT = {"web/engine", "web/base"}


def layer_of(path: Path, layers) -> str | None:
    """The innermost folder of the table that holds `path`."""
    for folder in [relative(parent) for parent in path.parents if parent.is_relative_to(REPOSITORY)]:
        if folder in layers:
            return folder
    return None


def c_edges(headers: dict[str, Path]):
    for file in files_below(["src", "wasm_kernels"], (".c", ".h", ".def")):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not match:
                continue
            name = match[1]
            if "/" in name:
                yield file, number, name, "headers are included by bare basename"
            elif name not in headers:
                yield file, number, name, "no such header in the repository"
            else:
                yield file, number, headers[name], None


def check_c() -> list[tuple[str, str]]:
    headers = {file.name: file for file in files_below(["src", "wasm_kernels"], (".h", ".def", ".inc"))}
    found = []
    for file, number, target, problem in c_edges(headers):
        source = layer_of(file, C_LAYERS)
        place = f"{relative(file)}:{number}"
        if problem:
            found.append((f"{relative(file)} {target}", f"{place}: {target}: {problem}"))
            continue
        folder = layer_of(target, C_LAYERS)
        is_allowed = folder == source or folder in C_LAYERS[source] or relative(target) in C_HEADERS.get(source, [])
        if source == "wasm_kernels" and folder == "src/base" and target.name not in KERNEL_BASE_HEADERS:
            is_allowed = False
        if not is_allowed:
            edge = f"{relative(file)} {relative(target)}"
            found.append((edge, f"{place}: {source} may not include {relative(target)}"))
    return found


def imports_of(text: str):
    """(line, specifier) of every static, dynamic and type import, and of worker addresses made with new URL()."""
    pattern = r"""(?:\bfrom\s*|\bimport\s*\(?\s*|\bnew URL\(\s*)(['"])(\.[^'"]+)\1"""
    for match in re.finditer(pattern, text):
        yield text.count("\n", 0, match.start()) + 1, match[2]


def web_edge_problem(source: str, target: Path) -> str | None:
    folder = layer_of(target, WEB_LAYERS)
    if folder is None:
        return f"{source} may not import {relative(target)}, which is outside web/"
    if folder == source:
        return None
    if source == "web/api" and folder not in API_MAY_IMPORT:
        return f"web/api may import only {' and '.join(sorted(API_MAY_IMPORT))}, not {relative(target)}"
    if WEB_LAYERS[folder] >= WEB_LAYERS[source]:
        return f"{source} (W{WEB_LAYERS[source]}) may not import {relative(target)} (W{WEB_LAYERS[folder]})"
    return None


def check_web() -> list[tuple[str, str]]:
    found = []
    for file in files_below(["web"], (".ts",)):
        source = layer_of(file, WEB_LAYERS)
        for number, specifier in imports_of(file.read_text()):
            if not specifier.endswith(".ts"):
                continue  # a built file, by its address in dist/
            problem = web_edge_problem(source, (file.parent / specifier).resolve())
            if problem:
                target = relative((file.parent / specifier).resolve())
                found.append((f"{relative(file)} {target}", f"{relative(file)}:{number}: {problem}"))
    for file in files_below(["demo"], (".js", ".mjs", ".html")):
        for number, specifier in imports_of(file.read_text()):
            target = (file.parent / specifier).resolve()
            if target.is_relative_to(REPOSITORY / "web") or target.is_relative_to(REPOSITORY / "src"):
                edge = f"{relative(file)} {relative(target)}"
                found.append((edge, f"{relative(file)}:{number}: demo imports only the built package"))
    return found


def main() -> int:
    problems = [text for edge, text in check_c() + check_web() if not is_granted("layer", edge)]
    for text in problems:
        print(text)
    print(f"layers: {len(problems)} wrong edges")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
