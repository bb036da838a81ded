# The builtin kinds: each a type with its operations.
WEIR_SOURCES += \
	%D%/attrs.c \
	%D%/attrs.h \
	%D%/cell.c \
	%D%/cell.h \
	%D%/dict.c \
	%D%/dict.h \
	%D%/dict_both.c \
	%D%/dict_table.c \
	%D%/dict_table.h \
	%D%/foreign.c \
	%D%/foreign.h \
	%D%/dict_two.c \
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
	%D%/pile.h \
	%D%/set.c \
	%D%/set.h \
	%D%/str.c \
	%D%/str.h \
	%D%/str_build.c \
	%D%/str_join.c \
	%D%/str_number.c \
	%D%/str_ops.c \
	%D%/tuple.c \
	%D%/tuple.h
CLI_TESTS += tests/cli/test-examples.sh
EXTRA_DIST += \
	examples/embed/Makefile \
	examples/embed/README.md \
	examples/embed/foreign.c \
	examples/embed/foreign.out \
	examples/embed/references.c \
	examples/embed/references.out
WEIR_TEST_SOURCES += \
	tests/bag.h \
	tests/fixture.h \
	tests/test_cell.c \
	tests/sweep.h \
	tests/test_deep.c \
	tests/test_dict.c \
	tests/test_dict_ops.c \
	tests/test_dict_threads.c \
	tests/test_fault_dict.c \
	tests/test_fault_list.c \
	tests/test_fault_str.c \
	tests/test_foreign.c \
	tests/test_fault_set.c \
	tests/test_hash.c \
	tests/test_hash_attack.c \
	tests/test_instance.c \
	tests/test_int.c \
	tests/test_list.c \
	tests/test_misuse.c \
	tests/test_refcount.c \
	tests/test_set.c \
	tests/test_set_threads.c \
	tests/test_slot.c \
	tests/test_str.c \
	tests/test_str_build.c \
	tests/test_str_ops.c \
	tests/test_tuple.c \
	tests/workers.h
