"""Training steps of a GPT-2 (12m or 124m, as Dunlin's presets gpt2-12m and gpt2-124m) with PyTorch over Gloo on CPUs.

One process per rank, started with RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT (and GLOO_SOCKET_IFNAME) in the environment.
Rank 0 prints a line for each step to stderr, then one JSON object to stdout.

modes: fsdp2  fully_shard (FSDP2) of each block and of the rest, parameters resharded after forward: what ZeRO-3 is
       hsdp   the same over a 2D mesh: sharded inside a host, replicated over --hosts hosts
       ddp    DistributedDataParallel
sync:  each   gradients are reduced in each micro-batch (FSDP2's default: what it needs to keep gradients sharded)
       last   only in the last one of a step: set_requires_gradient_sync(False), or no_sync() of DDP, before
"""
import argparse, json, math, os, resource, statistics, sys, time
import contextlib
import torch, torch.nn as nn, torch.nn.functional as F
import torch.distributed as dist

ap = argparse.ArgumentParser()
ap.add_argument("--model", default="12m", choices=["12m", "124m"])
ap.add_argument("--mode", default="fsdp2", choices=["fsdp2", "hsdp", "ddp"])
ap.add_argument("--sync", default="each", choices=["each", "last"])
ap.add_argument("--dtype", default="fp32", choices=["fp32", "bf16"])
ap.add_argument("--reduce", default="fp32", choices=["fp32", "bf16"], help="gradients on the wire, with bf16")
ap.add_argument("--hosts", type=int, default=1, help="for hsdp")
ap.add_argument("--accumulate", type=int, default=4)
ap.add_argument("--micro-batch", type=int, default=1)
ap.add_argument("--context", type=int, default=64)
ap.add_argument("--steps", type=int, default=6, help="all steps, those of the warm-up too")
ap.add_argument("--skip", type=int, default=2, help="first steps that do not count")
ap.add_argument("--data", help="file of u16 tokens; without it random ones")
a = ap.parse_args()
L, D, H, V = {"12m": (6, 384, 6, 4096), "124m": (12, 768, 12, 50304)}[a.model]
T, B, A = a.context, a.micro_batch, a.accumulate
torch.set_num_threads(1)
torch.manual_seed(1234)


