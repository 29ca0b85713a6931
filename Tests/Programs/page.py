"""Opens a page in headless Chromium and waits until it shows what it should. Told by `page.py URL SECONDS EXPRESSION...`:
each expression of JavaScript must come true in that time; the first that does not is told."""

import json
import subprocess
import sys
import tempfile
import time
import urllib.request

import websocket

url, seconds, expressions = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
deadline = time.monotonic() + seconds

with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
    browser = subprocess.Popen(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-port=0",
         "--remote-allow-origins=*", f"--user-data-dir={folder}", "about:blank"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        # It says by itself where it listens.
        line = next((line for line in browser.stderr if "DevTools listening on" in line), None)
        if line is None:
            sys.exit("chromium did not start")
        address = line.split("ws://")[1].split("/")[0]
        pages = json.load(urllib.request.urlopen(f"http://{address}/json", timeout=10))
        socket = websocket.create_connection(
            next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page"), timeout=10)
        number = 0

        def ask(method, **parameters):
            global number
            number += 1
            socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
            while True:
                answer = json.loads(socket.recv())
                if answer.get("id") == number:
                    return answer.get("result", {})

        ask("Page.navigate", url=url)
        for expression in expressions:
            while ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value") is not True:
                if time.monotonic() > deadline:
                    shown = ask("Runtime.evaluate", expression="document.body.innerText", returnByValue=True)
                    sys.exit(f"the page never came to: {expression}\n{shown['result'].get('value')}")
                time.sleep(0.2)
    finally:
        browser.kill()
        browser.wait()
