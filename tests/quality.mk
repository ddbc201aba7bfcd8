# SPDX-License-Identifier: MIT
# quality.mk - what looks at the code, or at what the tests run through; for
# `include` by the Makefile.  Too slow for `make check`.

ANALYZED := $(LIB_SRC) $(wildcard adapters/*/*.c plugins/*/*.c tools/mqmctl/*.c)
# By hand, since the others need servers, or hours there.
GRINDED  := codec config_edit config_edit_file edges guard_batch hostile sides \
	source_file
LINES    ?= 95
BRANCHES ?= 85

analyze: ## gcc -fanalyzer and clang-tidy (3 min)
	@scripts/setup analyze
	@BUILD='$(BUILD)' tests/analyze $(ANALYZED)

coverage: ## what the unit tests run through: LINES=95 BRANCHES=85 (15 min)
	@BUILD='$(BUILD)' tests/coverage $(LINES) $(BRANCHES)

valgrind: unit ## memcheck of some unit tests (5 min)
	@scripts/setup check
	@BUILD='$(BUILD)' tests/grind $(GRINDED)

.PHONY: analyze coverage valgrind
