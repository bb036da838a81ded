# lab/: the weir command.  main.c is named in Makefile.am: all the rest is a
# library that the tests link too.
LAB_SOURCES += \
	%D%/argument.c %D%/argument.h \
	%D%/catalog.c %D%/catalog.h \
	%D%/cell.c %D%/cell.h \
	%D%/child.c %D%/child.h \
	%D%/child_find.c \
	%D%/collect.c %D%/collect.h \
	%D%/collect_judge.c \
	%D%/collect_once.c \
	%D%/collect_plan.c \
	%D%/collect_record.c \
	%D%/collect_request.c \
	%D%/collect_run.c \
	%D%/collect_table.c \
	%D%/compare.c %D%/compare.h \
	%D%/compare_judge.c \
	%D%/compare_once.c \
	%D%/compare_plan.c \
	%D%/compare_run.c \
	%D%/compare_summary.c \
	%D%/compare_table.c \
	%D%/contend.c %D%/contend.h \
	%D%/contend_figures.c \
	%D%/contend_free.c \
	%D%/contend_html.c \
	%D%/contend_judge.c \
	%D%/contend_once.c \
	%D%/contend_params.c \
	%D%/contend_plan.c \
	%D%/contend_plot.c \
	%D%/contend_request.c \
	%D%/contend_run.c \
	%D%/contend_stops.c \
	%D%/contend_table.c \
	%D%/contend_trace.c \
	%D%/contend_words.c \
	%D%/dispatch.c \
	%D%/doctor.c \
	%D%/env.c %D%/env.h \
	%D%/lab.h \
	%D%/list.c \
	%D%/noise.c %D%/noise.h \
	%D%/outcome.c %D%/outcome.h \
	%D%/record.c %D%/record.h \
	%D%/request.c %D%/request.h \
	%D%/say.c %D%/say.h \
	%D%/stats.c %D%/stats.h \
	%D%/stress.c %D%/stress.h \
	%D%/stress_judge.c \
	%D%/stress_junit.c \
	%D%/stress_plan.c \
	%D%/stress_request.c \
	%D%/stress_run.c \
	%D%/stress_table.c \
	%D%/table.c %D%/table.h \
	%D%/text.c %D%/text.h \
	%D%/trace.c %D%/trace.h \
	%D%/trace_read.c

LAB_TEST_SOURCES += \
	tests/test_cells.c \
	tests/test_contend.c \
	tests/test_stats.c \
	tests/test_table.c

CLI_TESTS += \
	tests/cli/test-collect.sh \
	tests/cli/test-compare.sh \
	tests/cli/test-contend.sh \
	tests/cli/test-crash.sh \
	tests/cli/test-doctor.sh \
	tests/cli/test-usage.sh

EXTRA_DIST += \
	tests/cli/common.sh \
	tests/cli/fake-cell \
	tests/trace_check.py
