WEIR_SOURCES += \
	%D%/checkpoint.c \
	%D%/error.c \
	%D%/lock_stats.c \
	%D%/memory.c \
	%D%/start.c

WEIR_TEST_SOURCES += tests/test_runtime.c tests/test_object.c
