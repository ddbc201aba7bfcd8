# SPDX-License-Identifier: MIT
# Makefile - `make help` lists the targets.
#
# A file put into lib/, adapters/NAME/, plugins/NAME/, tools/mqmctl/, examples/ or tests/unit/
# is built without a line here.

BUILD  ?= build
CC     ?= cc
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
SAN    ?=
OBJCOPY ?= objcopy

VERSION := $(shell awk '/define MQM_VERSION_(MAJOR|MINOR|PATCH)/ \
	{v = v s $$3; s = "."} END {print v}' include/mqmigrate/mqmigrate.h)
MAJOR   := $(firstword $(subst ., ,$(VERSION)))

WARN  := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wvla \
	 -Wmissing-prototypes -Wstrict-prototypes -Wformat=2 -Werror
CSTD  := -std=c11 -D_POSIX_C_SOURCE=200809L
OPT   ?= -O2 -g
# What a sanitizer adds hides from gcc what a value can be: it warns of cases
# that the plain build, with the same warnings, knows to be impossible.
WARN  += $(if $(SAN),$(if $(findstring clang,$(CC)),,\
	 -Wno-maybe-uninitialized -Wno-format-truncation))
FLAGS := $(CSTD) $(OPT) $(WARN) -fPIC -fvisibility=hidden -pthread \
	 -Iinclude $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
LINK  := -pthread $(if $(SAN),-fsanitize=$(SAN))
LIBS  := -ljansson -lsqlite3 -ldl

LIB_SRC := $(wildcard lib/*.c lib/stores/*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/obj/%.o)
A       := $(BUILD)/libmqmigrate.a
SO      := $(BUILD)/lib/libmqmigrate.so
ADAPTERS := $(patsubst adapters/%/,$(BUILD)/lib/mqmigrate/mqm_%.so,\
	$(dir $(wildcard adapters/*/adapter.c)))
# A store that is loaded when asked for: the folder, and the scheme of its url.
PLUGINS := $(BUILD)/lib/mqmigrate/mqm_zk.so
CTL     := $(if $(wildcard tools/mqmctl/*.c),$(BUILD)/bin/mqmctl)
EXAMPLES := $(patsubst examples/%.c,$(BUILD)/examples/%,\
	$(wildcard examples/*.c))
UNIT    := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/*.c))

.DELETE_ON_ERROR:
.SECONDARY:

all: lib ## build library, adapters and mqmctl
lib: $(SO) $(A) $(ADAPTERS) $(PLUGINS) $(CTL)
examples: lib $(EXAMPLES) ## build the examples
unit: $(UNIT)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(FLAGS) $(CFLAGS_$(subst /,_,$(basename $<))) -MMD -MP -c $< -o $@

# hiredis is linked into the one object that calls it, and its names end there:
# a program's own one, of another version, captures no call of ours, nor we of
# its.  There is nothing to link it with afterwards.
HIREDIS := $(shell $(CC) -print-file-name=libhiredis.a)
READER  := $(BUILD)/obj/lib/stores/redis_reader

$(READER).o: lib/stores/redis_reader.c
	@mkdir -p $(@D)
	$(CC) $(FLAGS) -MMD -MP -MF $(READER).d -MT $@ -c $< -o $(READER).alone
	$(LD) -r -o $@ $(READER).alone $(HIREDIS)
	$(OBJCOPY) --wildcard --keep-global-symbol='mqm_*' $@

$(A): $(LIB_OBJ)
	rm -f $@
	$(AR) rcs $@ $^

$(SO).$(VERSION): $(LIB_OBJ) lib/libmqmigrate.map
	@mkdir -p $(@D)
	$(CC) $(LINK) -shared -Wl,-soname,libmqmigrate.so.$(MAJOR) \
	    -Wl,--version-script=lib/libmqmigrate.map -Wl,--no-undefined \
	    $(LDFLAGS) $(LIB_OBJ) $(LIBS) -o $@

$(SO): $(SO).$(VERSION)
	ln -sf libmqmigrate.so.$(VERSION) $(SO).$(MAJOR)
	ln -sf libmqmigrate.so.$(MAJOR) $@

# An adapter is its folder's .c files and the one foreign library it names in
# adapters/NAME/libs (nothing for rocketmq: found at run time).
$(foreach d,$(wildcard adapters/*/adapter.c),$(eval \
$(BUILD)/lib/mqmigrate/mqm_$(notdir $(patsubst %/,%,$(dir $(d)))).so: \
	$(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard $(dir $(d))*.c))))
$(BUILD)/lib/mqmigrate/mqm_%.so:
	@mkdir -p $(@D)
	$(CC) $(LINK) -shared -Wl,-soname,$(@F) \
	    -Wl,--version-script=adapters/plugin.map $(LDFLAGS) $^ \
	    $(shell cat adapters/$*/libs 2>/dev/null) -ldl -o $@

# What every store does alike with swaps and settings is in it once more.
$(BUILD)/lib/mqmigrate/mqm_zk.so: $(patsubst %.c,$(BUILD)/obj/%.o,\
	$(wildcard plugins/zookeeper/*.c) lib/stores/swaps.c \
	lib/stores/setting.c lib/stores/finding.c lib/stores/dial.c \
	lib/clock.c)
	@mkdir -p $(@D)
	$(CC) $(LINK) -shared -Wl,-soname,$(@F) \
	    -Wl,--version-script=adapters/plugin.map $(LDFLAGS) $^ \
	    $(shell cat plugins/zookeeper/libs) -o $@

$(BUILD)/bin/mqmctl: $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tools/mqmctl/*.c)) $(SO)
	@mkdir -p $(@D)
	$(CC) $(LINK) $(filter %.o,$^) -L$(BUILD)/lib -lmqmigrate \
	    -Wl,-rpath,'$$ORIGIN/../lib' -o $@

# The first line of an example or test names what else it links: LIBS: -lx
libs_of = $(shell sed -n '1,4s/.*LIBS: *\(.*[^ */]\) *\*\/.*/\1/p' $(1))

$(BUILD)/examples/%: $(BUILD)/obj/examples/%.o $(SO)
	@mkdir -p $(@D)
	$(CC) $(LINK) $< -L$(BUILD)/lib -lmqmigrate \
	    -Wl,-rpath,'$$ORIGIN/../lib' $(call libs_of,examples/$*.c) -lm -o $@

include scripts/install.mk tests/model/model.mk tests/fuzz/fuzz.mk \
	tests/quality.mk \
	tests/fakes/fakes.mk tests/fakes/fault.mk tests/bench/bench.mk \
	tests/sim/sim.mk tests/chaos/chaos.mk examples/demo/demo.mk

$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(A)
	@mkdir -p $(@D)
	$(CC) $(LINK) $< $(A) $(LIBS) $(call libs_of,tests/unit/$*.c) \
	    $(shell pkg-config --libs check) -lm -o $@

check: ## pass all tests, with real servers (12 min)
	@BUILD='$(BUILD)' tests/check

clean: ## remove what was built
	rm -rf $(BUILD)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' \
	    $(filter %Makefile %.mk,$(MAKEFILE_LIST))

# For a test that links the archive.
print-libs:
	@echo '$(LIBS)'

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.PHONY: all lib examples unit check clean help print-libs
