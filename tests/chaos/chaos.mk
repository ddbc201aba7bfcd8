# SPDX-License-Identifier: MIT
# chaos.mk - `make chaos`. See tests/chaos/run.

chaos: SECONDS ?= 1800
chaos: ## 30 minutes of faults on real servers: SECONDS= STORE= SEED=
	@scripts/setup check
	@$(MAKE) -s --no-print-directory demo-programs
	@BUILD=$(BUILD) SECONDS=$(SECONDS) STORE=$(STORE) SEED=$(SEED) \
	    RATE=$(RATE) CHAOS_PORT=$(CHAOS_PORT) tests/chaos/run

.PHONY: chaos
