#!/usr/bin/env bash
# host_kernels.sh IN.cu OUT.so [-DNAME=VALUE ...]: compiles kernels for the host, without a change to their source.
#
# IN.cu includes nothing; its entry points are extern "C" __global__ void NAME(...), also when macros write them.
# OUT.so exports standin_module_v1 (cuda_standin.h). It is bound to the libcuda.so.1 beside this script (build.sh puts
# both there); run from the sources it is only a check that the kernels compile.
set -euo pipefail
in=$1
out=$2
shift 2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

sha=$(sha256sum "$in")
expanded=$(g++ -E -x c++ -std=c++20 -D__CUDA_STANDIN__=1 "$@" "$in")
bounds='(?:__launch_bounds__\s*\((?:[^()]|\([^()]*\))*\)\s*)?'
names=$(grep -v '^#' <<<"$expanded" | tr '\n' ' ' \
    | grep -oP "__global__\\s+${bounds}void\\s+${bounds}\\K[A-Za-z_]\\w*(?=\\s*\\()" | sort -u || true)

generated=$out.cpp
{
    echo '#include "cuda_standin_device.h"'
    # Dynamic shared memory is an array without a length; here it is a pointer into memory of the block.
    sed -E 's/extern[[:space:]]+__shared__[[:space:]]+(__align__[[:space:]]*\([0-9]+\)[[:space:]]*)?([A-Za-z_][A-Za-z0-9_ ]*[A-Za-z0-9_*])[[:space:]]+([A-Za-z_][A-Za-z0-9_]*)[[:space:]]*\[[[:space:]]*\][[:space:]]*;/\2* \3 = (\2*)standin_self()->dynamic_shared;/' <<<"$expanded"
    echo
    echo '#line 1 "the table of entry points"'
    echo 'static const standin_kernel standin_table[] = {'
    for name in $names; do echo "    STANDIN_KERNEL($name),"; done
    echo '    {nullptr, nullptr, 0, nullptr}};'
    echo 'extern "C" __attribute__((visibility("default"))) const standin_module standin_module_v1 = {'
    echo "    1, \"${sha%% *}\", (int)(sizeof standin_table / sizeof standin_table[0]) - 1, standin_table};"
} >"$generated"

driver=()
if [ -e "$here/libcuda.so.1" ]; then driver=("-L$here" -l:libcuda.so.1); fi
# Products and sums are fused as nvcc does; aliasing is lax because kernels read one buffer as several types.
exec g++ -std=c++20 -O2 -g1 -march=native -ffp-contract=fast -fPIC -shared -w -fvisibility=hidden \
    -fno-strict-aliasing -Wl,-Bsymbolic "-I$here" "$generated" -o "$out" "${driver[@]}" "$@"
