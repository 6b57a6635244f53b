package io.dunlin.checkpoint.memory;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** Addresses of shards of different lengths, and of the bytes of each that are in hand. */
final class ShardPointers {
    /** Numbers of the shards. */
    private final List<Integer> numbers;
    /** Shards with this number or a greater one may not end early. */
    private final int firstParity;
    /** What stands for the bytes of a shard that has ended. */
    private final long substitute;

    private final long[] starts;
    private final long[] sizes;
    /** Of the next bytes of each shard. */
    private final long[] current;

    ShardPointers(List<Integer> numbers, int firstParity, MemorySegment substitute) {
        this.numbers = numbers;
        this.firstParity = firstParity;
        this.substitute = substitute.address();
        this.starts = new long[numbers.size()];
        this.sizes = new long[numbers.size()];
        this.current = new long[numbers.size()];
    }

    /**
     * Takes shards, of which bytes up to {@code end} will be wanted.
     *
     * @throws IllegalArgumentException if they are too few or too many, or not native memory
     * @throws IndexOutOfBoundsException if parity ends before
     */
    void take(List<MemorySegment> shards, long end) {
        if (shards.size() != starts.length) {
            throw new IllegalArgumentException("%d shards instead of %d".formatted(shards.size(), starts.length));
        }
        for (int i = 0; i < starts.length; i++) {
            MemorySegment shard = shards.get(i);
            starts[i] = addressOf(shard);
            sizes[i] = shard.byteSize();
            if (sizes[i] < end && numbers.get(i) >= firstParity) {
                throw new IndexOutOfBoundsException(
                        "parity shard %d has %d bytes, and %d are needed".formatted(numbers.get(i), sizes[i], end));
            }
        }
    }

    /**
     * Where a shard is.
     *
     * @throws IllegalArgumentException if that is on the heap
     * @throws IllegalStateException if the memory is closed
     */
    static long addressOf(MemorySegment shard) {
        if (!shard.isNative()) {
            throw new IllegalArgumentException("shards are native memory: " + shard);
        }
        if (!shard.scope().isAlive()) {
            throw new IllegalStateException("the memory of a shard is closed: " + shard);
        }
        return shard.address();
    }

    /** The first end of a shard behind {@code at}, at most {@code limit}. */
    long firstEnd(long at, long limit) {
        long first = limit;
        for (long size : sizes) {
            if (size > at && size < first) {
                first = size;
            }
        }
        return first;
    }

    /** The greatest of the shards' lengths. */
    long longest() {
        long most = 0;
        for (long size : sizes) {
            most = Math.max(most, size);
        }
        return most;
    }

    /** Makes the bytes from {@code at} on, up to the next end, the current ones. */
    long[] at(long at) {
        for (int i = 0; i < current.length; i++) {
            current[i] = at < sizes[i] ? starts[i] + at : substitute;
        }
        return current;
    }
}
