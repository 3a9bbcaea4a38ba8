"""Starts a real Buildbot on loopback with builds that pass, fail, run and wait, runs a command against it, ends it.

    buildbot.py FOLDER COMMAND...

Installs Buildbot from PyPI into FOLDER/venv if it is not there. The command finds the address in
CYCLEBOARD_TEST_BUILDBOT, and the commits that were built in CYCLEBOARD_TEST_BUILDBOT_COMMITS (passed, failed).
"""

import json
import os
import pathlib
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

VERSION = "4.3.0"

MASTER = """
from buildbot.plugins import schedulers, steps, util, worker

c = BuildmasterConfig = dict(
    title='cycleboard', buildbotURL='http://127.0.0.1:{port}/', buildbotNetUsageData=None,
    www=dict(port='tcp:{port}:interface=127.0.0.1', plugins=dict()),
    db_url='sqlite:///state.sqlite', protocols={'null': {}},
    workers=[worker.LocalWorker('fast'), worker.LocalWorker('lone', max_builds=1)])

def sh(name, text, **more):
    return steps.ShellCommand(name=name, command=['sh', '-c', text], logEnviron=False, **more)

COMPILE = 'echo "error[E0308]: mismatched types" >&2; echo " --> src/pay.rs:7:9" >&2; exit 101'
TEST = 'echo "tests/test_pay.py:12: AssertionError"; echo "FAILED tests/test_pay.py::test_retry - assert 1 == 2"; exit 1'

def made(*list):
    return util.BuildFactory(list)

c['schedulers'] = [
    schedulers.ForceScheduler(name='force', builderNames=['compile', 'integration', 'slow', 'again', 'stopped']),
    schedulers.ForceScheduler(name='release', builderNames=['release']),
    schedulers.Triggerable(name='child', builderNames=['child']),
]

def builder(name, worker, *list, **more):
    return util.BuilderConfig(name=name, workernames=[worker], factory=made(*list), **more)

c['builders'] = [
    builder('compile', 'fast', sh('build', 'echo compiling'), tags=['ci'], description='Compile everything'),
    builder('integration', 'fast', sh('compile', COMPILE, haltOnFailure=False),
            sh('lint', 'echo fine'), sh('test', TEST)),
    builder('slow', 'lone', sh('sleep', 'echo begun; sleep 600')),
    builder('again', 'fast', sh('fail', 'exit 3')),
    builder('stopped', 'fast', sh('sleep', 'sleep 600')),
    builder('release', 'fast', steps.Trigger(name='trigger', schedulerNames=['child'], waitForFinish=True),
            sh('publish', 'true', doStepIf=False)),
    builder('child', 'fast', sh('pack', 'true')),
]
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(url, body=None):
    headers = {"content-type": "application/json", "accept": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


def wait(what, running, holds):
    """Waits until a condition holds; says what was seen last where it never does."""
    end, last = time.monotonic() + 90, None
    while time.monotonic() < end:
        if running.poll() is not None:
            sys.exit(f"{what} did not come about: the server ended with {running.returncode}")
        try:
            last = holds()
            if last is True:
                return
        except OSError as error:
            last = error
        time.sleep(0.2)
    sys.exit(f"{what} did not come about within 90 s: {last}")


def install(venv):
    if not (venv / "bin" / "buildbot").exists():
        subprocess.check_call([sys.executable, "-m", "venv", str(venv)])
        packages = [f"{name}=={VERSION}" for name in ("buildbot", "buildbot-worker", "buildbot-www")]
        subprocess.check_call([str(venv / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", *packages])


def main(folder, command):
    folder = pathlib.Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    install(folder / "venv")
    # No proxy stands between us and this machine.
    urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))
    port, buildbot = free_port(), str(folder / "venv" / "bin" / "buildbot")
    master = folder / f"master-{port}"
    subprocess.check_call([buildbot, "create-master", "--quiet", str(master)], stdout=subprocess.DEVNULL)
    (master / "master.cfg").write_text(MASTER.replace("{port}", str(port)))
    log = (folder / "buildbot.log").open("w")
    running = subprocess.Popen([buildbot, "start", "--nodaemon", str(master)], cwd=master, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        api = f"{url}/api/v2"
        wait("an answer", running, lambda: len(ask(f"{api}/builders")["builders"]) == 7)
        names = {builder["name"]: builder["builderid"] for builder in ask(f"{api}/builders")["builders"]}
        passed, failed = secrets.token_hex(20), secrets.token_hex(20)

        def force(builder, **more):
            params = {"builderid": names[builder], "username": "Ada <ada@example.test>", "reason": f"try {builder}", **more}
            scheduler = "release" if builder == "release" else "force"
            call = {"method": "force", "jsonrpc": "2.0", "id": 1, "params": params}
            return ask(f"{api}/forceschedulers/{scheduler}", call)

        forge = {"repository": "https://forge.example.org/acme/api.git", "branch": "main", "project": "acme"}
        force("compile", revision=passed, **forge)
        force("integration", revision=failed, **forge)
        force("again", revision=failed, **forge)
        force("slow", revision=passed, **forge)
        force("slow", revision=failed, **forge)
        force("stopped", reason="to be stopped")
        force("release", revision=passed, **forge)

        def states():
            builds = ask(f"{api}/builds")["builds"]
            over = sorted(build["results"] for build in builds if build["complete"])
            moves = sum(not build["complete"] for build in builds)
            waits = len(ask(f"{api}/buildrequests?claimed=false&complete=false")["buildrequests"])
            return (over, moves, waits) == ([0, 0, 0, 2, 2], 2, 1) or (over, moves, waits)

        wait("builds that passed, failed, run and wait", running, states)
        named = {"CYCLEBOARD_TEST_BUILDBOT": url, "CYCLEBOARD_TEST_BUILDBOT_COMMITS": f"{passed} {failed}"}
        return subprocess.run(command, env={**os.environ, **named}).returncode
    finally:
        running.terminate()
        try:
            running.wait(timeout=20)
        except subprocess.TimeoutExpired:
            running.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
