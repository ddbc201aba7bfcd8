# SPDX-License-Identifier: MIT
# demo.mk - the demo's programs, and `make demo`. See examples/demo/run.
#
#     make demo               the migration, guarded; SQLite
#     make demo STORE=redis   the same with a Redis of its own; zookeeper, too
#     make demo GUARD=off     the same with a percentage and a naive lock
#     SEED=7 RATE=800 DEMO_PORT=25000   repeat it, faster, elsewhere

DEMO := $(BUILD)/demo
DEMO_BINS := $(addprefix $(DEMO)/,thirdparty producer old_consumer worker \
	resolver naive)
demo_obj = $(patsubst %,$(BUILD)/obj/examples/demo/%.o,$(1))

$(DEMO)/thirdparty: $(call demo_obj,thirdparty ledger demo)
$(DEMO)/producer: $(call demo_obj,producer plain sent demo)
$(DEMO)/old_consumer: $(call demo_obj,old_consumer plain_consumer third demo)
$(DEMO)/worker: $(call demo_obj,worker third demo)
$(DEMO)/resolver: $(call demo_obj,resolver third demo)
$(DEMO)/naive: $(call demo_obj,naive naive_lock naive_kafka naive_rocketmq \
	plain_consumer third demo)

$(DEMO_BINS): $(SO)
	@mkdir -p $(@D)
	$(CC) $(LINK) $(filter %.o,$^) -L$(BUILD)/lib \
	    -Wl,-rpath,'$$ORIGIN/../lib' \
	    $(call libs_of,examples/demo/$(@F).c) -ldl -o $@

demo-programs: lib $(DEMO_BINS)

# What building needs comes first: on a fresh machine there is no compiler yet.
demo: ## move a service from Kafka to RocketMQ, live (2 min)
	@scripts/setup
	@echo 'building'
	@$(MAKE) -s --no-print-directory demo-programs
	@BUILD=$(BUILD) GUARD=$(GUARD) STORE=$(STORE) SEED=$(SEED) \
	    RATE=$(RATE) DEMO_PORT=$(DEMO_PORT) examples/demo/run

.PHONY: demo demo-programs
