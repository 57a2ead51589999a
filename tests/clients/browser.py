"""Opens the page of the HTTP API in a browser, and sends a request from it.

    browser.py ORIGIN

Chromium is driven over a pipe with the DevTools protocol. Ends with 77 if there is no Chromium and none can be installed.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading

from install import program_of

PATIENCE = 60
PHONE = 390
DESK = 1280


class Browser:
    """A browser with one page."""

    def __init__(self, program, directory):
        theirs, ours = os.pipe()
        out, into = os.pipe()
        arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe"]
        # It reads messages from 3 and writes them to 4.
        script = f'exec "$@" 3<&{theirs} 4>&{into}'
        self.process = subprocess.Popen(
            ["sh", "-c", script, "sh", program, *arguments, f"--user-data-dir={directory}", "about:blank"],
            pass_fds=[theirs, into],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs)
        os.close(into)
        # A browser that says nothing any more is ended, and then so is what waits for it.
        self.timer = threading.Timer(PATIENCE, self.process.kill)
        self.timer.start()
        self.to, self.of = os.fdopen(ours, "wb"), os.fdopen(out, "rb")
        self.number, self.session, self.events = 0, None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Network"]:
            self.call(f"{domain}.enable")

    def close(self):
        self.timer.cancel()
        self.process.kill()
        self.process.wait()

    def message(self):
        text = bytearray()
        while (byte := self.of.read(1)) != b"\0":
            assert byte, "the browser has ended"
            text += byte
        return json.loads(text)

    def call(self, method, **parameters):
        self.number += 1
        call = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            call["sessionId"] = self.session
        self.to.write(json.dumps(call).encode() + b"\0")
        self.to.flush()
        while (message := self.message()).get("id") != self.number:
            self.events.append(message)
        assert "error" not in message, (method, message["error"])
        return message["result"]

    def evaluate(self, expression):
        done = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, (expression, done["exceptionDetails"])
        return done["result"].get("value")

    def wait(self, selector):
        """Waits until the page has something, and gives its text."""
        return self.evaluate(
            f"""new Promise(done => {{
                const look = () => {{
                    const found = document.querySelector({json.dumps(selector)});
                    if (!found) return false;
                    done(found.textContent);
                    return true;
                }};
                if (!look()) new MutationObserver((_, it) => look() && it.disconnect())
                    .observe(document, {{childList: true, subtree: true}});
            }})"""
        )

    def click(self, selector):
        self.wait(selector)
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def resize(self, width):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)


def check(browser, origin):
    browser.resize(PHONE)
    browser.call("Page.navigate", url=origin + "/docs")
    browser.wait(".opblock")
    wide = browser.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE, f"the page is {wide} pixels wide on a phone"

    browser.resize(DESK)
    operation = "#operations-rules-discover_rulesets"
    for part in [".opblock-summary-control", ".try-out__btn", ".execute"]:
        browser.click(f"{operation} {part}")
    status = browser.wait(f"{operation} .live-responses-table tbody .response-col_status")
    assert status.strip().startswith("200"), f"the request was answered with {status}"

    bad, requests = [], []
    for event in browser.events:
        match event:
            case {"method": "Runtime.exceptionThrown", "params": {"exceptionDetails": details}}:
                bad.append(details)
            case {"method": "Runtime.consoleAPICalled", "params": {"type": "error" | "warning", "args": arguments}}:
                bad.append(arguments)
            case {"method": "Log.entryAdded", "params": {"entry": {"level": "error" | "warning"} as entry}}:
                bad.append(entry)
            case {"method": "Network.requestWillBeSent", "params": {"request": {"url": url}}}:
                requests.append(url)
    assert not bad, bad
    foreign = [url for url in requests if not url.startswith((origin + "/", "data:"))]
    assert not foreign, foreign
    print(f"{len(requests)} requests, none to elsewhere, and no complaint")


def main():
    [origin] = sys.argv[1:]
    program = program_of("chromium", ["chromium", "chromium-browser", "google-chrome"])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        browser = Browser(program, directory)
        try:
            check(browser, origin)
        finally:
            browser.close()


if __name__ == "__main__":
    main()
