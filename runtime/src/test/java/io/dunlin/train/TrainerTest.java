package io.dunlin.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.data.Batch;
import io.dunlin.data.DataPosition;
import io.dunlin.data.Share;
import io.dunlin.nn.Parameter;
import io.dunlin.nn.Trained;
import io.dunlin.optim.LearningRate;
import io.dunlin.optim.Optimizer;
import io.dunlin.tensor.NamedTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** The loop itself, with an executor and an optimizer that only write down what they are asked to do. */
class TrainerTest {
    private static final int TARGETS = 2 * 3;

    private final List<String> events = new ArrayList<>();
    private final List<StepResult> results = new ArrayList<>();
    private final AtomicLong nowNs = new AtomicLong();
    private final ScriptedExecutor executor = new ScriptedExecutor();

    @Test
    void shouldGoThroughAStepInOrder() {
        trainer(1.0).run(new TrainState(), 1);

        assertThat(events)
                .containsExactly(
                        "forward and backward",
                        "first before update",
                        "second before update",
                        "update with rate 0.5, scale 0.5",
                        "weights updated",
                        "first after step 1",
                        "second after step 1");
    }

    @Test
    void shouldAdvanceTheStateByTheGlobalBatch() {
        TrainState state = new TrainState();

        Trainer.Ending ending = trainer(1.0).run(state, 3);

        assertThat(ending).isEqualTo(Trainer.Ending.COMPLETE);
        assertThat(state.step()).isEqualTo(3);
        assertThat(state.tokens()).isEqualTo(3L * TARGETS);
        assertThat(state.position().sample()).isEqualTo(3 * 2);
    }

    @Test
    void shouldContinueFromARestoredStateToTheSameTotal() {
        TrainState state = new TrainState();
        state.restore(8, 80, new DataPosition(0, 16));

        trainer(1.0).run(state, 10);

        assertThat(results).extracting(StepResult::step).containsExactly(9L, 10L);
    }

    @Test
    void shouldSkipTheUpdateWhenTheLossIsNotFinite() {
        executor.loss = Double.NaN;

        trainer(1.0).run(new TrainState(), 1);

        assertThat(events).containsExactly("forward and backward", "first after step 1", "second after step 1");
        assertThat(results.getFirst().updated()).isFalse();
        assertThat(results.getFirst().loss()).isNaN();
    }

    @Test
    void shouldSkipTheUpdateWhenTheGradientIsNotFiniteAndGoOn() {
        executor.norm = Double.POSITIVE_INFINITY;
        TrainState state = new TrainState();

        trainer(1.0).run(state, 2);

        assertThat(results).hasSize(2).noneMatch(StepResult::updated);
        assertThat(state.step()).isEqualTo(2);
    }

    @Test
    void shouldNotScaleAGradientBelowTheLimit() {
        executor.norm = 0.5;

        trainer(1.0).run(new TrainState(), 1);

        assertThat(events).contains("update with rate 0.5, scale 1.0");
    }

    @Test
    void shouldNotClipWhereTheLimitIsZero() {
        executor.norm = 1e9;

        trainer(0).run(new TrainState(), 1);

        assertThat(events).contains("update with rate 0.5, scale 1.0");
    }

    @Test
    void shouldFinishTheStepAndEndWhenAllRanksHaveAgreedToStop() {
        executor.requests = 1 << StepRequest.STOP.ordinal();
        TrainState state = new TrainState();

        Trainer.Ending ending = trainer(1.0).run(state, 100);

        assertThat(ending).isEqualTo(Trainer.Ending.STOPPED);
        assertThat(state.step()).isEqualTo(1);
        assertThat(results.getFirst().requests()).isEqualTo(Set.of(StepRequest.STOP));
        assertThat(results.getFirst().updated()).isTrue();
    }

    @Test
    void shouldGoOnAfterARequestToSave() {
        executor.requests = 1 << StepRequest.SAVE.ordinal();

        assertThat(trainer(1.0).run(new TrainState(), 2)).isEqualTo(Trainer.Ending.COMPLETE);
        assertThat(results).hasSize(2);
    }

    @Test
    void shouldTellWhereTheTimeWent() {
        trainer(1.0).run(new TrainState(), 1);

        StepResult.Times times = results.getFirst().times();
        assertThat(times.communicationNs()).isEqualTo(7);
        assertThat(times.updateNs()).isEqualTo(1000);
        assertThat(times.stepNs()).isEqualTo(1100);
        assertThat(times.dataNs()).isZero();
    }

    private Trainer trainer(double clip) {
        return new Trainer(
                executor,
                new WritingOptimizer(),
                new ArrayBatches(new int[][][] {{{1, 2, 3, 4}, {5, 6, 7, 8}}}, 2),
                new Trainer.Settings(new LearningRate.Constant(0.5, 0), clip, Share.ALL),
                nowNs::get,
                List.of(listener("first"), listener("second"), (state, result) -> results.add(result)));
    }

    private StepListener listener(String name) {
        return new StepListener() {
            @Override
            public void beforeUpdate(TrainState state) {
                events.add(name + " before update");
            }

            @Override
            public void afterStep(TrainState state, StepResult result) {
                events.add(name + " after step " + result.step());
            }
        };
    }

    private final class ScriptedExecutor implements StepExecutor {
        private double loss = 3;
        private double norm = 2;
        private int requests;

        @Override
        public StepOutcome run(Batch batch, TrainState state) {
            events.add("forward and backward");
            nowNs.addAndGet(100);
            return new StepOutcome(loss, norm, requests, 7);
        }

        @Override
        public List<Parameter> owned() {
            return List.of();
        }

        @Override
        public long weightsUpdated() {
            events.add("weights updated");
            return 0;
        }
    }

    private final class WritingOptimizer implements Optimizer {
        @Override
        public void update(List<? extends Trained> owned, float learningRate, float gradientScale) {
            events.add("update with rate %s, scale %s".formatted(learningRate, Math.round(gradientScale * 1e5) / 1e5));
            nowNs.addAndGet(1000);
        }

        @Override
        public long updates() {
            return 0;
        }

        @Override
        public void restoreUpdates(long updates) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Iterable<NamedTensor> state() {
            return List.of();
        }
    }
}
