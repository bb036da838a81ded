/* SPDX-License-Identifier: MIT */
/*
 * stress/programs/sessions.c - the bounded cache of sessions of webcache.
 */
#include "sessions.h"

#include <stdio.h>
#include <stdlib.h>

/* Slots of a session, and of a user. */
enum { SESSION_USER, SESSION_SLOTS };
enum { USER_SESSION, USER_NAME, USER_SLOTS };

/* Before the number in a user's name. */
#define NAME_PREFIX "user"

/* What a session knows about itself. */
struct fields {
    int64_t visits;

    /* the moment of the last visit */
    int64_t used;

    int64_t seal;
};

/* ---- a session's fields ---- */

static int64_t
seal_of(uint32_t user, const struct fields *fields)
{
    uint64_t sum = weir_program_mix((uint64_t)fields->visits) +
                   weir_program_mix((uint64_t)fields->used << 1);

    return (int64_t)(weir_program_mix(user ^ sum) >> 2);
}

static int
set_attr(const struct wr_sessions *s, weir_object *session, int attr,
         int64_t value)
{
    weir_object *number = weir_int_new(value);
    int error;

    if (number == NULL) {
        return weir_error();
    }
    error = weir_attr_set(session, s->attrs[attr], number);
    weir_decref(number);
    return error;
}

static bool
get_attr(const struct wr_sessions *s, weir_object *session, int attr,
         int64_t *value)
{
    weir_object *number = weir_attr_get(session, s->attrs[attr]);
    bool found = weir_int_value(number, value) == 0;

    weir_xdecref(number);
    return found;
}

static int
write_fields(const struct wr_sessions *s, weir_object *session, uint32_t user,
             struct fields *fields)
{
    int error = set_attr(s, session, WR_SESSION_VISITS, fields->visits);

    fields->seal = seal_of(user, fields);
    if (error == 0) {
        error = set_attr(s, session, WR_SESSION_USED, fields->used);
    }
    if (error == 0) {
        error = set_attr(s, session, WR_SESSION_SEAL, fields->seal);
    }
    return error;
}

/* False when a field is missing or they do not belong together. */
static bool
read_fields(const struct wr_sessions *s, weir_object *session, uint32_t user,
            struct fields *fields)
{
    return get_attr(s, session, WR_SESSION_VISITS, &fields->visits) &&
           get_attr(s, session, WR_SESSION_USED, &fields->used) &&
           get_attr(s, session, WR_SESSION_SEAL, &fields->seal) &&
           fields->seal == seal_of(user, fields);
}

/* ---- sessions ---- */

/* Let the two refer to each other, and fill in what is known of them. */
static int
link_session(const struct wr_sessions *s, weir_object *session,
             weir_object *owner, uint32_t user)
{
    struct fields fields = {.visits = 0};
    int error = weir_instance_set(session, SESSION_USER, owner);

    if (error == 0) {
        error = weir_instance_set(owner, USER_SESSION, session);
    }
    if (error == 0) {
        error = weir_instance_set(owner, USER_NAME, s->names[user]);
    }
    return error != 0 ? error : write_fields(s, session, user, &fields);
}

/* A session with its user, a new reference in *session. */
static int
make_session(const struct wr_sessions *s, uint32_t user, weir_object **session)
{
    weir_object *made = weir_instance_new(s->session_type);
    weir_object *owner = weir_instance_new(s->user_type);
    int error = made == NULL || owner == NULL
                    ? WEIR_ENOMEM
                    : link_session(s, made, owner, user);

    weir_xdecref(owner);
    if (error != 0) {
        weir_xdecref(made);
        made = NULL;
    }
    *session = made;
    return error;
}

bool
wr_sessions_linked(const struct wr_sessions *s, weir_object *session,
                   uint32_t user)
{
    weir_object *owner = weir_instance_get(session, SESSION_USER);
    weir_object *back = weir_instance_get(owner, USER_SESSION);
    weir_object *name = weir_instance_get(owner, USER_NAME);
    bool linked = back == session && name == s->names[user];

    weir_xdecref(owner);
    weir_xdecref(back);
    weir_xdecref(name);
    return linked;
}

/* The number in a user's name. */
static uint32_t
user_of(weir_object *name)
{
    const char *text = weir_str_data(name, NULL);

    return text == NULL
               ? 0
               : (uint32_t)strtoul(text + sizeof(NAME_PREFIX) - 1, NULL, 10);
}

/* ---- the cache; under the mutex ---- */

/* Take out the session used least recently, and remember its visits.  Whoever
 * is evicted later has been used later. */
static int
evict_locked(struct wr_sessions *s)
{
    struct fields fields;
    weir_object *name;
    weir_object *session;
    int error = WEIR_PROGRAM_FAILED;

    if (weir_dict_pop_first(s->cache, &name, &session) != 1) {
        return WEIR_PROGRAM_FAILED;
    }
    s->evictions++;
    if (read_fields(s, session, user_of(name), &fields) &&
        fields.used > s->evicted_used) {
        s->evicted_used = fields.used;
        error = weir_dict_add_int(s->visits, name, fields.visits, NULL);
    }
    weir_decref(name);
    weir_decref(session);
    return error;
}

