"""A client for `jurat rpc`, made of nothing but the standard library."""

import itertools
import json
import socket
import subprocess


class JuratError(Exception):
    """The server has no result; `kind` is what programs should look at."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.code = error["code"]
        self.data = error.get("data") or {}
        self.kind = self.data.get("kind")


class Client:
    """One connection: calls, one after the other."""

    def __init__(self, reader, writer, close):
        self._reader, self._writer, self._close = reader, writer, close
        self._ids = itertools.count(1)

    @classmethod
    def spawn(cls, *command):
        """Starts a server of its own and speaks to it over its standard input and output."""
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

        def close():
            process.stdin.close()
            return process.wait()

        return cls(process.stdout, process.stdin, close)

    @classmethod
    def connect(cls, host, port):
        """Speaks to a server that listens on a port."""
        with socket.create_connection((host, port)) as connection:
            # The connection ends with the two files.
            reader, writer = connection.makefile("rb"), connection.makefile("wb")

        def close():
            writer.close()
            reader.close()

        return cls(reader, writer, close)

    def call(self, method, **params):
        """The result of one method."""
        return self.receive(self.send(method, **params))

    def send(self, method, **params):
        """Sends a request without waiting for its answer. Gives its id."""
        request = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        self.send_text(json.dumps(request))
        return request["id"]

    def send_text(self, line):
        """Sends a request that is text already."""
        self._writer.write(line.encode() + b"\n")
        self._writer.flush()

    def receive(self, request_id=None):
        """The result of the next answer, which must be that to a certain request, if one is named."""
        answer = json.loads(self._reader.readline() or b"null")
        if answer is None:
            raise ConnectionError("the server has closed the connection")
        if request_id is not None and answer["id"] != request_id:
            raise ValueError(f"an answer to {answer['id']!r}, which was not asked")
        if "error" in answer:
            raise JuratError(answer["error"])
        return answer["result"]

    def close(self):
        """Ends the connection; a server that was spawned ends with it, and its exit code is given."""
        return self._close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
