"""Finds a program that a test needs, and installs it if it can.

    install.py PACKAGE PROGRAM...

Prints where the first of the programs is. Ends with 77 if it is not there and cannot be installed.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile

# What a script ends with if a program is not there.
SKIPPED = 77


def program_of(package, names):
    """Where the first of these programs is. It is installed from a package of Debian if it can be; if not, the script ends."""
    places = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])

    def find():
        return next(filter(None, (shutil.which(name, path=places) for name in names)), None)

    found, reasons = find(), []
    if found:
        return found
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        reasons.append("there is no apt-get, or this is not root")
    else:
        wait = ["-o", "DPkg::Lock::Timeout=300"]
        install = ["apt-get", *wait, "install", "-y", "--no-install-recommends", package]
        # Nobody wants a service that comes with the package to be started.
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        # Tests run side by side, and only one of them can install something.
        with open(os.path.join(tempfile.gettempdir(), "jurat-tests-install.lock"), "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for command in [install, ["apt-get", *wait, "update"], install]:
                try:
                    done = subprocess.run(
                        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600
                    )
                    reasons.append(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
                except (OSError, subprocess.TimeoutExpired) as error:
                    reasons.append(f"{' '.join(command)}: {error}")
                found = find()
                if found:
                    return found
    print(f"SKIPPED: there is no {names[0]}, and it could not be installed:", *reasons, sep="\n  ")
    sys.exit(SKIPPED)


if __name__ == "__main__":
    print(program_of(sys.argv[1], sys.argv[2:]))
