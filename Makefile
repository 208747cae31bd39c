# make              the tools, in build/
# make check        everything that CI checks (tests/README.md)
# make install      to $(DESTDIR)$(PREFIX)
# make bench bench-growth fuzz asan tsan crash lint dist clean
#
# STRICT=1 makes warnings errors, V=1 shows the commands. BUILD=DIR builds elsewhere, so that several builds live side by side:
# make BUILD=build/clang CC=clang STRICT=1

VERSION = 0.1.0
PREFIX  = /usr/local
BUILD   = build
STRICT  =
Q       = $(if $(V),,@)

ifeq ($(strip $(BUILD)),)
$(error BUILD is empty: it names the folder to build in)
endif

BINDIR  = $(PREFIX)/bin
SBINDIR = $(PREFIX)/sbin
MANDIR  = $(PREFIX)/share/man
EXAMPLESDIR = $(PREFIX)/share/doc/pgw/examples
BASHDIR = $(PREFIX)/share/bash-completion/completions
# Debian's zsh reads another folder of /usr than of /usr/local.
ZSHDIR  = $(PREFIX)/share/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)

CFLAGS   = -O2 -g
WARNINGS = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings \
           -Wvla -Wformat=2 -Wundef -Wno-unused-parameter
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -DPGW_VERSION='"$(VERSION)"' -iquote lib -iquote $(BUILD)/gen $(PKG_CFLAGS) $(WARNINGS) \
             $(if $(STRICT),-Werror) -fstack-protector-strong -MMD -MP $(CFLAGS)
PKG_CFLAGS := $(shell pkg-config --cflags jansson libbsd libcurl libmicrohttpd libpcre2-8 libprotobuf-c)

# Each tool links what it uses only. libcurl and libpcre2 are loaded when they are needed (lib/http.h says why).
LIBS_ALL   = -ljansson -lbsd -lmd -lm
LIBS_SERVE = -pthread -lmicrohttpd -lisal -lsnappy -lprotobuf-c
LIBS_RELAY = -lisal -lsnappy -lprotobuf-c

LIB_SOURCES = $(wildcard lib/*.c)
LIB_OBJECTS = $(LIB_SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/gen/metrics.pb-c.o
LIBPGW      = $(BUILD)/libpgw.a

# A tool is cmd/NAME.c, or the folder cmd/NAME.
TOOLS = $(sort $(basename $(notdir $(wildcard cmd/*.c))) $(notdir $(patsubst %/,%,$(wildcard cmd/*/))))
TOOL_BINARIES = $(TOOLS:%=$(BUILD)/%)
tool_sources  = $(wildcard cmd/$(1).c cmd/$(1)/*.c)

all: $(TOOL_BINARIES)

define tool_rule
$$(BUILD)/$(1): $$(patsubst %.c,$$(BUILD)/%.o,$$(call tool_sources,$(1))) $$(LIBPGW)
	$$(if $$(V),,@echo '  LINK $$@')
	$$(Q)$$(CC) $$(ALL_CFLAGS) $$(LDFLAGS) -Wl,--as-needed -o $$@ $$(filter %.o,$$^) $$(LIBPGW) \
		$$(if $$(filter pgw-serve,$(1)),$$(LIBS_SERVE)) \
		$$(if $$(filter pgw-scrape-relay,$(1)),$$(LIBS_RELAY)) $$(LIBS_ALL)
endef
$(foreach tool,$(TOOLS),$(eval $(call tool_rule,$(tool))))

$(LIBPGW): $(LIB_OBJECTS)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(LIB_OBJECTS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo '  CC   $@')
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

# The powers of ten that number.c multiplies by are computed, not typed.
$(BUILD)/lib/number.o: $(BUILD)/gen/powers_of_ten.h
$(BUILD)/gen/powers_of_ten.h: lib/gen/powers_of_ten.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -O1 -o $(BUILD)/gen/powers_of_ten $<
	$(BUILD)/gen/powers_of_ten >$@.tmp
	mv $@.tmp $@

$(BUILD)/gen/metrics.pb-c.h: $(BUILD)/gen/metrics.pb-c.c
$(BUILD)/gen/metrics.pb-c.c: lib/metrics.proto
	@mkdir -p $(@D)
	protoc-c --proto_path=lib --c_out=$(@D) $<
$(BUILD)/gen/metrics.pb-c.o: $(BUILD)/gen/metrics.pb-c.c
	$(if $(V),,@echo '  CC   $@')
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<
$(patsubst %.c,$(BUILD)/%.o,$(wildcard lib/protobuf*.c) lib/native_histogram.c cmd/pgw-serve/api_metric.c): $(BUILD)/gen/metrics.pb-c.h

# Style and script of the web page, as string literals.
$(BUILD)/cmd/pgw-serve/page.o: $(BUILD)/gen/page.css.h $(BUILD)/gen/page.js.h
$(BUILD)/gen/page.%.h: cmd/pgw-serve/page.%
	@mkdir -p $(@D)
	sed -e 's/[\\"]/\\&/g' -e 's/.*/"&\\n"/' $< >$@

include $(wildcard tests/tests.mk)

EXAMPLES = cron grafana inetd prometheus runit systemd

install: all
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(SBINDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 \
		$(DESTDIR)$(MANDIR)/man7 $(DESTDIR)$(MANDIR)/man8
	install -m 755 $(filter-out %/pgw-serve,$(TOOL_BINARIES)) $(DESTDIR)$(BINDIR)
	install -m 755 $(BUILD)/pgw-serve $(DESTDIR)$(SBINDIR)
	for section in 1 5 7 8; do \
		install -m 644 man/*.$$section $(DESTDIR)$(MANDIR)/man$$section || exit 1; \
	done
	install -d $(DESTDIR)$(BASHDIR) $(DESTDIR)$(ZSHDIR)
	install -m 644 scripts/completions/pgw.bash $(DESTDIR)$(BASHDIR)/pgw
	for tool in $(TOOLS); do ln -sf pgw $(DESTDIR)$(BASHDIR)/$$tool || exit 1; done
	install -m 644 scripts/completions/_pgw $(DESTDIR)$(ZSHDIR)
	for folder in $(EXAMPLES); do \
		install -d $(DESTDIR)$(EXAMPLESDIR)/$$folder && \
		install -m 644 scripts/$$folder/* $(DESTDIR)$(EXAMPLESDIR)/$$folder || exit 1; \
	done

dist:
	git archive --prefix=pgw-$(VERSION)/ -o pgw-$(VERSION).tar.gz HEAD

clean:
	rm -rf build pgw-*.tar.gz

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

.PHONY: all install dist clean
.DELETE_ON_ERROR:
