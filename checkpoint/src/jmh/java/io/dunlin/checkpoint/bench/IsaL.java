package io.dunlin.checkpoint.bench;

import java.lang.foreign.AddressLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;

/** Intel's library of erasure codes, called where it lies. Its functions for RAID take no other parity than P, and P and Q. */
final class IsaL {
    /** A library is looked for where the loader of shared libraries looks: {@code LD_LIBRARY_PATH} adds a folder. */
    private static final String LIBRARY = "libisal.so.2";

    private static final int TABLE_BYTES = 32;
    private static final AddressLayout POINTER = ValueLayout.ADDRESS;
    private static final MemoryLayout INT = ValueLayout.JAVA_INT;

    private final Arena arena;
    private final SymbolLookup functions;

    private IsaL(Arena arena, SymbolLookup functions) {
        this.arena = arena;
        this.functions = functions;
    }

    /** One pass over all shards. */
    interface Pass {
        void run() throws Throwable;
    }

    static IsaL open(Arena arena) {
        try {
            return new IsaL(arena, SymbolLookup.libraryLookup(LIBRARY, arena));
        } catch (IllegalArgumentException e) {
            throw new IllegalStateException(
                    "there is no ISA-L here to compare with: install it (Debian: libisal2), or leave it out with -p by=JAVA",
                    e);
        }
    }

    private MethodHandle function(String name, FunctionDescriptor type) {
        return Linker.nativeLinker().downcallHandle(functions.findOrThrow(name), type);
    }

    /** [data + parity, data] in bytes, row after row. */
    private MemorySegment generator(int data, int parity) throws Throwable {
        MemorySegment matrix = arena.allocate((long) (data + parity) * data);
        String name = parity <= 3 ? "gf_gen_rs_matrix" : "gf_gen_cauchy1_matrix";
        function(name, FunctionDescriptor.ofVoid(POINTER, INT, INT)).invoke(matrix, data + parity, data);
        return matrix;
    }

    private MemorySegment tables(MemorySegment rows, int inputs, int outputs) throws Throwable {
        MemorySegment tables = arena.allocate((long) TABLE_BYTES * inputs * outputs);
        function("ec_init_tables", FunctionDescriptor.ofVoid(INT, INT, POINTER, POINTER))
                .invoke(inputs, outputs, rows, tables);
        return tables;
    }

    /** Parity of data by tables. */
    Pass encode(List<MemorySegment> data, List<MemorySegment> parity) throws Throwable {
        MemorySegment rows = generator(data.size(), parity.size()).asSlice((long) data.size() * data.size());
        return product(rows, data, parity);
    }

    /** P, or P and Q, without tables. */
    Pass raid(List<MemorySegment> data, List<MemorySegment> parity) {
        MethodHandle generate =
                function(parity.size() == 1 ? "xor_gen" : "pq_gen", FunctionDescriptor.of(INT, INT, INT, POINTER));
        int shards = data.size() + parity.size();
        int bytes = Math.toIntExact(data.getFirst().byteSize());
        MemorySegment pointers = pointers(data, parity);
        return () -> {
            int failed = (int) generate.invokeExact(shards, bytes, pointers);
            if (failed != 0) {
                throw new IllegalStateException("ISA-L does not take these shards");
            }
        };
    }

    /** The first shards, {@code lost} of them, by as many others as there are data shards, which follow them. */
    Pass rebuild(int data, int parity, List<MemorySegment> left, List<MemorySegment> lost) throws Throwable {
        MemorySegment chosen = generator(data, parity).asSlice((long) lost.size() * data, (long) data * data);
        MemorySegment inverse = arena.allocate((long) data * data);
        int singular = (int) function("gf_invert_matrix", FunctionDescriptor.of(INT, POINTER, POINTER, INT))
                .invoke(chosen, inverse, data);
        if (singular != 0) {
            throw new IllegalStateException("ISA-L cannot rebuild the first shards");
        }
        return product(inverse, left, lost);
    }

    /** What data shard {@code shard} contributes. */
    Pass accumulate(int data, int shard, MemorySegment bytes, List<MemorySegment> parity) throws Throwable {
        MemorySegment rows = generator(data, parity.size()).asSlice((long) data * data);
        MemorySegment tables = tables(rows, data, parity.size());
        MethodHandle update = function(
                "ec_encode_data_update", FunctionDescriptor.ofVoid(INT, INT, INT, INT, POINTER, POINTER, POINTER));
        int length = Math.toIntExact(bytes.byteSize());
        int count = parity.size();
        MemorySegment outputs = pointers(parity, List.of());
        return () -> {
            update.invokeExact(length, data, count, shard, tables, bytes, outputs);
        };
    }

    private Pass product(MemorySegment rows, List<MemorySegment> from, List<MemorySegment> to) throws Throwable {
        MemorySegment tables = tables(rows, from.size(), to.size());
        MethodHandle encode =
                function("ec_encode_data", FunctionDescriptor.ofVoid(INT, INT, INT, POINTER, POINTER, POINTER));
        int bytes = Math.toIntExact(from.getFirst().byteSize());
        int inputs = from.size();
        int outputs = to.size();
        MemorySegment sources = pointers(from, List.of());
        MemorySegment targets = pointers(to, List.of());
        return () -> {
            encode.invokeExact(bytes, inputs, outputs, tables, sources, targets);
        };
    }

    private MemorySegment pointers(List<MemorySegment> first, List<MemorySegment> second) {
        MemorySegment pointers = arena.allocate(POINTER, first.size() + second.size());
        for (int i = 0; i < first.size(); i++) {
            pointers.setAtIndex(POINTER, i, first.get(i));
        }
        for (int i = 0; i < second.size(); i++) {
            pointers.setAtIndex(POINTER, first.size() + i, second.get(i));
        }
        return pointers;
    }
}
