# SPDX-License-Identifier: MIT
# fault.mk - plugins for tests: the fault store, and files that are none.

FAULT := $(BUILD)/tests/mqm_fault.so
BAD   := $(patsubst %,$(BUILD)/tests/mqm_%.so,bad_size bad_symbol bad_kind \
	bad_store)

$(FAULT): $(BUILD)/obj/tests/fakes/fault_store.o
	@mkdir -p $(@D)
	$(CC) $(LINK) -shared -Wl,-soname,$(@F) $< -o $@

$(BAD): $(BUILD)/tests/mqm_%.so: $(BUILD)/obj/tests/fakes/%.o
	@mkdir -p $(@D)
	$(CC) $(LINK) -shared -Wl,-soname,$(@F) $< -o $@

$(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/guard*.c \
	tests/unit/threads.c tests/unit/retire*.c tests/unit/breaks.c \
	tests/unit/overtaken.c)): | $(FAULT)
# The store that is written outside of the tree; its own Makefile builds it in
# tests/install.sh.
$(BUILD)/tests/mqm_dir.so: $(patsubst %.c,$(BUILD)/obj/%.o,\
	$(wildcard examples/store_dir/*.c))
	@mkdir -p $(@D)
	$(CC) $(LINK) -shared -Wl,-soname,$(@F) $^ -o $@

$(BUILD)/tests/contract_dir: | $(BUILD)/tests/mqm_dir.so
$(BUILD)/tests/plugins: | $(FAULT) $(BAD)
