#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The daemon killed at every request of a change of everything, and around each
# renaming of a state file: its next start makes the kernel as before, or ends
# the change, whichever is configured. faults.py has the rules.

. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC2034 # what it runs prints TAP of its own
tap_finished=1
exec /usr/bin/python3 "$(dirname "$0")/faults.py" kills "$@"
