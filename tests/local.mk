# Test programs and scripts.  A folder's local.mk lists the files that test it.

TEST_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) -I$(top_srcdir)/tests
TEST_LIBS = libbase.la $(FLAVOUR_LIBS) $(CHECK_LIBS) $(LIBM)
# Those that take longest, in this order, and the others.
LONG_TESTS = tests/check-atomic tests/check-gil
SHORT_TESTS =
TEST_FILES = tests/main.c tests/suites.h tests/crew.h tests/fixture.h \
	tests/sanitized.h

SHORT_TESTS += tests/check-base
tests_check_base_SOURCES = $(TEST_FILES) tests/suites_base.def \
	$(BASE_TEST_SOURCES)
tests_check_base_CPPFLAGS = $(TEST_CPPFLAGS) -DWR_SUITES='"suites_base.def"'
tests_check_base_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_check_base_LDADD = $(TEST_LIBS)

SHORT_TESTS += tests/check-lab
tests_check_lab_SOURCES = $(TEST_FILES) tests/suites_lab.def \
	$(LAB_TEST_SOURCES)
tests_check_lab_CPPFLAGS = $(TEST_CPPFLAGS) -DWR_SUITES='"suites_lab.def"'
tests_check_lab_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
tests_check_lab_LDADD = $(LAB_LIBS) $(TEST_LIBS)

tests_check_gil_SOURCES = $(TEST_FILES) tests/suites_core.def \
	$(WEIR_TEST_SOURCES)
tests_check_gil_CPPFLAGS = $(TEST_CPPFLAGS) -DWR_SUITES='"suites_core.def"' \
	-DWEIR_FLAVOUR_GIL
tests_check_gil_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_check_gil_LDADD = libcore-gil.la $(TEST_LIBS)

tests_check_atomic_SOURCES = $(TEST_FILES) tests/suites_core.def \
	$(WEIR_TEST_SOURCES)
tests_check_atomic_CPPFLAGS = $(TEST_CPPFLAGS) -DWR_SUITES='"suites_core.def"' \
	-DWEIR_FLAVOUR_ATOMIC
tests_check_atomic_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_check_atomic_LDADD = libcore-atomic.la $(TEST_LIBS)

# The flavours of the lab; tests that need counts or order skip themselves.
if LAB_FLAVOURS
SHORT_TESTS += tests/check-unsafe
tests_check_unsafe_SOURCES = $(TEST_FILES) tests/suites_core.def \
	$(WEIR_TEST_SOURCES)
tests_check_unsafe_CPPFLAGS = $(TEST_CPPFLAGS) \
	-DWR_SUITES='"suites_core.def"' -DWEIR_FLAVOUR_UNSAFE
tests_check_unsafe_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_check_unsafe_LDADD = libcore-unsafe.a $(TEST_LIBS)

SHORT_TESTS += tests/check-nocount
tests_check_nocount_SOURCES = $(TEST_FILES) tests/suites_nocount.def \
	$(WEIR_TEST_SOURCES)
tests_check_nocount_CPPFLAGS = $(TEST_CPPFLAGS) \
	-DWR_SUITES='"suites_nocount.def"' -DWEIR_FLAVOUR_NOCOUNT
tests_check_nocount_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_check_nocount_LDADD = libcore-nocount.a $(TEST_LIBS)
endif

# The lab's programs, in the flavour where threads do most at once.  The linker
# puts the wrappers of lies.c in front of these functions of the runtime.
LIES = -Wl,--wrap=weir_list_append -Wl,--wrap=weir_list_set \
	-Wl,--wrap=weir_list_get -Wl,--wrap=weir_dict_set \
	-Wl,--wrap=weir_dict_move_to_end -Wl,--wrap=weir_dict_add_int \
	-Wl,--wrap=weir_dict_pop_first \
	-Wl,--wrap=weir_dict_next -Wl,--wrap=weir_dict_get \
	-Wl,--wrap=weir_instance_set -Wl,--wrap=weir_instance_make \
	-Wl,--wrap=weir_attr_set -Wl,--wrap=weir_str_new \
	-Wl,--wrap=weir_refcount -Wl,--wrap=weir_dealloc_ \
	-Wl,--wrap=weir_gc_collect -Wl,--wrap=weir_memory_stats \
	-Wl,--wrap=send -Wl,--wrap=recv

SHORT_TESTS += tests/check-programs
tests_check_programs_SOURCES = $(TEST_FILES) tests/suites_programs.def \
	$(PROGRAM_TEST_SOURCES)
tests_check_programs_CPPFLAGS = $(TEST_CPPFLAGS) \
	-DWR_SUITES='"suites_programs.def"' -DWEIR_FLAVOUR_ATOMIC
tests_check_programs_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(JANSSON_CFLAGS)
tests_check_programs_LDFLAGS = $(AM_LDFLAGS) $(LIES)
tests_check_programs_LDADD = libcore-atomic.la $(TEST_LIBS) $(JANSSON_LIBS)

