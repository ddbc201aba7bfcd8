# SPDX-License-Identifier: MIT
# install.mk - what is installed where, and taken away again.
#
#     make install PREFIX=/usr DESTDIR=/tmp/package
#
# All that is installed stands in one list, $(INSTALLED), so that uninstall
# cannot forget what install put there.

MANDIR     ?= $(PREFIX)/share/man
INCLUDEDIR := $(PREFIX)/include/mqmigrate
PLUGINDIR  := $(LIBDIR)/mqmigrate
PCDIR      := $(LIBDIR)/pkgconfig
INSTALL    ?= install

PC       := $(BUILD)/pkgconfig/mqmigrate.pc
SETTINGS := $(BUILD)/man/mqmigrate.json.5
HEADERS  := $(wildcard include/mqmigrate/*.h)
RUNS_AS  := $(BUILD)/bin/installed/mqmctl

INSTALLED = $(addprefix $(LIBDIR)/,libmqmigrate.so libmqmigrate.so.$(MAJOR) \
	libmqmigrate.so.$(VERSION) libmqmigrate.a) \
	$(addprefix $(PLUGINDIR)/,$(notdir $(ADAPTERS) $(PLUGINS))) \
	$(addprefix $(INCLUDEDIR)/,$(notdir $(HEADERS))) \
	$(PCDIR)/mqmigrate.pc $(PREFIX)/bin/mqmctl \
	$(MANDIR)/man1/mqmctl.1 $(MANDIR)/man3/libmqmigrate.3 \
	$(MANDIR)/man5/mqmigrate.json.5

# What a static link needs besides: the library's own -l, and the threads.
$(PC): pkgconfig/mqmigrate.pc.in Makefile scripts/install.mk FORCE
	@mkdir -p $(@D)
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
	    -e 's|@VERSION@|$(VERSION)|' -e 's|@LIBS_PRIVATE@|$(LIBS) -pthread|' \
	    pkgconfig/mqmigrate.pc.in >$@

# The table of settings in the page is the library's own.
$(SETTINGS): man/mqmigrate.json.5.in $(BUILD)/bin/mqmctl
	@mkdir -p $(@D)
	$(BUILD)/bin/mqmctl settings --man >$@.table
	sed -e '/^@SETTINGS@$$/{' -e 'r $@.table' -e 'd' -e '}' $< >$@
	rm -f $@.table

# The built mqmctl finds the library beside it; the installed one in LIBDIR.
$(RUNS_AS): $(BUILD)/bin/mqmctl FORCE
	@mkdir -p $(@D)
	$(CC) $(LINK) $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard \
	    tools/mqmctl/*.c)) -L$(BUILD)/lib -lmqmigrate \
	    -Wl,-rpath,$(LIBDIR) $(LDFLAGS) -o $@

man: $(SETTINGS) ## make the man page of the settings

install: lib $(PC) $(SETTINGS) $(RUNS_AS) ## install to DESTDIR, PREFIX, LIBDIR
	$(INSTALL) -d $(addprefix $(DESTDIR),$(sort $(dir $(INSTALLED))))
	$(INSTALL) -m 755 $(SO).$(VERSION) $(DESTDIR)$(LIBDIR)/
	ln -sf libmqmigrate.so.$(VERSION) \
	    $(DESTDIR)$(LIBDIR)/libmqmigrate.so.$(MAJOR)
	ln -sf libmqmigrate.so.$(MAJOR) $(DESTDIR)$(LIBDIR)/libmqmigrate.so
	$(INSTALL) -m 644 $(A) $(DESTDIR)$(LIBDIR)/
	$(if $(ADAPTERS)$(PLUGINS),$(INSTALL) -m 755 $(ADAPTERS) $(PLUGINS) \
	    $(DESTDIR)$(PLUGINDIR)/)
	$(INSTALL) -m 644 $(HEADERS) $(DESTDIR)$(INCLUDEDIR)/
	$(INSTALL) -m 644 $(PC) $(DESTDIR)$(PCDIR)/
	$(INSTALL) -m 755 $(RUNS_AS) $(DESTDIR)$(PREFIX)/bin/
	$(INSTALL) -m 644 man/mqmctl.1 $(DESTDIR)$(MANDIR)/man1/
	$(INSTALL) -m 644 man/libmqmigrate.3 $(DESTDIR)$(MANDIR)/man3/
	$(INSTALL) -m 644 $(SETTINGS) $(DESTDIR)$(MANDIR)/man5/

uninstall: ## take away what install put there
	rm -f $(addprefix $(DESTDIR),$(INSTALLED))
	-rmdir $(DESTDIR)$(PLUGINDIR) $(DESTDIR)$(INCLUDEDIR) 2>/dev/null

FORCE:
.PHONY: man install uninstall FORCE
