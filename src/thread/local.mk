# thread/: records and states, the global lock, the stop, object locks,
# deferred reclamation.
WEIR_SOURCES += \
	%D%/account.c \
	%D%/account.h \
	%D%/boost.h \
	%D%/fork.c \
	%D%/fork.h \
	%D%/gate.h \
	%D%/late.c \
	%D%/late.h \
	%D%/lock.c \
	%D%/lock.h \
	%D%/lock_queue.h \
	%D%/objlock.c \
	%D%/objlock.h \
	%D%/policy_barging.c \
	%D%/policy_boost.c \
	%D%/policy_cpython.c \
	%D%/policy_fifo.c \
	%D%/reclaim.c \
	%D%/reclaim.h \
	%D%/retire.c \
	%D%/retire.h \
	%D%/safepoint.c \
	%D%/safepoint.h \
	%D%/state.h \
	%D%/thread.c \
	%D%/thread.h \
	include/weir/thread.h

WEIR_TEST_SOURCES += \
	examples/policy/ticket.c \
	tests/test_boost.c \
	tests/test_churn.c \
	tests/test_late.c \
	tests/test_lock.c \
	tests/test_objlock.c \
	tests/test_reclaim.c \
	tests/test_retire.c \
	tests/test_safepoint.c \
	tests/test_scarce.c \
	tests/test_storm.c \
	tests/test_thread.c \
	tests/test_thread_ends.c

EXTRA_DIST += \
	tests/models/dict.pml \
	tests/models/list.pml \
	tests/models/lock_boost.pml \
	tests/models/lock_cpython.pml \
	tests/models/lock_fifo.pml \
	tests/models/run.sh \
	tests/models/slot.pml \
	tests/models/stop.pml \
	tests/models/threads.pml \
	tests/models/weak.pml
