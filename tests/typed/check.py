"""What type checkers and editors know of the package: ``python -m tests.typed.check``, with mypy and pyright installed.

A training is clean, planted mistakes are found, nearly every public name has a known type, and completions hold every public name.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import tinygrad_mlp as torch

HERE = Path(__file__).parent
TRAINING, ERRORS = HERE / "typed_training.py", HERE / "typed_errors.py"
CHECKERS = {
    "mypy": ["mypy", "--config-file=", "--strict", "--follow-imports=silent"],  # the package itself is checked by `mypy`
    "pyright": ["pyright", "--pythonpath", sys.executable],  # strict, as the files' first lines say
}
LEAST_KNOWN = 99.0  # percent of the public names


def output_of(command: list[str]) -> str:
    """What a program prints."""
    return subprocess.run(command, cwd=HERE.parent.parent, capture_output=True, text=True, check=False).stdout


def lines_with_errors(checker: str, path: Path) -> set[int]:
    """The lines of a file in which a checker finds errors."""
    text = output_of([*CHECKERS[checker], str(path)])
    if not re.search(r"\b(Success|Found|\d+ errors?)\b", text):
        raise RuntimeError(f"{checker} did not run: {text}")
    return {int(line) for line in re.findall(rf"{path.name}:(\d+)(?::\d+)?(?: -|:) error", text)}


def check_files() -> Iterator[str]:
    """What is wrong: errors in the training, and mistakes that are not found."""
    planted = {k for k, line in enumerate(ERRORS.read_text(encoding="utf-8").splitlines(), 1) if line.endswith("# error")}
    for checker in CHECKERS:
        found = lines_with_errors(checker, TRAINING)
        if found:
            yield f"{checker}: errors in lines {sorted(found)} of {TRAINING.name}"
        found = lines_with_errors(checker, ERRORS)
        print(f"{checker} finds {len(found & planted)} of {len(planted)} planted mistakes")
        if found != planted:
            yield f"{checker}: {ERRORS.name}: not found in {sorted(planted - found)}, found in {sorted(found - planted)}"


def check_known() -> Iterator[str]:
    """What is wrong: too few public names whose type is known."""
    text = output_of(["pyright", "--pythonpath", sys.executable, "--verifytypes", "tinygrad_mlp", "--ignoreexternal"])
    known = re.search(r"Type completeness score: ([\d.]+)%", text)
    print(known[0] if known else text)
    if known is None or float(known[1]) < LEAST_KNOWN:
        yield f"fewer than {LEAST_KNOWN} % of the public names have a known type: pyright --verifytypes tinygrad_mlp"


# -------------------------------------------------------------------------------------------------------- completions

PROGRAM = """import tinygrad_mlp as torch
from tinygrad_mlp import nn
from tinygrad_mlp.nn import functional as F

optimizer = torch.optim.Adam(nn.Linear(1, 1).parameters())
torch.
torch.zeros(3).
nn.
F.
optimizer.
nn.Linear(1, 1).
torch.optim.
"""


def public(thing: Any) -> set[str]:
    """The names of a thing that are meant for users."""
    return {name for name in getattr(thing, "__all__", None) or dir(thing) if not name.startswith("_")}


def expected() -> dict[str, set[str]]:
    """The names that are to be proposed after each line that ends in a dot."""
    layer = torch.nn.Linear(1, 1)
    return {
        "torch.": public(torch),
        "torch.zeros(3).": public(torch.Tensor),
        "nn.": public(torch.nn),
        "F.": public(torch.nn.functional),
        "optimizer.": public(torch.optim.Adam(layer.parameters())),
        "nn.Linear(1, 1).": public(type(layer)) | {"weight", "bias", "in_features", "out_features"},
        "torch.optim.": public(torch.optim),
    }


class Server:
    """pyright's language server, which editors talk to."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(["pyright-langserver", "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin: IO[bytes] = self.process.stdin
        self.stdout: IO[bytes] = self.process.stdout
        self.requests = 0
        folders = [{"uri": folder.as_uri(), "name": "program"}]
        capabilities = {"workspace": {"configuration": True, "workspaceFolders": True}}
        self.ask("initialize", processId=None, rootUri=folder.as_uri(), capabilities=capabilities, workspaceFolders=folders)
        self.tell("initialized")

    def send(self, **message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.stdin.flush()

    def tell(self, method: str, **params: Any) -> None:
        self.send(method=method, params=params)

    def receive(self) -> dict[str, Any]:
        length = 0
        while (line := self.stdout.readline().strip()) or not length:
            if line.startswith(b"Content-Length:"):
                length = int(line.split(b":")[1])
        message: dict[str, Any] = json.loads(self.stdout.read(length))
        return message

    def ask(self, method: str, **params: Any) -> Any:
        """The answer to a request; the server's own questions, for its settings, are answered on the way."""
        self.requests += 1
        self.send(id=self.requests, method=method, params=params)
        while True:
            message = self.receive()
            if "method" in message and "id" in message:
                count = (
                    len(message.get("params", {}).get("items", [])) if message["method"] == "workspace/configuration" else 0
                )
                self.send(id=message["id"], result=[{"pythonPath": sys.executable}] * count if count else None)
            elif message.get("id") == self.requests and "method" not in message:
                return message["result"]


def check_completions() -> Iterator[str]:
    """What is wrong: names that are not proposed after a dot."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pyrightconfig.json").write_text(json.dumps({"extraPaths": [str(HERE.parent.parent)]}), encoding="utf-8")
        server = Server(folder)
        uri = (folder / "program.py").as_uri()
        server.tell("textDocument/didOpen", textDocument={"uri": uri, "languageId": "python", "version": 1, "text": PROGRAM})
        for k, line in enumerate(PROGRAM.splitlines()):
            if line in (wanted := expected()):
                answer = server.ask(
                    "textDocument/completion", textDocument={"uri": uri}, position={"line": k, "character": len(line)}
                )
                proposed = {item["label"] for item in (answer["items"] if isinstance(answer, dict) else answer or [])}
                print(f"{line} {len(wanted[line] & proposed)} of {len(wanted[line])} names are proposed")
                if missing := wanted[line] - proposed:
                    yield f"not proposed after {line} {sorted(missing)}"
        server.process.kill()
        server.process.communicate()


if __name__ == "__main__":
    wrong = [*check_files(), *check_known(), *check_completions()]
    print("\n".join(wrong))
    sys.exit(bool(wrong))
