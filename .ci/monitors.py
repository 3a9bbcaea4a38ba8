"""Starts a real Prometheus and a real Alertmanager on loopback, runs a command against them, ends them.

    monitors.py FOLDER COMMAND...

The command finds the addresses in CYCLEBOARD_TEST_ALERTMANAGER and CYCLEBOARD_TEST_PROMETHEUS, and a login
that was made up for this run in CYCLEBOARD_TEST_PROMETHEUS_LOGIN.
"""

import base64
import datetime
import json
import os
import pathlib
import secrets
import socket
import subprocess
import sys
import time
import urllib.request

ALERTMANAGER = """
route: {receiver: none, group_wait: 1s, group_interval: 5s}
receivers: [{name: none}]
inhibit_rules:
- source_matchers: ['severity="critical"']
  target_matchers: ['severity="info"']
  equal: [service]
"""

RULES = """
groups:
- name: alerts
  rules:
  - alert: CheckoutFails
    expr: vector(1)
    labels: {severity: critical, service: checkout}
    annotations: {summary: checkout fails}
  - alert: DiskFull
    expr: vector(1)
    labels: {severity: warning, service: checkout}
    annotations: {summary: a disk is full}
  - alert: QueueLong
    expr: vector(1)
    labels: {severity: info, service: checkout}
    annotations: {summary: a queue is long}
  - alert: NotYet
    expr: vector(1)
    for: 1h
    annotations: {summary: not yet}
- name: broken
  rules:
  - alert: Broken
    expr: vector(1) * on() group_left() (vector(1) or label_replace(vector(1), "y", "1", "", ""))
"""

PROMETHEUS = """
global: {{evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting:
  alertmanagers:
  - path_prefix: /am
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(url, body=None, login=None):
    headers = {"content-type": "application/json"}
    if login:
        headers["authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


def wait(what, holds):
    """Waits until a condition holds; says what was seen last where it never does."""
    end, last = time.monotonic() + 60, None
    while time.monotonic() < end:
        try:
            last = holds()
            if last is True:
                return
        except OSError as error:
            last = error
        time.sleep(0.2)
    sys.exit(f"{what} did not come about within a minute: {last}")


def main(folder, command):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    # No proxy stands between us and this machine.
    urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))
    password = secrets.token_hex(16)
    login = f"board:{password}"
    # Python knows no bcrypt any more, and the Perl that every Debian has does.
    salt = "$2b$05$" + secrets.token_hex(11)
    crypted = subprocess.check_output(["perl", "-e", "print crypt($ARGV[0], $ARGV[1])", password, salt], text=True)
    ports = free_port(), free_port()
    am, prom = f"http://127.0.0.1:{ports[0]}/am", f"http://127.0.0.1:{ports[1]}"
    (folder / "alertmanager.yml").write_text(ALERTMANAGER)
    (folder / "rules.yml").write_text(RULES)
    (folder / "prometheus.yml").write_text(PROMETHEUS.format(port=ports[0]))
    (folder / "web.yml").write_text(f"basic_auth_users: {{board: '{crypted}'}}\n")
    servers = [
        ["prometheus-alertmanager", "--config.file=alertmanager.yml", "--storage.path=alertmanager",
         f"--web.listen-address=127.0.0.1:{ports[0]}", f"--web.external-url={am}", "--cluster.listen-address="],
        ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=prometheus", "--web.config.file=web.yml",
         f"--web.listen-address=127.0.0.1:{ports[1]}", "--rules.alert.resend-delay=1s"],
    ]
    running = []
    try:
        for server in servers:
            log = (folder / f"{server[0]}.log").open("w")
            running.append(subprocess.Popen(server, cwd=folder, stdout=log, stderr=log))

        def alerts(**wanted):
            names = ("active", "silenced", "inhibited")
            query = "&".join(f"{name}={'true' if name in wanted else 'false'}" for name in names)
            return sorted(alert["labels"]["alertname"] for alert in ask(f"{am}/api/v2/alerts?{query}"))

        wait("three alerts", lambda: len(ask(f"{am}/api/v2/alerts")) == 3)
        now = datetime.datetime.now(datetime.timezone.utc)
        end = now + datetime.timedelta(hours=1)
        matcher = {"name": "alertname", "value": "DiskFull", "isRegex": False, "isEqual": True}
        ask(f"{am}/api/v2/silences", {"matchers": [matcher], "startsAt": now.isoformat(), "endsAt": end.isoformat(),
                                      "createdBy": "ci", "comment": "on purpose"})
        wait("a silence and an inhibition", lambda: alerts(active=1) == ["CheckoutFails"] or alerts(active=1))

        def ill():
            groups = ask(f"{prom}/api/v1/rules", login=login)["data"]["groups"]
            health = sorted(rule["health"] for group in groups for rule in group["rules"])
            return health == ["err", "ok", "ok", "ok", "ok"] or health

        wait("a rule that fails", ill)
        variables = {"ALERTMANAGER": am, "PROMETHEUS": prom, "PROMETHEUS_LOGIN": login}
        named = {f"CYCLEBOARD_TEST_{name}": value for name, value in variables.items()}
        return subprocess.run(command, env={**os.environ, **named}).returncode
    finally:
        for server in running:
            server.terminate()
        for server in running:
            server.wait(timeout=20)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
