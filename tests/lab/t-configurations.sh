#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Random configurations one after the other, without faults and with one in
# each. configurations.py has the rules. In the suite a few hundred (a third of them
# with faults, which take three times as long); all of them, or only plain ones or ones
# with faults:
#
#     tests/lab/run --stage DIR --timeout 3600 tests/lab/t-configurations.sh -- 1 10000
#     tests/lab/run --stage DIR --timeout 3600 tests/lab/t-configurations.sh -- 1 10000 faults

. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC2034 # what it runs prints TAP of its own
tap_finished=1
status=0
count=${2:-200}
if [ -n "${3:-}" ]; then
	/usr/bin/python3 "$(dirname "$0")/configurations.py" "$1" "$count" "${@:3}" || status=$?
	exit $status
fi
/usr/bin/python3 "$(dirname "$0")/configurations.py" "${1:-1}" "$count" plain || status=$?
/usr/bin/python3 "$(dirname "$0")/configurations.py" "${1:-1}" $((count / 3)) faults || status=$?
exit $status
