package io.dunlin.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.dunlin.data.Batch;
import io.dunlin.data.DataPosition;
import io.dunlin.data.Share;
import io.dunlin.device.Device;
import io.dunlin.model.BackwardListener;
import io.dunlin.model.Model;
import io.dunlin.model.ModelConfig;
import io.dunlin.model.Pass;
import io.dunlin.model.PassKind;
import io.dunlin.model.Precision;
import io.dunlin.model.Recompute;
import io.dunlin.optim.AdamW;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the Java heap sees of a step, the kernels aside. */
class StepAllocationTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int ROWS = 2;
    private static final int STEPS = 50;

    static List<ModelConfig> models() {
        return SmallModels.all();
    }

    @ParameterizedTest
    @MethodSource("models")
    void shouldPutNothingOnTheHeapInForwardAndBackward(ModelConfig config) {
        try (Device device = new IdleDevice()) {
            Model model = SmallModels.lively(config, device, Precision.F32);
            new GradientBuffer(model).direct(0f);
            Pass pass = model.plan(ROWS, config.context(), Recompute.LAYER, PassKind.TRAIN);
            Batch batch = batch(config, ROWS);

            long bytes = allocatedBytes(
                    () -> pass.forwardBackward(batch.microBatches().getFirst(), 0.1f, BackwardListener.NOBODY));

            assertThat(bytes).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void shouldPutOnlyAFewRecordsOnTheHeapInAStep(ModelConfig config) {
        try (Device device = new IdleDevice()) {
            Model model = SmallModels.lively(config, device, Precision.F32);
            Pass pass = model.plan(1, config.context(), Recompute.NONE, PassKind.TRAIN);
            LocalExecutor executor = new LocalExecutor(model, pass, GradientExchange.ALONE, Accumulation.TREE);
            AdamW optimizer = new AdamW(model.parameters(), device, AdamW.Settings.DEFAULT);
            Batch batch = batch(config, 1);
            TrainState state = new TrainState();

            long bytes = allocatedBytes(() -> {
                executor.run(batch, state);
                optimizer.update(executor.owned(), 1e-3f, 1f);
                executor.weightsUpdated();
            });

            assertThat(bytes / STEPS).isLessThan(1024);
        }
    }

    private static Batch batch(ModelConfig config, int microBatch) {
        return new ArrayBatches(Tokens.random(3, 1, ROWS, config.context(), config.vocabulary()), microBatch)
                .next(DataPosition.START, Share.ALL);
    }

    /** In {@link #STEPS} calls, after some that load classes and fill caches. */
    private static long allocatedBytes(Runnable step) {
        for (int i = 0; i < 3; i++) {
            step.run();
        }
        long self = THREADS.getCurrentThreadAllocatedBytes();
        long overhead = THREADS.getCurrentThreadAllocatedBytes() - self;
        long before = THREADS.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < STEPS; i++) {
            step.run();
        }
        return THREADS.getCurrentThreadAllocatedBytes() - before - overhead;
    }
}
