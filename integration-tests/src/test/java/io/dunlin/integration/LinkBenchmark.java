package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * How much of a slow link between hosts is used. Run it by name, as root: {@code ./mvnw verify -pl integration-tests -am
 * -Dit.test=LinkBenchmark -Dtest=None -Dsurefire.failIfNoSpecifiedTests=false -Dfailsafe.failIfNoSpecifiedTests=false};
 * {@code -Dbench.mbit=200} is the rate that each host may send at.
 */
class LinkBenchmark {
    private static final int MEGABITS = Integer.getInteger("bench.mbit", 200);
    private static final double BYTES_PER_SECOND = MEGABITS * 1e6 / 8;
    private static final int WARM_UP_STEPS = 4;
    private static final Duration LIMIT = Duration.ofMinutes(10);

    @TempDir
    private Path folder;

    /** Two ranks on two hosts: each must send all its bytes once, headers not counted. */
    @ParameterizedTest
    @ValueSource(ints = {1500, 9000})
    void shouldPrintTheShareOfTheLineRate(int mtu) {
        long bytes = 64L << 20;
        try (ShapedLinks links = ShapedLinks.of(2, mtu, MEGABITS)) {
            long before = links.sentBytes(0);
            int times = 5;
            LinkWorld.Said said = new LinkWorld(links, 1, folder).allReduce(bytes, times);
            double bound = bytes / BYTES_PER_SECOND;
            System.out.printf(
                    "all-reduce of %d MiB F32, 2 hosts x 1 rank, %d Mbit/s, mtu %d: median %.3f s, bound %.3f s,"
                            + " %.1f %% of the line rate, %.4f bytes on the wire for each of payload; all %s%n",
                    bytes >> 20,
                    MEGABITS,
                    mtu,
                    said.medianSeconds(),
                    bound,
                    100 * bound / said.medianSeconds(),
                    (double) (links.sentBytes(0) - before) / (times * bytes),
                    said.all());
        }
    }

    /** gpt2-12m in bf16 with F32 gradients, 2,048 tokens a step over two ranks of one thread. */
    @Test
    void shouldPrintTokensPerSecondOfTraining() {
        TestJob job = TestJob.tiny(24)
                .with("model.preset", "\"gpt2-12m\"")
                .without("model.layers", "model.width", "model.heads", "model.context")
                .with("train.micro_batch", 4)
                .with("train.tokens_per_step", 2048)
                .with("train.precision", "\"bf16\"")
                .with("parallel.bucket_mib", Integer.getInteger("bench.bucket_mib", 4))
                .with("checkpoint.interval", 0);
        try (ShapedLinks links = ShapedLinks.of(2, 1500, MEGABITS);
                LocalCluster cluster = LocalCluster.in(folder, links.on(0))) {
            DunlinProcess agent = cluster.train("bench", job.on(links.addresses(), links.shell()), 2);
            assertThat(agent.exitCode(LIMIT)).as(agent.text()).isZero();
            List<Double> rates = cluster.run("bench").tokensPerSecond().stream()
                    .skip(WARM_UP_STEPS)
                    .sorted()
                    .toList();
            assertThat(rates).isNotEmpty();
            double median = rates.get(rates.size() / 2);
            System.out.printf(
                    "gpt2-12m bf16, 2 hosts x 1 rank, %d Mbit/s, mtu 1500: median %.0f tokens/s, %.0f ms a step; all %s%n",
                    MEGABITS, median, 2048e3 / median, rates);
        }
    }
}
