"""Runs PyTorch over Gloo and Dunlin under several schemes of sharding on the hosts of hosts.sh, and prints one table.

Both sides have the same sizes (preset gpt2-12m or gpt2-124m with a context of CONTEXT), fp32 (or bf16 with F32 sums), AdamW, no
clipping, the same micro-batches a rank and step, one compute thread a rank, the same tokens in the same order of samples.
Weights are random on both sides and differ, so losses are alike and not equal. "alone" runs all ranks on one host without a
network: how fast they compute is what `dunlin plan` then reckons with.

Started by run_all.sh. Everything it writes is in $OUT (integration-tests/target/fsdp2 if not set): results.jsonl (a line for each run, appended), logs, Dunlin's runs.
"""
import json, os, random, re, signal, statistics, subprocess, sys, time
from array import array
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODEL, STEPS = sys.argv[1], int(sys.argv[2])
E = os.environ.get
HOSTS, SPACE, NET = int(E("HOSTS")), E("HOSTS_SPACE"), E("HOSTS_NET")
RANKS, ACC = int(E("RANKS", "4")), int(E("ACCUMULATE", "4"))
MICRO, CONTEXT, DTYPE, REDUCE = int(E("MICRO_BATCH", "1")), int(E("CONTEXT", "64")), E("PRECISION", "fp32"), E("REDUCE", "fp32")
SKIP = min(int(E("SKIP", "2")), STEPS - 1)
PER_HOST = RANKS // HOSTS
RUNS = E("RUNS", "fsdp2:each fsdp2:last alone zero3 zero++ topo hsdp none").split()
OUT = Path(E("OUT", HERE.parents[2] / "target" / "fsdp2")) / f"{MODEL}-{HOSTS}hosts-{DTYPE}"
DUNLIN = Path(E("DUNLIN", HERE.parents[3]))
PYTHON = E("PYTHON", "python3")
# What is left of the rate for tensors in datagrams of 1500 bytes: 94.8 % were measured (docs/benchmarks.md, "Between hosts").
GBPS = {"none": 100.0}.get(E("RATE", "200mbit")) or 0.948 * float(re.fullmatch(r"([0-9.]+)mbit", E("RATE", "200mbit"))[1]) / 1000
LIMIT_S = float(E("LIMIT_S", "3600"))
VOCABULARY = {"12m": 4096, "124m": 50304}[MODEL]
if PER_HOST * HOSTS != RANKS:
    sys.exit(f"{RANKS} ranks are not even on {HOSTS} hosts")
OUT.mkdir(parents=True, exist_ok=True)
TOKENS = OUT / "tokens.bin"
children = []
WAYS = re.findall(r'^    [A-Z_]+\(\s*"([a-z-]+)"', next(DUNLIN.glob('collectives/src/main/java/**/algorithm/Way.java')).read_text(), re.M)


def tokens():
    r = random.Random(7)
    need = max(1 << 18, (STEPS + 2) * ACC * MICRO * RANKS * CONTEXT + CONTEXT + 1)
    array("H", (r.randrange(VOCABULARY) for _ in range(need))).tofile(TOKENS.open("wb"))


def on(host):
    return ["ip", "netns", "exec", f"{SPACE}{host}"]


def sent(host):
    text = subprocess.run(on(host) + ["cat", "/sys/class/net/eth0/statistics/tx_bytes"], capture_output=True, text=True)
    return int(text.stdout or 0)


def start(command, log, **more):
    child = subprocess.Popen(command, start_new_session=True, stdout=log, stderr=subprocess.STDOUT, **more)
    children.append(child)
    return child


def end_all(*_):
    for child in children:
        if child.poll() is None:
            os.kill(child.pid, signal.SIGTERM)  # what it has started goes with it
    for child in children:
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    children.clear()


def stopped(*_):
    end_all()
    sys.exit(143)


signal.signal(signal.SIGTERM, stopped)
signal.signal(signal.SIGINT, stopped)


def wait(child, began):
    while child.poll() is None:
        if time.time() - began > LIMIT_S:
            return f"not over after {LIMIT_S:.0f} s"
        time.sleep(0.2)
    return "" if child.returncode == 0 else f"exit code {child.returncode}"


