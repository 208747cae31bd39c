# The tests: included by the Makefile, described in tests/README.md.
#
# check-unit check-cli check-peer check-fuzz	one kind of tests on the build in $(BUILD)
# check						all of them on three builds, and lint: what CI runs
# asan						all of them under AddressSanitizer and UBSan
# lint						clang-format, mandoc, shellcheck
# crash						the crash tests for longer: CRASH_ROUNDS kills, MIXED_SECONDS of all at once
# tsan						tests of pgw-serve, which has a second thread, under ThreadSanitizer
# fuzz						FUZZ_SECONDS of each fuzz target
# bench						measures beside the peers: a table
# bench-growth				the same with more and more groups: curves

SANITIZE  = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
NUMBER_OF_JOBS := $(shell nproc)
# More than cores: many tests wait for a process or a deadline.
PROVE_JOBS     := $(shell expr $(NUMBER_OF_JOBS) + 4)
FUZZ_SECONDS    = 60

UNIT_TESTS   = $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/test_*.c))
# What several unit tests need. Each takes its part out of the archive, in which no name may stand twice, nor be libc's.
UNIT_SUPPORT = $(BUILD)/tests/unit/support.a
FUZZ_TARGETS = $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_REPLAYS = $(FUZZ_TARGETS:%=$(BUILD)/tests/fuzz/replay_%)
TEST_TOOLS   = $(patsubst tests/tools/%.c,$(BUILD)/tests/tools/%,$(wildcard tests/tools/*.c))
CLI_TESTS    = $(wildcard tests/cli/*.t)
PEER_TESTS   = $(wildcard tests/peer/*.t)
# These wait longest: nobody should wait for them.
LONG_TESTS   = tests/cli/relay-rounds.t
BENCH_PROGRAMS = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/bench/*.c))

# Every kind of test is a program that writes TAP. tests/record keeps the output, for scripts/test to count.
RESULTS = $(abspath $(BUILD))/results
PROVE   = mkdir -p $(RESULTS) && env PGW_BIN=$(abspath $(BUILD)) PGW_RESULTS=$(RESULTS) CMOCKA_MESSAGE_OUTPUT=TAP \
	  ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:exitcode=99 \
	  UBSAN_OPTIONS=print_stacktrace=1:exitcode=99 TSAN_OPTIONS=exitcode=99 \
	  prove -j $(PROVE_JOBS) --exec tests/record

check-unit: $(UNIT_TESTS)
	$(PROVE) $(UNIT_TESTS)
check-cli: all $(TEST_TOOLS)
	$(PROVE) $(CLI_TESTS)
check-peer: all $(TEST_TOOLS)
	$(PROVE) $(PEER_TESTS)
check-fuzz: $(FUZZ_REPLAYS)
	$(PROVE) $(FUZZ_REPLAYS)

# All kinds in one run, so that none waits for the slowest of another.
check-all: all $(TEST_TOOLS) $(UNIT_TESTS) $(FUZZ_REPLAYS)
	$(PROVE) $(LONG_TESTS) $(filter-out $(LONG_TESTS),$(PEER_TESTS) $(CLI_TESTS)) $(UNIT_TESTS) $(FUZZ_REPLAYS)

# A strict build has a folder of its own: -Werror must see every file. A step that fails doesn't keep the others back.
STEPS = step-gcc step-clang step-lint step-tests step-asan
check:
	rm -rf build/gcc/results build/asan/results
	$(MAKE) -k -j1 $(STEPS)
step-gcc:
	@echo "check: build with gcc"
	$(MAKE) -j$(NUMBER_OF_JOBS) BUILD=build/gcc STRICT=1 check-programs
step-clang:
	@echo "check: build with clang"
	$(MAKE) -j$(NUMBER_OF_JOBS) BUILD=build/clang CC=clang STRICT=1 check-programs
step-lint: lint
step-tests:
	@echo "check: tests"
	$(MAKE) -j$(NUMBER_OF_JOBS) BUILD=build/gcc STRICT=1 check-all
step-asan: asan
asan:
	@echo "check: tests under AddressSanitizer and UBSan"
	$(MAKE) -j$(NUMBER_OF_JOBS) BUILD=build/asan STRICT=1 CFLAGS="-O1 -g $(SANITIZE)" check-all
check-programs: all $(TEST_TOOLS) $(UNIT_TESTS) $(FUZZ_REPLAYS) $(BENCH_PROGRAMS)

$(UNIT_SUPPORT): $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/unit/support/*.c))
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^
$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(UNIT_SUPPORT) $(LIBPGW)
	$(if $(V),,@echo "  CC   $@")
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,--as-needed -o $@ $(filter %.o,$^) $(filter %.a,$^) -lcmocka $(LIBS_SERVE) $(LIBS_ALL)
$(BUILD)/tests/unit/test_checkpoint: $(BUILD)/cmd/pgw-serve/checkpoint.o
$(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/replay_%.o $(BUILD)/tests/fuzz/fuzz_%.o $(LIBPGW)
	$(if $(V),,@echo "  CC   $@")
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,--as-needed -o $@ $(filter %.o,$^) $(LIBPGW) $(LIBS_SERVE) $(LIBS_ALL)
$(BUILD)/tests/fuzz/replay_%.o: tests/fuzz/replay.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC   $@")
	$(Q)$(CC) $(ALL_CFLAGS) -DCORPUS='"tests/fuzz/corpus/$*"' -c -o $@ $<
$(BUILD)/tests/tools/%: $(BUILD)/tests/tools/%.o $(LIBPGW)
	$(if $(V),,@echo "  CC   $@")
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,--as-needed -o $@ $< $(LIBPGW) $(LIBS_ALL)
$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(LIBPGW)
	$(if $(V),,@echo "  CC   $@")
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,--as-needed -o $@ $< $(LIBPGW) $(LIBS_SERVE) $(LIBS_ALL)

crash: all $(TEST_TOOLS)
	CRASH_ROUNDS=1000 MIXED_SECONDS=60 PGW_BIN=$(abspath $(BUILD)) tests/cli/kill.t
	CRASH_ROUNDS=1000 MIXED_SECONDS=60 PGW_BIN=$(abspath $(BUILD)) tests/cli/mixed.t

# The first two have pgw-serve clean journal files beside its work.
TSAN_TESTS = $(addprefix tests/cli/,full-journal.t mixed.t serve-api.t serve-limits.t)
tsan:
	$(MAKE) -j$(NUMBER_OF_JOBS) BUILD=build/tsan CFLAGS="-O1 -g -fsanitize=thread" tsan-run
tsan-run: all $(TEST_TOOLS)
	$(PROVE) $(TSAN_TESTS)

SHELL_SCRIPTS = scripts/completions/pgw.bash scripts/cron/backup.example scripts/runit/run scripts/packages scripts/run \
		scripts/test .ci/run tests/record tests/lib.sh $(CLI_TESTS) $(PEER_TESTS)
lint:
	@echo "check: lint"
	clang-format --dry-run -Werror $$(find cmd lib tests -name '*.[ch]')
	mandoc -Tlint -Wwarning man/*.[1-8]
	shellcheck -s bash -S warning -e SC1090,SC1091,SC2154 $(SHELL_SCRIPTS)

# libFuzzer works on a copy of the corpus: what it finds is looked at before it becomes a test.
fuzz:
	$(MAKE) BUILD=build/fuzz CC=clang CFLAGS="-O1 -g $(SANITIZE) -fsanitize=fuzzer-no-link" fuzz-run
fuzz-run: $(FUZZ_TARGETS:%=$(BUILD)/tests/fuzz/fuzz_%)
	for target in $(FUZZ_TARGETS); do \
		mkdir -p $(BUILD)/corpus/$$target && cp -r tests/fuzz/corpus/$$target $(BUILD)/corpus/ && \
		$(BUILD)/tests/fuzz/fuzz_$$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_final_stats=1 \
			-artifact_prefix=$(BUILD)/$$target- $(BUILD)/corpus/$$target || exit 1; \
	done
$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(LIBPGW)
	$(if $(V),,@echo "  CC   $@")
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,--as-needed -fsanitize=fuzzer -o $@ $< $(LIBPGW) $(LIBS_SERVE) $(LIBS_ALL)

# The table, and the curves: $(BUILD)/bench/numbers.md is for the README, which also shows tests/bench/growth.svg.
BENCH = mkdir -p $(BUILD)/bench && env PGW_BIN=$(abspath $(BUILD)) /usr/bin/python3 -B
bench: all $(BENCH_PROGRAMS) $(TEST_TOOLS)
	$(BENCH) tests/bench/table.py $(BUILD)/bench/numbers.md
bench-growth: all $(BENCH_PROGRAMS)
	$(BENCH) tests/bench/growth.py $(BUILD)/bench tests/bench/growth.svg

.SECONDARY:
.PHONY: check check-unit check-cli check-peer check-fuzz check-all check-programs $(STEPS) asan crash tsan tsan-run \
	lint fuzz fuzz-run bench bench-growth
