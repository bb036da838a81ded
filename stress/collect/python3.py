#!/usr/bin/python3
# SPDX-License-Identifier: MIT
#
# stress/collect/python3.py - weir-collect-python3: the graphs of `weir
# collect` in CPython.
#
# The same shapes as shape.c, made of what a Python program would use:
# instances with slots, lists, tuples, dicts.  It is told what to do like a
# cell and writes the same record.  Nothing but the collector is timed:
# gc.collect() on request, and gc.callbacks where collections come by
# themselves.  `make` writes the path of the interpreter into the first line.
import gc
import json
import os
import random
import sys
import time

GRAPHS = ("tree", "2-cycles", "ring", "lists", "dicts", "hub", "chain")
AUTOMATIC = ("churn", "grow")

# 40 % instances, 20 % lists, 20 % tuples, 20 % dicts
MIXED = "qlqdtqtdlq"


class Pair:
    __slots__ = ("a", "b")

    def __init__(self):
        self.a = None
        self.b = None


class Quad:
    __slots__ = ("a", "b", "c", "d")


def cost_of_reading():
    """The least that lies between two readings of the processor clock."""
    costs = []
    for _ in range(100):
        began = time.thread_time_ns()
        costs.append(time.thread_time_ns() - began)
    return min(costs)


COST = cost_of_reading()


def cpu_since(began):
    """Processor time since then, less what one reading costs."""
    return max(time.thread_time_ns() - began - COST, 0)


def usage(text):
    sys.stderr.write("weir-collect-python3: %s\n" % text)
    sys.exit(64)


def read_options(arguments):
    """What stress/options.h has, as far as it concerns a graph."""
    options = {"seed": 1, "out": 1, "collect": None, "objects": 1000000,
               "live_heap": 0, "order": "build", "state": "live",
               "generation": "full", "roots": "unknown", "repeats": 3}
    numbers = ("objects", "live_heap", "repeats")
    while arguments:
        name = arguments.pop(0)
        if name == "--list":
            return None
        if not arguments:
            usage("%s: needs a value" % name)
        value = arguments.pop(0)
        try:
            if name == "--seed":
                options["seed"] = int(value)
            elif name == "--out-fd":
                options["out"] = int(value)
            elif name == "--collect":
                options["collect"] = value
            elif name == "--param":
                key, _, text = value.partition("=")
                if key not in options:
                    usage("--param %s: no such parameter" % key)
                options[key] = int(text) if key in numbers else text
            else:
                usage("%s: no such option" % name)
        except ValueError:
            usage("%s %s: must be a number" % (name, value))
    if options["collect"] not in GRAPHS + AUTOMATIC:
        usage("--collect %s: no such graph" % options["collect"])
    return options


# --- graphs -------------------------------------------------------------------

def edges_of(graph, n, i, draw):
    """The nodes that node i refers to."""
    if graph == "tree":
        return [k for k in (2 * i + 1, 2 * i + 2) if k < n]
    if graph == "2-cycles":
        return [i ^ 1]
    if graph == "ring":
        return [(i + 1) % n]
    if graph == "chain":
        return [i + 1] if i + 1 < n else []
    if graph == "hub":
        return [0] if i > 0 else []
    if graph == "lists":
        return [int(draw() * n) for _ in range(5)]
    return [(i + int(draw() * 100) - 50) % n if draw() < 0.8
            else int(draw() * n)
            for _ in range(4 if MIXED[i % 10] == "q" else 3)]


def kind_of(graph, i):
    return {"lists": "l", "dicts": MIXED[i % 10]}.get(graph, "p")


def make_nodes(graph, n, shuffled, seed):
    """All nodes but tuples, which are made when they are linked."""
    order = range(n)
    if shuffled:
        order = list(order)
        random.Random(seed).shuffle(order)
    make = {"p": Pair, "q": Quad, "l": list, "d": dict, "t": lambda: None}
    nodes = [None] * n
    for i in order:
        nodes[i] = make[kind_of(graph, i)]()
    return nodes


def link_node(graph, nodes, i, to):
    kind = kind_of(graph, i)
    if kind == "p":
        if to:
            nodes[i].a = nodes[to[0]]
        if len(to) > 1:
            nodes[i].b = nodes[to[1]]
    elif kind == "q":
        for name, k in zip("abcd", to):
            setattr(nodes[i], name, nodes[k])
    elif kind == "l":
        nodes[i].extend([nodes[k] for k in to])
    elif kind == "t":
        nodes[i] = tuple([nodes[k] for k in to])
    else:
        nodes[i].update(zip(("left", "right", "other"),
                            [nodes[k] for k in to]))


