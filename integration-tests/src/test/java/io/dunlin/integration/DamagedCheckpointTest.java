package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A damaged checkpoint is skipped with the reason; the one before is used, and nothing is deleted. */
class DamagedCheckpointTest {
    private static final int CHECKPOINT = 12;
    private static final TestJob JOB = TestJob.tiny(12).deterministic();

    @TempDir
    private static Path folder;

    @SuppressWarnings("NullAway.Init") // set before all tests
    private static LocalCluster cluster;

    /** What may happen to the newest checkpoint, and the code of the reason. */
    enum Damage {
        BYTE_OF_A_TENSOR("DUN-307") {
            @Override
            void of(Path checkpoint) throws IOException {
                Path file = checkpoint.resolve("rank-00001.safetensors");
                flip(file, Files.size(file) - 5);
            }
        },
        BYTE_OF_A_HEADER("DUN-306") {
            @Override
            void of(Path checkpoint) throws IOException {
                flip(checkpoint.resolve("rank-00000.safetensors"), 40);
            }
        },
        BYTE_OF_THE_MANIFEST("DUN-304") {
            @Override
            void of(Path checkpoint) throws IOException {
                flip(checkpoint.resolve("manifest.json"), 100);
            }
        },
        TORN_MANIFEST("DUN-304") {
            @Override
            void of(Path checkpoint) throws IOException {
                cut(checkpoint.resolve("manifest.json"));
            }
        },
        MISSING_SHARD("DUN-305") {
            @Override
            void of(Path checkpoint) throws IOException {
                Files.delete(checkpoint.resolve("rank-00000.safetensors"));
            }
        },
        TORN_SHARD("DUN-305") {
            @Override
            void of(Path checkpoint) throws IOException {
                cut(checkpoint.resolve("rank-00001.safetensors"));
            }
        };

        private final String code;

        Damage(String code) {
            this.code = code;
        }

        abstract void of(Path checkpoint) throws IOException;

        private static void flip(Path file, long offset) throws IOException {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                ByteBuffer one = ByteBuffer.allocate(1);
                channel.read(one, offset);
                one.put(0, (byte) (one.get(0) ^ 4)).rewind();
                channel.write(one, offset);
            }
        }

        private static void cut(Path file) throws IOException {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(Files.size(file) / 2);
            }
        }
    }

    @BeforeAll
    static void train() {
        cluster = LocalCluster.in(folder);
        cluster.train("whole", JOB, 2).succeeds();
        cluster.train("undisturbed", JOB.with("train.steps", 14), 1).succeeds();
        assertThat(cluster.run("whole").savedSteps()).containsExactly(5L, 10L, 12L);
    }

    @AfterAll
    static void endAll() {
        cluster.close();
    }

    private static RunFolder copy(String name) {
        Path from = cluster.run("whole").path();
        Path to = cluster.run(name).path();
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new RunFolder(to);
    }

    @ParameterizedTest
    @EnumSource
    void shouldGoOnFromTheCheckpointBefore(Damage damage) throws IOException {
        RunFolder run = copy(damage.name());
        damage.of(run.path().resolve("ckpt/step-00000012"));

        DunlinProcess verification =
                cluster.start("ckpt", "verify", run.path().toString()).endsWith(CHECKPOINT);
        DunlinProcess resumed = cluster.start(
                        "resume", run.path().toString(), "--ranks", "1", "--set", "train.steps=14")
                .succeeds();

        assertThat(verification.text()).contains(damage.code).contains("step-00000012");
        assertThat(resumed.text()).contains("step-00000012").contains("step 10").doesNotContain("\tat ");
        assertThat(run.steps()).isEqualTo(cluster.run("undisturbed").steps());
        assertThat(run.savedSteps()).contains(10L, 14L);
    }

    @Test
    void shouldRefuseToBeginAnewWhereAllCheckpointsAreDamaged() throws IOException {
        RunFolder run = copy("ALL");
        for (Path checkpoint : run.checkpoints()) {
            Damage.BYTE_OF_A_TENSOR.of(checkpoint);
        }
        List<Path> before = run.checkpoints();

        DunlinProcess resumed = cluster.start(
                        "resume", run.path().toString(), "--ranks", "1", "--set", "train.steps=14")
                .endsWith(CHECKPOINT);

        assertThat(resumed.text()).contains("DUN-309").contains("step-00000005").doesNotContain("\tat ");
        assertThat(run.checkpoints()).as("what is there to be rescued").isEqualTo(before);
    }
}
