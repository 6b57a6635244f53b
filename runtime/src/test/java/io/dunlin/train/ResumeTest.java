package io.dunlin.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.data.Share;
import io.dunlin.device.Device;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.model.Model;
import io.dunlin.model.ModelConfig;
import io.dunlin.model.PassKind;
import io.dunlin.model.Precision;
import io.dunlin.model.Recompute;
import io.dunlin.optim.AdamW;
import io.dunlin.optim.LearningRate;
import io.dunlin.tensor.NamedTensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A run that is cut in two, with everything but its state forgotten in between. */
class ResumeTest {
    private static final ModelConfig CONFIG = ModelConfig.gpt(2, 16, 2, 29, 8);
    private static final int[][][] TOKENS = Tokens.random(4, 12, 4, 8, 29);

    private final Device device = CpuDevice.open(CpuOptions.fast(2));

    @AfterEach
    void close() {
        device.close();
    }

    @ParameterizedTest
    @EnumSource
    void shouldGoOnWithTheSameBits(Precision precision) {
        Run whole = new Run(precision);
        whole.model.initialise(42);
        whole.to(12);

        Run first = new Run(precision);
        first.model.initialise(42);
        first.to(5);
        Run second = new Run(precision);
        second.restore(first);
        second.to(12);

        assertThat(second.losses).isEqualTo(whole.losses.subList(5, 12));
        for (int i = 0; i < whole.model.parameters().size(); i++) {
            MemorySegment expected = whole.model.parameters().get(i).value().segment();
            MemorySegment actual = second.model.parameters().get(i).value().segment();
            assertThat(actual.mismatch(expected))
                    .as(whole.model.parameters().get(i).name())
                    .isEqualTo(-1);
        }
        assertThat(second.state.tokens()).isEqualTo(whole.state.tokens());
    }

    private final class Run {
        private final Model model;
        private final AdamW optimizer;
        private final TrainState state = new TrainState();
        private final List<Double> losses = new ArrayList<>();
        private final Trainer trainer;

        Run(Precision precision) {
            model = Model.create(CONFIG, device, precision);
            optimizer = new AdamW(model.parameters(), device, AdamW.Settings.DEFAULT);
            trainer = new Trainer(
                    new LocalExecutor(
                            model,
                            model.plan(2, 8, Recompute.NONE, PassKind.TRAIN),
                            GradientExchange.ALONE,
                            Accumulation.RUNNING),
                    optimizer,
                    new ArrayBatches(TOKENS, 2),
                    new Trainer.Settings(new LearningRate.Cosine(1e-2, 3, 12, 0.1), 1.0, Share.ALL),
                    System::nanoTime,
                    List.of((trained, result) -> losses.add(result.loss())));
        }

        void to(long steps) {
            trainer.run(state, steps);
        }

        void restore(Run other) {
            for (int i = 0; i < model.parameters().size(); i++) {
                model.parameters()
                        .get(i)
                        .value()
                        .segment()
                        .copyFrom(other.model.parameters().get(i).value().segment());
            }
            model.valuesLoaded();
            Iterator<NamedTensor> saved = other.optimizer.state().iterator();
            for (NamedTensor tensor : optimizer.state()) {
                tensor.tensor().segment().copyFrom(saved.next().tensor().segment());
            }
            optimizer.restoreUpdates(other.optimizer.updates());
            state.restore(other.state.step(), other.state.tokens(), other.state.position());
        }
    }
}