def build(graph, n, shuffled, seed, live, old):
    """
    What holds the graph: a list of heads, or None for a cycle of its own.
    Also the number of objects.
    """
    if graph == "2-cycles":
        n += n % 2
    draw = random.Random(seed).random
    nodes = make_nodes(graph, n, shuffled, seed)
    for tuples in (True, False):
        for i in range(n):
            if (kind_of(graph, i) == "t") != tuples:
                continue
            to = edges_of(graph, n, i, draw)
            if tuples:
                # A tuple refers to what is there already.
                to = [k if nodes[k] is not None else (k + 1) % n for k in to]
                to = [k if kind_of(graph, k) != "t" else (k + 1) % n
                      for k in to]
            link_node(graph, nodes, i, to)
            if old and len(to) == 1 and kind_of(graph, i) == "p":
                nodes[i].b = old[int(draw() * len(old))]
    if graph in ("lists", "dicts", "hub"):
        holder = nodes
    elif graph == "2-cycles":
        holder = nodes[::2] if live else None
    elif graph == "ring" and not live:
        holder = None
    else:
        holder = [nodes[0]]
    if holder is not None and not live:
        holder.append(holder)
    return holder, n + (1 if holder is not None else 0)


# --- measuring ----------------------------------------------------------------

def status_kb(name):
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(name):
                return int(line.split()[1])
    return None


def settle_memory(record):
    try:
        with open("/proc/self/clear_refs", "w") as refs:
            refs.write("5")
    except OSError:
        pass
    record["memory"]["live_kb"] = status_kb("VmRSS:")


def peak_memory(record):
    memory = record["memory"]
    memory["peak_kb"] = status_kb("VmHWM:")
    if memory["peak_kb"] and memory["live_kb"]:
        memory["ratio"] = memory["peak_kb"] / memory["live_kb"]


