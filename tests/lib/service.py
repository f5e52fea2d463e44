#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A service manager for tests: starts a program, keeps the file descriptors that it hands over
(FDSTORE of sd_notify(3)), and gives them to the next one, which it starts when one has ended.

service.py FOLDER: FOLDER/command has the program and its arguments, a line each, and is read at
each start; FOLDER/pid has the process, FOLDER/store the names of what is kept. FOLDER/log is what
it prints, behind a line "started" for each. SIGTERM ends it.
"""
import array
import os
import select
import signal
import socket
import sys

folder = sys.argv[1]
store = []  # (name, fd)
child = 0
ending = False


def note(name, text):
    with open(f"{folder}/{name}.new", "w") as f:
        f.write(text)
    os.rename(f"{folder}/{name}.new", f"{folder}/{name}")


def start():
    global child
    command = open(f"{folder}/command").read().splitlines()
    child = os.fork()
    if child:
        return
    note("pid", f"{os.getpid()}\n")  # before it can be seen to run
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # The numbers from 3 on may be those of what is to be handed over: out of the way first.
    high = [os.dup(fd) for _, fd in store] if store else []
    base = max(high + [notify.fileno(), 100]) + 1
    high = [os.dup2(fd, base + n) for n, fd in enumerate(high)]
    for n, fd in enumerate(high):
        os.dup2(fd, 3 + n, inheritable=True)
    os.environ["NOTIFY_SOCKET"] = address
    if store:
        os.environ["LISTEN_FDS"] = str(len(store))
        os.environ["LISTEN_FDNAMES"] = ":".join(name for name, _ in store)
        os.environ["LISTEN_PID"] = str(os.getpid())
    log = os.open(f"{folder}/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(log, b"started\n")
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.closerange(3 + len(store), 4096)
    os.execv(command[0], command)


def receive():
    data, ancillary, _, _ = notify.recvmsg(4096, socket.CMSG_SPACE(64 * 4))
    fds = array.array("i")
    for level, kind, what in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(what[: len(what) - len(what) % fds.itemsize])
    words = dict(line.split("=", 1) for line in data.decode().splitlines() if "=" in line)
    name = words.get("FDNAME", "stored")
    if words.get("FDSTORE") == "1":
        store.extend((name, fd) for fd in fds)
    else:
        for fd in fds:
            os.close(fd)
    if words.get("FDSTOREREMOVE") == "1":
        for entry in [e for e in store if e[0] == name]:
            os.close(entry[1])
            store.remove(entry)
    note("store", "".join(f"{n}\n" for n, _ in store))


def on_end(_number, _frame):
    global ending
    ending = True
    os.kill(child, signal.SIGTERM)


address = f"{folder}/notify"
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
notify.bind(address)
reader, writer = os.pipe()
os.set_blocking(writer, False)
signal.signal(signal.SIGTERM, on_end)
signal.signal(signal.SIGCHLD, lambda *_: None)
signal.set_wakeup_fd(writer)
start()
while True:
    ready, _, _ = select.select([notify, reader], [], [])
    if notify in ready:
        receive()
        continue  # all that was said before the end counts
    os.read(reader, 64)
    try:
        pid, _ = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        pid = child
    if pid != child:
        continue
    if ending:
        break
    start()
