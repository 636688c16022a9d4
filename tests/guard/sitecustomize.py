"""Python imports this first if its folder is on PYTHONPATH: a process that may speak to this machine alone.

An audit hook cannot be taken off again and sees every call of the socket module, also those of libraries. What is
refused is written to $SOCKET_GUARD as well, in case somebody catches the error.
"""

import ipaddress
import os
import sys

NAMES = {"localhost", "", None, b"localhost"}


def _local(host):
    if host in NAMES:
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host).is_loopback
    except ValueError:
        return False


def _guard(event, arguments):
    if not event.startswith("socket."):
        return
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind"):
        address = arguments[1]
        allowed = address is None or not isinstance(address, tuple) or _local(address[0])  # no tuple: a unix socket
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        allowed = _local(arguments[0])
    elif event == "socket.getnameinfo":
        allowed = _local(arguments[0][0])
    else:
        return
    if not allowed:
        with open(os.environ["SOCKET_GUARD"], "a", encoding="utf-8") as file:
            file.write(f"{event} {arguments[-1] if event == 'socket.connect' else arguments[:1]}\n")
        raise PermissionError(f"guarded: {event}")


sys.addaudithook(_guard)
