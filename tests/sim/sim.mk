# SPDX-License-Identifier: MIT
# sim.mk - the simulator; for `include` by the Makefile.

SIM_SRC := $(wildcard tests/sim/*.c)
SIM_WRAP := clock_gettime nanosleep getrandom getpid open close fstat stat \
	pread access dlopen dlsym dlclose sem_wait sem_post malloc calloc \
	realloc free strdup strndup json_loadb json_loads
sim: SECONDS ?= 60

$(BUILD)/tests/simulator: $(SIM_SRC:%.c=$(BUILD)/obj/%.o) $(A)
	@mkdir -p $(@D)
	$(CC) $(LINK) $(SIM_WRAP:%=-Wl,--wrap=%) $^ $(LIBS) -o $@

$(BUILD)/obj/tests/sim/%.o: tests/sim/%.c
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -U_FORTIFY_SOURCE -MMD -MP -c $< -o $@

sim: $(BUILD)/tests/simulator ## simulate histories: SECONDS=60, or SEED=n
	$(if $(SEED),$< replay $(SEED),tests/sim/run.sh $< $(SECONDS))

sim-wrap:
	@echo $(SIM_WRAP:%=-Wl,--wrap=%)

planted: $(BUILD)/tests/simulator ## plant bugs: the simulator must notice (8 min)
	CC='$(CC)' BUILD='$(BUILD)' tests/sim/planted.sh

.PHONY: sim sim-wrap planted
