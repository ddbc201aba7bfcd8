# SPDX-License-Identifier: MIT
# bench.mk - the benchmark; for `include` by the Makefile.
#
#     make bench BENCH='redis kafka'      some parts only

BENCH_SRC := $(wildcard tests/bench/*.c)

$(BUILD)/bench/bench: $(BENCH_SRC:%.c=$(BUILD)/obj/%.o) $(A)
	@mkdir -p $(@D)
	$(CC) $(LINK) $^ $(LIBS) -lhiredis -lrdkafka -lzookeeper_mt -lm -o $@

bench: lib $(BUILD)/bench/bench ## measure the guard beside bare stores (3 min)
	@BUILD='$(abspath $(BUILD))' \
	    tests/bench/with_servers $(abspath $(BUILD))/bench/bench $(BENCH)

.PHONY: bench