def pytorch(mode, sync):
    name = f"pytorch {mode}, reduce {sync}" + (f" ({REDUCE})" if DTYPE == "bf16" else "")
    log = OUT / f"pytorch-{mode}-{sync}.log"
    command = [PYTHON, str(HERE / "fsdp_train.py"), "--model", MODEL, "--mode", mode, "--sync", sync, "--dtype", DTYPE,
               "--reduce", REDUCE, "--hosts", str(HOSTS), "--accumulate", str(ACC), "--micro-batch", str(MICRO),
               "--context", str(CONTEXT), "--steps", str(STEPS), "--skip", str(SKIP), "--data", str(TOKENS)]
    began = time.time()
    with log.open("w") as file:
        for rank in reversed(range(RANKS)):
            environment = dict(os.environ, RANK=str(rank), WORLD_SIZE=str(RANKS), LOCAL_RANK=str(rank % PER_HOST),
                               MASTER_ADDR=NET + "1", MASTER_PORT="29671", GLOO_SOCKET_IFNAME="eth0",
                               OMP_NUM_THREADS="1", PYTHONWARNINGS="ignore")
            lead = start(on(rank // PER_HOST) + command, file, env=environment)
        trouble = wait(lead, began)
        if trouble:
            end_all()
        for child in children:
            trouble = trouble or wait(child, began)
        end_all()
    said = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    if trouble or not said:
        return {"name": name, "error": trouble or "no result", "log": str(log)}
    return {**said[-1], "name": name, "wall_s": round(time.time() - began, 1)}


def topology(scheme):
    # A package holds the ranks of a host: weights stay inside it.
    return f"{HOSTS}x1x{PER_HOST}" if scheme == "topo" else f"{HOSTS}x{PER_HOST}"


STEP_TOKENS = ACC * MICRO * CONTEXT * RANKS
gflops = 0.0  # what a rank reaches while all compute and nobody waits for a network, once "alone" was run


def job_file(folder, scheme):
    """The job: on all hosts, or "alone": all ranks on one host, each with all of the model."""
    alone = scheme == "alone"
    addresses = "" if alone else ", ".join(f'"{NET}{host + 1}"' for host in range(HOSTS))
    (folder / "job.toml").write_text(f"""\
run.dir = "{folder}/runs"
model.preset = "gpt2-{MODEL}"
model.context = {CONTEXT}
data.train = "{TOKENS}"
data.shuffle = false
train.steps = {STEPS}
train.micro_batch = {MICRO}
train.tokens_per_step = {STEP_TOKENS}
train.precision = "{DTYPE}"
train.threads = 1
optimizer.lr = 6e-4
optimizer.clip = 0
optimizer.schedule = {{ kind = "constant", warmup = 0 }}
parallel.shard = "{"none" if alone else scheme}"
parallel.topology = "{"" if alone else topology(scheme)}"
checkpoint.interval = 0
checkpoint.keep_best = false
eval.interval = 0
eval.sample.tokens = 0
launch.ranks = {RANKS}
launch.hosts = [{addresses}]
launch.remote_shell = "ip netns exec {SPACE}{{index}}"
launch.restarts = {E("RESTARTS", "0")}
launch.network_gbps = {GBPS}
timeouts.first_step = "3600s"
timeouts.step = "3600s"
observe.log_every = 1
observe.flight_operations = 16384
""")


def planned(folder, rate):
    """What `dunlin plan` says of a job, if ranks compute at so many GFLOP/s."""
    out = folder / "plan.json"
    done = subprocess.run([str(DUNLIN / "dunlin"), "plan", str(folder / "job.toml"), "--gflops", str(rate), "--json", str(out)],
                          capture_output=True, text=True)
    (folder / "plan.txt").write_text(done.stdout + done.stderr)
    return json.loads(out.read_text())["layouts"][0] if done.returncode == 0 else None


def dunlin(scheme):
    folder = OUT / "dunlin" / scheme.replace("+", "p")
    subprocess.run(["rm", "-rf", str(folder)])
    folder.mkdir(parents=True)
    job_file(folder, scheme)
    result = train(folder, scheme)
    global gflops
    if scheme == "alone" and "step_s" in result:
        layout = planned(folder, 1)
        if layout:
            result["gflops"] = gflops = layout["candidate"]["plan"]["time"]["computeSeconds"] / result["step_s"]
    elif gflops > 0:
        layout = planned(folder, gflops)
        result["planned_s"] = [layout["overlappedSeconds"], layout["oneByOneSeconds"]] if layout else []
    return result


def train(folder, scheme):
    log = folder / "console.log"
    began = time.time()
    marks = []  # (seconds, bytes sent by host 0) when a step was seen
    trouble = ""
    with log.open("w") as file:
        agent = start(on(0) + [str(DUNLIN / "dunlin"), "train", str(folder / "job.toml")], file, cwd=folder)
        metrics = None
        while agent.poll() is None:
            if time.time() - began > LIMIT_S:
                trouble = f"not over after {LIMIT_S:.0f} s"
                break
            metrics = metrics or next(folder.glob("runs/*/metrics.jsonl"), None)
            lines = metrics.read_text().count("\n") if metrics else 0
            while len(marks) < lines:
                marks.append((time.time() - began, sent(0)))
            time.sleep(0.1)
        if trouble:
            end_all()
        trouble = trouble or ("" if agent.wait() == 0 else f"exit code {agent.returncode}")
        children.clear()
    name = "dunlin, one host, no network" if scheme == "alone" else f"dunlin {scheme}"
    if metrics is None:
        return {"name": name, "error": trouble or "no metrics", "log": str(log)}
    # After a restart steps are done again: of several lines for one the last counts.
    lines = [json.loads(line) for line in metrics.read_text().splitlines() if '"loss"' in line]
    steps = list({line["step"]: line for line in lines}.values())
    if len(steps) < STEPS:
        return {"name": name, "error": f"{trouble} after {len(steps)} steps", "log": str(log)}
    # Without checkpoints and evaluation the time of a step is tokens by tokens per second of rank 0.
    times = [STEP_TOKENS / step["tokens_per_second"] for step in steps]
    counted = slice(SKIP, None)
    wire = [b - a for (_, a), (_, b) in zip(marks, marks[1:])]
    return {
        "name": name, "model": MODEL, "dtype": DTYPE, "world": RANKS, "hosts": HOSTS, "accumulate": ACC, "micro_batch": MICRO,
        "context": CONTEXT, "tokens_per_step": STEP_TOKENS, "step_s": statistics.median(times[counted]),
        "times_s": [round(t, 4) for t in times],
        "wire_mb": statistics.median(wire[max(SKIP - 1, 0):] or [0]) / 1e6, "first_step_at_s": round(marks[0][0], 1),
        "comm": statistics.median(s["comm"] for s in steps[counted]),
        "exposed_comm_s": statistics.median(s["exposed_comm_ms"] for s in steps[counted]) / 1e3,
        "losses": [round(s["loss"], 4) for s in steps], "after_steps": trouble, "restarted": len(lines) != len(steps) or "back at step" in log.read_text(),
        "operations": operations(metrics.parent),
        "wall_s": round(time.time() - began, 1), "run": str(metrics.parent)}


def operations(run):
    """What rank 0 called, by group, operation and way, with bytes; from the flight recorder."""
    out = run / "trace.json"
    done = subprocess.run([str(DUNLIN / "dunlin"), "trace", str(run), "--out", str(out)], capture_output=True, text=True)
    (run / "trace.txt").write_text(done.stdout + done.stderr)
    if done.returncode != 0 or not out.exists():
        return {"error": (done.stdout + done.stderr).strip()[-300:]}
    trace = json.loads(out.read_text())
    events = trace["traceEvents"] if isinstance(trace, dict) else trace
    names = {(e["pid"], e["tid"]): e["args"]["name"] for e in events if e.get("ph") == "M" and e["name"] == "thread_name"}
    table = defaultdict(lambda: [0, 0.0, 0.0, 0.0])
    for e in events:
        more = e.get("args", {})
        if e.get("ph") != "X" or e["pid"] != 0 or "algorithm" not in more or more["bytes"] < 1024:
            continue
        row = table[f'{names.get((0, e["tid"]), "?")} | {e["name"]} | {WAYS[more["algorithm"]]}']
        for i, value in enumerate((1, more["bytes"] / 1e6, more["sent_bytes"] / 1e6, e["dur"] / 1e6)):
            row[i] += value
    return {key: dict(zip(("calls", "mb", "sent_mb", "s"), [n] + [round(v, 2) for v in rest])) for key, (n, *rest) in table.items()}


def show(results):
    base = next((r["step_s"] for r in results if "step_s" in r and r["name"].startswith("pytorch fsdp2, reduce each")), None)
    best = min((r["step_s"] for r in results if "step_s" in r and r["name"].startswith("pytorch")), default=None)
    print(f"\ngpt2-{MODEL}, {DTYPE}, {HOSTS} hosts, {E('RATE', '200mbit')}, {RANKS} ranks, {ACC} micro-batches of {MICRO} x "
          f"{CONTEXT} tokens a rank; median of steps {SKIP + 1} to {STEPS}; load {os.getloadavg()[1]:.1f}\n")
    print(f"| {'':32} | step s | PyTorch : this | fastest PyTorch : this | sent by a host MB | waits | planned s |")
    print("|" + "-" * 34 + "|---:|---:|---:|---:|---:|---:|")
    for r in results:
        if "error" in r:
            print(f"| {r['name']:32} | {r['error']}: see {r['log']} |")
            continue
        ratio = lambda of: f"{of / r['step_s']:.2f}" if of else ""
        print(f"| {r['name']:32} | {r['step_s']:.3f} | {ratio(base)} | {ratio(best)} | {r['wire_mb']:.1f} | "
              f"{format(r['comm'], '.0%') if 'comm' in r else ''} | "
              f"{' to '.join(format(t, '.2f') for t in r.get('planned_s', []))} |")
        if "gflops" in r:
            print(f"| {'  (GFLOP/s of a rank)':32} | {r['gflops']:.1f} | | | | | |")


tokens()
results = []
for run in RUNS:
    print(f"{time.strftime('%H:%M:%S')} {run} ...", file=sys.stderr, flush=True)
    mode, _, sync = run.partition(":")
    try:
        result = pytorch(mode, sync) if sync else dunlin(run)
    finally:
        end_all()
    result["load"] = os.getloadavg()[0]
    results.append(result)
    with (OUT / "results.jsonl").open("a") as file:
        file.write(json.dumps(result) + "\n")
    print(f"    {result.get('step_s', result.get('error'))}", file=sys.stderr, flush=True)
show(results)
