/* SPDX-License-Identifier: MIT */
/*
 * lab/catalog.c - which programs and peers there are.
 */
#include "lab/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "lab/lab.h"
#include "lab/say.h"
#include "lab/text.h"

/* A list takes milliseconds. */
#define LIST_TIMEOUT_NS 20000000000u

const char *
wr_catalog_text(const json_t *record, const char *field, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(record, field));

    return text == NULL ? otherwise : text;
}

char *
wr_catalog_complaint(const struct wr_child_result *result,
                     const char *executable)
{
    char *line = wr_child_last_line(result->errors);
    const char *slash = strrchr(executable, '/');
    size_t n;
    char *text;

    executable = slash == NULL ? executable : slash + 1;
    n = strlen(executable);

    if (line == NULL) {
        return wr_lab_print("%s refused its arguments", executable);
    }
    if (strncmp(line, executable, n) == 0 && line[n] == ':') {
        text = wr_lab_copy(line + n + 1 + strspn(line + n + 1, " "));
    } else if (strncmp(line, "weir: ", 6) == 0) {
        text = wr_lab_copy(line + 6);
    } else {
        return line;
    }
    free(line);
    return text;
}

/* Parse the lines of a list; NULL when one is no record. */
static json_t *
parse_lines(const char *text)
{
    json_t *records = json_array();

    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        json_t *record = json_loadb(text, n, 0, NULL);

        if (n > 0 && json_array_append_new(records, record) != 0) {
            json_decref(records);
            return NULL;
        }
        text += n + (text[n] == '\n');
    }
    return records;
}

static char *
explain(const struct wr_child_result *result, const char *executable)
{
    switch (result->end) {
    case WR_CHILD_SIGNALLED:
        return wr_lab_print("%s --list crashed (%s)", executable,
                            wr_child_signal_name(result->code));
    case WR_CHILD_EXITED:
        if (result->code == WR_EXIT_USAGE) {
            return wr_catalog_complaint(result, executable);
        }
        return wr_lab_print("%s --list gave no list (exit %d)", executable,
                            result->code);
    case WR_CHILD_FAILED:
        return wr_lab_print("cannot start %s: %s", executable,
                            strerror(result->code));
    case WR_CHILD_TIMEOUT:
    case WR_CHILD_INTERRUPTED:
        break;
    }
    return wr_lab_print("%s --list did not end", executable);
}

bool
wr_catalog_load(struct wr_catalog *catalog, const char *name,
                const char *executable, const char *load, bool gil,
                char **message)
{
    const char *argv[6] = {executable, "--list", NULL};
    size_t n = 2;
    struct wr_child_result result;

    *catalog = (struct wr_catalog){0};
    if (!wr_child_find(executable, &catalog->path)) {
        *message = wr_lab_print("%s is not there (looked beside weir and in "
                                "its libexec directory)",
                                executable);
        return false;
    }
    if (load != NULL) {
        argv[n++] = "--load";
        argv[n++] = load;
    }
    if (gil) {
        argv[n++] = "--gil";
    }
    wr_child_run(&catalog->path, argv, LIST_TIMEOUT_NS, true, &result);
    if (result.end == WR_CHILD_EXITED && result.code == 0) {
        catalog->records = parse_lines(result.output);
    }
    if (catalog->records == NULL) {
        *message = explain(&result, executable);
        wr_child_path_free(&catalog->path);
    } else {
        catalog->name = wr_lab_copy(name);
    }
    wr_child_result_free(&result);
    return catalog->records != NULL;
}

void
wr_catalog_free(struct wr_catalog *catalog)
{
    free(catalog->name);
    free(catalog->load);
    json_decref(catalog->records);
    wr_child_path_free(&catalog->path);
    *catalog = (struct wr_catalog){0};
}

json_t *
wr_catalog_program(const struct wr_catalog *catalog, const char *name)
{
    size_t i;
    json_t *record;

    json_array_foreach(catalog->records, i, record)
    {
        if (strcmp(wr_catalog_text(record, "record", ""), "program") == 0 &&
            strcmp(wr_catalog_text(record, "name", ""), name) == 0) {
            return record;
        }
    }
    return NULL;
}

bool
wr_catalog_has_param(const json_t *program, const char *name, size_t n)
{
    size_t i;
    json_t *param;

    json_array_foreach(json_object_get(program, "params"), i, param)
    {
        const char *known = wr_catalog_text(param, "name", "");

        if (strlen(known) == n && strncmp(known, name, n) == 0) {
            return true;
        }
    }
    return false;
}

json_t *
wr_catalog_effective(const json_t *program, char *const *given, size_t n)
{
    json_t *params = json_object();
    size_t i;
    json_t *param;

    json_array_foreach(json_object_get(program, "params"), i, param)
    {
        const char *name = wr_catalog_text(param, "name", "?");

        json_object_set(params, name, json_object_get(param, "default"));
    }
    for (size_t k = 0; k < n; k++) {
        const char *value = strchr(given[k], '=');
        char *name;
        uint64_t number;

        if (value == NULL) {
            continue;
        }
        name = wr_lab_print("%.*s", (int)(value - given[k]), given[k]);
        value++;
        json_object_set_new(params, name,
                            wr_text_uint(value, 0, INT64_MAX, &number)
                                ? json_integer((json_int_t)number)
                                : json_string(value));
        free(name);
    }
    return params;
}
