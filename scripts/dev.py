"""
Run the server and Vite side by side; start the server anew when its sources change; end both together.

`make dev` calls this with the settings in the environment. Vite reloads the PWA by itself and hands /api on to the
server. The whole server is started anew rather than its modules reloaded: its worker thread belongs to it.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
SERVER = [".venv/bin/auditbook", "serve"]
VITE = ["../scripts/node.sh", "node_modules/.bin/vite", "--strictPort"]
WATCHED_FOLDERS = ("server", "schemas", "migrations")
WATCHED_NAMES = (".py", ".yaml", ".txt", ".json", ".html")
SECONDS_TO_END = 5


def snapshot() -> dict[Path, int]:
    """Each watched source with the time of its last change."""
    files = (file for folder in WATCHED_FOLDERS for file in (ROOT / folder).rglob("*"))
    return {file: file.stat().st_mtime_ns for file in files if file.suffix in WATCHED_NAMES and file.exists()}


def start(command: list[str], folder: Path = ROOT) -> subprocess.Popen[bytes]:
    """A group of its own, so that its children end with it, and Ctrl-C reaches it through `end` only."""
    return subprocess.Popen(command, cwd=folder, start_new_session=True)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask first: the server finishes the request in hand. Then insist."""
    for ask in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, ask)
            process.wait(SECONDS_TO_END)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def stop(_signal: int, _frame: FrameType | None) -> None:
    """A closed terminal or a polite kill ends like Ctrl-C."""
    raise KeyboardInterrupt


def main() -> int:
    """Runs until Ctrl-C, or until Vite ends."""
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, stop)

    seen = snapshot()
    running = {"vite": start(VITE, ROOT / "pwa"), "server": start(SERVER)}
    has_told = False
    try:
        while running["vite"].poll() is None:
            time.sleep(0.5)
            if (now := snapshot()) != seen:
                seen = now
                print("== A source changed: starting the server anew", flush=True)
                end(running["server"])
                running["server"], has_told = start(SERVER), False
            elif running["server"].poll() is not None and not has_told:
                print("== The server ended; it starts again with the next change", flush=True)
                has_told = True
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        for process in running.values():
            end(process)


if __name__ == "__main__":
    sys.exit(main())
