"""Programs with the tablet's own code that run in Node or in a page: those of `pwa/bench/`, and a tablet whose battery dies."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "pwa/node_modules/.cache/bench"


def build(what: str = "bench") -> None:
    command = ["scripts/node.sh", "npm", "--silent", "--prefix", "pwa", "run", f"build:{what}"]
    subprocess.run(command, cwd=ROOT, check=True)


def run_program(name: str, **settings: str) -> dict[str, Any]:
    """What the program says in its last line. SystemExit with all that it said where it fails."""
    command = [str(ROOT / "scripts/node.sh"), "node", str(BUILT / f"{name}.mjs")]
    environment = os.environ | settings
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise SystemExit(f"pwa/bench/{name}.ts failed:\n{done.stdout}{done.stderr}")
    said: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return said
