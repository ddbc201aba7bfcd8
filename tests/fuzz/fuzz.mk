# SPDX-License-Identifier: MIT
# fuzz.mk - fuzzing of all that reads what others wrote; for `include` by the
# Makefile.
#
#     make fuzz SECONDS=60         all targets, so long each, one by one
#     make fuzz FUZZ=redis         one of them
#
# What is found lies in build/fuzz/found and is kept from one run to the next.
# tests/fuzz.sh replays the corpus, without libFuzzer, in `make check`.

FUZZ_ALL := $(filter-out replay,$(patsubst tests/fuzz/%.c,%,\
	$(wildcard tests/fuzz/*.c)))
FUZZ    ?= $(FUZZ_ALL)
# Set by `make fuzz`: libFuzzer instead of replay.c.
ENGINE  ?=
FUZZ_MAIN := $(if $(ENGINE),,$(BUILD)/obj/tests/fuzz/replay.o)

# What a target needs besides the library: objects, and words for the linker.
fuzz_objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(FUZZ_SRC_$(1)))
FUZZ_SRC_kafka := adapters/kafka/settings.c
FUZZ_LIB_kafka := -lrdkafka
FUZZ_SRC_rocketmq := $(addprefix adapters/rocketmq/,settings.c message.c \
	remoting.c json.c)
FUZZ_SRC_zookeeper := $(filter-out %/batch.c %/session.c,\
	$(wildcard plugins/zookeeper/*.c))
FUZZ_LIB_zookeeper := $(shell cat plugins/zookeeper/libs)
FUZZ_LIB_redis := -Wl,--wrap=mqm__dial,--wrap=send,--wrap=recv

.SECONDEXPANSION:
$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $$(call fuzz_objects,$$*) \
		$(FUZZ_MAIN) $(A)
	@mkdir -p $(@D)
	$(CC) $(LINK) $(ENGINE) $^ $(LIBS) $(FUZZ_LIB_$*) -o $@

fuzz-replay: $(FUZZ_ALL:%=$(BUILD)/fuzz/%)
fuzz-names:
	@echo $(FUZZ_ALL)

fuzz: SECONDS ?= 60
fuzz: ## fuzz what reads foreign bytes: SECONDS=60 each, or FUZZ=name
	@scripts/setup fuzz
	@$(MAKE) -s BUILD='$(BUILD)/fuzzing' CC=clang OPT='-O1 -g' \
	    SAN=address,undefined,fuzzer-no-link ENGINE=-fsanitize=fuzzer \
	    fuzz-replay
	@BUILD='$(BUILD)' tests/fuzz/run $(SECONDS) $(FUZZ)

.PHONY: fuzz fuzz-replay fuzz-names