def note_pauses(record, pauses):
    record["collections"] = len(pauses)
    record["gc_ns"] = sum(pauses)
    pauses = sorted(pauses)
    if pauses:
        record["pause_ns"] = {"p50": pauses[len(pauses) // 2],
                              "p99": pauses[len(pauses) * 99 // 100],
                              "max": pauses[-1]}


def fail(record, reason):
    sys.stderr.write("%s: %s\n" % (record["graph"], reason))
    record["status"] = "check-failed"


def requested(options, record):
    """Collections on request: as request.c."""
    graph = options["collect"]
    live = options["state"] == "live"
    generation = 2 if options["generation"] == "full" else 0
    shuffled = options["order"] == "shuffled"
    kept = live and generation == 2
    times = []
    cpu = []
    found = expected = 0
    old = []
    heap = None
    if options["live_heap"]:
        heap, _ = build("tree", options["live_heap"], shuffled,
                        options["seed"], True, None)
        # All its nodes, to be referred to.
        old = [heap[0]]
        for node in old:
            old.extend(k for k in (node.a, node.b) if k is not None)
        gc.collect()
    held = None
    for turn in range(options["repeats"]):
        if held is None:
            held, made = build(graph, options["objects"], shuffled,
                               options["seed"], live, old)
            if kept:
                gc.collect()
        if not live:
            held = None
            expected += made
        settle_memory(record)
        before = len(gc.get_objects()) if kept else 0
        begin_cpu = time.thread_time_ns()
        begin = time.perf_counter_ns()
        found += gc.collect(generation)
        times.append(time.perf_counter_ns() - begin)
        cpu.append(cpu_since(begin_cpu))
        peak_memory(record)
        # Some objects of our own come and go.
        if kept and abs(len(gc.get_objects()) - before) > 100:
            fail(record, "objects appeared or disappeared")
        if not kept:
            held = None
            gc.collect()
    if found != expected:
        fail(record, "collected %d, not %d" % (found, expected))
    record["collected"] = found
    record["expected"] = expected
    note_pauses(record, times)
    objects = options["objects"]
    record["ns_per_object"] = sorted(times)[len(times) // 2] / objects
    record["cpu_ns_per_object"] = sorted(cpu)[len(cpu) // 2] / objects


def watch(pauses, cpu, freed):
    """Note every collection from now on."""
    begin = begin_cpu = 0

    def note(phase, info):
        nonlocal begin, begin_cpu
        if phase == "start":
            begin_cpu = time.thread_time_ns()
            begin = time.perf_counter_ns()
        else:
            pauses.append(time.perf_counter_ns() - begin)
            cpu.append(cpu_since(begin_cpu))
            freed[0] += info["collected"]

    gc.callbacks.append(note)
    gc.enable()


def churn(options, record):
    """Small cycles made and dropped beside a live heap."""
    heap, _ = build("tree", options["live_heap"], False, options["seed"], True,
                    None)
    gc.collect()
    pauses = []
    cpu = []
    freed = [0]
    cycles = options["objects"] // 2
    part = cycles // 64 + 1
    samples = []
    settle_memory(record)
    watch(pauses, cpu, freed)
    begin = time.perf_counter_ns()
    for i in range(1, cycles + 1):
        first = Pair()
        second = Pair()
        first.a = second
        second.a = first
        if i % part == 0 or i == cycles:
            samples.append(max(0, 2 * i - freed[0]))
    record["wall_s"] = (time.perf_counter_ns() - begin) / 1e9
    gc.disable()
    gc.callbacks.clear()
    peak_memory(record)
    note_pauses(record, pauses)
    record["ns_per_object"] = sum(pauses) / options["objects"]
    record["cpu_ns_per_object"] = sum(cpu) / options["objects"]
    record["backlog"] = {"max": max(samples),
                         "mean": sum(samples) / len(samples),
                         "samples": samples}
    first = second = None
    record["collected"] = freed[0] + gc.collect()
    record["expected"] = 2 * cycles
    if record["collected"] != record["expected"]:
        fail(record, "the number collected is not the garbage built")
    return heap


def grow_by(n, root):
    """n more pairs in front of root: a chain of small trees."""
    while n > 0:
        size = min(n, 1024)
        n -= size
        nodes = [Pair() for _ in range(size)]
        for i in range(2, size):
            if i % 2 == 0:
                nodes[i // 2].a = nodes[i]
            else:
                nodes[i // 2].b = nodes[i]
        nodes[0].a = root
        if size > 1:
            nodes[0].b = nodes[1]
        root = nodes[0]
    return root


def grow(options, record):
    """A live heap that grows from live_heap to objects."""
    pauses = []
    cpu = []
    freed = [0]
    points = []
    size = 0
    root = None
    first = 0
    watch(pauses, cpu, freed)
    begin = time.perf_counter_ns()
    target = float(options["live_heap"])
    while size < options["objects"]:
        goal = min(int(target + 0.5), options["objects"])
        root = grow_by(goal - size, root)
        size = goal
        if not points:
            first = len(pauses)
        points.append({"objects": size, "visited": None,
                       "gc_ns": sum(pauses),
                       "pause_max_ns": max(pauses, default=0)})
        target *= 2 ** 0.25
    record["wall_s"] = (time.perf_counter_ns() - begin) / 1e9
    gc.disable()
    gc.callbacks.clear()
    settle_memory(record)
    note_pauses(record, pauses[first:])
    record["growth"] = {"points": points, "visited_exponent": None,
                        "time_exponent": None}
    grown = options["objects"] - points[0]["objects"]
    record["ns_per_object"] = record["gc_ns"] / max(1, grown)
    record["cpu_ns_per_object"] = sum(cpu[first:]) / max(1, grown)
    record["collected"] = freed[0]
    record["expected"] = 0
    if freed[0] != 0:
        fail(record, "live objects were collected")
    return root


def main():
    options = read_options(sys.argv[1:])
    if options is None:
        for name in GRAPHS + AUTOMATIC:
            print(json.dumps({"schema": 1, "record": "graph", "name": name,
                              "automatic": name in AUTOMATIC, "young": True}))
        return
    gc.disable()
    graph = options["collect"]
    automatic = graph in AUTOMATIC
    record = {
        "schema": 1, "record": "collect", "graph": graph,
        "order": options["order"],
        "live": None if automatic else options["state"] == "live",
        "live_heap": options["live_heap"], "objects": options["objects"],
        "generation": None if automatic
        else 2 if options["generation"] == "full" else 0,
        "flavour": None, "roots_known": None,
        "cell": {"flavour": None, "lock": None, "threads": 1, "gil": None,
                 "gc": automatic, "t0": gc.get_threshold()[0], "bytes": None,
                 "peer": "python3"},
        "peer": "python3", "seed": options["seed"],
        "ns_per_object": None, "cpu_ns_per_object": None,
        "pause_ns": {"p50": None, "p99": None, "max": None},
        "phase_ns": {"detect": None, "finalize": None, "free": None},
        "stop_ns": {"halt": None, "look": None, "resume": None},
        "gc_ns": None, "collections": None, "visited": None,
        "collected": None, "expected": None, "wall_s": None,
        "memory": {"live_kb": None, "peak_kb": None, "ratio": None},
        "backlog": None, "growth": None, "checksum": None, "status": "ok"}
    {"churn": churn, "grow": grow}.get(graph, requested)(options, record)
    text = json.dumps(record, separators=(",", ":")) + "\n"
    os.write(options["out"], text.encode())
    sys.stderr.flush()
    # What is alive needs no tidying away.
    os._exit(0)


main()
