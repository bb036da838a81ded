# race/: what builds for race tests put in front of the runtime's own headers.
# Nothing includes it by name: it shadows base/build.h and two count headers.
RACE_BASE_SOURCES += \
	%D%/base/build.h \
	%D%/base/plant_race.c %D%/base/plant_race.h \
	%D%/base/sync_hook_race.h \
	%D%/weir/refcount_atomic.h \
	%D%/weir/refcount_plain.h
