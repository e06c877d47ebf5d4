# Murr's one front door. `make help` lists the targets.

VARIANT ?= release
CC      ?= cc
O       := build/$(VARIANT)
SETUP   := build/.setup
SETUP_BENCH := build/.setup-bench

PREFIX  ?= /usr/local
LIBDIR  ?= $(PREFIX)/lib

LIB_PKGS := jansson libzstd liblz4 libbrotlidec libdeflate libxxhash liburing libcurl expat libcrypto
LIB_LIBS  = $(shell pkg-config --libs $(LIB_PKGS)) -lsnappy -lpthread -lm
LIBS      = $(shell pkg-config --libs yaml-0.1) $(LIB_LIBS)
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Werror
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo 0.1.0)
LIB_VERSION := 0.1.0
SONAME      := libmurr.so.0

opt_release := -O3 -fno-plt
opt_asan    := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
opt_tsan    := -O1 -fsanitize=thread -fno-omit-frame-pointer
opt_broken  := -O1 -DMURR_TEST_BREAK
CFLAGS  ?= -g
ALL_CFLAGS = -std=gnu17 -D_GNU_SOURCE -Isrc -Iinclude -Itests/lib -Ibench/lib -fPIC -fvisibility=hidden $(WARN) \
             $(opt_$(VARIANT)) $(CFLAGS) -MMD -MP
LDFLAGS += -Wl,--as-needed $(filter -fsanitize=%,$(opt_$(VARIANT)))

