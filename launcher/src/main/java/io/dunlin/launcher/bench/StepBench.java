package io.dunlin.launcher.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.dunlin.device.Device;
import io.dunlin.metrics.KernelTimes;
import io.dunlin.metrics.TimedDevice;
import io.dunlin.model.Model;
import io.dunlin.model.ModelConfig;
import io.dunlin.model.Pass;
import io.dunlin.model.PassKind;
import io.dunlin.model.Precision;
import io.dunlin.model.Presets;
import io.dunlin.model.Recompute;
import io.dunlin.optim.AdamW;
import io.dunlin.optim.LearningRate;
import io.dunlin.train.Accumulation;
import io.dunlin.train.GradientExchange;
import io.dunlin.train.LocalExecutor;
import io.dunlin.train.StepListener;
import io.dunlin.train.StepResult;
import io.dunlin.train.TrainState;
import io.dunlin.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;

/**
 * The whole training step of one rank, by the trainer itself: forward, backward, norm, update, on random tokens.
 *
 * <p>The models and batches are those of the PyTorch baseline, so that both can be run one after the other.
 */
public final class StepBench {
    private static final long SEED = 1234;
    private static final long SMALL_PARAMETERS = 100_000_000;

    private StepBench() {}

    /**
     * What is measured.
     *
     * @param preset a name of {@link Presets}
     * @param batch sequences of a step
     * @param warmup steps that are not counted
     * @param steps that are counted
     */
    public record Options(String preset, Precision precision, Recompute recompute, int batch, int warmup, int steps) {
        /** 3 steps of warm-up and 12 counted, on the batch of the baseline: 2048 tokens, 1024 for large models. */
        public static Options of(String preset, Precision precision) {
            ModelConfig config = Presets.named(preset);
            int tokens = config.parameterCount() < SMALL_PARAMETERS ? 2048 : 1024;
            int batch = Math.max(1, tokens / config.context());
            return new Options(preset, precision, Recompute.NONE, batch, 3, 12);
        }
    }

    /**
     * What was measured; times are medians over the counted steps.
     *
     * @param gflops model operations per second in units of 1e9, by {@link ModelConfig#flopsPerToken()}
     * @param peakRssBytes largest resident memory of this process so far; 0 where the system does not tell
     * @param losses of all steps, warm-up included
     * @param memoryBytes allocated on the device, by purpose
     * @param kernels by share of the counted time; empty where calls return before their work is done
     */
    public record Result(
            String preset,
            long parameters,
            String precision,
            String device,
            int batch,
            int context,
            int steps,
            @JsonProperty("tokens_per_second") double tokensPerSecond,
            @JsonProperty("step_ms") double stepMs,
            @JsonProperty("update_ms") double updateMs,
            double gflops,
            @JsonProperty("peak_rss_bytes") long peakRssBytes,
            List<Double> losses,
            @JsonProperty("memory_bytes") SequencedMap<String, Long> memoryBytes,
            List<Share> kernels) {}

    /**
     * One kernel's part of a step.
     *
     * @param calls in a step
     * @param ms in a step
     * @param share of the step's time, 0 to 1
     * @param gflops while it ran; 0 where only memory matters
     */
    public record Share(String kernel, long calls, double ms, double share, double gflops) {}

    /**
     * Measures on a device, which should have nothing else to do.
     *
     * @param clockNs {@code System::nanoTime}, or the CPU time of the thread where the machine is shared
     */
    public static Result run(Device bare, Options options, LongSupplier clockNs) {
        KernelTimes times = new KernelTimes(clockNs);
        // On a GPU a call returns before its work is done: its time would say nothing.
        Device device = bare.hostReadable() ? new TimedDevice(bare, times) : bare;
        ModelConfig config = Presets.named(options.preset);
        Model model = Model.create(config, device, options.precision);
        model.initialise(SEED);
        Pass pass = model.plan(options.batch, config.context(), options.recompute, PassKind.TRAIN);
        List<StepResult> results = new ArrayList<>();
        StepListener listener = (state, result) -> {
            results.add(result);
            if (result.step() == options.warmup) {
                times.reset();
            }
        };
        Trainer trainer = new Trainer(
                new LocalExecutor(model, pass, GradientExchange.ALONE, Accumulation.RUNNING),
                new AdamW(model.parameters(), device, AdamW.Settings.DEFAULT),
                new RandomBatches(SEED, options.batch, config.context(), config.vocabulary()),
                new Trainer.Settings(new LearningRate.Constant(3e-4, 0), 1.0, io.dunlin.data.Share.ALL),
                clockNs,
                List.of(listener));
        trainer.run(new TrainState(), options.warmup + options.steps);
        return result(options, device, results, times);
    }

    private static Result result(Options options, Device device, List<StepResult> results, KernelTimes times) {
        ModelConfig config = Presets.named(options.preset);
        List<StepResult> counted = results.subList(options.warmup, results.size());
        double stepNs = median(counted, r -> r.times().stepNs());
        double tokensPerSecond = options.batch * (double) config.context() / stepNs * 1e9;
        long countedNs = counted.stream().mapToLong(r -> r.times().stepNs()).sum();
        return new Result(
                options.preset,
                config.parameterCount(),
                options.precision.name().toLowerCase(Locale.ROOT),
                device.description(),
                options.batch,
                config.context(),
                options.steps,
                tokensPerSecond,
                stepNs / 1e6,
                median(counted, r -> r.times().updateNs()) / 1e6,
                tokensPerSecond * config.flopsPerToken() / 1e9,
                peakRssBytes(),
                results.stream().map(StepResult::loss).toList(),
                device.allocatedBytes(),
                times.entries().isEmpty() ? List.of() : shares(times, options.steps, countedNs));
    }

    private static List<Share> shares(KernelTimes times, int steps, long countedNs) {
        List<Share> shares = new ArrayList<>();
        long inKernelsNs = 0;
        for (KernelTimes.Entry entry : times.entries()) {
            inKernelsNs += entry.timeNs();
            shares.add(new Share(
                    entry.kernel(),
                    entry.calls() / steps,
                    entry.timeNs() / 1e6 / steps,
                    (double) entry.timeNs() / countedNs,
                    (double) entry.flops() / entry.timeNs()));
        }
        long otherNs = countedNs - inKernelsNs;
        shares.add(new Share("everything else", 0, otherNs / 1e6 / steps, (double) otherNs / countedNs, 0));
        return List.copyOf(shares);
    }

    private static double median(List<StepResult> results, ToLongFunction<StepResult> time) {
        long[] sorted = results.stream().mapToLong(time).sorted().toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2.0;
    }

    /** The high-water mark that Linux keeps. */
    private static long peakRssBytes() {
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                    .findFirst()
                    .orElse(0);
        } catch (IOException notLinux) {
            return 0;
        }
    }
}