# The fuzz target, fed by a generator of its own; ./dev fuzz links it to
# libFuzzer instead.
FUZZ_SOURCES = tests/fuzz/collect.c tests/fuzz/collect.h tests/fuzz/main.c \
	tests/fuzz/model.c tests/fuzz/model.h tests/fuzz/steps.h \
	tests/fuzz/steps_gc.c tests/fuzz/verify.c tests/sanitized.h
FUZZ_LIBS = libbase.la $(FLAVOUR_LIBS) $(LIBM)

SHORT_TESTS += tests/fuzz-collect-gil
tests_fuzz_collect_gil_SOURCES = $(FUZZ_SOURCES)
tests_fuzz_collect_gil_CPPFLAGS = $(TEST_CPPFLAGS) -DWEIR_FLAVOUR_GIL
tests_fuzz_collect_gil_LDADD = libcore-gil.la $(FUZZ_LIBS)

SHORT_TESTS += tests/fuzz-collect-atomic
tests_fuzz_collect_atomic_SOURCES = $(FUZZ_SOURCES)
tests_fuzz_collect_atomic_CPPFLAGS = $(TEST_CPPFLAGS) -DWEIR_FLAVOUR_ATOMIC
tests_fuzz_collect_atomic_LDADD = libcore-atomic.la $(FUZZ_LIBS)

if LAB_FLAVOURS
SHORT_TESTS += tests/fuzz-collect-unsafe
tests_fuzz_collect_unsafe_SOURCES = $(FUZZ_SOURCES)
tests_fuzz_collect_unsafe_CPPFLAGS = $(TEST_CPPFLAGS) -DWEIR_FLAVOUR_UNSAFE
tests_fuzz_collect_unsafe_LDADD = libcore-unsafe.a $(FUZZ_LIBS)
endif

# A build that is tested once may save time on the tests' own code.
$(tests_check_base_OBJECTS) $(tests_check_lab_OBJECTS) \
$(tests_check_programs_OBJECTS) $(tests_check_gil_OBJECTS) \
$(tests_check_atomic_OBJECTS) $(tests_check_unsafe_OBJECTS) \
$(tests_check_nocount_OBJECTS) $(tests_fuzz_collect_gil_OBJECTS) \
$(tests_fuzz_collect_atomic_OBJECTS) \
$(tests_fuzz_collect_unsafe_OBJECTS): CFLAGS = $(TEST_CFLAGS)

# What the second list finds depends on the sources and on the compiler alone:
# ./dev gives it another value where it has run already.
SCRIPT_TESTS = tests/behaviours.sh tests/examples.sh tests/symbols.sh
SOURCE_TESTS = tests/headers.sh tests/lint.sh
EXTRA_DIST += $(SCRIPT_TESTS) tests/headers.sh tests/lint.sh $(CLI_TESTS) \
	$(CELL_TESTS) $(MUTANT_TESTS) $(RACE_TESTS)

EXTRA_DIST += \
	examples/embed/Makefile \
	examples/embed/containers.c \
	examples/embed/containers.expected \
	examples/embed/cycle.c \
	examples/embed/cycle.expected \
	examples/embed/legacy.c \
	examples/embed/legacy.expected \
	examples/embed/polygon.c \
	examples/embed/polygon.expected \
	examples/embed/raii.cc \
	examples/embed/raii.expected \
	examples/embed/resurrection.c \
	examples/embed/resurrection.expected \
	examples/embed/self-list.c \
	examples/embed/self-list.expected \
	examples/embed/shared-dict.c \
	examples/embed/shared-dict.expected \
	examples/embed/three-steps.c \
	examples/embed/three-steps.expected \
	examples/embed/weak-cache.c \
	examples/embed/weak-cache.expected

# The long ones first, so that few processors wait for the last.
check_PROGRAMS += $(LONG_TESTS) $(SHORT_TESTS)
TESTS = $(MUTANT_TESTS) $(LONG_TESTS) $(CELL_TESTS) $(CLI_TESTS) \
	$(SHORT_TESTS) $(SCRIPT_TESTS) $(SOURCE_TESTS) $(RACE_TESTS)
TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = bash
AM_TESTS_ENVIRONMENT = \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir; \
	WEIR='$(abs_top_builddir)/weir'; export WEIR; \
	CC='$(CC)'; export CC; \
	CXX='$(CXX)'; export CXX; \
	HAVE_CXX='$(HAVE_CXX)'; export HAVE_CXX; \
	WEIR_DEBUG='$(WEIR_DEBUG)'; export WEIR_DEBUG; \
	SANITIZER_FLAGS='$(SANITIZER_FLAGS)'; export SANITIZER_FLAGS; \
	CK_VERBOSITY=$${CK_VERBOSITY-normal}; export CK_VERBOSITY; \
	CK_TIMEOUT_MULTIPLIER=$${CK_TIMEOUT_MULTIPLIER-10}; \
	export CK_TIMEOUT_MULTIPLIER;

# make distcheck removes its tree in the end; where this says, results remain.
installcheck-local:
	@if test -n "$$WEIR_KEEP_RESULTS"; then \
		$(MKDIR_P) "$$WEIR_KEEP_RESULTS" && \
		cp -p $(TEST_LOGS) $(TEST_LOGS:.log=.trs) "$$WEIR_KEEP_RESULTS"; \
	fi
