# SPDX-License-Identifier: MIT
# fakes.mk - stand-ins for foreign libraries: tests/fakes/NAME.c becomes
# build/tests/NAME.so, where tests find it.

FAKES := $(patsubst tests/fakes/%.c,$(BUILD)/tests/%.so,\
	$(wildcard tests/fakes/*.c))

unit: $(FAKES)

$(BUILD)/tests/%.so: $(BUILD)/obj/tests/fakes/%.o
	@mkdir -p $(@D)
	$(CC) $(LINK) -shared $< -o $@

$(BUILD)/obj/tests/fakes/%.o: tests/fakes/%.c
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -fvisibility=default -MMD -MP -c $< -o $@

$(addprefix $(BUILD)/tests/,sides copies rescue rescue_unsent retire \
	retire_instances edges fields bare breaks overtaken settle settle_send): | \
	$(BUILD)/tests/loop.so $(BUILD)/tests/loop_bare.so
