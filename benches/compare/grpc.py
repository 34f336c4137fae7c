"""As much of gRPC as three calls need, so that the comparison needs no package for it.

One connection, one call at a time. HTTP/2 headers are sent without compression and those that come back are
not read: a call that failed is one without a message.
"""

import socket
import struct

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 1, 1, 4
WINDOW = 2**31 - 1


class Failed(Exception):
    pass


class Connection:
    def __init__(self, host, port):
        self.authority = f"{host}:{port}"
        self.socket = socket.create_connection((host, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb", buffering=1 << 20)
        self.stream = -1
        settings = struct.pack(">HIHIHI", 1, 0, 4, WINDOW, 5, 2**24 - 1)
        self.socket.sendall(
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
            + frame(SETTINGS, 0, 0, settings)
            + frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", WINDOW - 65_535))
        )

    def call(self, method, request):
        """The messages that came back, each as bytes."""
        self.stream += 2
        path = f"/recado.v1.{method}"
        headers = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", self.authority),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        ]
        block = b"".join(b"\0" + hpack(name) + hpack(value) for name, value in headers)
        message = b"\0" + struct.pack(">I", len(request)) + request
        self.socket.sendall(
            frame(HEADERS, END_HEADERS, self.stream, block)
            + frame(DATA, END_STREAM, self.stream, message)
        )
        data = self.receive()
        messages = []
        while data:
            (length,) = struct.unpack(">I", data[1:5])
            messages.append(data[5 : 5 + length])
            data = data[5 + length :]
        if not messages:
            raise Failed(f"{path} was answered without a message")
        return messages

    def receive(self):
        parts = []
        while True:
            length, kind, flags, stream = self.header()
            payload = self.reader.read(length)
            if kind == SETTINGS and not flags & ACK:
                self.socket.sendall(frame(SETTINGS, ACK, 0, b""))
            elif kind == PING and not flags & ACK:
                self.socket.sendall(frame(PING, ACK, 0, payload))
            elif kind == GOAWAY or (kind == RST_STREAM and stream == self.stream):
                raise Failed("the server ended the call")
            elif kind == DATA and stream == self.stream:
                parts.append(payload)
            if kind in (DATA, HEADERS) and stream == self.stream and flags & END_STREAM:
                break
        data = memoryview(b"".join(parts))
        if data:
            self.socket.sendall(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", len(data))))
        return data

    def header(self):
        head = self.reader.read(9)
        if len(head) < 9:
            raise Failed("the server closed the connection")
        high, low, kind, flags, stream = struct.unpack(">BHBBI", head)
        return high << 16 | low, kind, flags, stream

    def close(self):
        # Both hold the socket: a server that stops waits for it.
        self.reader.close()
        self.socket.close()


def frame(kind, flags, stream, payload):
    length = len(payload)
    return struct.pack(">BHBBI", length >> 16, length & 0xFFFF, kind, flags, stream) + payload


def hpack(text):
    """A header's name or value, neither Huffman-coded nor indexed."""
    raw = text.encode()
    if len(raw) < 127:
        return bytes([len(raw)]) + raw
    return b"\x7f" + varint(len(raw) - 127) + raw


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def text_field(number, text):
    raw = text.encode()
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def fields(message):
    """Numbers and values of a protobuf message of varints, texts and messages."""
    at = 0

    def number():
        nonlocal at
        shift = value = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = number()
        if key & 7 == 0:
            yield key >> 3, number()
        elif key & 7 == 2:
            length = number()
            yield key >> 3, message[at : at + length]
            at += length
        else:
            raise Failed(f"a field of wire type {key & 7}")