SRC      := $(sort $(shell find src -name '*.c'))
LIB_SRC  := $(filter-out src/net/% src/service/% src/api/% src/config/% src/cli/%,$(SRC))
TEST_SRC := $(sort $(shell find tests/unit -name 'test_*.c'))
TEST_LIB := $(sort $(wildcard tests/lib/*.c))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
BENCH_SRC := $(sort $(wildcard bench/bench_*.c))
BENCH_LIB := $(sort $(wildcard bench/lib/*.c))

obj       = $(patsubst %.c,$(O)/obj/%.o,$(1))
APP_OBJ  := $(call obj,$(filter-out src/cli/main.c,$(SRC)))
TESTS    := $(patsubst tests/unit/%.c,$(O)/tests/%,$(TEST_SRC))
REPLAYS  := $(patsubst tests/fuzz/%.c,$(O)/tests/replay/%,$(FUZZ_SRC))
BENCHES  := $(patsubst bench/bench_%.c,$(O)/bench/%,$(BENCH_SRC))

.PHONY: all always run test unit e2e asan tsan fuzz bench bench-report fmt lint check check-long clean help setup tests benches install
all: $(O)/murr $(O)/libmurr.a $(O)/libmurr.so $(O)/$(SONAME) ## build build/murr and build/libmurr.{a,so}
ifeq ($(VARIANT),release)
	@ln -sf release/murr release/libmurr.a release/libmurr.so release/$(SONAME) build/
endif

install: all ## install murr, libmurr and murr.pc: make install PREFIX=/usr/local DESTDIR=
	@install -d $(addprefix $(DESTDIR),$(PREFIX)/bin $(PREFIX)/include $(LIBDIR)/pkgconfig)
	@install $(O)/murr $(DESTDIR)$(PREFIX)/bin/
	@install -m 644 include/murr.h include/murr_arrow.h $(DESTDIR)$(PREFIX)/include/
	@install -m 644 $(O)/libmurr.a $(DESTDIR)$(LIBDIR)/
	@install $(O)/libmurr.so $(DESTDIR)$(LIBDIR)/libmurr.so.$(LIB_VERSION)
	@ln -sf libmurr.so.$(LIB_VERSION) $(DESTDIR)$(LIBDIR)/$(SONAME)
	@ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libmurr.so
	@sed -e 's|@prefix@|$(PREFIX)|; s|@libdir@|$(LIBDIR)|; s|@version@|$(LIB_VERSION)|; s|@libs@|$(LIB_LIBS)|' \
	    murr.pc.in >$(DESTDIR)$(LIBDIR)/pkgconfig/murr.pc

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*##/\t/' | expand -t 10

setup: $(SETUP) ## install what building and testing need
$(SETUP): tools/setup
	@tools/setup
	@mkdir -p build && touch $@

run: all ## load the sample tables and serve them on port 8080
	@tools/run-sample

test: all tests ## every test; ends with "N passed, N failed"
	@tools/run-tests $(O)

unit: all tests ## the unit tests and saved fuzz inputs only
	@tools/run-tests $(O) --no-e2e

asan: ## every test under AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer
	@$(MAKE) --no-print-directory test VARIANT=asan

tsan: ## every test that has threads under ThreadSanitizer
	@$(MAKE) --no-print-directory test VARIANT=tsan

fuzz: | $(SETUP) ## fuzz one surface with libFuzzer: make fuzz T=parquet S=60
	@tools/run-fuzz $(or $(T),$(error T=<surface>, one of: $(patsubst tests/fuzz/fuzz_%.c,%,$(FUZZ_SRC)))) $(or $(S),60)

bench: all benches ## the quick benchmarks; one alone: make bench-read N=10000000
	@tools/run-bench $(O) read fetch load

bench-report: all benches ## the standard set, an hour: writes docs/benchmarks.md and its plots
	@tools/bench-report $(O)

bench-%: all benches
	@tools/run-bench $(O) $*

$(SETUP_BENCH): tools/setup-bench bench/requirements.txt | $(SETUP)
	@tools/setup-bench
	@touch $@

fmt: | $(SETUP) ## format all C
	@clang-format -i $$(git ls-files '*.[ch]')

lint: | $(SETUP) ## layers, headers, format, clang, clang-tidy, shell
	@tools/lint

check: ## what CI runs: test, asan, tsan, lint
	@$(MAKE) --no-print-directory test
	@$(MAKE) --no-print-directory asan
	@$(MAKE) --no-print-directory tsan
	@$(MAKE) --no-print-directory lint

# Of each test that goes by a seed, check runs a sample; of the tests under ThreadSanitizer, those that have threads.
LONG_COUNTS := MURR_TEST_PROGRAMS=5000 MURR_TEST_DAMAGES=2000 MURR_TEST_TABLES=10000 MURR_TEST_SCHEDULES=500 \
               MURR_TEST_PROXY_REQUESTS=10000 MURR_TEST_ICEBERG_PROGRAMS=300 MURR_TEST_LARGE=1
check-long: ## what check samples, in full: over an hour; each part ends with "N passed, N failed"
	@$(LONG_COUNTS) $(MAKE) --no-print-directory test
	@MURR_TEST_ALL=1 $(MAKE) --no-print-directory asan
	@MURR_TEST_ALL=1 $(MAKE) --no-print-directory tsan

clean: ## remove build/
	rm -rf build

tests: $(TESTS) $(REPLAYS) $(O)/c_bridge.so $(O)/faults.so
benches: $(SETUP_BENCH) $(BENCHES)

$(O)/obj/%.o: %.c Makefile | $(SETUP)
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) -c $< -o $@

$(O)/obj/src/api/http/openapi.o: src/api/http/openapi.json
# Rewritten when it is another one, so that what names it is compiled again.
$(O)/version: always
	@mkdir -p $(@D)
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@

$(O)/obj/src/cli/version.o $(O)/obj/src/library/library.o: ALL_CFLAGS += -DMURR_VERSION='"$(VERSION)"'
$(O)/obj/src/cli/version.o $(O)/obj/src/library/library.o: $(O)/version

$(O)/murr: $(call obj,src/cli/main.c) $(APP_OBJ)
	@$(CC) $(ALL_CFLAGS) $^ $(LDFLAGS) $(LIBS) -o $@

# One object, of which only murr_* can be seen from outside: our names are in nobody's way.
$(O)/libmurr.a: $(call obj,$(LIB_SRC))
	@ld -r $^ -o $(O)/libmurr.o && objcopy --localize-hidden $(O)/libmurr.o
	@rm -f $@ && ar rcs $@ $(O)/libmurr.o

$(O)/libmurr.so: $(call obj,$(LIB_SRC))
	@$(CC) -shared -Wl,-soname,$(SONAME) $(ALL_CFLAGS) $^ $(LDFLAGS) $(LIB_LIBS) -o $@

$(O)/$(SONAME): $(O)/libmurr.so
	@ln -sf libmurr.so $@

$(O)/libapp.a: $(APP_OBJ) $(call obj,$(TEST_LIB))
	@rm -f $@ && ar rcs $@ $^

$(O)/tests/%: $(O)/obj/tests/unit/%.o $(O)/libapp.a
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) $^ $(LDFLAGS) -lcmocka $(LIBS) -o $@

$(O)/tests/replay/%: $(O)/obj/tests/fuzz/%.o $(O)/obj/tests/fuzz/replay.o $(O)/libapp.a
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) $^ $(LDFLAGS) $(LIBS) -o $@

$(O)/c_bridge.so: $(O)/obj/tests/e2e/c_bridge.o $(O)/libapp.a
	@$(CC) -shared $(ALL_CFLAGS) $^ $(LDFLAGS) $(LIBS) -o $@

$(O)/faults.so: tests/e2e/faults.c
	@$(CC) -shared -fPIC -std=gnu17 -D_GNU_SOURCE $(WARN) -O1 $< -o $@ -ldl

$(O)/bench/%: LIBS += -lhiredis
$(O)/bench/embedded: LIBS += -llmdb -lrocksdb
$(O)/bench/%: $(O)/obj/bench/bench_%.o $(call obj,$(BENCH_LIB)) $(O)/libapp.a
	@mkdir -p $(@D)
	@$(CC) $(ALL_CFLAGS) $^ $(LDFLAGS) $(LIBS) -o $@

.SECONDARY:
-include $(shell find build -name '*.d' 2>/dev/null)
