"""Shows that load balancers can stand in front of several servers of the HTTP API, and that a server can be stopped without losing a request.

    balance.py DOCUMENT PROGRAM ARGUMENT...

nginx and HAProxy run with the configurations that stand in the document; only their addresses are replaced. The command is `jurat serve`
without a port; it is started twice for each. Ends with 77 if one of them is not there and cannot be installed.
"""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from install import program_of

CLIENTS = 8
PATIENCE = 60
# The server that stops does so after this many requests, and the other one answers as many after it has ended.
PART = 400
# Of a stream: far more than fits the buffers between a client and a server.
RECORDS = 20_000
RECORD = {"id": "LOAN-1", "financial": {"principal_amount": 10000000}}
CALL = json.dumps({"entity_type": "loan", "ruleset_name": "quick", "entity_data": RECORD})


class Server:
    """One `jurat serve`."""

    def __init__(self, command, log):
        with open(log, "wb") as out:
            self.process = subprocess.Popen(
                [*command, "--port", "0", "--set", "api.drain_delay_ms=1000"], stdout=subprocess.PIPE, stderr=out
            )
        self.address = json.loads(self.process.stdout.readline())["listening"]


def configuration(document, language, addresses):
    """A configuration in the document, with other addresses."""
    with open(document, encoding="utf-8") as file:
        [text] = re.findall(rf"^```{language}\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)
    for shown, used in addresses.items():
        assert text.count(shown) == 1, f"{shown} does not stand once in the configuration of {language}"
        text = text.replace(shown, used)
    return text


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def nginx(text, directory):
    """The command that runs nginx with the inside of its `http` section."""
    file = os.path.join(directory, "nginx.conf")
    paths = "".join(
        f"{name}_temp_path {directory}/{name};\n" for name in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    )
    with open(file, "w", encoding="utf-8") as out:
        out.write(
            f"daemon off; master_process off; pid {directory}/nginx.pid; error_log {directory}/nginx.log;\n"
            f"events {{}}\nhttp {{\naccess_log off;\n{paths}{text}}}\n"
        )
    return ["-c", file, "-e", os.path.join(directory, "nginx.log")]


def haproxy(text, directory):
    file = os.path.join(directory, "haproxy.cfg")
    with open(file, "w", encoding="utf-8") as out:
        out.write(text)
    return ["-db", "-f", file]


def answers(port):
    """Whether the load balancer passes requests on."""
    try:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        client.request("GET", "/ready")
        return client.getresponse().status == 200
    except OSError:
        return False


def load(port, one):
    """Sends requests from all clients; one server is told to stop in the middle."""
    lock, count, ended, failures = threading.Lock(), 0, None, []

    def client():
        nonlocal count, ended
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        while True:
            with lock:
                count += 1
                if count == PART:
                    one.process.send_signal(signal.SIGTERM)
                if ended is None and one.process.poll() is not None:
                    ended = count
                if failures or ended is not None and count >= max(ended, PART) + PART:
                    return
            try:
                connection.request("POST", "/api/v1/validate", CALL, {"Content-Type": "application/json"})
                response = connection.getresponse()
                body = response.read()
                if response.status != 200:
                    failures.append((response.status, body[:300]))
            except (OSError, http.client.HTTPException) as error:
                failures.append(repr(error))

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    assert one.process.returncode == 0, one.process.returncode
    return count


def stream(port):
    """Sends a stream of records while its results are read. Gives the status and the lines."""
    path = "/api/v1/batch?ruleset_name=quick&id_fields=id&entity_types=loan"
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    client.putrequest("POST", path)
    client.putheader("Content-Type", "application/x-ndjson")
    client.putheader("Transfer-Encoding", "chunked")
    client.endheaders()

    def send():
        try:
            for begin in range(0, RECORDS, 100):
                lines = [json.dumps({**RECORD, "id": f"L-{begin + number}"}) + "\n" for number in range(100)]
                text = "".join(lines).encode()
                client.send(b"%x\r\n%s\r\n" % (len(text), text))
            client.send(b"0\r\n\r\n")
        except OSError:
            # The response says why.
            pass

    sender = threading.Thread(target=send)
    sender.start()
    response = client.getresponse()
    lines = response.read().splitlines()
    client.close()
    sender.join()
    return response.status, [json.loads(line) for line in lines]


def check_stream(language, port):
    status, lines = stream(port)
    if language == "nginx":
        assert (status, lines[0]["code"]) == (415, "unsupported_media_type"), (status, lines)
        return
    assert status == 200, (status, lines)
    *records, last = lines
    assert [record["entity_id"] for record in records] == [f"L-{number}" for number in range(RECORDS)]
    assert last["summary"]["records"] == RECORDS, last


def run(language, program, arguments, document, command):
    with tempfile.TemporaryDirectory() as directory:
        servers, proxy, port = [], None, free_port()
        try:
            servers = [Server(command, os.path.join(directory, log)) for log in ["one.log", "two.log"]]
            addresses = {
                "127.0.0.1:9000": f"127.0.0.1:{port}",
                "127.0.0.1:9001": servers[0].address,
                "127.0.0.1:9002": servers[1].address,
            }
            text = configuration(document, language, addresses)
            with open(os.path.join(directory, "proxy.log"), "wb") as log:
                proxy = subprocess.Popen([program, *arguments(text, directory)], stdout=log, stderr=log)
            deadline = time.monotonic() + PATIENCE
            while not answers(port):
                assert proxy.poll() is None and time.monotonic() < deadline, f"{language} does not answer"
                time.sleep(0.05)
            check_stream(language, port)
            print(f"{language}: {load(port, servers[0])} requests, and all were answered")
        finally:
            for process in [server.process for server in servers] + ([proxy] if proxy else []):
                process.kill()
                process.wait()


def main():
    document, *command = sys.argv[1:]
    programs = [program_of("nginx-light", ["nginx"]), program_of("haproxy", ["haproxy"])]
    for language, program, arguments in zip(["nginx", "haproxy"], programs, [nginx, haproxy]):
        run(language, program, arguments, document, command)


if __name__ == "__main__":
    main()
