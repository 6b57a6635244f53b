#!/bin/bash
# PyTorch FSDP2 over Gloo beside Dunlin on network namespaces: run_all.sh 12m|124m HOSTS STEPS
#
# Settings, by environment: RUNS="fsdp2:each fsdp2:last alone zero3 zero++ topo hsdp none" (also ddp:each, ddp:last, hsdp:each,
# hsdp:last of PyTorch: a word with a colon), RANKS=4, ACCUMULATE=4, MICRO_BATCH=1, CONTEXT=64, PRECISION=fp32|bf16,
# REDUCE=fp32|bf16 (PyTorch's gradients on the wire with bf16), SKIP=2 (steps that do not count), RATE=200mbit, MTU=1500,
# OUT, DUNLIN (tree), PYTHON=python3 (with torch and numpy), LIMIT_S (a run's limit), RESTARTS=0 (of Dunlin, for a busy
# machine).
# Needs root, ip, tc. Build Dunlin before: $DUNLIN/dunlin --version.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
model=${1:?usage: run_all.sh 12m|124m HOSTS STEPS} hosts=${2:?} steps=${3:?}
export PYTHON=${PYTHON:-python3}
if ! "$PYTHON" -c 'import torch' 2>/dev/null; then
    echo "no torch in $PYTHON: python3 -m venv V && V/bin/pip install torch numpy, then PYTHON=V/bin/python" >&2
    exit 3
fi
"${DUNLIN:-$here/../../../..}/dunlin" --version >/dev/null
exec "$here/hosts.sh" "$hosts" python3 "$here/compare.py" "$model" "$steps"
