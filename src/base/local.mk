# base/: knows nothing of Weir.
BASE_SOURCES += \
	include/weir/atomic.h \
	%D%/assert.c %D%/assert.h \
	%D%/bitmap.h \
	%D%/build.h \
	%D%/clock.c %D%/clock.h \
	%D%/futex.h \
	%D%/histogram.c %D%/histogram.h \
	%D%/lot.c %D%/lot.h \
	%D%/mem.c %D%/mem.h \
	%D%/mutex.c %D%/mutex.h \
	%D%/park.c %D%/park.h \
	%D%/pending.h \
	%D%/plant.h %D%/plant_none.h %D%/plants.def \
	%D%/probe.h \
	%D%/random.c %D%/random.h \
	%D%/siphash.c %D%/siphash.h \
	%D%/sync.h %D%/sync_hook_none.h \
	%D%/vector.c %D%/vector.h

BASE_TEST_SOURCES += \
	tests/test_bitmap.c \
	tests/test_clock.c \
	tests/test_histogram.c \
	tests/test_lot.c \
	tests/test_mem.c \
	tests/test_mutex.c \
	tests/test_park.c \
	tests/test_random.c \
	tests/test_siphash.c \
	tests/test_sync.c \
	tests/test_vector.c
