# stress/: the processes that run one program, or one peer, once.

# Knows nothing of the runtime; cells and peers share it.
STRESS_COMMON = \
	%D%/options.c %D%/options.h \
	%D%/params.c %D%/params.h \
	%D%/record.c %D%/record.h \
	%D%/runner.c %D%/runner.h \
	%D%/programs/ring.c %D%/programs/ring.h \
	%D%/programs/work.c %D%/programs/work.h

# The programs, without what runs them; the tests link them too.
PROGRAM_SOURCES = \
	%D%/programs/alloc-churn.c \
	%D%/programs/blocking.c \
	%D%/programs/cheater.c \
	%D%/programs/checkpoint.c \
	%D%/programs/convoy.c \
	%D%/programs/dict-mixed.c \
	%D%/programs/dict-read.c \
	%D%/programs/gcbench.c \
	%D%/programs/graph-churn.c \
	%D%/programs/helper.c %D%/programs/helper.h \
	%D%/programs/larson.c \
	%D%/programs/list-append.c \
	%D%/programs/list-read.c \
	%D%/programs/pipeline.c \
	%D%/programs/programs.c %D%/programs/programs.h \
	%D%/programs/refs-mixed.c \
	%D%/programs/refs-private.c \
	%D%/programs/refs-shared.c \
	%D%/programs/sessions.c %D%/programs/sessions.h \
	%D%/programs/stops.c \
	%D%/programs/store.c %D%/programs/store.h \
	%D%/programs/trees.c \
	%D%/programs/units.c %D%/programs/units.h \
	%D%/programs/webcache.c \
	%D%/programs/witness.h

# The collector benchmark: what its peers share, and what the tests link too.
BENCH_COMMON = \
	%D%/collect/bench.c %D%/collect/bench.h \
	%D%/collect/shape.c %D%/collect/shape.h

BENCH_SOURCES = $(BENCH_COMMON) \
	%D%/collect/automatic.c \
	%D%/collect/graph.c %D%/collect/graph.h \
	%D%/collect/measure.c %D%/collect/measure.h \
	%D%/collect/request.c

CELL_SOURCES += $(STRESS_COMMON) $(PROGRAM_SOURCES) $(BENCH_SOURCES) \
	%D%/collect/run.c \
	%D%/cell.c \
	%D%/cell_account.c %D%/cell_account.h \
	%D%/cell_program.c %D%/cell_program.h \
	%D%/cell_stats.c %D%/cell_stats.h \
	%D%/memcap.c %D%/memcap.h

PEER_SOURCES += $(STRESS_COMMON) \
	%D%/peers/alloc.c \
	%D%/peers/loop.c \
	%D%/peers/peer.c %D%/peers/peer.h \
	%D%/peers/pipeline.c \
	%D%/peers/refs.c \
	%D%/peers/trees.c

BOEHM_SOURCES += $(STRESS_COMMON) $(BENCH_COMMON) \
	%D%/collect/boehm.c

PROGRAM_TEST_SOURCES += $(PROGRAM_SOURCES) $(BENCH_SOURCES) \
	%D%/options.c %D%/options.h \
	%D%/record.c %D%/record.h \
	%D%/params.c %D%/params.h \
	%D%/programs/ring.c %D%/programs/ring.h \
	%D%/programs/work.c %D%/programs/work.h \
	%D%/runner.c %D%/runner.h \
	tests/lies.c tests/lies.h \
	tests/test_bench.c \
	tests/test_programs.c \
	tests/test_ring.c

# One race test is one file, and one line in races/races.def.
RACE_SOURCES += \
	%D%/options.c %D%/options.h \
	%D%/params.c %D%/params.h \
	%D%/record.c %D%/record.h \
	%D%/runner.c %D%/runner.h \
	%D%/races/actor.c %D%/races/actor.h \
	%D%/races/level.c %D%/races/level.h \
	%D%/races/main.c \
	%D%/races/native.c \
	%D%/races/race.h \
	%D%/races/races.c %D%/races/races.h %D%/races/races.def \
	%D%/races/report.c %D%/races/report.h \
	%D%/races/runner.h \
	%D%/races/signals.c %D%/races/signals.h \
	%D%/races/tally.c %D%/races/tally.h \
	%D%/races/watch.c %D%/races/watch.h

RACE_SOURCES += \
	%D%/races/append-append.c \
	%D%/races/attach-stop.c \
	%D%/races/attr-first-set.c \
	%D%/races/attr-set-set.c \
	%D%/races/cell-swap-swap.c \
	%D%/races/collect-collect.c \
	%D%/races/collect-mutate.c \
	%D%/races/decref-decref.c \
	%D%/races/dict-add-add.c \
	%D%/races/dict-get-resize.c \
	%D%/races/dict-set-delete-get.c \
	%D%/races/dict-set-set.c \
	%D%/races/exit-remote-free.c \
	%D%/races/finalizer-incref.c \
	%D%/races/fork-collect.c \
	%D%/races/handle-get-free.c \
	%D%/races/handoff-timeout.c \
	%D%/races/incref-incref.c \
	%D%/races/iriw.c \
	%D%/races/list-extend-both-ways.c \
	%D%/races/list-pop-get.c \
	%D%/races/list-set-get.c \
	%D%/races/message-passing.c \
	%D%/races/objlock-wake.c \
	%D%/races/resurrect-collect.c \
	%D%/races/self-check.c \
	%D%/races/set-add-add.c \
	%D%/races/stop-stop.c \
	%D%/races/store-buffering.c \
	%D%/races/weak-get-decref.c \
	%D%/races/weak-get-resurrect.c \
	%D%/races/weak-new-new.c

PEER_CXX_SOURCES += %D%/peers/shared_ptr.cc

CLI_TESTS += \
	tests/cli/test-load.sh

CELL_TESTS += \
	tests/cli/test-programs.sh

MUTANT_TESTS += \
	tests/cli/test-mutants.sh

RACE_TESTS += \
	tests/cli/test-stress.sh

EXTRA_DIST += \
	tests/cli/fake-race \
	examples/program/Makefile \
	examples/program/README.md \
	examples/program/wordcount.c
