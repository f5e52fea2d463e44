#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A fault at every request of a change of everything: it is undone, and the kernel
# is exactly as before. faults.py has the rules.

. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC2034 # what it runs prints TAP of its own
tap_finished=1
exec /usr/bin/python3 "$(dirname "$0")/faults.py" errors "$@"
