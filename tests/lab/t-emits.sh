#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every property that promises to emit PropertiesChanged is seen to: emits.py.

# shellcheck source=tests/lab/lib.sh
. "$(dirname "$0")/lib.sh"

/usr/bin/python3 -c 'import dbus, gi' 2>/dev/null || skip_all "needs python3-dbus and python3-gi"
mkdir -p /etc/netctld
rm -f /etc/netctld/*
lab_dbus
netctld -v >/tmp/netctld.log 2>&1 &
daemon=$!
at_exit "kill $daemon"
eventually 10 netctl status >/dev/null 2>&1 || cat /tmp/netctld.log
tap_finished=1 # the rest is the program's
/usr/bin/python3 "$LAB_REPO/tests/lab/emits.py" "$LAB_REPO" /usr/share/dbus-1/interfaces
