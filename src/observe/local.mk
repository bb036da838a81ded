# observe/: what the runtime tells of itself.
WEIR_SOURCES += \
	%D%/account.c \
	include/weir/account.h

WEIR_TEST_SOURCES += \
	tests/test_account.c
