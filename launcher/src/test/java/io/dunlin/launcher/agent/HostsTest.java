package io.dunlin.launcher.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.dunlin.launcher.job.LaunchSettings;
import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.report.RunFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How hosts open and close; whole runs on several hosts are in integration-tests. */
class HostsTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    private Hosts hosts(String shell, String... names) {
        return new Hosts(new Hosts.Settings(
                "hosts-test",
                new RunFolder(folder),
                new LaunchSettings(
                        2,
                        List.of(names),
                        shell,
                        LaunchSettings.TransportKind.AUTO,
                        0,
                        Duration.ZERO,
                        Duration.ZERO,
                        folder.toString(),
                        0,
                        "",
                        10),
                1,
                PATIENCE,
                Installation.current(),
                event -> {}));
    }

    private List<Path> held() throws IOException {
        try (Stream<Path> all = Files.list(folder)) {
            return all.filter(path -> path.getFileName().toString().matches("\\.hosts|dunlin-.*"))
                    .toList();
        }
    }

    @Test
    void shouldRefuseTwoNamesOfThisHost() throws IOException {
        try (Hosts hosts = hosts("env", "127.0.0.1", "localhost")) {
            assertThatThrownBy(hosts::open)
                    .isInstanceOfSatisfying(
                            LaunchException.class, e -> assertThat(e.code()).isEqualTo("DUN-118"))
                    .hasMessageContaining("more than once: 127.0.0.1, localhost");
            assertThat(held()).isEmpty();
        }
    }

    @Test
    void shouldGiveEverythingBackWhileAHostIsSilent() throws Exception {
        Path silent = Files.writeString(folder.resolve("silent.sh"), "exec sleep 60\n");
        Hosts hosts = hosts("sh " + silent, "127.0.0.1", "127.0.0.2");
        CompletableFuture<Void> opening = CompletableFuture.runAsync(
                hosts::open, task -> Thread.ofPlatform().daemon().start(task));
        await().atMost(PATIENCE)
                .until(() -> Files.exists(folder.resolve(".hosts"))
                        && Files.exists(folder.resolve("dunlin-hosts-test/aeron/cnc.dat")));

        hosts.close();

        assertThat(held()).isEmpty();
        assertThatThrownBy(() -> opening.get(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(LaunchException.class)
                .hasMessageContaining("127.0.0.2");
    }

    @Test
    void shouldNotOpenWhatIsClosed() throws IOException {
        Hosts hosts = hosts("env", "127.0.0.1", "127.0.0.2");
        hosts.close();

        assertThatThrownBy(hosts::open).isInstanceOf(LaunchException.class).hasMessageContaining("was left");
        assertThat(held()).isEmpty();
    }
}
