"""Prints what breaks the limits of the house style; exit code 1 if anything does.

Functions <= 70 lines, <= 6 parameters, nesting <= 3; files <= 800 lines (public header <= 400); unique basenames;
malloc and free only in src/base/arena.c; the engine prints nothing and ends no process; every kernel file has a row in
wasm_kernels/*.def and every row a file. Exceptions: exceptions.txt. With --columns also: lines <= 120 columns
(formatters aim at 100 and cannot break comments), which `npm run check` asks for, as it does for format, and `npm test`
does not.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

from sources import REPOSITORY, files_below, is_granted, relative

FUNCTION_LINES_MAX = 70
PARAMETERS_MAX = 6
FILE_LINES_MAX = 800
PUBLIC_HEADER_LINES_MAX = 400
COLUMNS_MAX = 120
NESTING_MAX = 3
CODE_SUFFIXES = (".c", ".h", ".def", ".ts", ".mjs", ".js", ".py", ".cmake", ".css", ".html")
SOURCE_FOLDERS = ["src", "wasm_kernels", "web", "demo", "tests", "tools"]
ENGINE_FOLDERS = ["src", "wasm_kernels"]
ALLOCATION = re.compile(r"(?<![\w.>])(malloc|calloc|realloc|free|aligned_alloc|posix_memalign|strdup)\s*\(")
FORBIDDEN = re.compile(r"(?<![\w.>])(printf|fprintf|puts|exit|abort|getenv|setenv|system)\s*\(")


def blank_c(text: str) -> str:
    """The same text with comments, strings and preprocessor lines blanked out; newlines stay."""
    def blank(match: re.Match) -> str:
        return re.sub(r"[^\n]", " ", match[0])
    text = re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", blank, text, flags=re.S)
    return re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", blank, text, flags=re.M)


def line_at(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def closing(text: str, opening_at: int) -> int:
    """Position of the brace or parenthesis that closes the one at `opening_at` (the end, if none does)."""
    pair = {"{": "}", "(": ")"}[text[opening_at]]
    depth = 0
    for match in re.finditer(r"[(){}]", text[opening_at:]):
        if match[0] == text[opening_at]:
            depth += 1
        elif match[0] == pair:
            depth -= 1
            if depth == 0:
                return opening_at + match.start()
    return len(text) - 1


def c_functions(blanked: str):
    """(name, parameter text, start, body start, body end) of every function definition at file scope."""
    depth_pattern = re.compile(r"^([A-Za-z_][^;{}()=]*?\b(\w+))\s*\(", re.M)
    position = 0
    while match := depth_pattern.search(blanked, position):
        parameters_end = closing(blanked, match.end() - 1)
        body = re.compile(r"\s*(?:__attribute__\s*\(\(.*?\)\)\s*)?\{").match(blanked, parameters_end + 1)
        if not body:
            position = match.end()
            continue
        end = closing(blanked, body.end() - 1)
        yield match[2], blanked[match.end():parameters_end], match.start(), body.end() - 1, end
        position = end


def count_parameters(text: str) -> int:
    """A trailing `phi_error *err` does not count: docs/decisions/0003-parameter-lists.md."""
    text = re.sub(r"\([^()]*\)", "", text)
    text = re.sub(r",\s*phi_error \*err\s*$", "", text)
    return 0 if text.strip() in ("", "void") else text.count(",") + 1


def nesting_of(body: str) -> int:
    """Deepest nesting of control blocks in braces inside a function (the function's own brace is 0). Initialisers,
    scoped blocks and switch labels do not count."""
    deepest = depth = 0
    stack = []
    for match in re.finditer(r"[{}]", body[1:]):
        if match[0] == "{":
            before = body[1:match.start() + 1].rstrip()
            is_control = before.endswith(")") or re.search(r"\b(else|do)$", before) is not None
            stack.append(is_control)
            depth += is_control
            deepest = max(deepest, depth)
        elif stack:
            depth -= stack.pop()
    return deepest


def check_c_file(file: Path) -> list[str]:
    blanked = blank_c(file.read_text())
    found = []
    for name, parameters, start, body_start, end in c_functions(blanked):
        first = line_at(blanked, start)
        measured = [
            ("lines", line_at(blanked, end) - first + 1, FUNCTION_LINES_MAX),
            ("parameters", count_parameters(parameters), PARAMETERS_MAX),
            ("nesting", nesting_of(blanked[body_start:end + 1]), NESTING_MAX),
        ]
        for kind, value, limit in measured:
            if value > limit and not is_granted(kind, f"{relative(file)}:{name}"):
                found.append(f"{relative(file)}:{first}: {name}(): {kind} {value}, at most {limit}")
    return found


def check_engine_calls() -> list[str]:
    found = []
    for file in files_below(ENGINE_FOLDERS, (".c", ".h")):
        blanked = blank_c(file.read_text())
        if relative(file) != "src/base/arena.c" and not is_granted("malloc", relative(file)):
            found += [f"{relative(file)}:{line_at(blanked, m.start())}: {m[1]}() outside src/base/arena.c"
                      for m in ALLOCATION.finditer(blanked)]
        found += [f"{relative(file)}:{line_at(blanked, m.start())}: {m[1]}() in the engine"
                  for m in FORBIDDEN.finditer(blanked)]
    return found


def script_functions(text: str):
    """(name, first line, last line) of functions and methods, found by indentation: the formatter guarantees it."""
    lines = text.splitlines()
    for start, line in enumerate(lines):
        match = re.match(r"^(\s*)(?:export\s+)?(?:default\s+)?(?:async\s+)?function\*?\s+(\w+)", line) \
            or re.match(r"^(  )(?:static\s+)?(?:async\s+)?(?:get\s+|set\s+)?\*?(#?\w+)\([^;]*\{$", line)
        if not match or match[2] in ("if", "for", "while", "switch", "catch"):
            continue
        for end in range(start + 1, len(lines)):
            if lines[end].startswith(match[1] + "}"):
                yield match[2], start + 1, end + 1
                break


def python_functions(text: str):
    lines = text.splitlines()
    for start, line in enumerate(lines):
        match = re.match(r"^(\s*)(?:async\s+)?def\s+(\w+)", line)
        if not match:
            continue
        end = last = start
        for end in range(start + 1, len(lines)):
            indent = len(lines[end]) - len(lines[end].lstrip())
            if lines[end].strip() and indent <= len(match[1]) and not lines[end].lstrip().startswith(")"):
                break
            if lines[end].strip():
                last = end
        yield match[2], start + 1, last + 1


def check_scripts() -> list[str]:
    found = []
    for file in files_below(["web", "demo", "tests", "tools"], (".ts", ".mjs", ".js", ".py")):
        if ".gen." in file.name:
            continue
        functions = python_functions if file.suffix == ".py" else script_functions
        for name, first, last in functions(file.read_text()):
            n_lines = last - first + 1
            if n_lines > FUNCTION_LINES_MAX and not is_granted("lines", f"{relative(file)}:{name}"):
                found.append(f"{relative(file)}:{first}: {name}(): lines {n_lines}, at most {FUNCTION_LINES_MAX}")
    return found


def check_files() -> list[str]:
    found = []
    for file in files_below(SOURCE_FOLDERS, CODE_SUFFIXES):
        text = file.read_text()
        if ".gen." in file.name or "generated by" in text[:400].lower() or is_granted("length", relative(file)):
            continue
        lines = text.splitlines()
        limit = PUBLIC_HEADER_LINES_MAX if relative(file) == "src/phi.h" else FILE_LINES_MAX
        if len(lines) > limit:
            found.append(f"{relative(file)}: {len(lines)} lines, at most {limit}")
    return found


def check_columns() -> list[str]:
    return [f"{relative(file)}:{number}: {len(line)} columns, at most {COLUMNS_MAX}"
            for file in files_below(SOURCE_FOLDERS, CODE_SUFFIXES) if ".gen." not in file.name
            for number, line in enumerate(file.read_text().splitlines(), 1)
            if len(line) > COLUMNS_MAX and "http" not in line]


def check_basenames() -> list[str]:
    places = defaultdict(list)
    for file in files_below(["src", "wasm_kernels", "tests", "tools"], (".c", ".h", ".def")):
        places[file.name].append(relative(file))
    return [f"{name}: the same basename at {', '.join(files)}" for name, files in places.items() if len(files) > 1]


def check_kernel_table() -> list[str]:
    """A function named in a row must be defined in wasm_kernels/<isa>/, and a file there that defines kernels (their
    names end in __<isa>) must hold one of a row."""
    rows = set()
    for table in files_below(["wasm_kernels"], (".def",)):
        rows |= set(re.findall(r"\bphi_\w+", re.sub(r"/\*.*?\*/", "", table.read_text(), flags=re.S)))
    if not rows:
        return []
    # Names that a macro of the file makes count too: whole words of the text, not only parsed definitions.
    defined = {file: set(re.findall(r"\bphi_\w+", file.read_text()))
               for file in files_below([f"wasm_kernels/{isa}" for isa in ("scalar", "simd128", "relaxed")], (".c",))}
    known = set().union(*defined.values())
    found = [f"wasm_kernels/*.def: no file defines {name}" for name in sorted(rows - known)]
    return found + [f"{relative(file)}: no row of wasm_kernels/*.def names a function of it"
                    for file, names in defined.items() if any("__" in name for name in names) and not names & rows]


def main() -> int:
    problems = check_files() + check_basenames() + check_engine_calls() + check_kernel_table() + check_scripts()
    for file in files_below(["src", "wasm_kernels", "tests", "tools"], (".c", ".h")):
        problems += check_c_file(file)
    if "--columns" in sys.argv[1:]:
        problems += check_columns()
    for text in problems:
        print(text)
    print(f"style: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
