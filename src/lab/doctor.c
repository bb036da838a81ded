/* SPDX-License-Identifier: MIT */
/*
 * lab/doctor.c - `weir doctor`: can this machine be trusted with timings?
 */
#include "lab/lab.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/compare.h"
#include "lab/env.h"
#include "lab/noise.h"
#include "lab/say.h"
#include "lab/text.h"

enum { OPT_AA = 256, OPT_JSON, OPT_SEED, OPT_HELP };

/* The program whose A/A pairs are run, and what makes it short. */
#define AA_PROGRAM "refs-private"
#define AA_SHORT "pairs=10000000"
#define AA_RUNS 5

struct request {
    unsigned pairs;
    uint64_t seed;
    const char *json;
};

/* What was found out. */
struct diagnosis {
    json_t *env;
    double load;
    bool power_save;
    struct wr_noise noise;
    enum wr_trust trust;
    const char *reasons[8];
    unsigned nreasons;

    /* A/A pairs: how many were judged, how many differed */
    unsigned pairs;
    unsigned false_differences;
};

static const struct argp_option option_table[] = {
    {"aa", OPT_AA, "N", 0,
     "compare a short program N times with itself and count differences", 0},
    {"seed", OPT_SEED, "N", 0, "seed of the order and the intervals [1]", 0},
    {"json", OPT_JSON, "FILE", 0,
     "write the records as lines of JSON; -: stdout, text to stderr", 0},
    {"help", OPT_HELP, NULL, 0, "this text", 0},
    {0},
};

