#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What random configurations have found of changes that are undone: undone.py.

. "$(dirname "$0")/lib.sh"
# shellcheck disable=SC2034 # what it runs prints TAP of its own
tap_finished=1
exec /usr/bin/python3 "$(dirname "$0")/undone.py" "$@"
