# SPDX-License-Identifier: MIT
"""proxy.py - a connection that can be cut and slowed: TCP, on loopback.

Bytes go through whole and in order, or the connection ends: what a network
does.  Runs an event loop in a thread of its own.
"""

import asyncio
import threading


class Proxy:
    def __init__(self, port, target):
        self.port, self.target = port, target
        self.delay_s = 0.0
        self.closed = False    # new connections are refused
        self.ended = 0         # connections cut or refused
        self.slowed = 0        # pieces that had to wait
        self._open = set()
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,),
                                        daemon=True)
        self._thread.start()
        ready.wait()

    def _run(self, ready):
        async def run():
            self._end = asyncio.Event()
            try:
                server = await asyncio.start_server(
                    self._serve, "127.0.0.1", self.port)
            finally:
                ready.set()
            await self._end.wait()
            server.close()
            self._abort_all()
            rest = asyncio.all_tasks() - {asyncio.current_task()}
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)

        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(run())

    async def _serve(self, reader, writer):
        if self.closed:
            self.ended += 1
            writer.transport.abort()
            return
        try:
            far = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        pair = (writer, far[1])
        self._open.add(pair)
        try:
            await asyncio.gather(self._pump(reader, far[1]),
                                 self._pump(far[0], writer))
        except asyncio.CancelledError:
            pass               # at the end
        self._open.discard(pair)

    async def _pump(self, reader, writer):
        try:
            while True:
                data = await reader.read(65536)
                if not data:
                    break
                if self.delay_s:
                    self.slowed += 1
                    await asyncio.sleep(self.delay_s)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()

    def _abort_all(self):
        for pair in list(self._open):
            self.ended += 1
            for writer in pair:
                writer.transport.abort()

    def cut(self):
        self.closed = True
        self._loop.call_soon_threadsafe(self._abort_all)

    def slow(self, seconds):
        self.delay_s = seconds

    def close(self):
        """The port is free then, for the next one."""
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(5)

    def mend(self):
        self.closed, self.delay_s = False, 0.0
