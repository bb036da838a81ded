WEIR_SOURCES += \
	%D%/collect.c \
	%D%/collect.h \
	%D%/detect.c \
	%D%/ending.c \
	%D%/ending.h \
	%D%/garbage.c \
	%D%/freeze.c \
	%D%/inspect.c \
	%D%/inspect.h \
	%D%/keep.c \
	%D%/keep.h \
	%D%/mark.c \
	%D%/mark.h \
	%D%/nodes.c \
	%D%/nodes.h \
	%D%/overflow.c \
	%D%/overflow.h \
	%D%/report.c \
	%D%/report.h \
	%D%/round.c \
	%D%/round.h \
	%D%/scan.h \
	%D%/settings.c \
	%D%/settings.h \
	%D%/size.c \
	%D%/size.h \
	%D%/suspect.c \
	%D%/trace.c \
	%D%/trace.h \
	%D%/visit.h \
	%D%/walk.h \
	%D%/weak.c

WEIR_TEST_SOURCES += \
	tests/reference.c \
	tests/reference.h \
	tests/shadow.c \
	tests/shadow.h \
	tests/test_collect.c \
	tests/test_collect_random.c \
	tests/test_collect_roots.c \
	tests/test_collect_shadow.c \
	tests/test_collect_threads.c \
	tests/test_fault_collect.c \
	tests/test_fault_rounds.c \
	tests/test_finalize.c \
	tests/test_freeze.c \
	tests/test_generations.c \
	tests/test_phases.c \
	tests/test_inspect.c \
	tests/test_keep.c \
	tests/test_size.c \
	tests/test_trace.c \
	tests/test_unraisable.c \
	tests/test_weak_collect.c \
	tests/test_weak_threads.c
