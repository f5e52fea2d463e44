#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Set the number of PLCA nodes of a device, by another hand: ethtool can since 6.2.

    plca.py DEVICE NODES        exit status 0, or the kernel's error
"""
import socket
import struct
import sys


def attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def ask(family, command, flags, attributes):
    """Return: what is behind the header of the kernel's answer."""
    body = struct.pack("=BBH", command, 1, 0) + attributes
    netlink.send(struct.pack("=IHHII", 16 + len(body), family, flags, 1, 0) + body)
    return netlink.recv(65536)[16:]


device, nodes = sys.argv[1], int(sys.argv[2])
netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)  # NETLINK_GENERIC
# CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME: NLM_F_REQUEST. The answer has the name and the number.
found = ask(16, 3, 1, attribute(2, b"ethtool\0"))
number = struct.unpack("=H", found[20:22])[0]
# ETHTOOL_MSG_PLCA_SET_CFG, ETHTOOL_A_PLCA_HEADER with ETHTOOL_A_HEADER_DEV_NAME,
# ETHTOOL_A_PLCA_NODE_CNT: NLM_F_REQUEST | NLM_F_ACK.
name = attribute(2, device.encode() + b"\0")
answer = ask(number, 40, 5, attribute(0x8001, name) + attribute(5, struct.pack("=I", nodes)))
error = struct.unpack("=i", answer[:4])[0]
sys.exit("%s: error %d" % (device, -error) if error else 0)
