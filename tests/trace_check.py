#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check a timeline of weir contend --trace.

    trace_check.py TRACE [RECORDS]    RECORDS: the --json file of the same run
    trace_check.py --prove            find faults that are planted

Fields of each phase; order in time; slices of a track that do not overlap
unless one is in the other, and never those of a thread's state; arrows with
both ends, the first before the second; and, against the records, the time that
each thread waited, within 1 %.
"""
import copy
import json
import sys

FIELDS = {
    "M": {"pid": int, "tid": int, "name": str, "args": dict},
    "X": {"pid": int, "tid": int, "name": str, "cat": str,
          "ts": (int, float), "dur": (int, float)},
    "s": {"pid": int, "tid": int, "name": str, "id": int, "ts": (int, float)},
    "f": {"pid": int, "tid": int, "name": str, "id": int, "ts": (int, float),
          "bp": str},
    "C": {"pid": int, "name": str, "args": dict, "ts": (int, float)},
}
STATES = {"running", "waiting", "stopped", "blocked"}


def ns(us):
    return round(us * 1000)


def check_fields(events):
    for i, event in enumerate(events):
        fields = FIELDS.get(event.get("ph"))
        if fields is None:
            yield f"event {i}: unknown phase {event.get('ph')!r}"
            continue
        for field, kind in fields.items():
            if not isinstance(event.get(field), kind):
                yield f"event {i}: {event['ph']} has a bad {field}"
        for field in ("ts", "dur"):
            if isinstance(event.get(field), (int, float)) and event[field] < 0:
                yield f"event {i}: {field} is negative"


def check_order(events):
    last = {}
    for i, event in enumerate(events):
        if event["ph"] != "M":
            if event["ts"] < last.get(event["pid"], 0):
                yield f"event {i}: earlier than the one before"
            last[event["pid"]] = event["ts"]


def check_names(events):
    processes = set()
    threads = set()
    for event in events:
        if event["ph"] == "M" and event["name"] == "process_name":
            processes.add(event["pid"])
        if event["ph"] == "M" and event["name"] == "thread_name":
            threads.add((event["pid"], event["tid"]))
    for event in events:
        if event["pid"] not in processes:
            yield f"process {event['pid']} has no name"
        elif event["ph"] in "Xsf" and \
                (event["pid"], event["tid"]) not in threads:
            yield f"thread {event['tid']} of {event['pid']} has no name"


def check_slices(events):
    open_slices = {}
    for event in events:
        if event["ph"] != "X":
            continue
        track = (event["pid"], event["tid"])
        begin = ns(event["ts"])
        end = begin + ns(event["dur"])
        stack = open_slices.setdefault(track, [])
        while stack and stack[-1][1] <= begin:
            stack.pop()
        if stack and (end > stack[-1][1] or event["cat"] == "state"):
            yield f"slices of {track} overlap at {event['ts']} us"
        if event["cat"] == "state" and event["name"] not in STATES:
            yield f"unknown state {event['name']}"
        stack.append((begin, end))


def check_flows(events):
    starts = {}
    ends = {}
    for event in events:
        if event["ph"] in "sf":
            side = starts if event["ph"] == "s" else ends
            if event["id"] in side:
                yield f"arrow {event['id']} is there twice"
            side[event["id"]] = event
    for key in sorted(starts.keys() ^ ends.keys()):
        yield f"arrow {key} has one end only"
    for key in sorted(starts.keys() & ends.keys()):
        if starts[key]["ts"] > ends[key]["ts"]:
            yield f"arrow {key} points back in time"
        if starts[key]["pid"] != ends[key]["pid"]:
            yield f"arrow {key} leaves its process"


def check_sums(events, records):
    waits = {}
    for event in events:
        if event["ph"] == "X" and event["cat"] == "state" and \
                event["name"] == "waiting":
            key = (event["pid"], event["tid"])
            waits[key] = waits.get(key, 0) + ns(event["dur"])
    runs = {r["trace_pid"]: r for r in records
            if r["record"] == "run" and r.get("trace_pid")}
    pids = {event["pid"] for event in events}
    if pids != set(runs):
        yield f"processes {sorted(pids)}, but records of {sorted(runs)}"
    for pid, run in runs.items():
        if run["account"]["events_lost"]:
            continue
        for thread in run["account"]["threads"]:
            told = thread["state_ns"]["waiting"]
            seen = waits.get((pid, thread["thread"]), 0)
            if abs(told - seen) > 0.01 * max(told, seen):
                yield (f"process {pid}, thread {thread['thread']}: waited "
                       f"{told} ns, the slices say {seen}")


def faults(trace, records):
    events = trace["traceEvents"]
    found = list(check_fields(events))
    if found:
        return found
    for check in (check_order, check_names, check_slices, check_flows):
        found += check(events)
    if records is not None:
        found += check_sums(events, records)
    return found


# --- the proof ----------------------------------------------------------------

def sample():
    def name(tid, what, text):
        return {"ph": "M", "pid": 1, "tid": tid, "name": what,
                "args": {"name": text}}

    def state(tid, what, ts, dur):
        return {"ph": "X", "pid": 1, "tid": tid, "name": what, "cat": "state",
                "ts": ts, "dur": dur}

    events = [name(0, "process_name", "p"), name(2, "thread_name", "a"),
              name(3, "thread_name", "b"),
              state(2, "running", 0.0, 5.0), state(3, "waiting", 0.5, 4.75),
              {"ph": "C", "pid": 1, "name": "q", "args": {"threads": 1},
               "ts": 0.5},
              {"ph": "s", "pid": 1, "tid": 2, "name": "h", "id": 1,
               "ts": 4.999},
              state(2, "blocked", 5.0, 3.0), state(3, "running", 5.25, 2.75),
              {"ph": "f", "pid": 1, "tid": 3, "name": "h", "id": 1, "ts": 5.25,
               "bp": "e"}]
    threads = [{"thread": 2, "state_ns": {"waiting": 0}},
               {"thread": 3, "state_ns": {"waiting": 4750}}]
    records = [{"record": "run", "trace_pid": 1,
                "account": {"threads": threads, "events_lost": 0}}]
    return {"traceEvents": events}, records


def planted():
    def change(index, field, value):
        return lambda t, r: t["traceEvents"][index].update({field: value})

    def drop(index):
        return lambda t, r: t["traceEvents"].pop(index)

    return {
        "a phase that is none": change(5, "ph", "Q"),
        "a slice without a length": lambda t, r:
            t["traceEvents"][3].pop("dur"),
        "a length below 0": change(3, "dur", -1.0),
        "a time that is a word": change(3, "ts", "0"),
        "an event too early": change(7, "ts", 4.0),
        "a process without a name": drop(0),
        "a thread without a name": drop(2),
        "states that overlap": change(3, "dur", 5.5),
        "a state that is none": change(7, "name", "asleep"),
        "an arrow without its start": drop(6),
        "an arrow without its end": drop(9),
        "an arrow into another process": change(9, "pid", 2),
        "a wait that is too short": change(4, "dur", 4.6),
        "a wait that is missing": drop(4),
        "a process that is not recorded": lambda t, r:
            r[0].update({"trace_pid": 2}),
    }


def prove():
    wrong = faults(*sample())
    for text in wrong:
        print(f"trace_check: nothing was planted, but: {text}")
    for what, plant in planted().items():
        trace, records = copy.deepcopy(sample())
        plant(trace, records)
        if not faults(trace, records):
            print(f"trace_check: not found: {what}")
            wrong.append(what)
    print(f"{len(planted())} faults planted, {len(wrong)} mistakes")
    return 1 if wrong else 0


def main(argv):
    if argv[1:] == ["--prove"]:
        return prove()
    if len(argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 64
    with open(argv[1], encoding="utf-8") as file:
        trace = json.load(file)
    records = None
    if len(argv) == 3:
        with open(argv[2], encoding="utf-8") as file:
            records = [json.loads(line) for line in file]
    found = faults(trace, records)
    for text in found[:20]:
        print(f"trace_check: {text}")
    phases = [event["ph"] for event in trace["traceEvents"]]
    print(", ".join(f"{phases.count(p)} {p}" for p in sorted(set(phases))))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
