package io.dunlin.collectives.quant;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Philox;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.Test;

/** No allocation in the step path: nothing on any thread over 100 steps, once warm. */
class QuantizedAllocationTest {
    private static final int STEPS = 100;
    private static final int MOST_WARM_UPS = 100;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Test
    void shouldAllocateNothingOnceWarm() {
        try (Hosts world = new Hosts(2, 2)) {
            long[] communicationThreads = Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> thread.getName().startsWith("comm-world-"))
                    .mapToLong(Thread::threadId)
                    .toArray();
            assertThat(communicationThreads).hasSize(8);
            List<Long> allocated = world.run(group -> {
                Step step = new Step(group);
                long bytes = Long.MAX_VALUE;
                for (int round = 0; round < MOST_WARM_UPS && bytes > 0; round++) {
                    together(group, 0);
                    long before = sum(communicationThreads);
                    long mineBefore = THREADS.getCurrentThreadAllocatedBytes();
                    for (int i = 0; i < STEPS; i++) {
                        step.run(i);
                    }
                    long mine = THREADS.getCurrentThreadAllocatedBytes() - mineBefore;
                    together(group, 0);
                    bytes = together(group, mine + sum(communicationThreads) - before);
                }
                return bytes;
            });
            assertThat(allocated).as("bytes allocated in %d steps", STEPS).containsOnly(0L);
        }
    }

    private static long sum(long[] threads) {
        long sum = 0;
        for (long thread : threads) {
            sum += THREADS.getThreadAllocatedBytes(thread);
        }
        return sum;
    }

    /** The largest number that any rank has; all have come this far. */
    private static long together(TwoLevelGroup group, long number) {
        MemorySegment value = Arena.ofAuto().allocate(8);
        value.set(ValueLayout.JAVA_DOUBLE, 0, (double) number);
        group.inner().allReduce(value, DType.F64, ReduceOp.MAX).await();
        group.outer().allReduce(value, DType.F64, ReduceOp.MAX).await();
        return (long) value.get(ValueLayout.JAVA_DOUBLE, 0);
    }

    /** Two gradients under way at once, one with stochastic rounding and feedback, and the weights. */
    private static final class Step {
        private static final int ELEMENTS = 5_003;

        private final Arena arena = Arena.ofAuto();
        private final MemorySegment gradient = Floats.gaussian(1, ELEMENTS);
        private final MemorySegment halves = Floats.halves(gradient);
        private final MemorySegment weights = Floats.room(2 * 2 * 10_000);
        private final QuantizedReduceScatter first;
        private final QuantizedReduceScatter second;
        private final QuantizedAllGather gather;
        private final MemorySegment part;
        private final MemorySegment slice;

        Step(TwoLevelGroup group) {
            QuantizerSettings drawn = QuantizerSettings.INT4.withRounding(Rounding.STOCHASTIC);
            long hostSum = ReducedSlices.even(group, ELEMENTS, ReducedSlices.Total.MEAN)
                    .hostSumElements(group);
            first = new QuantizedReduceScatter(
                    group,
                    new TensorSpec(1, DType.F32, ELEMENTS),
                    quantizer(QuantizerSettings.INT4),
                    quantizer(QuantizerSettings.INT8),
                    arena);
            second = new QuantizedReduceScatter(
                    group,
                    new TensorSpec(2, DType.BF16, ELEMENTS),
                    new ErrorFeedback(quantizer(drawn), ErrorFeedback.BETA, ELEMENTS, arena),
                    new ErrorFeedback(quantizer(drawn), ErrorFeedback.BETA, hostSum, arena),
                    arena);
            gather = new QuantizedAllGather(
                    group.inner(),
                    new TensorSpec(3, DType.BF16, 20_000),
                    List.of(10_000L, 10_000L),
                    quantizer(QuantizerSettings.INT8),
                    arena);
            part = weights.asSlice(20_000L * group.inner().rank(), 20_000);
            slice = Floats.room(4 * first.sliceElements());
        }

        private BlockQuantizer quantizer(QuantizerSettings settings) {
            return new BlockQuantizer(settings, Philox.keyed(1, "quantise", "allocation"), arena);
        }

        void run(long step) {
            first.start(gradient, slice, step);
            second.start(halves, slice, step);
            first.done();
            second.await();
            first.await();
            gather.start(part, weights, step).await();
        }
    }
}