static int
parse_option(int key, char *text, struct argp_state *state)
{
    struct request *request = state->input;
    uint64_t value;

    switch (key) {
    case ARGP_KEY_INIT:
        state->err_stream = NULL;
        return 0;
    case ARGP_KEY_ARG:
        wr_say("doctor: unexpected argument '%s'", text);
        return EINVAL;
    case OPT_AA:
        if (!wr_text_uint(text, 1, 1000, &value)) {
            wr_say("--aa: '%s' is not a number from 1 to 1000", text);
            return EINVAL;
        }
        request->pairs = (unsigned)value;
        return 0;
    case OPT_SEED:
        if (!wr_text_uint(text, 0, INT64_MAX, &request->seed)) {
            wr_say("--seed: '%s' is not a whole number", text);
            return EINVAL;
        }
        return 0;
    case OPT_JSON:
        request->json = text;
        return 0;
    case OPT_HELP:
        wr_say_help(state->root_argp, "weir doctor");
        exit(WR_EXIT_OK);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/*
 * Run A/A pairs as one comparison: the same program named once per pair, one
 * cell, one thread; the control of each block makes the pair.
 */
static bool
run_pairs(struct diagnosis *diagnosis, const struct request *asked,
          struct wr_sink *sink, int *code)
{
    char param[] = AA_SHORT;
    char *params[] = {param, NULL};
    char name[] = AA_PROGRAM;
    char **programs = wr_lab_alloc((asked->pairs + 1) * sizeof(char *));
    unsigned one = 1;
    struct wr_cell cell;
    char message[128];
    struct wr_request request = {.programs = programs,
                                 .nprograms = asked->pairs,
                                 .cells = &cell,
                                 .ncells = 1,
                                 .threads = &one,
                                 .nthreads = 1,
                                 .runs = AA_RUNS,
                                 .timeout_ns = UINT64_C(60000000000),
                                 .seed = asked->seed,
                                 .params = params,
                                 .nparams = 1,
                                 .delta = 0.03};
    struct wr_comparison comparison = {
        .request = &request, .cores = wr_env_cores(), .sink = *sink};
    bool good;

    for (unsigned i = 0; i < asked->pairs; i++) {
        programs[i] = name;
    }
    good = wr_cell_parse("gil", &cell, message, sizeof(message)) &&
           wr_compare_plan(&comparison);
    if (good) {
        wr_random_seed(&comparison.random, asked->seed);
        wr_child_catch_signals();
        wr_progress_start(true);
        wr_compare_run(&comparison);
        wr_compare_judge(&comparison);
    }
    for (size_t i = 0; i < comparison.njudgements; i++) {
        enum wr_verdict verdict = comparison.judgements[i].verdict;

        diagnosis->pairs += comparison.judgements[i].ratio.known ? 1 : 0;
        diagnosis->false_differences +=
            verdict == WR_SLOWER || verdict == WR_FASTER ? 1 : 0;
    }
    *code = !good || comparison.misused ? WR_EXIT_USAGE
            : comparison.crashed        ? WR_EXIT_CRASH
            : comparison.check_failed   ? WR_EXIT_CHECK
            : comparison.interrupted    ? WR_EXIT_INTERRUPT
                                        : WR_EXIT_OK;
    *sink = comparison.sink;
    wr_compare_free(&comparison);
    free(programs);
    return good;
}

static void
examine(struct diagnosis *diagnosis)
{
    const char *governor;
    double load[1];

    diagnosis->env = wr_env_record();
    governor = wr_catalog_text(diagnosis->env, "governor", "");
    diagnosis->power_save = strcmp(governor, "powersave") == 0;
    diagnosis->load = getloadavg(load, 1) == 1 ? load[0] : -1;
    wr_noise_measure(&diagnosis->noise);
    diagnosis->trust = wr_noise_judge(&diagnosis->noise, diagnosis->load,
                                      wr_env_cores(), diagnosis->power_save,
                                      diagnosis->reasons, &diagnosis->nreasons);
}

/* The `doctor` record. */
static json_t *
diagnosis_json(const struct diagnosis *diagnosis)
{
    const struct wr_noise *noise = &diagnosis->noise;
    json_t *reasons = json_array();
    json_t *aa = json_null();

    for (unsigned i = 0; i < diagnosis->nreasons; i++) {
        json_array_append_new(reasons, json_string(diagnosis->reasons[i]));
    }
    if (diagnosis->pairs > 0) {
        aa = json_pack("{s:i, s:i}", "pairs", (int)diagnosis->pairs,
                       "false_differences", (int)diagnosis->false_differences);
    }
    return json_pack(
        "{s:i, s:s, s:o, s:{s:i, s:f, s:f, s:f, s:o}, s:s, s:o, s:o}", "schema",
        1, "record", "doctor", "load_average",
        diagnosis->load < 0 ? json_null() : json_real(diagnosis->load), "noise",
        "loops", (int)noise->loops, "median_s", noise->median_s, "spread",
        noise->spread, "worst", noise->worst, "stolen",
        noise->stolen < 0 ? json_null() : json_real(noise->stolen), "trust",
        wr_trust_name(diagnosis->trust), "reasons", reasons, "aa", aa);
}

static void
print_machine(const struct diagnosis *diagnosis, FILE *out)
{
    const json_t *env = diagnosis->env;

    fprintf(out, "processor    %s, %u to use\n",
            wr_catalog_text(env, "cpu", "unknown"), wr_env_cores());
    fprintf(out, "kernel       %s\n",
            wr_catalog_text(env, "kernel", "unknown"));
    fprintf(out, "hypervisor   %s\n",
            wr_catalog_text(env, "hypervisor", "none"));
    fprintf(out, "governor     %s\n",
            wr_catalog_text(env, "governor", "not visible"));
    fprintf(
        out, "clock        %s, %lld ns a reading\n",
        wr_catalog_text(env, "clock_source", "unknown"),
        (long long)json_integer_value(json_object_get(env, "clock_cost_ns")));
    if (diagnosis->load >= 0) {
        fprintf(out, "load         %.2f over the last minute\n",
                diagnosis->load);
    }
}

static void
print_diagnosis(const struct diagnosis *diagnosis, FILE *out)
{
    const struct wr_noise *noise = &diagnosis->noise;

    print_machine(diagnosis, out);
    fprintf(out,
            "noise        a fixed loop, %u times: median %.2f ms, middle 80 %% "
            "within %.1f %%,\n             slowest +%.0f %%\n",
            noise->loops, noise->median_s * 1e3, noise->spread * 100,
            noise->worst * 100);
    if (noise->stolen >= 0) {
        fprintf(out, "stolen       %.1f %% of the time meanwhile\n",
                noise->stolen * 100);
    }
    if (diagnosis->pairs > 0) {
        fprintf(out,
                "A/A          %u pairs, %u false difference%s (%.1f %%); at "
                "most 5 %% expected\n",
                diagnosis->pairs, diagnosis->false_differences,
                diagnosis->false_differences == 1 ? "" : "s",
                100.0 * diagnosis->false_differences / diagnosis->pairs);
    }
    fprintf(out, "\nTimings here %s.\n",
            diagnosis->trust == WR_TRUST_GOOD   ? "can be trusted"
            : diagnosis->trust == WR_TRUST_FAIR ? "can be trusted with care"
                                                : "cannot be trusted");
    for (unsigned i = 0; i < diagnosis->nreasons; i++) {
        fprintf(out, "  - %s\n", diagnosis->reasons[i]);
    }
}

static int
examine_and_report(const struct request *request)
{
    struct diagnosis diagnosis = {0};
    struct wr_sink sink;
    bool to_stdout = request->json != NULL && strcmp(request->json, "-") == 0;
    int code = WR_EXIT_OK;
    json_t *record;

    if (!wr_sink_open(&sink, request->json)) {
        wr_say("--json: cannot write '%s': %s", request->json, strerror(errno));
        return WR_EXIT_USAGE;
    }
    examine(&diagnosis);
    wr_sink_write(&sink, diagnosis.env);
    if (request->pairs == 0 || run_pairs(&diagnosis, request, &sink, &code)) {
        record = diagnosis_json(&diagnosis);
        wr_sink_write(&sink, record);
        json_decref(record);
        print_diagnosis(&diagnosis, to_stdout ? stderr : stdout);
    }
    json_decref(diagnosis.env);
    if (!wr_sink_close(&sink) && code == WR_EXIT_OK) {
        code = WR_EXIT_CRASH;
    }
    return code;
}

int
wr_doctor_main(int argc, char **argv)
{
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .doc = "Whether this machine can be trusted with timings."};
    struct request request = {.seed = 1};

    if (argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, &request) != 0) {
        return WR_EXIT_USAGE;
    }
    return examine_and_report(&request);
}
