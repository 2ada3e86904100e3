"""Where what the program keeps lies on this machine, and how a file is written there."""

import os
from pathlib import Path
from uuid import uuid4


def root() -> Path:
    """The folder that holds the runs: $DISTILL_STORE, else ~/.local/share/distill. Reading does not create it."""
    given = os.environ.get("DISTILL_STORE")
    return Path(given).expanduser().absolute() if given else Path.home() / ".local" / "share" / "distill"


def replace_file(path: Path, content: bytes) -> None:
    """Writes `content` beside `path` and renames it into place, so that no reader ever sees half of it."""
    temporary = path.with_name(f"{path.name}.{uuid4().hex[:8]}.part")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
