#!/usr/bin/env bash
# build.sh FOLDER: builds libcuda.so.1, libcublas.so.12 and libnvrtc.so.12 there, with host_kernels.sh beside them.
#
# Every symbol that JCuda's natives import is defined: those without a body here say so and answer "not supported".
set -euo pipefail
out=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$out"
cd "$out"

# stubs NAME STATUS: weak definitions of all symbols; a real body in the same library wins.
stubs() {
    echo '#include "cuda_standin.h"'
    while read -r symbol; do
        echo "extern \"C\" __attribute__((weak, visibility(\"default\"))) int $symbol() {"
        echo "    if (int status = standin_enter(\"$symbol\")) return status;"
        echo "    standin_unsupported(\"$symbol\"); return $2; }"
    done <"$here/symbols-$1.txt"
}
stubs cuda 801 >stubs-cuda.cpp
stubs cublas 15 >stubs-cublas.cpp
stubs nvrtc 5 >stubs-nvrtc.cpp
for name in cublas nvrtc; do echo "lib$name.so.12 { global: *; };" >$name.map; done

options=(-std=c++20 -g1 -fPIC -fvisibility=hidden -Wall -pthread "-I$here")
# Side by side, and only what runs often optimised: this is built in front of tests.
jobs=()
compile() {
    g++ "${options[@]}" "$2" -c "$1" -o "$(basename "$1" .cpp).o" "${@:3}" &
    jobs+=($!)
}
driver=(driver settings streams memory pinned copies modules grid faults)
for file in "${driver[@]}" nvrtc; do compile "$here/$file.cpp" -O1; done
compile "$here/fibers.cpp" -O3
compile "$here/blas.cpp" -O3 -march=native -fno-strict-aliasing
for file in cuda cublas nvrtc; do compile stubs-$file.cpp -O0; done
for job in "${jobs[@]}"; do wait "$job"; done

link=(g++ -shared -pthread)
"${link[@]}" "${driver[@]/%/.o}" fibers.o stubs-cuda.o -o libcuda.so.1 \
    -Wl,-soname,libcuda.so.1 -ldl
"${link[@]}" blas.o stubs-cublas.o -o libcublas.so.12 -Wl,-soname,libcublas.so.12,--version-script=cublas.map \
    -L. -l:libcuda.so.1
"${link[@]}" nvrtc.o stubs-nvrtc.o -o libnvrtc.so.12 -Wl,-soname,libnvrtc.so.12,--version-script=nvrtc.map \
    -L. -l:libcuda.so.1
cp "$here"/cuda_standin.h "$here"/cuda_standin_device.h "$here"/host_kernels.sh .
rm -f stubs-*.cpp ./*.map ./*.o
