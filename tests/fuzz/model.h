/* SPDX-License-Identifier: MIT */
/*
 * tests/fuzz/model.h - what one thread's graph must look like, always.
 *
 * A model of what the public headers promise: who refers to whom, who dies
 * when the last reference goes, what a collection of each generation finds,
 * in which order callbacks and finalizers run, and what these may still save.
 * It is told of everything the program does, before it is done, and of every
 * call the runtime makes; what it did not expect ends the process.
 *
 * It knows nothing of how the runtime finds garbage: it marks from what the
 * program holds.
 */
#ifndef WR_TESTS_FUZZ_MODEL_H
#define WR_TESTS_FUZZ_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/weir.h>

enum { MODEL_NODES = 64, MODEL_OUT = 300, MODEL_KEYS = 8, MODEL_NAMES = 4 };

enum model_kind {
    MODEL_PLAIN,  /* an instance */
    MODEL_FINAL,  /* one with a finalizer */
    MODEL_LEGACY, /* one whose finalizer no collection runs */
    MODEL_ATTRS,  /* one with attributes */
    MODEL_LIST,
    MODEL_TUPLE,
    MODEL_DICT,
    MODEL_SET,
    MODEL_CELL,
    MODEL_FOREIGN, /* with a finalizer and release */
    MODEL_WEAK,
    MODEL_TABLE, /* of attributes: the program never has it in hand */
    MODEL_KINDS
};

/* What is told wrongly, once, to see that it is noticed. */
enum model_lie {
    MODEL_LIE_NONE,
    MODEL_LIE_EDGE,       /* a new link is not noted */
    MODEL_LIE_DROP,       /* a dropped reference is not noted */
    MODEL_LIE_FINALIZER,  /* nor that a finalizer has run */
    MODEL_LIE_TARGET,     /* the wrong target of a weak reference is noted */
    MODEL_LIE_CALL,       /* a callback is not noted */
    MODEL_LIE_GENERATION, /* what is promoted stays young */
    MODEL_LIE_ROOT,       /* a reference of the program is not a root */
    MODEL_LIE_ATTR,       /* a new attribute is not noted */
    MODEL_LIE_DELETE,     /* nor that one is gone */
    MODEL_LIE_IMMORTAL,   /* nor that an object has become immortal */
    MODEL_LIE_FREEZE,     /* nor that one is frozen */
    MODEL_LIE_UNFREEZE,   /* nor that one is frozen no more */
    MODEL_LIE_LEGACY,     /* a legacy finalizer is taken for an ordinary one */
    MODEL_LIE_KEEP,       /* what is put into the garbage list is not noted */
    MODEL_LIE_CLEAR,      /* nor that it is taken out */
    MODEL_LIE_SAVE,       /* what is saved is taken for freed */
    MODEL_LIES
};

struct model_node {
    weir_object *object; /* NULL: gone, and the address used again */
    enum model_kind kind;
    bool alive;
    bool untracked; /* of a tuple: no collection looks at it */
    bool buried;    /* found by the collection that is going on */
    int generation;

    unsigned held;    /* references that the program has */
    unsigned handles; /* living handles to it */
    unsigned kept;    /* 1: in the garbage list */
    bool doubtful;    /* or there was no memory to put it there */
    unsigned pinned;  /* further references that the runtime has */
    unsigned running; /* calls for it; the program may use it meanwhile */

    /* 1 + node, or 0; fixed places but for lists and sets. */
    unsigned nout;
    uint8_t out[MODEL_OUT];

    bool immortal;
    bool frozen;
    bool finalized;
    unsigned released;

    /* of a weak reference, unless cleared; of a table, the instance */
    unsigned target;
    bool has_callback;
    bool cleared;
    bool called;
    bool queued;       /* the collection that is going on will call it */
    bool holds_target; /* called while that is torn down */

    /* while something is computed */
    unsigned references;
    bool reached;
    bool candidate;
    bool doomed; /* unreachable when the collection began */
    bool died;
};

struct model_round {
    bool active;
    bool applied;  /* it is known that it has begun to look */
    bool detected; /* it is known what is garbage for good */
    bool faulted;  /* an allocation may fail: it may give up */
    bool user;     /* callbacks or finalizers wait, or garbage is saved */
    bool save;     /* what is garbage goes to the list */
    int generation;
    unsigned depth;
    unsigned candidates;
    unsigned due_calls;
    unsigned due_finalizers;
    unsigned uncollectable;
    int64_t result; /* of the collection that ended last */
};

extern struct model {
    struct model_node nodes[MODEL_NODES];
    struct model_round round;
    unsigned depth; /* calls by the runtime that have not returned */
    bool clearing;  /* the garbage list is being dropped, one by one */
    bool saves;     /* WEIR_GC_DEBUG_SAVEALL is on */
    weir_object *keys[MODEL_KEYS];
    weir_object *names[MODEL_NAMES]; /* of attributes */
    weir_object *filler;
    uint64_t objects; /* in the heap, none of them a node's */
    enum model_lie lie;
    unsigned occasions; /* for the lie */
} model;

#define EACH_NODE(n)                                                           \
    for (struct model_node *n = model.nodes; n < model.nodes + MODEL_NODES; n++)

/* Say what is wrong and end the process. */
void model_fail(const char *what, unsigned node)
    __attribute__((noreturn, cold));

/* True once, on the second occasion for that lie. */
bool model_lies(enum model_lie lie);

/* Nothing lives.  keys and filler stay. */
void model_reset(void);

static inline unsigned
model_index(const struct model_node *node)
{
    return (unsigned)(node - model.nodes);
}

/* Do collections look at it, unless it is frozen? */
bool model_is_tracked(const struct model_node *node);

/* How many references to each there are, but for those that are pinned. */
void model_count_references(void);

/* A place for a new node, or NULL. */
struct model_node *model_place(void);

/* A new object: the program has one reference to it. */
void model_add(struct model_node *node, enum model_kind kind,
               weir_object *object);

/* A tuple has its items now. */
void model_note_tuple(struct model_node *node);

/* The node of an object that has not been freed, as far as is known. */
struct model_node *model_find(const weir_object *o);

/* All that has no reference is dead: it must have been finalized.  Caller: the
 * call that dropped them has returned. */
void model_settle(void);

/* Something may or may not be torn down yet. */
bool model_has_pending(void);

/* Calls by the runtime: may it?  Between begin and end the program acts. */
struct model_node *model_finalizer_begins(weir_object *o);
void model_finalizer_ends(struct model_node *node);
struct model_node *model_callback_begins(weir_object *weak);
void model_callback_ends(struct model_node *node);
void model_releases(weir_object *o);

/* From now on nothing that is alive will die, but for what comes later. */
void model_immortalize_all(void);

/* All that is tracked is frozen, or all that is frozen is not any more.  How
 * many that are. */
unsigned model_freeze(void);
unsigned model_unfreeze(void);

/* How many objects the garbage list has. */
unsigned model_kept(void);

/* A collection; info as the runtime tells it. */
void model_collection_begins(int generation);
void model_collection_ends(const weir_gc_info *info);

/* Is the heap what the model says?  Caller: no call by the runtime goes on. */
void model_verify(void);

#endif
