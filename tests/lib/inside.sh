# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests that run on this machine's kernel: a network namespace of their own,
# the checks, and a daemon. Source it as the first thing, with $here set to the
# test's folder. NETCTL_BUILDDIR says where the programs were built.

# shellcheck disable=SC2154 # here
if [ -z "${NETCTL_INSIDE:-}" ]; then
	[ "$(id -u)" -eq 0 ] || { echo "1..0 # SKIP needs root"; exit 77; }
	exec env NETCTL_INSIDE=1 unshare --net "$0"
fi
# shellcheck source=tests/lib/tap.sh
. "$here/../lib/tap.sh"
set -o pipefail
export NETCTLD_QUIRKS="$here/../../data/quirks"
NETCTLD=${NETCTL_BUILDDIR:?where the programs were built}/netctld
# shellcheck source=tests/lib/daemon.sh
. "$here/../lib/daemon.sh"
