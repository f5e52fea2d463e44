#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An interface goes, is renamed or replaced between planning and sending: no
# other device is touched. identity.py has the rules.

. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC2034 # what it runs prints TAP of its own
tap_finished=1
exec /usr/bin/python3 "$(dirname "$0")/identity.py"
