# SPDX-License-Identifier: MIT
# Prints xxh3.tsv, see README.md.
import random
import uuid

import xxhash

random.seed(7)


def put(salt, data):
    seed = xxhash.xxh3_64_intdigest(salt.encode()) if salt else 0
    h = xxhash.xxh3_64_intdigest(data, seed=seed)
    place = (h >> 32) * 1000000 >> 32
    print(salt or "-", data.hex() or "-", "%016x" % h, place, sep="\t")


texts = ["", "a", "user-17", "01890a5d-ac96-774b-bcce-b302099a8057",
         "Zürich", "中文用户", "\U0001f600", "x" * 200, "x" * 300]
for salt in ["", "2026-11", "Zürich"]:
    for text in texts:
        put(salt, text.encode())
    for _ in range(40):
        u = uuid.UUID(int=random.getrandbits(128))
        put(salt, str(u).encode())
        put(salt, u.bytes)
    for n in range(0, 300, 7):
        put(salt, bytes(random.getrandbits(8) for _ in range(n)))
