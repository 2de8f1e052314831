"""Puts S3 at a distance: `python -m demo.distance PORT S3_PORT BUCKET SECONDS`.

The demo's S3 is on the same machine, and a file is there sooner than anybody sees. Between it
and the loop stands this relay, which holds each upload to a bucket back, as a far S3 would.
"""

import asyncio
import sys
from asyncio import StreamReader, StreamWriter
from contextlib import suppress

from demo.servers import HOST

CHUNK = 64 * 1024


async def serve(port: int, s3_port: int, bucket: str, seconds: float) -> None:
    """Relay connections until the process ends."""
    upload = f"PUT /{bucket}/".encode()

    async def relay(reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError):  # S3 is away, as it is for who asks
            s3_reader, s3_writer = await asyncio.open_connection(HOST, s3_port)
            there = pass_on(reader, s3_writer, {upload: seconds})
            await asyncio.gather(there, pass_on(s3_reader, writer, {}))
        writer.close()

    server = await asyncio.start_server(relay, HOST, port)
    await server.serve_forever()


async def pass_on(reader: StreamReader, writer: StreamWriter, waits: dict[bytes, float]) -> None:
    """Pass on what comes, unchanged; before what begins as `waits` says, wait so many seconds."""
    try:
        while data := await reader.read(CHUNK):
            for start, seconds in waits.items():
                await asyncio.sleep(seconds if data.startswith(start) else 0)
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], float(sys.argv[4])))
