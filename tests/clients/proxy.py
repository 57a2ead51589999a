"""Shows that a proxy can stand in front of several servers, and that one of them can go.

    proxy.py DOCUMENT PROGRAM ARGUMENT...

HAProxy runs with the configuration that stands in the document; only its addresses are replaced. The command is `jurat rpc` without a
port; it is started twice. Ends with 77 if there is no HAProxy and none can be installed.
"""

import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections import Counter

from install import program_of

CONNECTIONS = 16
SHORT = 12
LONG = 6
LATE = 3
RECORDS = 3000
AFTERWARDS = 60
PATIENCE = 60
# No two requests have the same, on whatever connection.
IDS = itertools.count(1)
LOAN = {
    "$schema": "https://schemas.example.com/loan/v1.0.0",
    "loan_number": "LN-1",
    "financial": {"principal_amount": 10000000, "currency": "EUR", "interest_rate": 0.05},
    "dates": {"origination_date": "2023-01-15", "maturity_date": "2033-01-15"},
    "status": "active",
}


def configuration(document, addresses):
    """The configuration in the document, with other addresses."""
    with open(document, encoding="utf-8") as file:
        blocks = re.findall(r"^```\w*\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)
    [text] = [block for block in blocks if "\nfrontend " in block]
    for shown, used in addresses.items():
        assert text.count(shown) == 1, f"{shown} does not stand once in the configuration of {document}"
        text = text.replace(shown, used)
    return text


class Server:
    """One `jurat rpc`."""

    def __init__(self, command, log):
        self.log = log
        command = [*command, "--port", "0", "--log-format", "json"]
        environment = {name: value for name, value in os.environ.items() if name != "JURAT_LOG"}
        with open(log, "wb") as out:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=out, env=environment)

    def ask(self):
        """Learns where it is, and what it calls itself."""
        self.address = json.loads(self.process.stdout.readline())["listening"]
        host, port = self.address.rsplit(":", 1)
        connection = Connection((host, int(port)))
        self.name = connection.server()
        connection.close()

    def begun(self):
        """The ids of all requests that it has begun, as it says itself."""
        with open(self.log, encoding="utf-8") as lines:
            return {json.loads(line).get("id") for line in lines}