class Block(nn.Module):
    def __init__(s):
        super().__init__()
        s.ln1 = nn.LayerNorm(D); s.qkv = nn.Linear(D, 3 * D); s.proj = nn.Linear(D, D)
        s.ln2 = nn.LayerNorm(D); s.fc = nn.Linear(D, 4 * D); s.out = nn.Linear(4 * D, D)

    def forward(s, x):
        b, t, _ = x.shape
        q, k, v = s.qkv(s.ln1(x)).view(b, t, 3, H, D // H).permute(2, 0, 3, 1, 4)
        x = x + s.proj(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(b, t, D))
        return x + s.out(F.gelu(s.fc(s.ln2(x)), approximate="tanh"))


class GPT(nn.Module):
    def __init__(s):
        super().__init__()
        s.wte = nn.Embedding(V, D); s.wpe = nn.Embedding(T, D)
        s.h = nn.ModuleList(Block() for _ in range(L)); s.lnf = nn.LayerNorm(D)
        for n, p in s.named_parameters():
            if p.dim() == 2:
                nn.init.normal_(p, std=0.02 / (math.sqrt(2 * L) if n.endswith(("proj.weight", "out.weight")) else 1))
            elif "ln" not in n:
                nn.init.zeros_(p)

    def forward(s, x, y):
        h = s.wte(x) + s.wpe.weight[: x.shape[1]]
        for b in s.h:
            h = b(h)
        return F.cross_entropy(F.linear(s.lnf(h), s.wte.weight).float().view(-1, V), y.view(-1))


dist.init_process_group("gloo")
rank, world = dist.get_rank(), dist.get_world_size()
m = GPT()
parameters = sum(p.numel() for p in m.parameters())
bf16 = a.dtype == "bf16"
if a.mode == "ddp":
    m = nn.parallel.DistributedDataParallel(m)
else:
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
    shape = (world,) if a.mode == "fsdp2" else (a.hosts, world // a.hosts)
    names = ("shard",) if a.mode == "fsdp2" else ("replicate", "shard")
    mesh = init_device_mesh("cpu", shape, mesh_dim_names=names)
    policy = MixedPrecisionPolicy()
    if bf16:
        policy = MixedPrecisionPolicy(
            param_dtype=torch.bfloat16, reduce_dtype=torch.float32 if a.reduce == "fp32" else torch.bfloat16)
    for block in m.h:
        fully_shard(block, mesh=mesh, mp_policy=policy, reshard_after_forward=True)
    # The root's default keeps embedding and head for backward, which comes at once: fewer bytes.
    fully_shard(m, mesh=mesh, mp_policy=policy)
opt = torch.optim.AdamW(m.parameters(), lr=6e-4, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1, fused=True)
autocast = torch.autocast("cpu", torch.bfloat16, enabled=bf16 and a.mode == "ddp")

if a.data:
    raw = bytearray(open(a.data, "rb").read())
    tokens = torch.frombuffer(raw, dtype=torch.uint16).to(torch.int64)
else:
    tokens = torch.randint(0, V, (1 << 20,), generator=torch.Generator().manual_seed(7))
samples = (len(tokens) - 1) // T


def batch(step, turn):
    first = ((step * A + turn) * world + rank) * B
    at = [(first + i) % samples * T for i in range(B)]
    return torch.stack([tokens[i : i + T] for i in at]), torch.stack([tokens[i + 1 : i + T + 1] for i in at])


def sent():
    try:
        return int(open("/sys/class/net/eth0/statistics/tx_bytes").read())
    except OSError:
        return 0


times, wire, parts, losses = [], [], [], []
dist.barrier()
for step in range(a.steps):
    before, start, forward, backward = sent(), time.perf_counter(), 0.0, 0.0
    loss_sum = 0.0
    for turn in range(A):
        final = turn == A - 1
        reduces = final or a.sync == "each"
        if a.mode != "ddp":
            m.set_requires_gradient_sync(reduces)
        t0 = time.perf_counter()
        with contextlib.nullcontext() if a.mode != "ddp" or reduces else m.no_sync():
            with autocast:
                loss = m(*batch(step, turn)) / A
            t1 = time.perf_counter()
            loss.backward()
        t2 = time.perf_counter()
        forward, backward = forward + t1 - t0, backward + t2 - t1
        loss_sum += loss.item()
    opt.step()
    opt.zero_grad(set_to_none=True)
    took = time.perf_counter() - start
    times.append(took); wire.append(sent() - before); parts.append((forward, backward)); losses.append(round(loss_sum, 4))
    if rank == 0:
        print(f"step {step + 1}/{a.steps} loss {loss_sum:.4f} {took:.3f} s, forward {forward:.3f} s, "
              f"backward {backward:.3f} s, sent by this host {wire[-1] / 1e6:.1f} MB", file=sys.stderr, flush=True)
counted = slice(min(a.skip, a.steps - 1), None)
if rank == 0:
    print(json.dumps({
        "name": f"pytorch {a.mode} sync={a.sync}", "model": a.model, "parameters": parameters, "mode": a.mode, "sync": a.sync,
        "dtype": a.dtype, "reduce": a.reduce if bf16 else "fp32", "world": world, "hosts": a.hosts, "accumulate": A,
        "micro_batch": B, "context": T, "tokens_per_step": A * B * T * world, "torch": torch.__version__,
        "step_s": statistics.median(times[counted]), "times_s": [round(t, 4) for t in times],
        "forward_s": statistics.median(f for f, _ in parts[counted]),
        "backward_s": statistics.median(b for _, b in parts[counted]),
        "wire_mb": statistics.median(wire[counted]) / 1e6, "losses": losses,
        "peak_rss_gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)}), flush=True)
dist.barrier()
dist.destroy_process_group()
