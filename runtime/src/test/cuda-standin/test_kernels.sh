#!/usr/bin/env bash
# test_kernels.sh: makes test_kernels.ptx anew; needs nvcc of CUDA 12 or 13.
#
# The version is lowered to what the oldest driver for CUDA 12 reads; the kernels use nothing newer.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
out=../resources/io/dunlin/device/cuda/test_kernels.ptx
mkdir -p "$(dirname "$out")"
{
    echo "// kernel-source-sha256:$(sha256sum test_kernels.cu | cut -d' ' -f1)"
    nvcc -ptx -arch=compute_80 -o - test_kernels.cu |
        sed -e '/^\/\/ /d' -e '/^\/\/$/d' -e 's/^\.version .*/.version 8.0/'
} >"$out"
