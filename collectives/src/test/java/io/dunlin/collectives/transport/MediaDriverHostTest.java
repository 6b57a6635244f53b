package io.dunlin.collectives.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aeron.ErrorCode;
import io.aeron.exceptions.RegistrationException;
import io.dunlin.error.ExitCode;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is wrong with a machine is said before anything runs, with the sentence that mends it. */
class MediaDriverHostTest {
    private static final AeronProfile PROFILE = AeronProfile.STANDARD.withTermBytes(64 << 10);

    private final DriverFolder folders = new DriverFolder();

    private static MediaDriverSettings settings(Path directory, AeronProfile profile) {
        return new MediaDriverSettings(directory, 2, 2, profile);
    }

    @Test
    void shouldSayHowMuchSharedMemoryIsMissing() {
        AeronProfile huge = AeronProfile.STANDARD.withTermBytes(1 << 30);
        Path directory = folders.create();
        assertThatThrownBy(() -> MediaDriverHost.start(new MediaDriverSettings(directory, 64, 64, huge)))
                .isInstanceOfSatisfying(MachineException.class, failure -> {
                    assertThat(failure.code()).isEqualTo("DUN-402");
                    assertThat(failure.exitCode()).isEqualTo(ExitCode.ENVIRONMENT);
                    assertThat(failure)
                            .hasMessageContaining("not enough shared memory: Aeron needs 24,")
                            .hasMessageContaining("for 64 ranks on this host (usable ");
                    assertThat(failure.remedy()).contains("--shm-size").contains("launch.aeron_dir");
                });
        assertThat(directory).doesNotExist();
    }

    @Test
    void shouldTellWantOfRoomFromATakenPort() {
        RegistrationException full =
                new RegistrationException(1, ErrorCode.STORAGE_SPACE.value(), ErrorCode.STORAGE_SPACE, "3 MiB left");
        assertThat(MachineException.noStream("aeron:ipc", full))
                .hasMessageContaining("not enough shared memory for aeron:ipc")
                .hasMessageContaining("3 MiB left")
                .extracting(MachineException::code)
                .isEqualTo("DUN-402");
    }

    @Test
    void shouldNeedNoMoreRoomThanItSays() throws IOException {
        Path directory = folders.create();
        try (MediaDriverHost driver = MediaDriverHost.start(settings(directory, AeronProfile.STANDARD));
                AeronTransport first = AeronTransport.open(AeronSettings.onOneHost(directory, 1, 0, 2));
                AeronTransport second = AeronTransport.open(AeronSettings.onOneHost(directory, 1, 1, 2))) {
            assertThat(first.size() + second.size()).isEqualTo(4);
            try (Stream<Path> files = Files.walk(driver.directory())) {
                long bytes = files.filter(Files::isRegularFile)
                        .mapToLong(file -> file.toFile().length())
                        .sum();
                assertThat(AeronProfile.STANDARD.sharedMemoryBytes(2, 2)).isBetween(bytes, 2 * bytes);
            }
        }
    }

    @Test
    void shouldRefuseAFolderThatAnotherDriverServes() {
        Path directory = folders.create();
        try (MediaDriverHost first = MediaDriverHost.start(settings(directory, PROFILE))) {
            assertThatThrownBy(() -> MediaDriverHost.start(settings(first.directory(), PROFILE)))
                    .isInstanceOf(MachineException.class)
                    .hasMessageContaining("the media driver of process "
                            + ProcessHandle.current().pid() + " serves it");
            assertThat(AeronDirectory.served(directory)).isTrue();
            assertThat(AeronDirectory.deleteIfOrphaned(directory)).isFalse();
        }
        assertThat(directory).doesNotExist();
    }

    @Test
    void shouldRefuseAFolderThatIsLeftOver(@TempDir Path parent) throws IOException {
        Path directory = Files.createDirectory(parent.resolve("left"));
        assertThatThrownBy(() -> MediaDriverHost.start(settings(directory, PROFILE)))
                .isInstanceOfSatisfying(MachineException.class, failure -> {
                    assertThat(failure.code()).isEqualTo("DUN-406");
                    assertThat(failure).hasMessageContaining("left over from an earlier run");
                    assertThat(failure.remedy()).isEqualTo("rm -r " + directory);
                });
        assertThat(AeronDirectory.deleteIfOrphaned(directory)).isTrue();
        assertThat(parent).isEmptyDirectory();
    }

    @Test
    void shouldSayThatAFolderCannotBeMade(@TempDir Path parent) throws IOException {
        Path file = Files.createFile(parent.resolve("file"));
        assertThatThrownBy(() -> MediaDriverHost.start(settings(file.resolve("aeron"), PROFILE)))
                .isInstanceOf(MachineException.class)
                .hasMessageContaining("is not a folder one may write to");
    }

    @Test
    void shouldSayThatNoDriverAnswers() {
        AeronProfile hasty = PROFILE.withLiveness(Duration.ofSeconds(2), Duration.ofSeconds(1), Duration.ofMillis(300));
        Path directory = folders.create();
        AeronSettings settings = new AeronSettings(directory, 1, 0, RankAddress.sameHost(2), hasty);
        assertThatThrownBy(() -> AeronTransport.open(settings))
                .isInstanceOfSatisfying(MachineException.class, failure -> assertThat(failure.code())
                        .isEqualTo("DUN-407"));
    }

    @Test
    void shouldSayThatTheDriverAnswersNoMore() {
        AeronProfile hasty = PROFILE.withLiveness(Duration.ofSeconds(2), Duration.ofSeconds(1), Duration.ofMillis(300));
        Path directory = folders.create();
        MediaDriverHost driver = MediaDriverHost.start(settings(directory, hasty));
        AeronClient client = AeronClient.connect(directory, hasty, 0).join();
        driver.close();
        AeronSettings settings = new AeronSettings(directory, 1, 0, RankAddress.sameHost(2), hasty);
        assertThatThrownBy(() -> AeronTransport.open(settings, client, PeerMemory.NONE))
                .isInstanceOfSatisfying(MachineException.class, failure -> assertThat(failure.code())
                        .isEqualTo("DUN-407"));
        client.leave();
    }

    @Test
    void shouldSayThatAPortIsTaken() throws IOException {
        Path directory = folders.create();
        try (MediaDriverHost driver = MediaDriverHost.start(settings(directory, PROFILE));
                DatagramSocket taken = new DatagramSocket(new InetSocketAddress("127.0.0.1", 0))) {
            String endpoint = "127.0.0.1:" + taken.getLocalPort();
            List<RankAddress> addresses = List.of(new RankAddress("a", endpoint), new RankAddress("b", "127.0.0.1:9"));
            AeronSettings settings = new AeronSettings(driver.directory(), 1, 0, addresses, PROFILE);
            assertThatThrownBy(() -> AeronTransport.open(settings))
                    .isInstanceOfSatisfying(MachineException.class, failure -> {
                        assertThat(failure.code()).isEqualTo("DUN-408");
                        assertThat(failure).hasMessageContaining(endpoint).hasMessageContaining("in use");
                    });
        }
    }
}
