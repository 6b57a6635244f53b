package io.dunlin.launcher.bench;

import io.dunlin.data.Batch;
import io.dunlin.data.BatchSource;
import io.dunlin.data.DataPosition;
import io.dunlin.data.MicroBatch;
import io.dunlin.data.Share;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Philox;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Uniform tokens, drawn anew for every step and the same in every run. */
final class RandomBatches implements BatchSource {
    private final Philox random;
    private final int batch;
    private final int time;
    private final int vocabulary;
    private final MemorySegment tokens;
    private final MemorySegment targets;
    private final MicroBatch microBatch;

    RandomBatches(long seed, int batch, int time, int vocabulary) {
        this.random = Philox.keyed(seed, "bench", "tokens");
        this.batch = batch;
        this.time = time;
        this.vocabulary = vocabulary;
        Shape shape = Shape.of(batch, time);
        Arena arena = Arena.ofAuto();
        tokens = arena.allocate(shape.elements() * Integer.BYTES, 64);
        targets = arena.allocate(shape.elements() * Integer.BYTES, 64);
        microBatch = new MicroBatch(0, Tensor.of(DType.I32, shape, tokens), Tensor.of(DType.I32, shape, targets));
    }

    @Override
    public Batch next(DataPosition position, Share share) {
        if (!share.equals(Share.ALL)) {
            throw new IllegalArgumentException("one rank measures alone, not " + share);
        }
        for (int row = 0; row < batch; row++) {
            long sample = position.sample() + row;
            for (int t = 0; t < time; t++) {
                long at = (long) row * time + t;
                tokens.setAtIndex(ValueLayout.JAVA_INT, at, token(sample, t));
                targets.setAtIndex(ValueLayout.JAVA_INT, at, token(sample, t + 1));
            }
        }
        return new Batch(List.of(microBatch), share, 1, (long) batch * time, position.plus(batch, Long.MAX_VALUE));
    }

    private int token(long sample, int position) {
        return (int) (random.uniform(sample, position) * vocabulary);
    }

    @Override
    public void close() {}
}
