package io.dunlin.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.data.DataPosition;
import io.dunlin.data.Share;
import io.dunlin.device.Device;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.model.Model;
import io.dunlin.model.ModelConfig;
import io.dunlin.model.Pass;
import io.dunlin.model.PassKind;
import io.dunlin.model.Precision;
import io.dunlin.model.Recompute;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EvaluationTest {
    private static final ModelConfig CONFIG = ModelConfig.gpt(1, 8, 2, 19, 6);

    private final Device device = CpuDevice.open(CpuOptions.fast(2));
    private final Model model = SmallModels.lively(CONFIG, device, Precision.F32);
    private final Pass pass = model.plan(1, 6, Recompute.NONE, PassKind.EVALUATE);
    private final ArrayBatches batches = new ArrayBatches(Tokens.random(1, 3, 4, 6, 19), 1);

    @AfterEach
    void close() {
        device.close();
    }

    @Test
    void shouldBeTheMeanOverAllTargetsOfItsBatches() {
        double loss = evaluation(GradientExchange.ALONE, 2, 0, 1).loss();

        double sum = 0;
        for (int step = 0; step < 2; step++) {
            for (var microBatch :
                    batches.next(new DataPosition(0, step * 4L), Share.ALL).microBatches()) {
                sum += pass.loss(microBatch);
            }
        }
        assertThat(loss).isCloseTo(sum / (2 * 4 * 5), within(1e-12));
    }

    @Test
    void shouldBeTheSameEveryTime() {
        Evaluation evaluation = evaluation(GradientExchange.ALONE, 3, 0, 1);

        assertThat(evaluation.loss()).isEqualTo(evaluation.loss());
    }

    @Test
    void shouldAddUpWhatTheOtherRanksHaveSeen() {
        double alone = evaluation(GradientExchange.ALONE, 1, 0, 1).loss();
        List<double[]> seen = new ArrayList<>();
        evaluation(with(seen), 1, 1, 2).loss();

        double together = evaluation(with(seen), 1, 0, 2).loss();

        assertThat(together).isEqualTo(alone);
    }

    @Test
    void shouldReportAtItsIntervalOnly() {
        List<Long> steps = new ArrayList<>();
        StepListener listener = evaluation(GradientExchange.ALONE, 1, 0, 1).every(2, (step, loss) -> {
            assertThat(loss).isPositive();
            steps.add(step);
        });

        for (long step = 1; step <= 5; step++) {
            listener.afterStep(new TrainState(), result(step));
        }

        assertThat(steps).containsExactly(2L, 4L);
    }

    private Evaluation evaluation(GradientExchange exchange, int count, int share, int shares) {
        return new Evaluation(pass, batches, exchange, new Evaluation.Settings(count, Share.of(share, shares)));
    }

    /** Adds what earlier callers have brought. */
    private static GradientExchange with(List<double[]> seen) {
        return new GradientExchange() {
            @Override
            public void begin(GradientPartials partials) {}

            @Override
            public void ready(long offset, long length) {}

            @Override
            public long finish() {
                return 0;
            }

            @Override
            public List<Range> counted(long elements) {
                return List.of(new Range(0, elements));
            }

            @Override
            public Tally agree(Tally mine) {
                double[] sums = mine.lossSums().clone();
                for (double[] other : seen) {
                    for (int i = 0; i < sums.length; i++) {
                        sums[i] += other[i];
                    }
                }
                seen.add(mine.lossSums());
                return new Tally(sums, mine.requests(), mine.squares());
            }
        };
    }

    private static StepResult result(long step) {
        return new StepResult(step, 1, 1, 1, true, 1, Set.of(), new StepResult.Times(0, 0, 0, 0));
    }
}
