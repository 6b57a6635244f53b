package io.dunlin.data;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/** The samples of token files: each file is cut from its beginning, and none reaches into the next. */
final class ShardSamples implements Samples {
    private static final int NOTHING = -1;

    private final TokenShards shards;
    private final int context;
    private final Rest rest;
    private final long[] firstOf; // sample at which each file begins, and one behind the last

    /** What happens to the tokens behind the last whole sample of a file. */
    enum Rest {
        /** They are left out: every sample is whole. */
        DROPPED,
        /** They make a shorter sample, so that every token but the first of a file is a target once. */
        KEPT
    }

    ShardSamples(TokenShards shards, int context, Rest rest) {
        this.shards = shards;
        this.context = context;
        this.rest = rest;
        List<TokenShard> files = shards.shards();
        this.firstOf = new long[files.size() + 1];
        for (int i = 0; i < files.size(); i++) {
            firstOf[i + 1] = firstOf[i] + samplesIn(files.get(i).count(), context, rest);
        }
    }

    static long samplesIn(long tokens, int context, Rest rest) {
        long targets = Math.max(0, tokens - 1);
        return targets / context + (rest == Rest.KEPT && targets % context != 0 ? 1 : 0);
    }

    @Override
    public long count() {
        return firstOf[firstOf.length - 1];
    }

    @Override
    public int context() {
        return context;
    }

    @Override
    public OptionalInt targetsOfEach() {
        return rest == Rest.DROPPED ? OptionalInt.of(context) : OptionalInt.empty();
    }

    @Override
    public int targets(long index) {
        int file = fileOf(index);
        long before = (index - firstOf[file]) * context;
        return (int) Math.min(context, shards.shards().get(file).count() - 1 - before);
    }

    @Override
    public void read(long index, MemorySegment tokens, MemorySegment targets) {
        int file = fileOf(index);
        TokenShard shard = shards.shards().get(file);
        long first = (index - firstOf[file]) * context;
        int length = targets(index);
        shard.read(first, length, tokens, shards.vocabulary());
        shard.read(first + 1, length, targets, shards.vocabulary());
        for (int i = length; i < context; i++) {
            tokens.setAtIndex(ValueLayout.JAVA_INT, i, 0);
            targets.setAtIndex(ValueLayout.JAVA_INT, i, NOTHING);
        }
    }

    @Override
    public String place(long index) {
        return "sample %,d of %s"
                .formatted(index, shards.shards().get(fileOf(index)).path());
    }

    @Override
    public void close() {
        shards.close();
    }

    /** The last file that begins at or before the sample; files without a sample share their beginning with the next. */
    private int fileOf(long index) {
        int found = Arrays.binarySearch(firstOf, index);
        int file = found >= 0 ? found : -found - 2;
        while (firstOf[file + 1] <= index) {
            file++;
        }
        return file;
    }
}
