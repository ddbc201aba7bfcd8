#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The simulator, for two minutes (the rarest of what it counts happens about once
# in 700 histories): other histories each day, the same within one,
# so that a failure can be looked at.  `make sim SEED=...` replays one.
set -eu
cd "$(dirname "$0")/.."
exec "${BUILD:-build}/tests/simulator" 120 "$(date +%Y%m%d)00000"
