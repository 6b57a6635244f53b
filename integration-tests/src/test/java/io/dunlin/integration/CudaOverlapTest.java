package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.device.cuda.NeedsCuda;
import io.dunlin.device.cuda.StandInEnvironment;
import io.dunlin.device.cuda.StandInTrace;
import io.dunlin.device.cuda.StandInTrace.Span;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Copies between GPU and host lie under compute, on a bus of 2 GB/s each way. */
@NeedsCuda
@Tag("cuda")
@Tag("standin-only")
class CudaOverlapTest {
    private static final int RUNS = 3;
    private static final double LEAST_SHARE = 0.8;
    private static final int STEPS = 10;

    /** 19 MB of gradients in 19 buckets; what no compute is left to hide is the last of them. */
    private static final TestJob JOB = TestJob.tiny(STEPS)
            .with("train.device", "\"cuda\"")
            .with("model.layers", 24)
            .with("model.width", 128)
            .with("model.heads", 4)
            .with("train.micro_batch", 6)
            .with("train.tokens_per_step", 384)
            .with("parallel.bucket_mib", 1)
            .with("checkpoint.interval", 0)
            .with("eval.sample.interval", 0);

    @TempDir
    private Path folder;

    /** Whatever else the machine does only lowers a share, so the best of a few runs is what the program can do. */
    @Test
    void shouldHideCopiesUnderCompute() throws IOException {
        List<Double> medians = new ArrayList<>();
        while (medians.size() < RUNS && medians.stream().noneMatch(median -> median >= LEAST_SHARE)) {
            medians.add(medianShare("run-" + medians.size()));
        }
        assertThat(medians).anySatisfy(median -> assertThat(median).isGreaterThanOrEqualTo(LEAST_SHARE));
    }

    /**
     * The median over steps and ranks, because two cores do here what two GPUs, their buses and their hosts do: in some
     * steps a rank waits for a core, and the other for that rank.
     */
    private double medianShare(String run) throws IOException {
        StandInEnvironment gpus = StandInEnvironment.build()
                .busGigabytesPerSecond(2)
                .with("devices", 2)
                .trace(folder.resolve(run + "-trace-%p"));
        try (LocalCluster cluster = LocalCluster.withGpus(folder, gpus)) {
            cluster.train(run, JOB, 2).succeeds();
            List<Double> shares = new ArrayList<>();
            for (long pid : cluster.run(run).rankPids()) {
                shares.addAll(hiddenShares(StandInTrace.read(folder.resolve(run + "-trace-" + pid))));
            }
            assertThat(shares).hasSize(2 * (STEPS - 1));
            return shares.stream().sorted().toList().get(shares.size() / 2);
        }
    }

    /** For each step from the second on, how much of the time of all copies lay beside a kernel. */
    private static List<Double> hiddenShares(StandInTrace trace) {
        List<Long> updates = updates(trace);
        List<Double> shares = new ArrayList<>();
        for (int i = 1; i < updates.size(); i++) {
            StandInTrace step = trace.between(updates.get(i - 1), updates.get(i));
            assertThat(step.spans())
                    .filteredOn(span -> span.kind().equals("d2h"))
                    .hasSizeGreaterThan(10);
            assertThat(step.spans())
                    .filteredOn(span -> span.kind().equals("h2d"))
                    .hasSizeGreaterThan(10);
            double totalNs = step.totalNs("d2h") + step.totalNs("h2d");
            shares.add((step.sharedNs("d2h", "kernel") + step.sharedNs("h2d", "kernel")) / totalNs);
        }
        return shares;
    }

    /** When each update of the weights ended: its kernels follow each other, and the next come a step later. */
    private static List<Long> updates(StandInTrace trace) {
        List<Long> ends = new ArrayList<>();
        boolean updating = false;
        long lastNs = 0;
        for (Span span : trace.spans()) {
            if (span.kind().equals("kernel")) {
                if (updating && !span.name().startsWith("adamw")) {
                    ends.add(lastNs);
                }
                updating = span.name().startsWith("adamw");
                lastNs = span.endNs();
            }
        }
        if (updating) {
            ends.add(lastNs);
        }
        return ends;
    }
}