/* A new session at the end, the first one gone if there are too many. */
static int
insert_locked(struct wr_sessions *s, uint32_t user, weir_object **session)
{
    int error = make_session(s, user, session);

    if (error == 0 && weir_dict_size(s->cache) >= s->bound) {
        error = evict_locked(s);
    }
    return error != 0 ? error
                      : weir_dict_set(s->cache, s->names[user], *session);
}

/* One more visit, at this moment. */
static int
touch_locked(struct wr_sessions *s, uint32_t user, weir_object *session)
{
    struct fields fields;

    if (!read_fields(s, session, user, &fields)) {
        return WEIR_PROGRAM_FAILED;
    }
    fields.visits++;
    fields.used = (int64_t)++s->clock;
    return write_fields(s, session, user, &fields);
}

/*
 * Nobody who holds the mutex waits for more than the lock of an object, or
 * comes to a checkpoint; so under a global lock it is always free.  Without
 * one, who finds it taken leaves the runtime to wait, and holds up nobody.
 */
static void
lock(struct wr_sessions *s)
{
    if (pthread_mutex_trylock(&s->mutex) != 0) {
        (void)weir_blocking_begin();
        pthread_mutex_lock(&s->mutex);
        (void)weir_blocking_end();
    }
}

static int
visit_locked(struct wr_sessions *s, uint32_t user, weir_object **session,
             bool *hit)
{
    int error;

    *session = weir_dict_get(s->cache, s->names[user]);
    *hit = *session != NULL;
    if (*hit) {
        error = weir_dict_move_to_end(s->cache, s->names[user]);
    } else {
        error = insert_locked(s, user, session);
    }
    if (error == 0) {
        error = touch_locked(s, user, *session);
    }
    return error == WEIR_ENOKEY ? WEIR_PROGRAM_FAILED : error;
}

int
wr_sessions_visit(struct wr_sessions *s, uint32_t user, weir_object **session,
                  bool *hit)
{
    int error;

    lock(s);
    if (s->error == 0) {
        s->error = visit_locked(s, user, session, hit);
    }
    error = s->error;
    pthread_mutex_unlock(&s->mutex);
    return error;
}

/* ---- beginning and end ---- */

static int
make_names(struct wr_sessions *s, uint32_t users)
{
    static const char *const attrs[WR_SESSION_ATTRS] = {
        [WR_SESSION_VISITS] = "visits",
        [WR_SESSION_USED] = "used",
        [WR_SESSION_SEAL] = "seal",
    };

    for (int i = 0; i < WR_SESSION_ATTRS; i++) {
        s->attrs[i] = weir_str_from(attrs[i]);
        if (s->attrs[i] == NULL) {
            return weir_error();
        }
    }
    s->names = calloc(users, sizeof(weir_object *));
    if (s->names == NULL) {
        return WEIR_ENOMEM;
    }
    for (; s->users < users; s->users++) {
        char name[32];

        snprintf(name, sizeof(name), NAME_PREFIX "%010u", s->users);
        s->names[s->users] = weir_str_from(name);
        if (s->names[s->users] == NULL) {
            return weir_error();
        }
        (void)weir_checkpoint();
    }
    return 0;
}

int
wr_sessions_make(struct wr_sessions *s, uint32_t users, int64_t bound)
{
    pthread_mutex_init(&s->mutex, NULL);
    s->bound = bound;
    s->session_type = weir_instance_type("session", SESSION_SLOTS,
                                         WEIR_TYPE_ATTRS, NULL, NULL);
    s->user_type = weir_instance_type("user", USER_SLOTS, 0, NULL, NULL);
    s->cache = weir_dict_new();
    s->visits = weir_dict_new();
    if (s->session_type == NULL || s->user_type == NULL || s->cache == NULL ||
        s->visits == NULL) {
        return weir_error();
    }
    return make_names(s, users);
}

void
wr_sessions_drop(struct wr_sessions *s)
{
    for (uint32_t i = 0; i < s->users; i++) {
        weir_decref(s->names[i]);
    }
    free(s->names);
    for (int i = 0; i < WR_SESSION_ATTRS; i++) {
        weir_xdecref(s->attrs[i]);
    }
    weir_xdecref(s->cache);
    weir_xdecref(s->visits);
    pthread_mutex_destroy(&s->mutex);
}

/* ---- the check ---- */

/* Take the visits of the sessions in the cache from what is expected. */
static bool
subtract_cached(const struct wr_sessions *s, int64_t *expected)
{
    uint64_t pos = 0;
    int64_t used = 0;
    bool intact = true;
    weir_object *name;
    weir_object *session;

    while (weir_dict_next(s->cache, &pos, &name, &session) == 1) {
        uint32_t user = user_of(name);
        struct fields fields;

        intact = intact && user < s->users &&
                 read_fields(s, session, user, &fields) &&
                 wr_sessions_linked(s, session, user) && fields.used > used;
        if (intact) {
            used = fields.used;
            expected[user] -= fields.visits;
        }
        weir_decref(name);
        weir_decref(session);
    }
    return intact;
}

bool
wr_sessions_intact(const struct wr_sessions *s, int64_t *expected)
{
    bool intact = subtract_cached(s, expected);

    for (uint32_t user = 0; user < s->users; user++) {
        weir_object *number = weir_dict_get(s->visits, s->names[user]);
        int64_t visits = 0;

        if (number != NULL) {
            intact = intact && weir_int_value(number, &visits) == 0;
            weir_decref(number);
        }
        intact = intact && expected[user] == visits;
    }
    return intact;
}
