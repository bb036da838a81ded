WEIR_SOURCES += \
	%D%/checkpoint.c \
	%D%/error.c \
	%D%/error.h \
	%D%/fork.c \
	%D%/handle.c \
	%D%/handle.h \
	%D%/lock_stats.c \
	%D%/memory.c \
	%D%/start.c \
	%D%/start.h \
	%D%/stop.c \
	%D%/stop.h

WEIR_TEST_SOURCES += \
	tests/forks.h \
	tests/numbered.h \
	tests/test_fault_start.c \
	tests/test_fork.c \
	tests/test_fork_threads.c \
	tests/test_handle.c \
	tests/test_object.c \
	tests/test_runtime.c \
	tests/test_stop.c \
	tests/test_stop_fast.c
