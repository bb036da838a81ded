WEIR_SOURCES += \
	%D%/children.h \
	%D%/dealloc.c \
	%D%/dealloc.h \
	%D%/header.h \
	%D%/immortal.c \
	%D%/immortal.h \
	%D%/layout.h \
	%D%/lock.c \
	%D%/object.c \
	%D%/quiet.h \
	%D%/site.c \
	%D%/site.h \
	%D%/slot.h \
	%D%/type.c \
	%D%/type.h \
	%D%/weak.c \
	%D%/weak.h