class Connection:
    """A client; every answer is checked when it comes."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, timeout=PATIENCE)
        self.reader = self.socket.makefile("rb")
        self.expected = {}

    def send(self, method, params, check):
        number = next(IDS)
        self.expected[number] = (method, params, check)
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        self.socket.sendall(json.dumps(request).encode() + b"\n")

    def receive(self):
        """Takes one answer; false if no more come."""
        line = self.reader.readline()
        if not line:
            return False
        assert line.endswith(b"\n"), f"half an answer: {line[:200]}"
        answer = json.loads(line)
        _, _, check = self.expected.pop(answer["id"])
        check(answer)
        return True

    def receive_all(self):
        while self.expected:
            assert self.receive(), f"{len(self.expected)} requests have no answer"

    def server(self):
        """Which server it is: correlation ids begin with a name of its process."""
        found = []

        def check(answer):
            found.append(answer["error"]["data"]["correlation_id"].split("-")[0])

        self.send("no_such_method", {}, check)
        self.receive_all()
        return found[0]

    def short(self, number):
        """Asks for one record, which is unlike all others."""
        balance = 9000000 + number
        loan = {**LOAN, "id": f"L-{number}", "financial": {**LOAN["financial"], "outstanding_balance": balance}}

        def check(answer):
            rule = answer["result"][-1]
            assert (rule["rule_id"], rule["status"]) == ("rule_005_v1", "WARN"), answer
            assert rule["message"].startswith(f"balance is {balance}, "), answer

        self.send("validate", {"entity_type": "loan", "entity_data": loan, "ruleset_name": "quick"}, check)

    def long(self, number):
        """Asks for so many records that it takes a while."""
        loans = [{**LOAN, "id": f"L-{number}-{place}"} for place in range(RECORDS)]

        def check(answer):
            names = [entry["entity_id"] for entry in answer["result"]]
            assert names == [loan["id"] for loan in loans], f"{len(names)} entries for {number}"
            assert all(len(entry["results"]) == 3 for entry in answer["result"]), number

        self.send("batch_validate", {"entities": loans, "id_fields": ["id"], "ruleset_name": "quick"}, check)

    def close(self):
        """Ends its own side, and reads what is still to come."""
        self.socket.shutdown(socket.SHUT_WR)
        self.receive_all()
        assert self.reader.readline() == b"", "an answer that nobody asked for"
        self.socket.close()


def at_once(work, items):
    """Does something for each item, all at the same time. Gives what came of it, in any order."""
    results, failures = [], []

    def caught(item):
        try:
            results.append(work(item))
        except Exception as error:  # It is told below.
            failures.append(error)

    threads = [threading.Thread(target=caught, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results


def run(proxy, one, two):
    """What is tried. Gives what there is to tell."""
    of_server = {}
    for _ in range(CONNECTIONS):
        connection = Connection(proxy)
        of_server[connection] = connection.server()
    connections = list(of_server)
    shares = Counter(of_server.values())
    assert shares == {one.name: CONNECTIONS // 2, two.name: CONNECTIONS // 2}, f"not shared equally: {shares}"

    numbers = itertools.count()
    for connection in connections:
        for _ in range(SHORT):
            connection.short(next(numbers))
    at_once(Connection.receive_all, connections)

    # One of the servers is told to end while it has work to do on all its connections.
    def begin(connection):
        for _ in range(LONG):
            connection.long(next(numbers))

    def to_the_end(connection):
        while connection.receive():
            pass

    def too_late(connection):
        try:
            for _ in range(LATE):
                connection.short(next(numbers))
            to_the_end(connection)
        except ConnectionError:
            pass  # It was sent something when it had closed already.

    def stay(connection):
        connection.receive_all()
        connection.short(next(numbers))
        connection.close()

    at_once(begin, connections)
    leaving = [connection for connection in connections if of_server[connection] == one.name]
    staying = [connection for connection in connections if of_server[connection] == two.name]
    assert leaving[0].receive(), "nothing is answered"
    one.process.send_signal(signal.SIGTERM)
    late, in_time = leaving[::2], leaving[1::2]
    part = {**dict.fromkeys(late, too_late), **dict.fromkeys(in_time, to_the_end), **dict.fromkeys(staying, stay)}
    at_once(lambda connection: part[connection](connection), connections)
    assert one.process.wait(PATIENCE) == 0, f"it ended with {one.process.returncode}"
    begun = one.begun()
    assert len(begun) > SHORT * len(leaving), f"the log has {len(begun)} requests"
    for connection in in_time:
        broken_off = begun.intersection(map(str, connection.expected))
        assert not broken_off, f"requests were begun and not answered: {broken_off}"
    sent = LONG * len(leaving) + LATE * len(late)
    lost = [request for connection in leaving for request in connection.expected.values()]

    # What has no answer is asked again; nobody waits until the proxy has found out.
    for method, params, check in lost:
        again = Connection(proxy)
        again.send(method, params, check)
        again.close()

    def after(number):
        connection = Connection(proxy)
        assert connection.server() == two.name
        connection.short(number)
        connection.receive_all()
        return connection

    # They stay open for a while, so that the proxy would choose the server that has none if it could.
    for connection in at_once(after, [next(numbers) for _ in range(AFTERWARDS)]):
        connection.close()
    return f"{next(IDS) - 1} requests; of {sent} for the server that ended, {len(lost)} had to be asked again"


def main():
    document, *command = sys.argv[1:]
    program = program_of("haproxy", ["haproxy"])
    servers, proxy = [], None
    with tempfile.TemporaryDirectory() as directory, socket.socket() as listener:
        try:
            for log in ["one.log", "two.log"]:
                servers.append(Server(command, os.path.join(directory, log)))
            for server in servers:
                server.ask()
            # The proxy gets a socket that is bound already, so that nobody else can take the port.
            listener.bind(("127.0.0.1", 0))
            addresses = {
                "127.0.0.1:9000": f"fd@{listener.fileno()}",
                "127.0.0.1:9001": servers[0].address,
                "127.0.0.1:9002": servers[1].address,
            }
            file = os.path.join(directory, "haproxy.cfg")
            with open(file, "w", encoding="utf-8") as out:
                out.write(configuration(document, addresses))
            listener.listen(128)
            with open(os.path.join(directory, "proxy.log"), "wb") as log:
                proxy = subprocess.Popen([program, "-db", "-f", file], pass_fds=[listener.fileno()], stderr=log)
            print(run(listener.getsockname(), *servers))
        finally:
            for process in [server.process for server in servers] + ([proxy] if proxy else []):
                process.kill()
                process.wait()


if __name__ == "__main__":
    main()
