# heap/: memory for blocks; knows no objects.
WEIR_SOURCES += \
	%D%/arena.c %D%/arena.h \
	%D%/batch.c \
	%D%/check.c \
	%D%/checker.c %D%/checker.h \
	%D%/classes.h \
	%D%/heap.c %D%/heap.h \
	%D%/heap_internal.h \
	%D%/limbo.c %D%/limbo.h \
	%D%/poison.h \
	%D%/pool.c %D%/pool.h \
	%D%/raw.c %D%/raw.h \
	%D%/region.c %D%/region.h \
	%D%/remote.c %D%/remote.h \
	%D%/side.c %D%/side.h \
	%D%/span.c %D%/span.h \
	%D%/stats.c %D%/stats.h

WEIR_TEST_SOURCES += \
	tests/heap_fixture.h \
	tests/test_heap.c \
	tests/test_heap_checker.c \
	tests/test_heap_region.c \
	tests/test_heap_threads.c
