"""A relay that delays uploads: `python -m demo.distance PORT S3_PORT BUCKET SECONDS`.

The demo's S3 is on the same machine, and stores a file sooner than anybody can see. This relay
between the loop and S3 delays each upload to a bucket, as a distant S3 would.
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
        with suppress(OSError):  # S3 is away: the client sees a closed connection
            s3_reader, s3_writer = await asyncio.open_connection(HOST, s3_port)
            to_s3 = pass_on(reader, s3_writer, {upload: seconds})
            await asyncio.gather(to_s3, pass_on(s3_reader, writer, {}))
        writer.close()

    server = await asyncio.start_server(relay, HOST, port)
    await server.serve_forever()


async def pass_on(reader: StreamReader, writer: StreamWriter, delays: dict[bytes, float]) -> None:
    """Pass bytes on, unchanged. `delays`: how a chunk begins -> seconds to wait before it."""
    try:
        while data := await reader.read(CHUNK):
            for start, seconds in delays.items():
                await asyncio.sleep(seconds if data.startswith(start) else 0)
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], float(sys.argv[4])))
