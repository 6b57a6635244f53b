package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bad input is answered with what is wrong, where, and what to do; never with a stack trace, never with half a run. */
class BadInputTest {
    private static final int USAGE = 2;
    private static final int ENVIRONMENT = 3;

    @TempDir
    private Path folder;

    private LocalCluster cluster;

    @BeforeEach
    void prepare() {
        cluster = LocalCluster.in(folder);
    }

    @AfterEach
    void endAll() {
        cluster.close();
    }

    private String fails(int exitCode, String... arguments) {
        String text = cluster.start(arguments).endsWith(exitCode).text();
        assertThat(text).doesNotContain("\tat ").doesNotContain("Exception").contains("dunlin explain DUN-");
        return text;
    }

    private String trainingFails(int exitCode, TestJob job, String... options) {
        cluster.write("bad.toml", job.toml());
        String[] arguments = new String[options.length + 2];
        arguments[0] = "train";
        arguments[1] = "bad.toml";
        System.arraycopy(options, 0, arguments, 2, options.length);
        return fails(exitCode, arguments);
    }

    @Test
    void shouldPointAtAnUnknownKeyAndNameTheNearest() {
        cluster.write("bad.toml", "[train]\nsteps = 5\n\n[optimizer]\n  lrr = 0.1\n");

        String text = fails(USAGE, "train", "bad.toml");

        assertThat(text)
                .contains("DUN-101")
                .contains("bad.toml:5:3")
                .contains("lrr")
                .contains("Did you mean 'lr'?");
        assertThat(folder.resolve("runs")).doesNotExist();
    }

    @Test
    void shouldPointAtAValueThatDoesNotFit() {
        cluster.write("bad.toml", "[train]\nsteps = \"many\"\n");

        String text = fails(USAGE, "train", "bad.toml");

        assertThat(text).contains("DUN-102").contains("bad.toml:2:").contains("steps");
        assertThat(folder.resolve("runs")).doesNotExist();
    }

    @Test
    void shouldSayThatAnOverrideIsWrong() {
        assertThat(trainingFails(USAGE, TestJob.tiny(5), "--set", "model.heads=5"))
                .contains("DUN-111")
                .contains("heads");
    }

    @Test
    void shouldSayThatATextIsEmpty() {
        cluster.write("empty.txt", "");

        String text = trainingFails(USAGE, TestJob.tiny(5).with("data.text", "\"empty.txt\""));

        assertThat(text).contains("DUN-603").contains("empty.txt");
    }

    @Test
    void shouldSayThatATextIsMissing() {
        String text = trainingFails(USAGE, TestJob.tiny(5).with("data.text", "\"nowhere.txt\""));

        assertThat(text).contains("DUN-602").contains("nowhere.txt");
    }

    @Test
    void shouldSayThatAPortIsTaken() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String text = trainingFails(ENVIRONMENT, TestJob.tiny(5).with("launch.port", taken.getLocalPort()));

            assertThat(text).contains("DUN-204").contains(Integer.toString(taken.getLocalPort()));
        }
    }

    @Test
    void shouldSayThatSharedMemoryIsTooSmall() {
        try (SmallDisk shared = SmallDisk.of(folder.resolve("shm"), 2 << 20)) {
            String text = trainingFails(
                    ENVIRONMENT,
                    TestJob.tiny(5).with("launch.aeron_dir", '"' + shared.path().toString() + '"'),
                    "--ranks",
                    "4");

            assertThat(text)
                    .contains("DUN-402")
                    .contains("2 MiB")
                    .contains("--shm-size")
                    .contains("launch.aeron_dir");
            assertThat(shared.path()).isEmptyDirectory();
        }
    }

    @Test
    void shouldSayThatThereIsNoSuchRun() {
        assertThat(fails(USAGE, "resume", "runs/none")).contains("DUN-130").contains("runs/none");
    }

    @Test
    void shouldShowTheStackTraceOnlyWhenAsked() throws IOException {
        Files.writeString(folder.resolve("bad.toml"), "nonsense = 1\n");

        String text =
                cluster.start("train", "bad.toml", "--trace").endsWith(USAGE).text();

        assertThat(text).contains("DUN-101").contains("\tat io.dunlin");
    }
}
