# SPDX-License-Identifier: MIT
# model.mk - the model checker of lib/record.c; for `include` by the Makefile.

MODEL_SRC := $(wildcard tests/model/*.c)

$(BUILD)/tests/model_check: $(MODEL_SRC:%.c=$(BUILD)/obj/%.o) \
		$(BUILD)/obj/lib/record.o
	@mkdir -p $(@D)
	$(CC) $(LINK) $^ -o $@

model: $(BUILD)/tests/model_check ## walk every state of lib/record.c (10 s)
	$<

mutants: ## break each rule of lib/record.c: the model must notice (20 s)
	CC='$(CC)' tests/model/mutants.sh

promela: ## the rules in Promela, walked by spin; ATTEMPTS=3 (10 s)
	@scripts/setup check
	ATTEMPTS=$(ATTEMPTS) tests/promela.sh

.PHONY: model mutants promela
