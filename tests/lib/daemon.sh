# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A daemon under test: started with a configuration and a state folder of its
# own, without a bus unless told, its log in a file. Source it after tap.sh.

daemon_dir=$(mktemp -d) || exit 99
mkdir "$daemon_dir/etc" "$daemon_dir/state"
daemon_log=$daemon_dir/log
daemon_program=${NETCTLD:-netctld}
daemon_bus=--no-bus
daemon_pid=
daemon_seen=0 # lines of the log that daemon_settled looks behind
daemon_reloads= # it was told to reload

at_exit 'daemon_end'

# daemon_config [FILE]: its configuration, from standard input.
daemon_config() {
	# At once: a daemon that starts meanwhile must not read half of it.
	cat >"$daemon_dir/config.new"
	mv "$daemon_dir/config.new" "$daemon_dir/etc/${1:-10-test.conf}"
}

# daemon_once [OPTION...]: apply and exit; its log is in $daemon_log.
daemon_once() {
	"$daemon_program" --once --config-dir="$daemon_dir/etc" \
		--state-dir="$daemon_dir/state" "$@" >"$daemon_log" 2>&1
}

# daemon_start [OPTION...]: in the background, following the kernel.
daemon_start() {
	: >"$daemon_log"
	daemon_seen=0
	daemon_reloads=
	# shellcheck disable=SC2086 # $daemon_bus may be empty
	"$daemon_program" $daemon_bus --config-dir="$daemon_dir/etc" \
		--state-dir="$daemon_dir/state" "$@" >>"$daemon_log" 2>&1 &
	daemon_pid=$!
}

# daemon_settled: wait until it has nothing under way (at most 10 s), and can be asked; needs -v.
daemon_settled() {
	eventually 10 daemon_is_settled || { cat "$daemon_log"; return 1; }
}

# What it settles after news of the kernel's, between the signal and its look at it, is no end of
# the reload.
daemon_is_settled() {
	tail -n "+$((daemon_seen + 1))" "$daemon_log" | awk -v begun="${daemon_reloads:-1}" '
		/^SIGHUP: the configuration is read again/ { begun = 1; settled = 0 }
		/^settled/ && begun == 1 { settled = 1 }
		END { exit !settled }' && daemon_is_there
}

# daemon_is_there: whoever is to ask it finds it (bus.sh).
daemon_is_there() {
	:
}

# daemon_says PATTERN: it has logged such a line since it was started or told to reload.
daemon_says() {
	# Not -q: tail would be killed by SIGPIPE, which pipefail takes for a failure.
	tail -n "+$((daemon_seen + 1))" "$daemon_log" | grep "$1" >/dev/null
}

# daemon_reload: tell it to read its configuration again.
daemon_reload() {
	daemon_seen=$(wc -l <"$daemon_log")
	daemon_reloads=yes
	kill -HUP "$daemon_pid"
}

# daemon_stop, daemon_kill: SIGTERM; SIGKILL and wait.
daemon_stop() {
	kill -TERM "$daemon_pid"
}
daemon_kill() {
	kill -KILL "$daemon_pid"
	wait "$daemon_pid" 2>/dev/null
	daemon_pid=
}

# daemon_stopped: it has ended with status 0.
daemon_stopped() {
	wait "$daemon_pid"
	daemon_status=$?
	daemon_pid=
	return $daemon_status
}

# daemon_requests: how many changes it has asked of the kernel, by its own account (-v).
daemon_requests() {
	sed -n 's/^settled; asked of the kernel so far: \([0-9]*\) changes.*/\1/p' "$daemon_log" |
		tail -n 1
}

daemon_end() {
	[ -z "$daemon_pid" ] || kill -KILL "$daemon_pid" 2>/dev/null
	rm -rf "$daemon_dir"
}
