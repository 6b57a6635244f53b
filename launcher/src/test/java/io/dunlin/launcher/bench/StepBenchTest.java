package io.dunlin.launcher.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.device.Device;
import io.dunlin.device.cpu.CpuDevice;
import io.dunlin.device.cpu.CpuOptions;
import io.dunlin.launcher.report.JsonLine;
import io.dunlin.model.Precision;
import io.dunlin.model.Recompute;
import org.junit.jupiter.api.Test;

class StepBenchTest {
    private static final StepBench.Options SMALL =
            new StepBench.Options("debug", Precision.F32, Recompute.NONE, 1, 1, 3);

    @Test
    void shouldUseTheBatchesOfTheBaseline() {
        assertThat(StepBench.Options.of("gpt2-12m", Precision.F32).batch()).isEqualTo(8);
        assertThat(StepBench.Options.of("gpt2-124m", Precision.BF16).batch()).isEqualTo(2);
    }

    @Test
    void shouldTrainTheSameInEveryRun() {
        StepBench.Result first = run();
        StepBench.Result second = run();

        assertThat(first.losses()).hasSize(4).isEqualTo(second.losses());
        assertThat(first.losses().getFirst()).isCloseTo(Math.log(256), within(0.1));
    }

    @Test
    void shouldAccountForAllOfTheTime() {
        StepBench.Result result = run();

        assertThat(result.tokensPerSecond()).isCloseTo(64 / result.stepMs() * 1e3, within(1e-6));
        assertThat(result.kernels().stream().mapToDouble(StepBench.Share::share).sum())
                .isCloseTo(1.0, within(1e-9));
        assertThat(result.kernels()).extracting(StepBench.Share::kernel).contains("linear", "attention", "adamw");
        assertThat(result.memoryBytes()).containsKeys("weights", "activations", "gradients", "optimizer");
    }

    @Test
    void shouldWriteWhatAMachineReads() {
        assertThat(JsonLine.write(run())).contains("\"tokens_per_second\":").contains("\"peak_rss_bytes\":");
    }

    private static StepBench.Result run() {
        try (Device device = CpuDevice.open(CpuOptions.plain())) {
            return StepBench.run(device, SMALL, System::nanoTime);
        }
    }
}
