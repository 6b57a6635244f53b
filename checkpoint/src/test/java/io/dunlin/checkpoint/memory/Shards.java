package io.dunlin.checkpoint.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;

/** Shards for tests. */
final class Shards {
    private Shards() {}

    static MemorySegment random(Random random, long bytes) {
        byte[] content = new byte[(int) bytes];
        random.nextBytes(content);
        return of(content);
    }

    static MemorySegment of(byte[] content) {
        return Arena.ofAuto().allocate(content.length).copyFrom(MemorySegment.ofArray(content));
    }

    static List<MemorySegment> random(Random random, int count, long bytes) {
        List<MemorySegment> shards = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            shards.add(random(random, bytes));
        }
        return shards;
    }

    static List<MemorySegment> zeros(int count, long bytes) {
        List<MemorySegment> shards = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            shards.add(Arena.ofAuto().allocate(bytes));
        }
        return shards;
    }

    /** What must be overwritten. */
    static List<MemorySegment> garbage(int count, long bytes) {
        List<MemorySegment> shards = zeros(count, bytes);
        shards.forEach(shard -> shard.fill((byte) 0xA5));
        return shards;
    }

    static List<MemorySegment> chosen(List<MemorySegment> shards, List<Integer> numbers) {
        return numbers.stream().map(shards::get).toList();
    }

    static byte[] bytes(MemorySegment shard) {
        return shard.toArray(ValueLayout.JAVA_BYTE);
    }

    static void checkEqual(List<MemorySegment> actual, List<MemorySegment> expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.size(); i++) {
            assertThat(actual.get(i).mismatch(expected.get(i)))
                    .as("shard %d of them", i)
                    .isEqualTo(-1);
        }
    }

    /** Rebuilds shards from shards that are left, and compares them with what they were. */
    static void checkRebuilt(ReedSolomon code, List<MemorySegment> shards, List<Integer> left, List<Integer> lost) {
        ShardTransform decoder = code.decoder(left, lost);
        List<MemorySegment> rebuilt = new ArrayList<>();
        lost.forEach(shard -> rebuilt.addAll(garbage(1, shards.get(shard).byteSize())));
        long longest = shards.stream().mapToLong(MemorySegment::byteSize).max().orElse(0);
        decoder.apply(chosen(shards, decoder.inputs()), rebuilt, 0, longest);
        checkEqual(rebuilt, chosen(shards, lost));
    }

    /** All sets of {@code size} numbers below {@code count}. */
    static List<Set<Integer>> subsets(int count, int size) {
        List<Set<Integer>> sets = new ArrayList<>();
        for (int bits = 0; bits < 1 << count; bits++) {
            if (Integer.bitCount(bits) == size) {
                Set<Integer> set = new HashSet<>();
                for (int i = 0; i < count; i++) {
                    if ((bits >> i & 1) == 1) {
                        set.add(i);
                    }
                }
                sets.add(set);
            }
        }
        return sets;
    }

    static Stream<ShardKernels> kernels() {
        return Stream.of(new PlainKernels(), new VectorKernels());
    }

    /** Parity of P and Q, of P, Q and R, and of a Cauchy matrix, and odd shapes of each. */
    static Stream<ReedSolomon> codes() {
        return kernels().flatMap(kernels -> Stream.of(
                        new int[] {1, 1},
                        new int[] {5, 1},
                        new int[] {1, 2},
                        new int[] {9, 2},
                        new int[] {2, 3},
                        new int[] {7, 3},
                        new int[] {1, 4},
                        new int[] {6, 4},
                        new int[] {3, 7})
                .map(shape -> new ReedSolomon(shape[0], shape[1], kernels)));
    }

    static List<MemorySegment> encoded(ReedSolomon code, List<MemorySegment> data) {
        long longest = data.stream().mapToLong(MemorySegment::byteSize).max().orElseThrow();
        List<MemorySegment> parity = Shards.garbage(code.parityShards(), longest);
        code.encoder().apply(data, parity);
        return parity;
    }

    static List<MemorySegment> all(List<MemorySegment> data, List<MemorySegment> parity) {
        return Stream.concat(data.stream(), parity.stream()).toList();
    }
}
