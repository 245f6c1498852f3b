"""Chromium as a tablet has it: a lasting profile, a camera, touch, and a network that can be taken away."""

import os
import signal
from pathlib import Path

from playwright.sync_api import BrowserContext, Playwright, ViewportSize, expect

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
TABLET: ViewportSize = {"width": 1180, "height": 820}
PATIENCE = 15_000
"""Milliseconds until what is looked for has to be there. A busy machine is no fault of the app."""
PHONE: ViewportSize = {"width": 390, "height": 844}


def chromium() -> str:
    """The browser to drive: the one of the machine, or the one that CHROMIUM names."""
    return os.environ.get("CHROMIUM", "/usr/bin/chromium")


def kill(profile: Path) -> bool:
    """End the browser of this profile as a power cut does. False where the system does not say which process it is."""
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = command.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            # It ended while we were looking.
            continue
        # The browser's helpers carry a type, and end with it.
        if f"--user-data-dir={profile}" in words and not any(word.startswith("--type=") for word in words):
            os.kill(int(command.parent.name), signal.SIGKILL)
            return True
    return False


def open_profile(playwright: Playwright, profile: Path, viewport: ViewportSize | None = None) -> BrowserContext:
    """A browser whose storage lies in `profile` and is there again when the same profile is opened once more."""
    context = playwright.chromium.launch_persistent_context(
        profile,
        executable_path=chromium(),
        args=ARGUMENTS,
        viewport=viewport or TABLET,
        device_scale_factor=2,
        has_touch=True,
        locale="en-GB",
        timezone_id="Europe/Berlin",
        permissions=["camera", "microphone"],
        color_scheme="light",
    )
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    return context
