#!/bin/sh
# `group_wait` is the wait of a group, not of an alert. A group lives through the end of its alert until its first flush, so an
# alert that begins again has what is left of the first wait. And after the group has gone, the resolved alert, which Prometheus
# sends once a minute for 15 minutes, makes the group anew, flushed at once: in 0.25 what begins then waits for `group_interval`
# instead; 0.33 is right here.
set -eu
. "$(dirname "$0")/lib.sh"

debian_packages bookworm 'prometheus-alertmanager=0.25.*'
debian_packages forky 'prometheus-alertmanager=0.3*'

cat >"$work/try.py" <<'TEXT'
"""Prints whole seconds from the begin of an alert to its notification. Arguments: port of Alertmanager, port to listen on."""

import datetime, http.server, json, sys, threading, time, urllib.request

api, told = f"http://127.0.0.1:{sys.argv[1]}", []


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        told.extend((a["labels"]["alertname"], a["status"], time.time()) for a in body["alerts"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


threading.Thread(
    target=http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), Receiver).serve_forever, daemon=True
).start()


def send(name, begin, end=None):
    def iso(at):
        return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).isoformat()

    alert = {"labels": {"alertname": name}, "startsAt": iso(begin)} | ({"endsAt": iso(end)} if end else {})
    request = urllib.request.Request(
        f"{api}/api/v2/alerts", json.dumps([alert]).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=5)


def until(found):
    deadline = time.time() + 90
    while not found():
        assert time.time() < deadline, "not within 90 s"
        time.sleep(0.05)



def metric():
    text = urllib.request.urlopen(f"{api}/metrics", timeout=5).read().decode()
    line = next(line for line in text.splitlines() if line.startswith("alertmanager_dispatcher_aggregation_groups "))
    return float(line.split()[1])


def notified(name, status, since):
    until(lambda: any(n == name and s == status and at > since for n, s, at in told))
    return next(at for n, s, at in told if n == name and s == status and at > since)


# Over two seconds after its begin, and begun again five seconds later: group_wait is 10 s.
first = time.time()
send("again", first)
time.sleep(2)
send("again", first, time.time())
time.sleep(5)
second = time.time()
send("again", second)
print("again", round(notified("again", "firing", second) - second))

# Told, over, told as over, its group gone: then the end is sent once more, as Prometheus does.
first = time.time() - 60
send("resent", first)
notified("resent", "firing", first)
end = time.time()
send("again", second, end)
send("resent", first, end)
notified("resent", "resolved", end)
until(lambda: metric() == 0)
send("resent", first, end)
until(lambda: metric() == 1)
print("groups", int(metric()))
third = time.time()
send("resent", third)
print("resent", round(notified("resent", "firing", third) - third))
TEXT

# $1: suite. Sets $seen to what the program above prints.
try() {
	port=$(free_port)
	receiver=$(free_port)
	cat >"$work/$1.yml" <<-TEXT
		route: {receiver: told, group_by: ['...'], group_wait: 10s, group_interval: 2s, repeat_interval: 1h}
		receivers: [{name: told, webhook_configs: [{url: "http://127.0.0.1:$receiver/", send_resolved: true}]}]
	TEXT
	run "$1" "$work/$1/usr/bin/prometheus-alertmanager" --config.file="$work/$1.yml" --storage.path="$work/$1/data" \
		--web.listen-address="127.0.0.1:$port" --cluster.listen-address=
	await "Alertmanager of $1" python3 -c "import urllib.request as u; u.urlopen('http://127.0.0.1:$port/-/ready')"
	seen=$(python3 "$work/try.py" "$port" "$receiver" | tr '\n' ' ')
	say "$1: $seen"
}

# $1: name of a line. Prints its number.
number() { echo "$seen" | sed "s/.*$1 \([0-9]*\).*/\1/"; }

for suite in bookworm forky; do
	case $suite in bookworm) waits=2 ;; *) waits=10 ;; esac
	try $suite
	expect "$suite: group_wait is 10 s; an alert that began again after 7 s is told after" 3 "$(number again)"
	expect "$suite: groups made by an alert that was told as resolved and is sent once more" 1 "$(number groups)"
	expect "$suite: what begins then is told after" $waits "$(number resent)"
done
