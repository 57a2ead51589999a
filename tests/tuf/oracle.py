"""What python-tuf makes of histories: a repository as it is served at one step after the other, to one client.

    oracle.py < HISTORIES

One history a line comes in, and one list of outcomes a line goes out, one outcome for each step:

    {"refresh": {"versions": [ROOT, TIMESTAMP, SNAPSHOT, TARGETS]} or {"refused": WHY},
     "kept": {FILE: SHA256}, of the newest root and of the other top roles, as they are on disk,
     "find": [{"sha256": OF THE TARGET, "download": SHA256 OF THE BYTES or null, "why": WHY or null} or null or {"refused": WHY}]}

`find` has an entry for each path that the history asks about, and is not there after a refusal.
"""

import datetime
import hashlib
import json
import os
import sys
import tempfile

from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig
from tuf.ngclient.config import EnvelopeType

ORIGIN = "https://repository.invalid/"
CONFIG = UpdaterConfig(envelope_type=EnvelopeType.SIMPLE)


class Server(FetcherInterface):
    """Serves from memory. A file that is None fails in a way that says nothing about it."""

    def __init__(self, files):
        self.files = files

    def _fetch(self, url):
        path = url.removeprefix(ORIGIN)
        if path not in self.files:
            raise DownloadHTTPError(f"no {path}", 404)
        if self.files[path] is None:
            raise DownloadHTTPError(f"{path} is not to be had", 500)
        return iter([self.files[path]])


def why(error):
    return f"{type(error).__name__}: {error}"[:200]


def step(directory, anchor, now, files, paths):
    """One client's visit. What it keeps is in the directory."""
    try:
        updater = Updater(
            directory,
            ORIGIN + "metadata/",
            os.path.join(directory, "targets"),
            ORIGIN + "targets/",
            Server(files),
            CONFIG,
            bootstrap=anchor,
        )
        # The library asks the system's clock, once, in its constructor.
        updater._trusted_set.reference_time = now
        updater.refresh()
    except Exception as error:
        return {"refresh": {"refused": why(error)}, "kept": kept(directory)}
    trusted = updater._trusted_set
    versions = [role.version for role in (trusted.root, trusted.timestamp, trusted.snapshot, trusted.targets)]
    found = [find(updater, directory, path) for path in paths]
    return {"refresh": {"versions": versions}, "kept": kept(directory), "find": found}


def kept(directory):
    digests = {}
    for role in ("root", "timestamp", "snapshot", "targets"):
        try:
            with open(os.path.join(directory, f"{role}.json"), "rb") as file:
                digests[role] = hashlib.sha256(file.read()).hexdigest()
        except FileNotFoundError:
            pass
    return digests


def find(updater, directory, path):
    try:
        target = updater.get_targetinfo(path)
    except Exception as error:
        return {"refused": why(error)}
    if target is None:
        return None
    found = {"sha256": target.hashes.get("sha256"), "download": None, "why": None}
    try:
        file = updater.download_target(target, os.path.join(directory, "download"))
        with open(file, "rb") as data:
            found["download"] = hashlib.sha256(data.read()).hexdigest()
    except Exception as error:
        found["why"] = why(error)
    return found


def replay(anchor, steps):
    """The outcomes of steps, each of which is a time, the files and the paths to ask about."""
    with tempfile.TemporaryDirectory() as directory:
        return [step(directory, anchor, *visit) for visit in steps]


def read(history):
    """A history from its JSON: files are given once, as text or as `bytes`, and each step says what it changes."""

    def data(content):
        return content.encode() if isinstance(content, str) else bytes(content["bytes"])

    contents = [data(content) for content in history["contents"]]
    files, steps = {}, []
    for entry in history["steps"]:
        for path in entry["gone"]:
            del files[path]
        for path, content in entry["put"].items():
            files[path] = None if content is None else contents[content]
        now = datetime.datetime.strptime(entry["now"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
        steps.append((now, dict(files), history["paths"]))
    return contents[history["anchor"]], steps


def main():
    for line in sys.stdin:
        print(json.dumps(replay(*read(json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()
