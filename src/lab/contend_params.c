/* SPDX-License-Identifier: MIT */
/*
 * lab/contend_params.c - --param: which parameter concerns which program.
 */
#include "lab/contend.h"

#include <stdlib.h>
#include <string.h>

#include "lab/say.h"
#include "lab/text.h"

/* Threads of either kind that convoy can have. */
#define CONVOY_MAX 8

/* Where a parameter's key begins, and whether it concerns the program. */
static const char *
key_for(const char *text, const char *program)
{
    size_t n = strcspn(text, ".=");

    if (text[n] != '.') {
        return text;
    }
    return strlen(program) == n && strncmp(text, program, n) == 0 ? text + n + 1
                                                                  : NULL;
}

/* The value of a convoy's parameter, a list, and how it ends; its default when
 * it is not given.  Own parameters hold over those for all. */
static const char *
list_of(const struct wr_contend *contend, const char *key)
{
    const struct wr_contend_request *request = contend->request;
    const char *found = "1";
    bool found_own = false;
    size_t n = strlen(key);

    for (size_t i = 0; i < request->nparams; i++) {
        const char *text = request->params[i];
        const char *start = key_for(text, "convoy");

        if (start != NULL && strncmp(start, key, n) == 0 && start[n] == '=' &&
            (start != text || !found_own)) {
            found = start + n + 1;
            found_own = start != text;
        }
    }
    return found;
}

uint64_t *
wr_contend_convoy_threads(const struct wr_contend *contend, const char *key,
                          size_t *n)
{
    const char *text = list_of(contend, key);
    char **pieces = wr_text_split(text);
    uint64_t *numbers = NULL;

    for (*n = 0; pieces != NULL && pieces[*n] != NULL; (*n)++) {
        numbers = wr_lab_grow(numbers, (*n + 1) * sizeof(uint64_t));
        if (!wr_text_uint(pieces[*n], 0, CONVOY_MAX, &numbers[*n])) {
            free(numbers);
            numbers = NULL;
            break;
        }
    }
    wr_text_free_list(pieces);
    if (numbers == NULL) {
        wr_say("--param %s: '%s' is not a list of numbers from 0 to %d", key,
               text, CONVOY_MAX);
    }
    return numbers;
}

bool
wr_contend_check_params(const struct wr_contend *contend, char *const *programs)
{
    const struct wr_contend_request *request = contend->request;

    for (size_t i = 0; i < request->nparams; i++) {
        const char *text = request->params[i];
        bool used = false;

        for (size_t k = 0; programs[k] != NULL; k++) {
            const char *key = key_for(text, programs[k]);

            used = used ||
                   (key != NULL &&
                    wr_catalog_has_param(
                        wr_catalog_program(&contend->catalogs[0], programs[k]),
                        key, strcspn(key, "=")));
        }
        if (!used) {
            wr_say("--param: no program that was chosen has the parameter "
                   "'%.*s'",
                   (int)strcspn(text, "="), text);
            return false;
        }
    }
    return true;
}

void
wr_contend_add_params(const struct wr_contend *contend, struct wr_match *match)
{
    const struct wr_contend_request *request = contend->request;

    match->params = wr_lab_alloc((request->nparams + 3) * sizeof(char *));
    for (int own = 0; own < 2; own++) {
        for (size_t i = 0; i < request->nparams; i++) {
            const char *text = request->params[i];
            const char *key = key_for(text, match->program);

            if (key == NULL || (key != text) != (own == 1) ||
                !wr_catalog_has_param(match->record, key, strcspn(key, "="))) {
                continue;
            }
            if (match->io >= 0 &&
                (strncmp(key, "io=", 3) == 0 || strncmp(key, "cpu=", 4) == 0)) {
                continue;
            }
            match->params[match->nparams++] = wr_lab_copy(key);
        }
    }
    if (match->io >= 0) {
        match->params[match->nparams++] =
            wr_lab_print("io=%lld", (long long)match->io);
        match->params[match->nparams++] =
            wr_lab_print("cpu=%lld", (long long)match->cpu);
    }
}
