"""relay.py PORT TIMES: passes connections on to PORT of this machine, and alters what goes there: the first byte 0xDA of the
first TIMES pieces that have one (-1: of all). Headers have none.

The port is the first line of the output; it ends at the end of its input.
"""
import os
import socket
import sys
import threading

port, times = int(sys.argv[1]), int(sys.argv[2])


def altered(piece):
    global times
    if times == 0 or b"\xda" not in piece:
        return piece
    times -= 1
    return piece.replace(b"\xda", b"\xdb", 1)


def pump(source, target, change):
    try:
        while piece := source.recv(1 << 16):
            target.sendall(change(piece))
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
while True:
    client = listener.accept()[0]
    server = socket.create_connection(("127.0.0.1", port))
    for source, target, change in ((client, server, altered), (server, client, bytes)):
        threading.Thread(target=pump, args=(source, target, change), daemon=True).start()
