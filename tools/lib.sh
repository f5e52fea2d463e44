# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What tools/demo and tools/check share: the packages of a Debian 12 machine,
# a build out of the tree, a stage for the lab.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${NETCTL_BUILD:-$top/build}
stage=$build/stage
jobs=$(nproc)

# To build and to run.
packages_build=(gcc make autoconf automake libtool pkg-config libnl-3-dev libsystemd-dev
	libconfig-dev libbpf-dev clang bpftool libjansson-dev uthash-dev libcmocka-dev libc6-dev iproute2 iputils-ping dbus
	systemd jq procps)
# The lab: a kernel to compile.
packages_lab=(linux-source-6.12 perl bison flex bc libelf-dev libssl-dev dwarves cpio kmod xz-utils rsync
	ethtool)
# Only the tests.
packages_check=(man-db groff-base polkitd clang valgrind shellcheck strace python3 python3-dbus python3-gi systemd
	libclang-rt-14-dev)
# The client's tests: what is printed is taken by parsers, shells and ssh that others made.
packages_check+=(python3-jsonschema python3-prometheus-client openssh-server zsh)

say() {
	printf '\n\033[1m== %s\033[0m\n' "$*" >&2
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# need_packages PACKAGE...: install those that are missing.
need_packages() {
	local missing=() p sudo=
	for p; do
		dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	command -v apt-get >/dev/null || die "needs these packages: ${missing[*]}"
	say "installing ${missing[*]}"
	if [ "$(id -u)" -ne 0 ]; then
		sudo=$(command -v sudo) || die "needs root to install: ${missing[*]}"
	fi
	$sudo apt-get update -qq
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
		"${missing[@]}" >/dev/null || die "could not install: ${missing[*]}"
}

# build_tree DIR [CONFIGURE-ARGUMENT...]: configure and build there, quietly unless it fails.
build_tree() {
	local dir=$1 log
	shift
	mkdir -p "$dir"
	log=$dir/build.log
	{
		if [ ! -x "$top/configure" ] || [ "$top/configure.ac" -nt "$top/configure" ] ||
			[ -n "$(find "$top" -name '*.am' -newer "$top/configure" -not -path '*/build*')" ]; then
			(cd "$top" && mkdir -p m4 && autoreconf -fi)
		fi &&
			if [ ! -f "$dir/Makefile" ] || [ "$top/configure" -nt "$dir/Makefile" ]; then
				(cd "$dir" && "$top/configure" --prefix=/usr --sysconfdir=/etc \
					--localstatedir=/var "$@")
			fi &&
			make -C "$dir" -j"$jobs"
	} >"$log" 2>&1 || {
		tail -n 40 "$log" >&2
		die "the build failed; all of it is in $log"
	}
}

# make_stage: what the lab's guest gets over its root.
make_stage() {
	rm -rf "$stage"
	{
		make -C "$build" install DESTDIR="$stage" &&
			make -C "$build" install-tests DESTDIR="$stage"
	} >"$build/install.log" 2>&1 || {
		tail -n 20 "$build/install.log" >&2
		die "the installation failed"
	}
}
