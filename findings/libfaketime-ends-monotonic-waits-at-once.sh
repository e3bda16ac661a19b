#!/bin/sh
# Under libfaketime a timed wait on a condition with the monotonic clock ends at once, even with
# FAKETIME_DONT_FAKE_MONOTONIC and before any step of the clock. Python's threads wait so for the interpreter lock: while one
# computes, all others turn in circles: a thread beside one that computes got its turn 4 to 18 times in 2 s in place of 250.
# With FAKETIME_FORCE_MONOTONIC_FIX=0 the wait is as long as it should be.
set -eu
. "$(dirname "$0")/lib.sh"

debian_packages bookworm 'libfaketime=0.9.10*'
library=$(echo "$work"/bookworm/usr/lib/*/faketime/libfaketimeMT.so.1)
cat >"$work/wait.py" <<-'TEXT'
	import ctypes, time
	c = ctypes.CDLL(None)
	attributes, condition, mutex = (ctypes.create_string_buffer(64) for _ in range(3))
	c.pthread_condattr_init(attributes)
	c.pthread_condattr_setclock(attributes, time.CLOCK_MONOTONIC)
	c.pthread_cond_init(condition, attributes)
	c.pthread_mutex_init(mutex, None)
	start = time.monotonic()
	until = (ctypes.c_long * 2)(int(start) + 1, int(start % 1 * 1e9))
	c.pthread_mutex_lock(mutex)
	while c.pthread_cond_timedwait(condition, mutex, until) == 0:
	    pass
	print("a second" if time.monotonic() - start >= 0.9 else "nothing")
TEXT
wait_for() { env "$@" python3 "$work/wait.py"; }
expect 'a wait of one second without libfaketime' 'a second' "$(wait_for)"
expect 'the same under libfaketime 0.9.10' nothing "$(wait_for LD_PRELOAD="$library" FAKETIME=+0 FAKETIME_DONT_FAKE_MONOTONIC=1)"
expect 'the same with FAKETIME_FORCE_MONOTONIC_FIX=0' 'a second' \
	"$(wait_for LD_PRELOAD="$library" FAKETIME=+0 FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_FORCE_MONOTONIC_FIX=0)"
