package io.dunlin.checkpoint.bench;

import io.dunlin.checkpoint.memory.ReedSolomon;
import io.dunlin.checkpoint.memory.ShardTransform;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** One pass over the shards of one stripe. Before ISA-L is measured, it has given the same bytes as Java. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 15, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 10, time = 100, timeUnit = TimeUnit.MILLISECONDS)
@Fork(3)
public class ParityBenchmark {
    private static final int ALIGNMENT_BYTES = 64;

    /** Whose code. */
    public enum By {
        JAVA,
        /** {@code ec_encode_data} and its like. */
        ISA_L,
        /** {@code xor_gen} and {@code pq_gen}; otherwise the same. */
        ISA_L_RAID
    }

    /** Data shards + parity shards. */
    @Param({"8+1", "4+2", "8+2", "8+3", "10+4"})
    String code;

    @Param
    Work work;

    /** In cache and in memory. */
    @Param({"16384", "33554432"})
    int shardBytes;

    @Param
    By by;

    private final Arena arena = Arena.global();
    private IsaL.Pass pass;

    static int dataShards(String code) {
        return Integer.parseInt(code.substring(0, code.indexOf('+')));
    }

    static int parityShards(String code) {
        return Integer.parseInt(code.substring(code.indexOf('+') + 1));
    }

    /** Makes the shards and compares. */
    @Setup
    public void prepare() throws Throwable {
        int data = dataShards(code);
        int parity = parityShards(code);
        ReedSolomon java = new ReedSolomon(data, parity);
        List<MemorySegment> shards = new ArrayList<>();
        for (int shard = 0; shard < data + parity; shard++) {
            // Not a power of two apart, so that shards do not meet in the same lines of a cache.
            MemorySegment place = arena.allocate(shardBytes + 5L * ALIGNMENT_BYTES, ALIGNMENT_BYTES);
            shards.add(place.asSlice(0, shardBytes));
        }
        Random random = new Random(1);
        for (int shard = 0; shard < data; shard++) {
            for (long at = 0; at < shardBytes; at += Long.BYTES) {
                shards.get(shard).set(ValueLayout.JAVA_LONG, at, random.nextLong());
            }
        }
        java.encoder().apply(shards.subList(0, data), shards.subList(data, data + parity));
        List<MemorySegment> inputs =
                work.inputs(data, parity).stream().map(shards::get).toList();
        List<MemorySegment> outputs =
                work.outputs(data, parity).stream().map(shards::get).toList();
        pass = inJava(java, inputs, outputs);
        if (by != By.JAVA) {
            IsaL.Pass other = inIsaL(data, parity, inputs, outputs);
            compare(pass, other, outputs);
            pass = other;
        }
    }

    private IsaL.Pass inJava(ReedSolomon java, List<MemorySegment> inputs, List<MemorySegment> outputs) {
        int data = java.dataShards();
        int parity = java.parityShards();
        ShardTransform transform = work == Work.REBUILD
                ? java.decoder(work.inputs(data, parity), work.outputs(data, parity))
                : java.encoder();
        return work == Work.ACCUMULATE
                ? () -> transform.accumulate(1, 0, inputs.get(1), outputs)
                : () -> transform.apply(inputs, outputs);
    }

    private IsaL.Pass inIsaL(int data, int parity, List<MemorySegment> inputs, List<MemorySegment> outputs)
            throws Throwable {
        IsaL isaL = IsaL.open(arena);
        return switch (work) {
            case ENCODE ->
                by == By.ISA_L_RAID && parity <= 2 ? isaL.raid(inputs, outputs) : isaL.encode(inputs, outputs);
            case REBUILD -> isaL.rebuild(data, parity, inputs, outputs);
            case ACCUMULATE -> isaL.accumulate(data, 1, inputs.get(1), outputs);
        };
    }

    private void compare(IsaL.Pass java, IsaL.Pass other, List<MemorySegment> outputs) throws Throwable {
        List<MemorySegment> results = new ArrayList<>();
        for (IsaL.Pass each : List.of(java, other)) {
            outputs.forEach(output -> output.fill((byte) 0));
            each.run();
            outputs.forEach(
                    output -> results.add(Arena.ofAuto().allocate(shardBytes).copyFrom(output)));
        }
        for (int i = 0; i < outputs.size(); i++) {
            if (results.get(i).mismatch(results.get(outputs.size() + i)) >= 0) {
                throw new IllegalStateException("ISA-L computes other bytes: " + code + ", " + work);
            }
        }
    }

    /** One pass over all shards. */
    @Benchmark
    public void pass() throws Throwable {
        pass.run();
    }
}
