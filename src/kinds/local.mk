# The builtin kinds: each a type with its operations.
WEIR_SOURCES += \
	%D%/attrs.c \
	%D%/attrs.h \
	%D%/dict.c \
	%D%/dict.h \
	%D%/dict_table.c \
	%D%/dict_table.h \
	%D%/hash.c \
	%D%/hash.h \
	%D%/instance.c \
	%D%/instance.h \
	%D%/int.c \
	%D%/int.h \
	%D%/kinds.c \
	%D%/kinds.h \
	%D%/list.c \
	%D%/list.h \
	%D%/list_array.c \
	%D%/list_slice.c \
	%D%/list_sort.c \
	%D%/str.c \
	%D%/str.h \
	%D%/tuple.c \
	%D%/tuple.h
WEIR_TEST_SOURCES += \
	tests/fixture.h \
	tests/sweep.h \
	tests/test_deep.c \
	tests/test_dict.c \
	tests/test_dict_threads.c \
	tests/test_fault_dict.c \
	tests/test_fault_list.c \
	tests/test_fault_slice.c \
	tests/test_hash.c \
	tests/test_instance.c \
	tests/test_int.c \
	tests/test_list.c \
	tests/test_list_history.c \
	tests/test_list_slice.c \
	tests/test_list_sort.c \
	tests/test_list_threads.c \
	tests/test_refcount.c \
	tests/test_slot.c \
	tests/test_str.c \
	tests/test_tuple.c \
	tests/workers.h
