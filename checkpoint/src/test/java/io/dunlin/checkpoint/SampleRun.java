package io.dunlin.checkpoint;

import io.dunlin.data.DataPosition;
import io.dunlin.nn.Trained;
import io.dunlin.optim.Optimizer;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.NamedTensor;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import io.dunlin.tensor.TensorSlice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A small state of odd shapes and several types, whose bytes are a function of the step. */
final class SampleRun {
    static final InstantClock CLOCK = new InstantClock();

    private static final List<Sample> SAMPLES = List.of(
            new Sample("wte.weight", DType.F32, Shape.of(7, 5)),
            new Sample("h.0.attn.weight", DType.F32, Shape.of(3, 11)),
            new Sample("h.0.attn.bias", DType.F32, Shape.of(3)),
            new Sample("scale", DType.F32, Shape.of()),
            new Sample("nothing", DType.F32, Shape.of(0, 4)),
            new Sample("optimizer.m/wte.weight", DType.BF16, Shape.of(7, 5)),
            new Sample("optimizer.counts", DType.I32, Shape.of(13)),
            new Sample("sums", DType.F64, Shape.of(2, 3)));

    private record Sample(String name, DType dtype, Shape shape) {}

    private SampleRun() {}

    /** All tensors, with the bytes of {@code step}. */
    static List<NamedTensor> tensors(long step) {
        List<NamedTensor> tensors = blank();
        for (int i = 0; i < tensors.size(); i++) {
            Random random = new Random(step * 1_000 + i);
            byte[] bytes = new byte[(int) tensors.get(i).tensor().bytes()];
            random.nextBytes(bytes);
            tensors.get(i).tensor().segment().copyFrom(MemorySegment.ofArray(bytes));
        }
        return tensors;
    }

    /** All tensors, zero. */
    static List<NamedTensor> blank() {
        return SAMPLES.stream()
                .map(s -> new NamedTensor(
                        TensorSlice.whole(s.name(), s.shape()),
                        Tensor.of(
                                s.dtype(),
                                s.shape(),
                                Arena.ofAuto()
                                        .allocate(
                                                s.shape().elements() * s.dtype().bytes(), 8))))
                .toList();
    }

    /** The bytes of all tensors, one after the other. */
    static byte[] bytes(List<NamedTensor> tensors) {
        java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
        tensors.forEach(t -> all.writeBytes(t.tensor().segment().toArray(ValueLayout.JAVA_BYTE)));
        return all.toByteArray();
    }

    static RunState state(long step) {
        return new RunState(
                step,
                step * 4_096,
                new DataPosition(1, step * 8),
                step - 1,
                Map.of("seed", "1337", "name", "a \"b\" ö"));
    }

    /** Saves {@code step} by {@code ranks} ranks in a new generation. */
    static List<Ranks.Ending<CheckpointEvent.Saved>> save(
            CheckpointFolder folder, long step, int ranks, long generation) {
        return Ranks.run(ranks, peers -> {
            CheckpointWriter writer = new CheckpointWriter(folder, peers, generation, CommitPermit.GRANTED, CLOCK);
            writer.begin(step - 1);
            return writer.save(state(step), RunContent.cut(tensors(step), peers.rank(), peers.size()));
        });
    }

    /** Counts updates and keeps nothing. */
    static final class CountingOptimizer implements Optimizer {
        private long updates;

        @Override
        public void update(List<? extends Trained> owned, float learningRate, float gradientScale) {
            updates++;
        }

        @Override
        public long updates() {
            return updates;
        }

        @Override
        public void restoreUpdates(long updates) {
            this.updates = updates;
        }

        @Override
        public Iterable<NamedTensor> state() {
            return List.of();
        }
    }
}
